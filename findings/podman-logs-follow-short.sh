#!/usr/bin/env bash
# Podman 5.4.2: the followed log of a container that ends in that moment is cut, with status 200 and a clean end.
#
# Guess beforehand: `GET /containers/{name}/logs?follow=1` gives every line of a container that has just been started, and
# ends when the container has ended, as Docker's does.
# Seen: while all cores are busy, about one in ten answers has 1 of 300 lines (22 of 200 on two cores), or a part of them,
# and ends like a complete one. The whole log is there, and the same question without follow gives it. Containers that
# live for a second while they are followed lost nothing (0 of 60).
#
# Needs root, Python and a Debian mirror; keeps all cores busy. Fails if no answer of 2,000 is cut.
set -euo pipefail
folder=$(mktemp -d /tmp/follow.XXXXXX)
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$folder"' EXIT
apt-get install --yes -qq --no-install-recommends mmdebstrap >/dev/null 2>&1
packages=base-files,busybox-static,podman=5.4.2+ds1-2+b2,conmon,crun,netavark,aardvark-dns,golang-github-containers-common,golang-github-containers-image
mmdebstrap --quiet --variant=extract --include="$packages" trixie "$folder/root"
root=$folder/root
[ -e "$root/bin/sh" ] || ln -s busybox "$root/bin/sh"
printf 'root:x:0:0:root:/root:/bin/sh\n' >"$root/etc/passwd"
mkdir -p "$root/in" "$root/var/tmp" "$root/etc/containers" "$folder/image/bin"
echo '{"default": [{"type": "insecureAcceptAnything"}]}' >"$root/etc/containers/policy.json"
printf '[containers]\ncgroups = "disabled"\nnetns = "none"\npids_limit = 0\n' >"$root/etc/containers/containers.conf"
cp "$root/bin/busybox" "$folder/image/bin/sh"
tar --directory "$folder/image" --format=gnu --create --file "$root/in/image.tar" bin

cat >"$root/in/run" <<'SH'
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TMPDIR=/in PODMAN_IGNORE_CGROUPSV1_WARNING=1
podman() { command podman --root /in/storage --runroot /in/run-root --storage-driver vfs --cgroup-manager cgroupfs "$@"; }
podman --version
podman import --quiet /in/image.tar app:1 >/dev/null
podman system service --time 0 unix:///in/podman.sock
SH
cat >"$folder/start" <<SH
mount --bind "$root" "$root"; mount --make-private "$root"
mount -t proc proc "$root/proc"; mount --rbind /dev "$root/dev"; mount -t tmpfs tmpfs "$root/run"
mount -t sysfs sysfs "$root/sys"; mount -t cgroup2 none "$root/sys/fs/cgroup"
cd "$root"; mkdir -p .old; pivot_root . .old; cd /; busybox umount -l /.old
exec sh /in/run
SH
unshare --mount --ipc --uts --net --pid --fork --kill-child sh "$folder/start" >"$folder/version" 2>"$folder/service.log" &
for _ in $(seq "$(nproc)"); do (while :; do :; done) & done

cat >"$folder/ask.py" <<'PY'
import http.client, json, socket, sys, threading, time

PATH, COUNT = sys.argv[1], "i=0; while [ $i -lt 300 ]; do echo line $i; i=$((i + 1)); done"


class Connection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(PATH)


def ask(method, target, body=None):
    connection = Connection("d")
    text = None if body is None else json.dumps(body)
    connection.request(method, "/v1.41" + target, text, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    return answer.status, answer.read()


def one(name):
    status, data = ask("POST", f"/containers/create?name={name}", {"Image": "app:1", "Cmd": ["/bin/sh", "-c", COUNT]})
    assert status == 201, data
    status, data = ask("POST", f"/containers/{name}/start")
    assert status == 204, data
    status, data = ask("GET", f"/containers/{name}/logs?follow=1&stdout=1&stderr=1")
    assert status == 200, data
    if data.count(b"line ") < 300:
        time.sleep(1)
        cut.append((data.count(b"line "), ask("GET", f"/containers/{name}/logs?stdout=1&stderr=1")[1].count(b"line ")))
    ask("DELETE", f"/containers/{name}?force=1")


def many(worker):
    for number in range(500):
        if not cut:
            one(f"c{worker}-{number}")


cut = []
for _ in range(600):
    try:
        ask("GET", "/_ping")
        break
    except OSError:
        time.sleep(0.1)
threads = [threading.Thread(target=many, args=(worker,)) for worker in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("cut:", cut[0][0] < 300 if cut else False, "then:", cut[0][1] if cut else 300)
PY
seen=$(python3 "$folder/ask.py" "$root/in/podman.sock")
cat "$folder/version"
echo "$seen"
[ "$(cat "$folder/version")" = "podman version 5.4.2" ]
[ "$seen" = "cut: True then: 300" ]
