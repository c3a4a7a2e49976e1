"""A Git server that wants a token: `python git_server.py FOLDER TOKEN PORT`, with Git's own `git http-backend`."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class GitHandler(BaseHTTPRequestHandler):
    folder = ""
    token = ""

    def do_GET(self) -> None:
        if not self._may():
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.end_headers()
            return
        head, _, body = self._answer().partition(b"\r\n\r\n")
        headers = [line.decode().split(": ", 1) for line in head.split(b"\r\n")]
        self.send_response(next((int(value[:3]) for name, value in headers if name == "Status"), 200))
        for name, value in headers:
            if name != "Status":
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def _may(self) -> bool:
        """BuildKit sends a token as the password of this user. The name of the scheme counts in any case."""
        scheme, _, given = self.headers.get("Authorization", "").partition(" ")
        wanted = base64.b64encode(f"x-access-token:{self.token}".encode()).decode()
        return scheme.lower() == "basic" and given == wanted

    def _answer(self) -> bytes:
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        variables = {
            "GIT_PROJECT_ROOT": self.folder,
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "PATH": os.environ["PATH"],
        }
        return subprocess.run(
            ["git", "http-backend"], input=body, env=variables, capture_output=True, check=True
        ).stdout

    def log_message(self, format: str, *args: object) -> None:
        pass


def main() -> None:
    GitHandler.folder, GitHandler.token, port = sys.argv[1:]
    server = ThreadingHTTPServer(("127.0.0.1", int(port)), GitHandler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
