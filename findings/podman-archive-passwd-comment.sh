#!/usr/bin/env bash
# Podman 5.4.2: a comment in an image's /etc/passwd, and no file can be copied out of its containers.
#
# Guess beforehand: `GET /containers/{name}/archive` depends on the path alone, or at least refuses no container that
# Podman itself starts as its user.
# Seen: for a container with `User: "ada"`, whose /etc/passwd has the line `# people` before ada's, the archive of any path
# fails with status 500, `determining run uid: user: unknown user error looking up user "ada"`. The same container starts,
# and runs as 1000, the number in that file. With the comment after ada's line the archive is given. With
# `User: "1000"` it is given both times, but the group of its files is 0 where the comment comes first, and 1000 without.
#
# Needs root, Python and a Debian mirror. Fails if the archive is given or the container does not run as 1000.
set -euo pipefail
folder=$(mktemp -d /tmp/passwd.XXXXXX)
trap 'kill -KILL $(jobs -p) 2>/dev/null || true; wait; rm -rf "$folder"' EXIT
apt-get install --yes -qq --no-install-recommends mmdebstrap >/dev/null 2>&1
packages=base-files,busybox-static,podman=5.4.2+ds1-2+b2,conmon,crun,netavark,aardvark-dns,golang-github-containers-common,golang-github-containers-image
mmdebstrap --quiet --variant=extract --include="$packages" trixie "$folder/root"
root=$folder/root
[ -e "$root/bin/sh" ] || ln -s busybox "$root/bin/sh"
printf 'root:x:0:0:root:/root:/bin/sh\n' >"$root/etc/passwd"
mkdir -p "$root/in" "$root/var/tmp" "$root/etc/containers"
echo '{"default": [{"type": "insecureAcceptAnything"}]}' >"$root/etc/containers/policy.json"
printf '[containers]\ncgroups = "disabled"\nnetns = "none"\npids_limit = 0\n' >"$root/etc/containers/containers.conf"

image() { # NAME LINE...
    local name=$1
    shift
    mkdir -p "$folder/$name/bin" "$folder/$name/etc"
    cp "$root/bin/busybox" "$folder/$name/bin/sh"
    ln "$folder/$name/bin/sh" "$folder/$name/bin/id"
    printf '%s\n' "$@" >"$folder/$name/etc/passwd"
    tar --directory "$folder/$name" --format=gnu --create --file "$root/in/$name.tar" bin etc
}
ada=ada:x:1000:1000::/:/bin/sh
image before '# people' "$ada"
image after "$ada" '# people'
cat >"$root/in/run" <<'SH'
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TMPDIR=/in PODMAN_IGNORE_CGROUPSV1_WARNING=1
podman() { command podman --root /in/storage --runroot /in/run-root --storage-driver vfs --cgroup-manager cgroupfs "$@"; }
podman --version
for name in before after; do podman import --quiet "/in/$name.tar" "$name:1" >/dev/null; done
podman system service --time 0 unix:///in/podman.sock
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
import http.client, io, json, socket, sys, tarfile, time

PATH = sys.argv[1]


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


def tried(image, user):
    name = f"{image}-{user}"
    assert ask("POST", f"/containers/create?name={name}", {"Image": f"{image}:1", "User": user, "Cmd": ["id", "-u"]})[0] == 201
    status, data = ask("GET", f"/containers/{name}/archive?path=/etc/passwd")
    told = tarfile.open(fileobj=io.BytesIO(data)).next().gid if status == 200 else json.loads(data)["message"]
    assert ask("POST", f"/containers/{name}/start")[0] == 204
    ask("POST", f"/containers/{name}/wait")
    for _ in range(50):
        ran = ask("GET", f"/containers/{name}/logs?stdout=1")[1][8:].decode().strip()
        if ran:
            break
        time.sleep(0.1)
    return status, told, ran


for _ in range(600):
    try:
        ask("GET", "/_ping")
        break
    except OSError:
        time.sleep(0.1)
found = {(image, user): tried(image, user) for image in ("before", "after") for user in ("ada", "1000")}
for (image, user), values in found.items():
    print(f"comment {image} ada's line, User {user!r}: archive", *values[:2], "| runs as", values[2])
unknown = 'determining run uid: user: unknown user error looking up user "ada"'
expected = {
    ("before", "ada"): (500, unknown, "1000"),
    ("before", "1000"): (200, 0, "1000"),
    ("after", "ada"): (200, 1000, "1000"),
    ("after", "1000"): (200, 1000, "1000"),
}
sys.exit(found != expected)
PY
python3 "$folder/ask.py" "$root/in/podman.sock" || { cat "$folder/service.log"; exit 1; }
cat "$folder/version"
[ "$(cat "$folder/version")" = "podman version 5.4.2" ]
