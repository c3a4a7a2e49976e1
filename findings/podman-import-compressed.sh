#!/usr/bin/env bash
# Podman 5.4.2: `podman import` takes a tarball that gzip compressed, and refuses the same one from bzip2, xz or zstd.
#
# Guess beforehand: what `podman load` and `podman build` read compressed, `podman import` reads too; Docker's does.
# Seen: "writing blob: layer 0 (…) does not match config's DiffID": the layer's DiffID, which is the digest of the
# uncompressed archive, was made of the compressed bytes, except for gzip. The compat API (`POST /images/create?
# fromSrc=-`) answers 500 with the same words. Docker 20.10 to 29 import gzip, bzip2 and xz, and 28 and 29 zstd.
#
# Needs root and a Debian mirror. Fails if one of these has changed.
set -euo pipefail
folder=$(mktemp -d /tmp/import.XXXXXX)
trap 'rm -rf "$folder"' EXIT
apt-get install --yes -qq --no-install-recommends mmdebstrap zstd xz-utils bzip2 >/dev/null 2>&1
packages=base-files,busybox-static,podman=5.4.2+ds1-2+b2,crun,golang-github-containers-common,golang-github-containers-image
mmdebstrap --quiet --variant=extract --include="$packages" trixie "$folder/root"
[ -e "$folder/root/bin/sh" ] || ln -s busybox "$folder/root/bin/sh"
printf 'root:x:0:0:root:/root:/bin/sh\n' >"$folder/root/etc/passwd"

mkdir -p "$folder/root/in" "$folder/root/var/tmp" "$folder/root/etc/containers"
echo '{"default": [{"type": "insecureAcceptAnything"}]}' >"$folder/root/etc/containers/policy.json"
echo hello >"$folder/hello"
tar --directory "$folder" --format=gnu --create --file "$folder/root/in/none" hello
gzip --stdout "$folder/root/in/none" >"$folder/root/in/gzip"
bzip2 --stdout "$folder/root/in/none" >"$folder/root/in/bzip2"
xz --stdout "$folder/root/in/none" >"$folder/root/in/xz"
zstd --quiet --stdout "$folder/root/in/none" >"$folder/root/in/zstd"

cat >"$folder/root/in/run" <<'SH'
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TMPDIR=/in PODMAN_IGNORE_CGROUPSV1_WARNING=1
podman --version
for form in none gzip bzip2 xz zstd; do
    if said=$(podman --root /in/storage --runroot /in/run-root --storage-driver vfs import --quiet /in/$form 2>&1); then
        echo "$form imported"
    else
        case $said in
            *"does not match config's DiffID"*) echo "$form DiffID" ;;
            *) echo "$form $said" ;;
        esac
    fi
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
none imported
gzip imported
bzip2 DiffID
xz DiffID
zstd DiffID" ]
