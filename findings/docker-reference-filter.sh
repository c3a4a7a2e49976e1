#!/usr/bin/env bash
# Docker 20.10.24: a list of images with a `reference` filter shows an image without its other names.
#
# Guess beforehand: a filter chooses among the images, and what is listed of each is the same with and without it.
# Seen: an image that is app:1 and kept:1 comes back from `GET /images/json?filters={"reference":["app"]}` with app:1
# as its only name. Who takes that for all of its names, and deletes the image by its id because nothing else uses it,
# deletes kept:1 too. `before` and `label` filters leave both names. Docker 28.5.2 and 29.8.0-dev do the same with both
# image stores (tried by hand). Podman 5.4.2 shows all names.
#
# Needs root and a Debian mirror: the Engine runs in namespaces of its own and is gone afterwards. Fails if the list has
# both names, or if another filter hides one.
set -euo pipefail
folder=$(mktemp -d /tmp/names.XXXXXX)
pid=
trap '[ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null || true; sleep 1; umount -R "$folder/root" 2>/dev/null || true; rm -rf "$folder"' EXIT
apt-get install --yes -qq --no-install-recommends mmdebstrap >/dev/null 2>&1
packages=base-files,busybox-static,docker.io=20.10.24+dfsg1-1+deb12u1+b6,containerd=1.6.20~ds1-1+deb12u3,runc,iptables
mmdebstrap --quiet --variant=extract --include="$packages" bookworm "$folder/root"
[ -e "$folder/root/bin/sh" ] || ln -s busybox "$folder/root/bin/sh"
mkdir -p "$folder/root/shared"

cat >"$folder/start" <<SH
mount --bind "$folder/root" "$folder/root"; mount --make-private "$folder/root"
mount -t proc proc "$folder/root/proc"; mount --rbind /dev "$folder/root/dev"; mount -t tmpfs tmpfs "$folder/root/run"
mount -t sysfs sysfs "$folder/root/sys"; mount -t tmpfs cgroup "$folder/root/sys/fs/cgroup"
mkdir "$folder/root/sys/fs/cgroup/devices"; mount -t cgroup -o devices cgroup "$folder/root/sys/fs/cgroup/devices"
cd "$folder/root"; mkdir -p .old; pivot_root . .old; cd /; busybox umount -l /.old
exec dockerd --host unix:///shared/docker.sock --storage-driver vfs --bridge none --iptables=false
SH
unshare --mount --pid --fork --net --ipc --uts --kill-child sh "$folder/start" >"$folder/log" 2>&1 &
pid=$!

cat >"$folder/images.py" <<'PYTHON'
import http.client
import io
import json
import socket
import sys
import tarfile
import time
import urllib.parse


class Engine(http.client.HTTPConnection):
    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(sys.argv[1])


def ask(method: str, path: str, body: bytes | None = None) -> bytes:
    engine = Engine("engine")
    try:
        engine.request(method, path, body, {"Content-Type": "application/x-tar"})
        return engine.getresponse().read()
    finally:
        engine.close()


def archive() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
        tar.addfile(tarfile.TarInfo("empty"))
    return out.getvalue()


def names(**filters: list[str]) -> list[str]:
    query = urllib.parse.quote(json.dumps(filters))
    return sorted(name for image in json.loads(ask("GET", f"/images/json?filters={query}")) for name in image["RepoTags"])


for _ in range(300):
    try:
        print(json.loads(ask("GET", "/version"))["Version"])
        break
    except OSError:
        time.sleep(0.1)

ask("POST", "/images/create?fromSrc=-&repo=app&tag=1&changes=LABEL%20a=b", archive())
ask("POST", "/images/app:1/tag?repo=kept&tag=1")
seen = {
    "no filter": names(),
    "reference": names(reference=["app"]),
    "label": names(label=["a=b"]),
    "inspect": sorted(json.loads(ask("GET", "/images/app:1/json"))["RepoTags"]),
}
for way, found in seen.items():
    print(way, *found)
assert seen.pop("reference") == ["app:1"], seen
assert all(found == ["app:1", "kept:1"] for found in seen.values()), seen
PYTHON
python3 "$folder/images.py" "$folder/root/shared/docker.sock" || { tail -5 "$folder/log"; exit 1; }
