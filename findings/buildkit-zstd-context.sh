#!/usr/bin/env bash
# Docker 26.1.5: a build context compressed with zstd is unpacked by every operation but a BuildKit build.
#
# Guess beforehand: one Engine knows the same compressions wherever it takes an archive.
# Seen: `PUT /containers/{id}/archive`, `POST /images/load`, `POST /images/create?fromSrc=-` and the classic builder
# (`POST /build?version=1`) unpack zstd. BuildKit (`version=2`) does not know it: it reads the compressed bytes as the
# text of a Dockerfile ("unknown instruction"). gzip, bzip2 and xz are unpacked by both builders. Docker 28.5.2 and
# 29.8.0-dev did the same when they were tried by hand; Docker 20.10.24 knows zstd nowhere; Podman 5.4.2 builds it.
#
# Needs root and a Debian mirror: the Engine runs in namespaces of its own and is gone afterwards. Fails if BuildKit
# builds it, or if the others do not take it.
set -euo pipefail
folder=$(mktemp -d /tmp/zstd.XXXXXX)
pid=
trap '[ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null || true; sleep 1; umount -R "$folder/root" 2>/dev/null || true; rm -rf "$folder"' EXIT
apt-get install --yes -qq --no-install-recommends mmdebstrap zstd >/dev/null 2>&1
packages=base-files,busybox-static,docker.io=26.1.5+dfsg1-9+deb13u1+b1,containerd=1.7.24~ds1-6+deb13u1,runc,iptables,xz-utils
mmdebstrap --quiet --variant=extract --include="$packages" trixie "$folder/root"
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

cat >"$folder/build.py" <<'PYTHON'
import bz2
import gzip
import http.client
import io
import json
import lzma
import socket
import subprocess
import sys
import tarfile
import time


class Engine(http.client.HTTPConnection):
    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(sys.argv[1])


def ask(method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    engine = Engine("engine")
    try:
        engine.request(method, path, body, {"Content-Type": "application/x-tar"})
        answer = engine.getresponse()
        return answer.status, answer.read()
    finally:
        engine.close()


def context() -> bytes:
    out = io.BytesIO()
    text = b"FROM scratch\nCOPY . /\n"
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
        member = tarfile.TarInfo("Dockerfile")
        member.size = len(text)
        tar.addfile(member, io.BytesIO(text))
    return out.getvalue()


def zstd(data: bytes) -> bytes:
    return subprocess.run(["zstd", "--quiet"], input=data, stdout=subprocess.PIPE, check=True).stdout


for _ in range(300):
    try:
        print(json.loads(ask("GET", "/version")[1])["Version"])
        break
    except OSError:
        time.sleep(0.1)

seen = {}
for name, compress in (("gzip", gzip.compress), ("bzip2", bz2.compress), ("xz", lzma.compress), ("zstd", zstd)):
    for way, path in (
        ("classic", "/build?version=1"),
        ("BuildKit", "/build?version=2"),
        ("import", "/images/create?fromSrc=-"),
    ):
        status, answer = ask("POST", path, compress(context()))
        failed = [json.loads(line)["error"] for line in answer.splitlines() if b'"error"' in line]
        if failed and "unknown instruction" in failed[0]:
            seen[name, way] = "unknown instruction"
        else:
            seen[name, way] = "taken" if status == 200 and not failed else f"{status} {failed}"
        print(name, way, seen[name, way])
assert seen.pop(("zstd", "BuildKit")) == "unknown instruction", seen
assert set(map(str, seen.values())) == {"taken"}, seen
PYTHON
python3 "$folder/build.py" "$folder/root/shared/docker.sock" || { tail -5 "$folder/log"; exit 1; }
