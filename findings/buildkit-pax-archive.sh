#!/usr/bin/env bash
# Docker 20.10.24: BuildKit takes a build context that Python's tarfile wrote for a Dockerfile.
#
# Guess beforehand: `POST /build?version=2` unpacks any tar archive that the classic builder unpacks.
# Seen: an archive whose first header is a PAX header (tarfile's default format writes one where a modification time has
# a fraction, so for nearly every file from a disk) fails with "unknown instruction: ././@PAXHEADER": what was sent is
# read as the text of a Dockerfile. The same members in GNU format build; so does the PAX archive with the classic
# builder (`version=1`). Docker 28.5.2 and 29.8.0-dev did the same when they were tried by hand, with both image stores;
# Podman 5.4.2 builds both archives.
#
# Needs root and a Debian mirror: the Engine runs in namespaces of its own and is gone afterwards. Fails if the archive
# is built, or if one of the others is not.
set -euo pipefail
folder=$(mktemp -d /tmp/pax.XXXXXX)
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

cat >"$folder/build.py" <<'PYTHON'
import http.client
import io
import json
import socket
import sys
import tarfile
import time


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


def context(format: int) -> bytes:
    out = io.BytesIO()
    text = b"FROM scratch\nCOPY . /\n"
    with tarfile.open(fileobj=out, mode="w", format=format) as tar:
        member = tarfile.TarInfo("Dockerfile")
        member.size, member.mtime = len(text), 1_700_000_000.5  # a time as a file system has it
        tar.addfile(member, io.BytesIO(text))
    return out.getvalue()


for _ in range(300):
    try:
        print(json.loads(ask("GET", "/version"))["Version"])
        break
    except OSError:
        time.sleep(0.1)

results = {}
for name, format in (("PAX", tarfile.PAX_FORMAT), ("GNU", tarfile.GNU_FORMAT)):
    for builder, version in (("classic", 1), ("BuildKit", 2)):
        answer = ask("POST", f"/build?version={version}", context(format))
        failed = [json.loads(line)["error"] for line in answer.splitlines() if b'"error"' in line]
        results[name, builder] = failed[0].split("\0")[0].strip() if failed else "built"
        print(name, builder, results[name, builder])
assert "unknown instruction" in results.pop(("PAX", "BuildKit")), results
assert set(results.values()) == {"built"}, results
PYTHON
python3 "$folder/build.py" "$folder/root/shared/docker.sock" || { tail -5 "$folder/log"; exit 1; }
