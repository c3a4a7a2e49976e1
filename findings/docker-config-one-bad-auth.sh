#!/usr/bin/env bash
# The docker command 26.1.5: one entry of config.json that is no base64 changes what is sent for all other registries.
#
# Guess beforehand: a broken `auth` of one registry leaves that registry without credentials, and those of every other
# registry are decoded and sent as always.
# Seen: the command warns that it cannot load config.json, goes on, and sends the entry of the other registry as it is in
# the file: `{"auth":"..."}` in base64, without username and password, which no Engine takes for credentials. Without the
# broken entry it sends username and password. With docker 28.5.2 it is the same (tried by hand). rawdock reads only the
# entry that is needed, and says what is wrong with that one.
#
# Needs root, Python and a Debian mirror. Fails if this has changed.
set -euo pipefail
folder=$(mktemp -d /tmp/auths.XXXXXX)
trap 'rm -rf "$folder"' EXIT
apt-get install --yes -qq --no-install-recommends mmdebstrap >/dev/null 2>&1
mmdebstrap --quiet --variant=extract --include=base-files,docker-cli=26.1.5+dfsg1-9+deb13u1+b1,libc6 trixie "$folder/root"

cat >"$folder/ask.py" <<'PY'
import base64, json, os, socketserver, subprocess, sys, threading
from http.server import BaseHTTPRequestHandler

folder = sys.argv[1]
sent = []


class Engine(BaseHTTPRequestHandler):
    """Answers a ping, and refuses a pull after noting its credentials."""

    def do_HEAD(self):
        self.send_response(200)
        self.send_header("Api-Version", "1.45")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_HEAD

    def do_POST(self):
        sent.append(json.loads(base64.urlsafe_b64decode(self.headers["X-Registry-Auth"])))
        body = b'{"message": "noted"}'
        self.send_response(500)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self):
        return "socket"

    def log_message(self, *_):
        pass


server = socketserver.ThreadingUnixStreamServer(folder + "/root/engine.sock", Engine)
threading.Thread(target=server.serve_forever, daemon=True).start()
auth = base64.b64encode(b"ada:pw").decode()
for others in ({}, {"other.example": {"auth": "%%%"}}):
    os.makedirs(folder + "/root/config", exist_ok=True)
    with open(folder + "/root/config/config.json", "w") as file:
        json.dump({"auths": {"registry.example": {"auth": auth}, **others}}, file)
    command = ["chroot", folder + "/root", "/usr/bin/docker", "--config", "/config", "-H", "unix:///engine.sock", "pull", "registry.example/app:1"]
    seen = set()
    for _ in range(60):
        done = subprocess.run(command, capture_output=True, text=True)
        seen.add(("warned" if "WARNING" in done.stderr else "silent", *sorted(sent[-1])))
    print(*sorted(seen))
PY
version=$(chroot "$folder/root" /usr/bin/docker --version)
echo "$version"
seen=$(python3 "$folder/ask.py" "$folder")
echo "$seen"
[[ $version == *" 26.1.5"* ]]
[ "$seen" = "('silent', 'password', 'serveraddress', 'username')
('warned', 'auth') ('warned', 'password', 'serveraddress', 'username')" ]
