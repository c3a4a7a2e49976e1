#!/usr/bin/env bash
# Docker 20.10.24: what a 404 of `POST /containers/create` is about, and when it comes.
#
# Guess beforehand: 404 says that the image is not there, which is the one thing that the API file lists for it; whoever
# gets it pulls the image and asks again. It comes at once.
# Seen: a volume driver that is not there is a 404 too, though the image is there, and it takes 15 seconds: the Engine
# looks for the plugin again and again. A client that pulls on 404 pulls in vain and fails with the same answer after half
# a minute. Docker 28.5.2 does the same (tried by hand).
#
# Needs root and a Debian mirror: the Engine runs in namespaces of its own and is gone afterwards. Fails if one of these
# has changed.
set -euo pipefail
folder=$(mktemp -d /tmp/engine.XXXXXX)
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

cat >"$folder/create.py" <<'PYTHON'
import io
import tarfile
import http.client
import json
import socket
import sys
import time


class Engine(http.client.HTTPConnection):
    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(sys.argv[1])


def ask(method: str, path: str, body: object = None) -> tuple[int, bytes]:
    engine = Engine("engine")
    kind = "application/x-tar" if isinstance(body, bytes) else "application/json"
    try:
        content = body if body is None or isinstance(body, bytes) else json.dumps(body)
        engine.request(method, path, content, {"Content-Type": kind})
        answer = engine.getresponse()
        return answer.status, answer.read()
    finally:
        engine.close()


for _ in range(300):
    try:
        print(json.loads(ask("GET", "/version")[1])["Version"])
        break
    except OSError:
        time.sleep(0.1)

def create(**config: object) -> tuple[int, str, float]:
    began = time.monotonic()
    status, body = ask("POST", "/containers/create", {"Cmd": ["x"], **config})
    return status, json.loads(body)["message"], time.monotonic() - began


out = io.BytesIO()
with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
    tar.addfile(tarfile.TarInfo("empty"))
assert ask("POST", "/images/create?fromSrc=-&repo=app&tag=1", out.getvalue())[0] == 200
mount = {"Type": "volume", "Target": "/v", "VolumeOptions": {"DriverConfig": {"Name": "no-such-driver"}}}
status, message, seconds = create(Image="app:1", HostConfig={"Mounts": [mount]})
print("no such driver:", status, message, f"{seconds:.0f} s")
assert status == 404 and 'plugin "no-such-driver" not found' in message and seconds > 10, (status, message, seconds)
status, message, seconds = create(Image="none:1")
print("no such image:", status, message)
assert status == 404 and "No such image" in message and seconds < 10, (status, message, seconds)
PYTHON
python3 "$folder/create.py" "$folder/root/shared/docker.sock" || { tail -5 "$folder/log"; exit 1; }
