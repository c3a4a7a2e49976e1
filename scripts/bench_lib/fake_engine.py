"""An Engine in wire shape that answers from memory, so that it is never what is measured: fake_engine.py SOCKET.

One thread and one loop, for Linux: of its clients only one is at work at a time, so it may block while it sends.
"""

from __future__ import annotations

import json
import select
import socket
import sys
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
PING = (
    b"HTTP/1.1 200 OK\r\n" + HEADERS + b"Cache-Control: no-cache, no-store, must-revalidate\r\nPragma: no-cache\r\n"
    b"Content-Length: 2\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nOK"
)
INSPECT = CHUNKED + chunk(encoded(inspected())) + b"0\r\n\r\n"
LIST = CHUNKED + chunk(encoded([summary(number) for number in range(500)])) + b"0\r\n\r\n"
LINES = b"".join(chunk(pull_line(number)) for number in range(1000))


def answer(peer: socket.socket, request: bytes) -> None:
    if request.startswith(b"GET /_ping"):
        peer.sendall(PING)
        return
    target = request.split(b" ", 2)[1]
    if target.endswith(b"/_ping"):
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


def serve(listener: socket.socket) -> None:
    peers: dict[int, socket.socket] = {}
    events = select.epoll()
    events.register(listener.fileno(), select.EPOLLIN)
    while True:
        for number, _ in events.poll():
            if number == listener.fileno():
                peer, _ = listener.accept()
                peers[peer.fileno()] = peer
                events.register(peer.fileno(), select.EPOLLIN)
                continue
            peer = peers[number]
            try:
                request = peer.recv(65536)
                while request and b"\r\n\r\n" not in request:
                    more = peer.recv(65536)
                    request = request + more if more else b""
                if request:
                    answer(peer, request)
                    continue
            except OSError:
                pass
            del peers[number]
            events.unregister(number)
            peer.close()


def main() -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(sys.argv[1])
    listener.listen(1024)
    print("ready", flush=True)
    serve(listener)


if __name__ == "__main__":
    main()
