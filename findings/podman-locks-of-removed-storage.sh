#!/usr/bin/env bash
# Podman 5.4.2: the volumes of a storage that was removed keep other storages of the machine from making any.
#
# Guess beforehand: `--root` and `--runroot` of its own make a Podman independent; removing both folders removes it.
# Seen: every volume (and container, and pod) takes one of 2,048 locks, which lie in /dev/shm/libpod_lock for all Podmans
# of root together. 2,048 volumes in one storage, then the removal of its folders while nothing of it runs: the first
# volume of another, new storage fails with status 500 and `exceeded num_locks (2048)`.
#
# Needs root, Python and a Debian mirror. Fails if the second storage can have a volume at once.
set -euo pipefail
folder=$(mktemp -d /tmp/locks.XXXXXX)
trap 'kill -KILL $(jobs -p) 2>/dev/null || true; wait; rm -rf "$folder"' EXIT
apt-get install --yes -qq --no-install-recommends mmdebstrap >/dev/null 2>&1
packages=base-files,busybox-static,podman=5.4.2+ds1-2+b2,conmon,crun,netavark,aardvark-dns,golang-github-containers-common,golang-github-containers-image
mmdebstrap --quiet --variant=extract --include="$packages" trixie "$folder/root"
root=$folder/root
[ -e "$root/bin/sh" ] || ln -s busybox "$root/bin/sh"
printf 'root:x:0:0:root:/root:/bin/sh\n' >"$root/etc/passwd"
mkdir -p "$root/in" "$root/var/tmp" "$root/etc/containers"
echo '{"default": [{"type": "insecureAcceptAnything"}]}' >"$root/etc/containers/policy.json"
printf '[containers]\ncgroups = "disabled"\nnetns = "none"\n' >"$root/etc/containers/containers.conf"

cat >"$root/in/run" <<'SH'
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TMPDIR=/in PODMAN_IGNORE_CGROUPSV1_WARNING=1
podman --version
for name in first second; do
    podman --root "/in/$name" --runroot "/run/$name" --tmpdir "/run/tmp-$name" --storage-driver vfs \
        --cgroup-manager cgroupfs system service --time 0 "unix:///in/$name.sock" &
    while [ ! -e "/in/$name.ended" ]; do sleep 0.1; done
    kill $!; wait $! || true
    [ "$name" = second ] || rm -rf "/in/$name" "/run/$name" "/run/tmp-$name"
done
SH
cat >"$folder/start" <<SH
mount --bind "$root" "$root"; mount --make-private "$root"
mount -t proc proc "$root/proc"; mount --rbind /dev "$root/dev"; mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/dev/shm"
mount -t sysfs sysfs "$root/sys"; mount -t cgroup2 none "$root/sys/fs/cgroup"
cd "$root"; mkdir -p .old; pivot_root . .old; cd /; busybox umount -l /.old
exec sh /in/run
SH
unshare --mount --ipc --uts --net --pid --fork --kill-child sh "$folder/start" >"$folder/version" 2>"$folder/service.log" &

cat >"$folder/ask.py" <<'PY'
import http.client, json, pathlib, socket, sys, time

folder = pathlib.Path(sys.argv[1])


class Connection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("d")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


def create(connection, name):
    connection.request("POST", "/v1.41/volumes/create", json.dumps({"Name": name}), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read()).get("message", "")


def service(name):
    for _ in range(600):
        try:
            connection = Connection(str(folder / f"{name}.sock"))
            connection.connect()
            return connection
        except OSError:
            time.sleep(0.1)
    raise SystemExit("no service: see its log")


connection = service("first")
made = sum(create(connection, f"v{number}")[0] == 201 for number in range(2048))
print("first storage:", made, "volumes; its next one:", *create(connection, "one-more"))
(folder / "first.ended").touch()
connection = service("second")
found = create(connection, "v")
print("first storage removed; the first volume of the second:", *found)
(folder / "second.ended").touch()
sys.exit(not (made == 2048 and found[0] == 500 and "exceeded num_locks (2048)" in found[1]))
PY
python3 "$folder/ask.py" "$root/in" || { cat "$folder/service.log"; exit 1; }
cat "$folder/version"
