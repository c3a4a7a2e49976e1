"""A fake Engine that answers from memory, so that its own time is small: fake_engine.py SOCKET [CERTIFICATES].

With a folder of certificates it listens with TLS too, at a TCP port whose address it writes into that folder.

A single loop (Linux only) handles all connections. Each long answer has its own thread, so that others can be served.
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
import select
import socket
import ssl
import sys
import tarfile
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from bench_lib.bodies import event_line, inspected, pull_line, summary
from bench_lib.sizes import DOWNLOAD, EVENTS, FRAMES, PULL_LINES

HEADERS = (
    b"Api-Version: 1.41\r\nDocker-Experimental: false\r\nOstype: linux\r\nServer: Docker/20.10.24 (linux)\r\n"
    b"Date: Tue, 24 Nov 2026 03:02:20 GMT\r\n"
)
CHUNKED = b"HTTP/1.1 200 OK\r\n" + HEADERS + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def encoded(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


# Like Docker: answers over 2 kB in one chunk, smaller ones with a Content-Length.
PING = (
    b"HTTP/1.1 200 OK\r\n" + HEADERS + b"Cache-Control: no-cache, no-store, must-revalidate\r\nPragma: no-cache\r\n"
    b"Content-Length: 2\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nOK"
)
INSPECT = CHUNKED + chunk(encoded(inspected())) + b"0\r\n\r\n"
LIST = CHUNKED + chunk(encoded([summary(number) for number in range(500)])) + b"0\r\n\r\n"
LINES = b"".join(chunk(pull_line(number)) for number in range(1000))


EVENT_LINES = chunk(event_line()) * EVENTS
EXEC = (
    b"HTTP/1.1 201 Created\r\n" + HEADERS + b'Content-Type: application/json\r\nContent-Length: 12\r\n\r\n{"Id":"abc"}'
)
NOTHING = b"HTTP/1.1 200 OK\r\n" + HEADERS + b"Content-Length: 0\r\n\r\n"
UPGRADED = (
    b"HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\n"
    b"Upgrade: tcp\r\n\r\n"
)
STAT = base64.b64encode(
    b'{"name":"blob","size":%d,"mode":420,"mtime":"2026-11-24T03:02:20Z","linkTarget":""}' % DOWNLOAD
)
_MANY = 1 << 20


def sent_often(peer: socket.socket, unit: bytes, count: int) -> None:
    """Send `unit` `count` times, in pieces of about a megabyte, which are kept for the next time."""
    at_once = max(1, _MANY // len(unit))
    piece = _pieces.setdefault(unit, unit * at_once)
    for _ in range(count // at_once):
        peer.sendall(piece)
    peer.sendall(memoryview(piece)[: count % at_once * len(unit)])


_pieces: dict[bytes, bytes] = {}


LongAnswer = Callable[[socket.socket], None]


def pull(peer: socket.socket) -> None:
    peer.sendall(CHUNKED)
    sent_often(peer, LINES, PULL_LINES // 1000)
    peer.sendall(b"0\r\n\r\n")


def log(peer: socket.socket, size: int) -> None:
    """Send logs with each frame in its own chunk, like Docker. Every fourth frame is stderr."""
    peer.sendall(CHUNKED)
    line = (b"0123456789abcdef" * (size // 16 + 1))[: size - 1] + b"\n"
    frames = b"".join(chunk(bytes((stream, 0, 0, 0)) + size.to_bytes(4) + line) for stream in (1, 1, 2, 1))
    sent_often(peer, frames, FRAMES[size] // 4)
    peer.sendall(b"0\r\n\r\n")


def archive(peer: socket.socket) -> None:
    """Send a tar archive with one file, in chunks of 32 KiB, like Docker."""
    peer.sendall(CHUNKED[:-2].replace(b"json", b"x-tar") + b"X-Docker-Container-Path-Stat: " + STAT + b"\r\n\r\n")
    member = tarfile.TarInfo("blob")
    member.size = DOWNLOAD
    peer.sendall(chunk(member.tobuf(tarfile.USTAR_FORMAT)))
    sent_often(peer, chunk(bytes(32768)), DOWNLOAD // 32768)
    peer.sendall(chunk(bytes(1024)) + b"0\r\n\r\n")


def take(peer: socket.socket, begun: bytes) -> None:
    """Read a chunked body and discard it. `begun` is the part that was received with the head."""
    buffer = bytearray(_MANY)
    view = memoryview(buffer)
    buffer[: len(begun)] = begun
    start, end = 0, len(begun)
    left = -1  # bytes left in this chunk, its line end included; -1 before a chunk's size
    while True:
        if left > 0:
            step = min(left, end - start)
            left -= step
            start += step
            if not left:
                left = -1
        else:
            line_end = buffer.find(b"\r\n", start, end)
            if line_end >= 0:
                size = int(buffer[start:line_end], 16)
                start = line_end + 2
                left = size + 2
                if not size:
                    peer.sendall(NOTHING)
                    return
                continue
        if start < end and left < 0:
            if buffer.find(b"\r\n", start, end) >= 0:
                continue
            view[: end - start] = bytes(view[start:end])
            start, end = 0, end - start
        else:
            start = end = 0
        size = peer.recv_into(view[end:])
        if not size:
            raise OSError("an upload broke off")
        end += size


listening: dict[int, socket.socket] = {}
"""The connections that read events."""
echoing: set[int] = set()
"""The connections that were upgraded."""


def answer(peer: socket.socket, request: bytes) -> LongAnswer | None:
    """Answer the request, or return a function that will send its long answer."""
    if request.startswith(b"GET /_ping"):
        peer.sendall(PING)
        return None
    method, target, _ = request.split(b" ", 2)
    if method == b"HEAD":  # a ping of the docker command
        peer.sendall(PING.removesuffix(b"OK"))
        return None
    path, _, query = target.partition(b"?")
    if path.endswith(b"/_ping"):
        peer.sendall(PING)
    elif path.endswith(b"/containers/json"):
        peer.sendall(LIST)
    elif path.endswith(b"/images/create"):
        return pull
    elif path.endswith(b"/logs"):
        return partial(log, size=int(query.partition(b"tail=")[2].partition(b"&")[0]))
    elif path.endswith(b"/archive"):
        return partial(take, begun=request.partition(b"\r\n\r\n")[2]) if method == b"PUT" else archive
    elif path.endswith(b"/events"):
        peer.sendall(CHUNKED)
        listening[peer.fileno()] = peer
    elif path == b"/_emit":
        for one in listening.values():
            one.sendall(EVENT_LINES)
        peer.sendall(NOTHING)
    elif path.endswith(b"/exec"):
        peer.sendall(EXEC)
    elif path.endswith(b"/start") and b"/exec/" in path:
        peer.sendall(UPGRADED)
        echoing.add(peer.fileno())
    else:
        peer.sendall(INSPECT)
    return None


def whole(peer: socket.socket) -> bytes:
    """Read a request, with its body unless it is an upload. Empty if the client has closed."""
    request = peer.recv(65536)
    while request:
        head, mark, body = request.partition(b"\r\n\r\n")
        if mark:
            length = re.search(rb"\r\ncontent-length: *(\d+)", head.lower())
            if length is None:
                chunked = b"transfer-encoding: chunked" in head.lower() and b"/archive" not in head
                if not chunked or body.endswith(b"0\r\n\r\n"):
                    return request
            elif len(body) >= int(length[1]):
                return request
        more = peer.recv(65536)
        request = request + more if more else b""
    return request


def run(long: LongAnswer, peer: socket.socket, events: select.epoll) -> None:
    with contextlib.suppress(OSError):  # the client has closed; the loop will notice that too
        long(peer)
    events.register(peer.fileno(), select.EPOLLIN)


def serve(listener: socket.socket, secure: socket.socket | None, context: ssl.SSLContext) -> None:
    peers: dict[int, socket.socket] = {}
    events = select.epoll()
    listeners = {one.fileno(): one for one in (listener, secure) if one is not None}
    for number in listeners:
        events.register(number, select.EPOLLIN)
    while True:
        for number, _ in events.poll():
            if number in listeners:
                peer, _ = listeners[number].accept()
                if listeners[number] is secure:
                    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    peer = context.wrap_socket(peer, server_side=True)
                peers[peer.fileno()] = peer
                events.register(peer.fileno(), select.EPOLLIN)
                continue
            peer = peers[number]
            try:
                if number in echoing:
                    if data := peer.recv(65536):
                        peer.sendall(b"\1\0\0\0" + len(data).to_bytes(4) + data)
                        continue
                elif request := whole(peer):
                    if (long := answer(peer, request)) is not None:
                        events.unregister(number)
                        threading.Thread(target=run, args=(long, peer, events), daemon=True).start()
                    continue
            except OSError:
                pass
            del peers[number]
            listening.pop(number, None)
            echoing.discard(number)
            events.unregister(number)
            peer.close()


def main() -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(sys.argv[1])
    listener.listen(4096)
    secure, context = None, ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if len(sys.argv) > 2:
        secure = _with_tls(Path(sys.argv[2]), context)
    print("ready", flush=True)
    serve(listener, secure, context)


def _with_tls(folder: Path, context: ssl.SSLContext) -> socket.socket:
    context.load_cert_chain(folder / "server/cert.pem", folder / "server/key.pem")
    context.load_verify_locations(folder / "server/ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    secure = socket.create_server(("127.0.0.1", 0), backlog=64)
    (folder / "address").write_text(f"tcp://127.0.0.1:{secure.getsockname()[1]}")
    return secure


if __name__ == "__main__":
    main()
