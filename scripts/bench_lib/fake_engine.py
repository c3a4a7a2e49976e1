"""An Engine in wire shape that answers from memory, so that it is never what is measured: fake_engine.py SOCKET."""

from __future__ import annotations

import json
import socket
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from bench_lib.bodies import PULL_LINES, inspected, pull_line, summary

HEADERS = (
    b"Api-Version: 1.41\r\nDocker-Experimental: false\r\nOstype: linux\r\nServer: Docker/20.10.24 (linux)\r\n"
    b"Date: Tue, 24 Nov 2026 03:02:20 GMT\r\n"
)
CHUNKED = b"HTTP/1.1 200 OK\r\n" + HEADERS + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def encoded(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


# As the Engine does: over 2 kB in one chunk, under it with a length.
PING = b"HTTP/1.1 200 OK\r\n" + HEADERS + b"Content-Type: text/plain; charset=utf-8\r\nContent-Length: 2\r\n\r\nOK"
INSPECT = CHUNKED + chunk(encoded(inspected())) + b"0\r\n\r\n"
LIST = CHUNKED + chunk(encoded([summary(number) for number in range(500)])) + b"0\r\n\r\n"
LINES = b"".join(chunk(pull_line(number)) for number in range(1000))


def serve(peer: socket.socket) -> None:
    buffer = b""
    while True:
        while b"\r\n\r\n" not in buffer:
            data = peer.recv(65536)
            if not data:
                return
            buffer += data
        head, _, buffer = buffer.partition(b"\r\n\r\n")
        target = head.split(b" ", 2)[1]
        if b"/_ping" in target:
            peer.sendall(PING)
        elif b"/containers/json" in target:
            peer.sendall(LIST)
        elif b"/images/create" in target:
            peer.sendall(CHUNKED)
            for _ in range(PULL_LINES // 1000):
                peer.sendall(LINES)
            peer.sendall(b"0\r\n\r\n")
        else:
            peer.sendall(INSPECT)


def guarded(peer: socket.socket) -> None:
    with peer:
        try:
            serve(peer)
        except OSError:
            return


def main() -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(sys.argv[1])
    listener.listen(128)
    print("ready", flush=True)
    while True:
        threading.Thread(target=guarded, args=(listener.accept()[0],), daemon=True).start()


if __name__ == "__main__":
    main()
