"""A read-only registry that fails on purpose. The first part of a name is the fault: `127.0.0.1:PORT/<fault>/fault:1`.

    faulty_registry.py PORT STORE [--token]     STORE is a registry's storage folder

With --token it asks for a bearer token from its own /token (user ada, password s3cret), as public registries do. Nobody
gets one too, as at Docker Hub, but only for what begins with `public`, such as `public/busybox:1`.

    ok          no fault
    public      no fault
    slow        layers are sent at 400 kB/s: a long progress stream, time to cancel
    cut         the connection of each big layer is closed half-way (the engine may retry)
    hang        each big layer stops half-way, and its connection stays open for a minute
    corrupt     one byte of each big layer is wrong: digest mismatch
    blob500     the status of each big layer is 500
    blob404     the status of each big layer is 404
    redirect    layers are redirected (307) to another path, as by registries with a CDN
    manifest404 manifest500 manifest429 manifest401 manifest403 badjson
"""

from __future__ import annotations

import base64
import json
import re
import socket
import sys
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_CODES = {401: "UNAUTHORIZED", 403: "DENIED", 404: "MANIFEST_UNKNOWN", 429: "TOOMANYREQUESTS", 500: "UNKNOWN"}
_BIG = 1_000_000  # bytes; layers up to this size have no fault
_SLOW_STEP = 40_000  # bytes in a tenth of a second
_USER, _PASSWORD, _TOKEN = "ada", "s3cret", "t0ken"
_PUBLIC, _NOBODYS_TOKEN = "public/", "n0body"
_BASIC = "Basic " + base64.b64encode(f"{_USER}:{_PASSWORD}".encode()).decode()
_JSON = {"Content-Type": "application/json"}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    store: Path
    asks_for_token = False

    def handle(self) -> None:
        # Engines try TLS first. containerd falls back to plain HTTP only after an HTTP answer, as Go's server sends it.
        if self.connection.recv(1, socket.MSG_PEEK) == b"\x16":
            self.connection.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")
            return
        super().handle()

    def log_message(self, format: str, *args: object) -> None:
        sys.stderr.write(f"{self.command} {self.path} {args[1] if len(args) > 1 else ''}\n")

    def do_HEAD(self) -> None:
        self._get()

    def do_GET(self) -> None:
        self._get()

    def do_POST(self) -> None:
        # containerd requests its token with an OAuth2 form, and falls back to GET only on 405.
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())
        if self._path != "/token":
            self._answer(405)
        elif form.get("username") == [_USER] and form.get("password") == [_PASSWORD]:
            self._answer(200, json.dumps({"access_token": _TOKEN}).encode(), _JSON)
        else:
            self._refuse(401)

    @property
    def _path(self) -> str:
        return self.path.split("?")[0]

    def _get(self) -> None:
        authorization = self.headers.get("Authorization", "")
        if self._path == "/token":
            self._give_token(authorization)
        elif self._path.startswith("/v2/") and self.asks_for_token and not self._may_read(authorization):
            realm = f'Bearer realm="http://{self.headers["Host"]}/token",service="tests"'
            self._refuse(401, {"WWW-Authenticate": realm})
        elif self._path == "/v2/":  # engines request this path first, to find the authentication scheme
            self._answer(200, b"{}", {"Docker-Distribution-Api-Version": "registry/2.0"})
        elif match := re.fullmatch(r"/(?:v2|cdn)/([a-z0-9]+)/(.+)/(manifests|blobs)/(.+)", self._path):
            fault, repository, kind, reference = match.groups()
            if kind == "manifests":
                self._manifest(fault, repository, reference)
            else:
                self._layer(fault, reference)
        else:
            self._refuse(404)

    def _may_read(self, authorization: str) -> bool:
        if authorization == f"Bearer {_NOBODYS_TOKEN}":
            return self._path.startswith(f"/v2/{_PUBLIC}")
        return authorization == f"Bearer {_TOKEN}"

    def _give_token(self, authorization: str) -> None:
        scopes = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query).get("scope", [])
        if authorization == _BASIC:
            self._answer(200, json.dumps({"token": _TOKEN}).encode(), _JSON)
        elif not authorization and scopes and all(scope.startswith(f"repository:{_PUBLIC}") for scope in scopes):
            self._answer(200, json.dumps({"token": _NOBODYS_TOKEN}).encode(), _JSON)
        else:
            self._refuse(401)

    def _manifest(self, fault: str, repository: str, reference: str) -> None:
        if fault.startswith("manifest"):
            code = int(fault.removeprefix("manifest"))
            headers = {429: {"Retry-After": "1"}, 401: {"WWW-Authenticate": 'Basic realm="tests"'}}
            return self._refuse(code, headers.get(code, {}))
        digest = reference if ":" in reference else self._tagged(repository, reference)
        body = self._blob(digest) if digest else None
        if not (digest and body):
            return self._refuse(404)
        kind = json.loads(body)["mediaType"]
        if fault == "badjson":
            body = b'{"schemaVersion": 2, '
        return self._answer(200, body, {"Content-Type": kind, "Docker-Content-Digest": digest})

    def _layer(self, fault: str, digest: str) -> None:
        body = self._blob(digest)
        if body is None:
            return self._refuse(404)
        if fault == "redirect" and self._path.startswith("/v2/"):
            location = f"http://{self.headers['Host']}/cdn{self._path.removeprefix('/v2')}"
            return self._answer(307, headers={"Location": location})
        if len(body) <= _BIG and fault != "slow":
            fault = "ok"
        if fault in ("blob404", "blob500"):
            return self._refuse(int(fault.removeprefix("blob")))
        if fault == "corrupt":
            body = body[:-9] + bytes([body[-9] ^ 1]) + body[-8:]
        start = 0 if fault == "cut" else self._range_start()
        self._begin(len(body), start)
        if self.command != "HEAD":
            self._send(fault, body, start)
        return None

    def _range_start(self) -> int:
        match = re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))
        return int(match[1]) if match else 0

    def _begin(self, size: int, start: int) -> None:
        self.send_response(206 if start else 200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(size - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
        self.end_headers()

    def _send(self, fault: str, body: bytes, start: int) -> None:
        if fault in ("cut", "hang"):
            self.wfile.write(body[start : len(body) // 2])
            self.wfile.flush()
            if fault == "hang":
                time.sleep(60)
            self.close_connection = True
        elif fault == "slow":
            for i in range(start, len(body), _SLOW_STEP):
                self.wfile.write(body[i : i + _SLOW_STEP])
                time.sleep(0.1)
        else:
            self.wfile.write(body[start:])

    def _answer(self, code: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(code)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _refuse(self, code: int, headers: dict[str, str] | None = None) -> None:
        error = {"code": _CODES[code], "message": f"a fault made on purpose ({code})", "detail": None}
        self._answer(code, json.dumps({"errors": [error]}).encode(), _JSON | (headers or {}))

    def _tagged(self, repository: str, tag: str) -> str | None:
        repositories = self.store / "docker/registry/v2/repositories"
        link = repositories / repository / "_manifests/tags" / tag / "current/link"
        return link.read_text() if link.exists() else None

    def _blob(self, digest: str) -> bytes | None:
        algorithm, name = digest.split(":")
        path = self.store / "docker/registry/v2/blobs" / algorithm / name[:2] / name / "data"
        return path.read_bytes() if path.exists() else None


def main(port: str, store: str, *flags: str) -> None:
    """Serve until killed."""
    Handler.store = Path(store)
    Handler.asks_for_token = "--token" in flags
    server = ThreadingHTTPServer(("127.0.0.1", int(port)), Handler)
    server.daemon_threads = True
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
