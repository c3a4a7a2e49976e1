#!/usr/bin/env bash
# Podman 5.4.2: a network that a container uses is removed if it is named by its id.
#
# Guess beforehand: `podman network rm` refuses a network that a container uses, by whichever of its names it is asked, as
# Docker does.
# Seen: by its name it is refused, by its full id it is removed, and the container is left with a network that is not
# there. The same over the API (`DELETE /networks/ID`, status 204), also of a container that runs, and with Podman 6.1.1
# (tried by hand): there the forced removal of that container answers 500, and removes it. Docker 20.10.24, 28.5.2 and
# 29.8.0-dev refuse it while the container runs.
#
# Needs root and a Debian mirror. Fails if one of these has changed.
set -euo pipefail
folder=$(mktemp -d /tmp/network.XXXXXX)
trap 'rm -rf "$folder"' EXIT
apt-get install --yes -qq --no-install-recommends mmdebstrap >/dev/null 2>&1
packages=base-files,busybox-static,podman=5.4.2+ds1-2+b2,crun,netavark,aardvark-dns,golang-github-containers-common,golang-github-containers-image
mmdebstrap --quiet --variant=extract --include="$packages" trixie "$folder/root"
[ -e "$folder/root/bin/sh" ] || ln -s busybox "$folder/root/bin/sh"
printf 'root:x:0:0:root:/root:/bin/sh\n' >"$folder/root/etc/passwd"

mkdir -p "$folder/root/in" "$folder/root/var/tmp" "$folder/root/etc/containers"
echo '{"default": [{"type": "insecureAcceptAnything"}]}' >"$folder/root/etc/containers/policy.json"
echo hello >"$folder/hello"
tar --directory "$folder" --format=gnu --create --file "$folder/root/in/none" hello

cat >"$folder/root/in/run" <<'SH'
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TMPDIR=/in PODMAN_IGNORE_CGROUPSV1_WARNING=1
podman() { command podman --root /in/storage --runroot /in/run-root --storage-driver vfs --cgroup-manager cgroupfs --network-config-dir /in/networks "$@"; }
podman --version
podman import --quiet /in/none app:1 >/dev/null
podman network create one >/dev/null
podman create --quiet --pids-limit 0 --name web --network one app:1 true >/dev/null
id=$(podman network inspect one --format '{{.ID}}')
podman network rm one >/dev/null 2>&1 && echo "by name: removed" || echo "by name: refused"
podman network rm "$id" >/dev/null 2>&1 && echo "by id: removed" || echo "by id: refused"
podman network exists one && echo "it is there" || echo "it is gone"
SH
cat >"$folder/start" <<SH
mount --bind "$folder/root" "$folder/root"; mount --make-private "$folder/root"
mount -t proc proc "$folder/root/proc"; mount --rbind /dev "$folder/root/dev"; mount -t tmpfs tmpfs "$folder/root/run"
mount -t sysfs sysfs "$folder/root/sys"
cd "$folder/root"; mkdir -p .old; pivot_root . .old; cd /; busybox umount -l /.old
exec sh /in/run
SH
seen=$(unshare --mount --ipc --uts --net --pid --fork sh "$folder/start")
echo "$seen"
[ "$seen" = "podman version 5.4.2
by name: refused
by id: removed
it is gone" ]
