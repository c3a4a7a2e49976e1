#!/usr/bin/env bash
# Podman 5.4.2: filters of `podman ps` that mean something else than Docker's of the same name.
#
# Guess beforehand: `name=^/?web$`, the usual way to ask Docker for one exact name, asks Podman for the same; `label=k=`
# is an empty value; `ancestor=IMAGE` without a tag is `IMAGE:latest`.
# Seen: Podman takes each slash out of the pattern, so that `^/?web$` becomes `^?web$`, which my-web matches too. `^web$`
# finds web alone. `label=k=` finds every value of k, `label=k=x` the one. `ancestor=app` finds the containers of app:1.
# Docker (20.10.24, 28.5.2 and 29.8.0-dev, tried by hand) finds web; the empty value; and nothing.
#
# Needs root and a Debian mirror. Fails if one of these has changed.
set -euo pipefail
folder=$(mktemp -d /tmp/filters.XXXXXX)
trap 'rm -rf "$folder"' EXIT
apt-get install --yes -qq --no-install-recommends mmdebstrap >/dev/null 2>&1
packages=base-files,busybox-static,podman=5.4.2+ds1-2+b2,crun,golang-github-containers-common,golang-github-containers-image
mmdebstrap --quiet --variant=extract --include="$packages" trixie "$folder/root"
[ -e "$folder/root/bin/sh" ] || ln -s busybox "$folder/root/bin/sh"
printf 'root:x:0:0:root:/root:/bin/sh\n' >"$folder/root/etc/passwd"

mkdir -p "$folder/root/in" "$folder/root/var/tmp" "$folder/root/etc/containers"
echo '{"default": [{"type": "insecureAcceptAnything"}]}' >"$folder/root/etc/containers/policy.json"
echo hello >"$folder/hello"
tar --directory "$folder" --format=gnu --create --file "$folder/root/in/none" hello

cat >"$folder/root/in/run" <<'SH'
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TMPDIR=/in PODMAN_IGNORE_CGROUPSV1_WARNING=1
podman() { command podman --root /in/storage --runroot /in/run-root --storage-driver vfs --cgroup-manager cgroupfs "$@"; }
podman --version
podman import --quiet /in/none app:1 >/dev/null
podman create --quiet --name web --label k= app:1 true >/dev/null
podman create --quiet --name my-web --label k=x app:1 true >/dev/null
for filter in 'name=^web$' 'name=^/?web$' 'label=k=' 'label=k=x' ancestor=app; do
    echo "$filter" $(podman ps --all --filter "$filter" --format '{{.Names}}' | sort)
done
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
name=^web$ web
name=^/?web$ my-web web
label=k= my-web web
label=k=x my-web
ancestor=app my-web web" ]
