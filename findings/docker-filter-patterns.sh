#!/usr/bin/env bash
# Docker 20.10.24: a filter that is no regular expression finds nothing, and is no error.
#
# Guess beforehand: `name` and `id` filters are regular expressions, so that one that cannot be compiled, as the glob
# `*web` that many try first, is a 400, as an unknown filter is.
# Seen: lists of containers, networks and volumes answer 200 with nothing in it, for `*web` and for `[`; only an unknown
# filter is a 400. A cleanup by such a filter takes nothing for everything. Docker 28.5.2 and 29.8.0-dev do the same
# (tried by hand).
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

cat >"$folder/filters.py" <<'PYTHON'
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

assert ask("POST", "/volumes/create", {"Name": "my-web"})[0] == 201
assert ask("POST", "/networks/create", {"Name": "my-web"})[0] == 201
seen = {}
for pattern in ("web", "*web", "["):
    query = "filters=" + urllib.parse.quote(json.dumps({"name": [pattern]}))
    volumes, networks = ask("GET", f"/volumes?{query}"), ask("GET", f"/networks?{query}")
    containers = ask("GET", f"/containers/json?all=1&{query}")
    found = len(json.loads(volumes[1])["Volumes"] or []), len(json.loads(networks[1])), len(json.loads(containers[1]))
    seen[pattern] = {volumes[0], networks[0], containers[0]}, found
    print(repr(pattern), "status", *seen[pattern][0], "volumes, networks, containers:", *found)
unknown = ask("GET", "/networks?filters=" + urllib.parse.quote(json.dumps({"nonsense": ["x"]})))
print("an unknown filter: status", unknown[0])
assert seen == {"web": ({200}, (1, 1, 0)), "*web": ({200}, (0, 0, 0)), "[": ({200}, (0, 0, 0))}, seen
assert unknown[0] == 400
PYTHON
python3 "$folder/filters.py" "$folder/root/shared/docker.sock" || { tail -5 "$folder/log"; exit 1; }
