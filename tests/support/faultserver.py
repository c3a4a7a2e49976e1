"""A server on a Unix socket that sends exactly the bytes a test gives it. It runs in the event loop of the test."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from anyio.abc import SocketStream
from anyio.lowlevel import checkpoint

PING = b"HTTP/1.1 200 OK\r\nApi-Version: 1.51\r\nContent-Length: 2\r\n\r\nOK"
NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"

Handler = Callable[["Peer"], Awaitable[None]]


def json_answer(body: bytes, status: bytes = b"200 OK") -> bytes:
    return b"HTTP/1.1 %b\r\nApi-Version: 1.51\r\nContent-Length: %d\r\n\r\n" % (status, len(body)) + body


class Peer:
    """The server's side of one connection."""

    def __init__(self, stream: SocketStream, requests: list[bytes]) -> None:
        self.stream = stream
        self._requests = requests
        self._buffer = b""

    async def request(self) -> bytes:
        """Read the next request: its head, and its body if it has a Content-Length. Empty if the client has closed."""
        while b"\r\n\r\n" not in self._buffer:
            if not await self._more():
                return b""
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b": ")
            if name.lower() == b"content-length":
                length = int(value)
        while len(self._buffer) < length:
            if not await self._more():
                return b""
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        self._requests.append(head.split(b"\r\n")[0].rpartition(b" ")[0])
        return head + b"\r\n\r\n" + body

    async def rest_of_chunks(self) -> None:
        """Read the body of a request that comes in chunks, and drop it."""
        while b"0\r\n\r\n" not in self._buffer and await self._more():
            pass
        self._buffer = self._buffer.partition(b"0\r\n\r\n")[2]

    async def _more(self) -> bool:
        try:
            self._buffer += await self.stream.receive()
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            return False
        return True

    async def send(self, data: bytes) -> None:
        await self.stream.send(data)


class Server:
    def __init__(self, path: str) -> None:
        self.path = path
        self.requests: list[bytes] = []
        """The method and target of each request, in order."""
        self.connections = 0


@asynccontextmanager
async def serving(
    answer: Callable[[bytes, Peer], Awaitable[bytes | None]], *, ping: bytes = PING
) -> AsyncIterator[Server]:
    """Answer each request with the result of `answer(request, peer)`; None closes the connection. Pings get `ping`."""
    with tempfile.TemporaryDirectory(prefix="rd") as folder:
        server = Server(str(Path(folder) / "s"))

        async def handle(stream: SocketStream) -> None:
            server.connections += 1
            peer = Peer(stream, server.requests)
            async with stream:
                while request := await peer.request():
                    try:
                        data = ping if b" /_ping " in request else await answer(request, peer)
                        if data is None:
                            return
                        if request.startswith(b"HEAD "):
                            data = data.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
                        await peer.send(data)
                    except (anyio.BrokenResourceError, anyio.ClosedResourceError):
                        return

        listener = await anyio.create_unix_listener(server.path)
        async with listener, anyio.create_task_group() as tasks:
            tasks.start_soon(listener.serve, handle)
            yield server
            for _ in range(5):  # on asyncio, anyio fails if a reader with data to read is cancelled
                await checkpoint()
            tasks.cancel_scope.cancel()
