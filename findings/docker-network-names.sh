#!/usr/bin/env bash
# Docker 20.10.24: a network may have a name by which no request reaches it.
#
# Guess beforehand: the Engine checks the name of a network as it does that of a container, and refuses one that cannot
# stand in a path; a slash, if anything, is what makes trouble.
# Seen: `..`, `.` and `team/net` are all created. `team%2Fnet` in a path reaches its network. `..` and `.` do not, neither
# as they are nor as `%2E%2E`: the Engine shortens the path and answers 301, for GET and for DELETE. Such a network is
# seen in lists and is deleted by its id alone. Docker 28.5.2 and 29.8.0-dev create them too (tried by hand); Podman 5.4.2
# refuses all three names.
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

cat >"$folder/networks.py" <<'PYTHON'
import http.client
import json
import socket
import sys
import time
import urllib.parse


class Engine(http.client.HTTPConnection):
    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(sys.argv[1])


def ask(method: str, path: str, body: object = None) -> tuple[int, bytes]:
    engine = Engine("engine")
    try:
        engine.request(method, path, None if body is None else json.dumps(body), {"Content-Type": "application/json"})
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

seen = {}
for name in ("team/net", "..", "."):
    status, body = ask("POST", "/networks/create", {"Name": name})
    assert status == 201, body
    quoted = urllib.parse.quote(name, safe="").replace(".", "%2E")
    by_name = [ask(method, f"/networks/{quoted}")[0] for method in ("GET", "DELETE")]
    seen[name] = [*by_name, ask("DELETE", f"/networks/{json.loads(body)['Id']}")[0]]
    print(repr(name), "get, delete by name, delete by id:", *seen[name])
assert seen == {"team/net": [200, 204, 404], "..": [301, 301, 204], ".": [301, 301, 204]}, seen
PYTHON
python3 "$folder/networks.py" "$folder/root/shared/docker.sock" || { tail -5 "$folder/log"; exit 1; }
