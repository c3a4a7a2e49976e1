"""The seam to the outside world: an `httpx.AsyncBaseTransport` that speaks HTTP/1.1 to one Engine.

Called directly by rawdock with a `WireRequest`, or by any `httpx.AsyncClient` with a request of its own. It follows no
redirects, keeps no cookies, and reads no environment.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from typing import TYPE_CHECKING, Any, cast

import httpx
from anyio import fail_after

from .connection import Connection, Feed
from .errors import BodyFailed
from .messages import OpenResponse, WireRequest, WireResponse
from .pool import Connect, Pool
from .sockets import accepted_unix, connected_unix, unix_path_too_long, unreachable
from .upload import LARGE, Upload
from .wire import Head, Limits, Sink, Take

if TYPE_CHECKING:
    from anyio.abc import ByteStream

__all__ = ["AnswerStream", "EngineTransport", "NetworkStream", "over_streams", "over_tcp", "over_unix"]

CONNECT_TIMEOUT = 10.0
"""Seconds in which a connection must be accepted, unless said otherwise."""


def over_unix(path: str) -> Connect:
    """Connections to a Unix socket, by the event loop that runs."""

    async def connect(scratch: memoryview, limits: Limits, timeout: float | None) -> Connection:
        too_long = unix_path_too_long(path)
        if too_long is not None:
            raise too_long
        try:
            # Mostly it is connected at once: then no clock has to be set.
            sock = connected_unix(path) or await accepted_unix(path, timeout)
        except TimeoutError:
            raise
        except OSError as error:
            raise unreachable(path, error) from error
        if (loop := asyncio._get_running_loop()) is not None:
            from .asyncio_ import AsyncioConnection

            return AsyncioConnection(loop, sock, scratch, limits)
        from .trio_ import TrioConnection

        return TrioConnection(sock, scratch, limits)

    return connect


def over_tcp(host: str, port: int) -> Connect:
    """Connections to a TCP port, without TLS."""

    async def connect(scratch: memoryview, limits: Limits, timeout: float | None) -> Connection:
        from .errors import Unreachable

        with fail_after(timeout):
            try:
                if asyncio._get_running_loop() is not None:
                    from .asyncio_ import connect_tcp

                    return await connect_tcp(host, port, scratch, limits)
                from . import trio_

                return await trio_.connect_tcp(host, port, scratch, limits)
            except OSError as error:
                raise Unreachable(
                    f"cannot connect to {host} port {port}: {error.strerror or error}. "
                    "Check the address and that the Engine listens on TCP."
                ) from error

    return connect


def over_streams(open_stream: Any) -> Connect:
    """Connections over whatever byte streams `await open_stream()` gives."""

    async def connect(_: memoryview, limits: Limits, timeout: float | None) -> Connection:
        from .stream_ import StreamConnection

        with fail_after(timeout):
            stream: ByteStream = await open_stream()
        return StreamConnection(stream, limits)

    return connect


class EngineTransport(httpx.AsyncBaseTransport):
    """HTTP/1.1 over connections that `connect` opens."""

    def __init__(
        self,
        connect: Connect,
        *,
        limits: Limits | None = None,
        connect_timeout: float | None = CONNECT_TIMEOUT,
    ) -> None:
        self.pool = Pool(connect, limits=limits or Limits(), connect_timeout=connect_timeout)

    async def __aenter__(self) -> EngineTransport:
        return self

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        method = request.method
        if type(request) is WireRequest:
            body = request.body
            if request.mode == "whole" and type(body) is bytes and len(body) <= LARGE:
                head, content = await self.pool.request(request.wire(), method == "HEAD", method in ("GET", "HEAD"))
                return WireResponse(head, content, request)
            return await self._open(request, request.wire_head(), body)
        try:
            return await self._open(request, *await _encoded(request))
        except BodyFailed as failed:
            raise failed.error from failed.error.__cause__

    async def aclose(self) -> None:
        """Close every connection, open streams among them."""
        await self.pool.aclose()

    async def _open(
        self, request: httpx.Request, head_bytes: bytes, body: bytes | AsyncIterable[bytes]
    ) -> httpx.Response:
        safe = request.method in ("GET", "HEAD")
        if isinstance(body, bytes) and len(body) <= LARGE:
            connection = await self.pool.open(head_bytes + body, request.method == "HEAD", safe)
            answer = AnswerStream(self.pool, connection)
        else:
            connection = await self.pool.open(head_bytes, request.method == "HEAD", False)
            answer = AnswerStream(self.pool, connection, Upload(connection, body))
        try:
            head = await answer.head()
        except BaseException:
            await answer.aclose()
            raise
        if type(request) is WireRequest:
            return OpenResponse(head, answer, request, NetworkStream)
        return httpx.Response(
            head.status,
            headers=list(head.headers),
            stream=answer,
            request=request,
            extensions={
                "http_version": head.version,
                "reason_phrase": head.reason,
                "network_stream": NetworkStream(answer),
            },
        )


async def _encoded(request: httpx.Request) -> tuple[bytes, bytes | AsyncIterable[bytes]]:
    """The head of any httpx request and its body: in one piece where it is at hand, else as a stream."""
    parts = [request.method.encode(), b" ", request.url.raw_path, b" HTTP/1.1\r\n"]
    for name, value in request.headers.raw:
        parts += (name, b": ", value, b"\r\n")
    parts.append(b"\r\n")
    head = b"".join(parts)
    stream = request.stream
    chunked = request.headers.get("transfer-encoding", "").lower() == "chunked"
    if chunked and isinstance(stream, AsyncIterable):
        return head, cast("AsyncIterable[bytes]", stream)
    if isinstance(stream, AsyncIterable):
        return head, await request.aread()
    return head, b"".join(cast("Iterable[bytes]", stream))


class AnswerStream(httpx.AsyncByteStream):
    """The body of an open answer. Read to its end, its connection serves again; else closing closes it.

    With an `upload` it owns the body that is still being sent: reading and sending go on side by side, the answer ends
    when both have ended, and closing ends both.
    """

    __slots__ = ("_closed", "_pool", "connection", "upload")

    def __init__(self, pool: Pool, connection: Connection, upload: Upload | None = None) -> None:
        self._pool = pool
        self.connection = connection
        self._closed = False
        self.upload = upload
        """None, too, once nothing more is to be expected of it."""
        if upload is not None:
            upload.start()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return _Pieces(self)

    async def read(self) -> list[Any]:
        """The next items, at least one; empty at the end of the answer."""
        if self.upload is None:
            return await self.connection.read()
        return await self.upload.beside(self._read)

    async def _read(self) -> list[Any]:
        items = await self.connection.read()
        if not items and self.upload is not None:
            await self.upload.ended()
        return items

    async def pour(self, sink: Sink) -> None:
        """Give what is left of the body to `sink` as it comes."""
        upload = self.upload
        if upload is None:
            await self.connection.pour(sink)
            return

        async def pour() -> None:
            await self.connection.pour(sink)
            await upload.ended()

        await upload.beside(pour)

    def split_with(self, feed: Feed, take: Take | None = None) -> None:
        """From here on `read` gives the items that `feed` makes of the body, and `take` of chunks that it knows."""
        self.connection.split_with(feed, take)

    async def send(self, data: bytes | memoryview) -> None:
        """Send bytes on an upgraded connection."""
        await self.connection.send(data)

    async def send_eof(self) -> None:
        """End our half of an upgraded connection."""
        await self.connection.send_eof()

    async def head(self) -> Head:
        """The head of the answer. Anything but a success ends the upload: the rest of the body is not wanted."""
        upload = self.upload
        if upload is None:
            return await self.connection.read_head()
        head = await upload.beside(self.connection.read_head)
        if not 200 <= head.status < 300:
            await upload.stop()
        if upload.settled():
            self.upload = None
        return head

    async def aclose(self) -> None:
        if self._closed:
            return
        self._closed = True
        upload = self.upload
        if upload is None:
            await self._pool.release(self.connection)
            return
        if not upload.complete:
            self.connection.alive = False
        try:
            await self._pool.release(self.connection)
        finally:
            await upload.stop()


class _Pieces:
    """No generator: a read that is cancelled would end one, and look like the end of the body."""

    def __init__(self, answer: AnswerStream) -> None:
        self._answer = answer
        self._items: list[bytes] = []  # the last one is the next

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if not self._items:
            try:
                self._items = (await self._answer.read())[::-1]
            except BodyFailed as failed:
                raise failed.error from failed.error.__cause__
            if not self._items:
                raise StopAsyncIteration
        return self._items.pop()


class NetworkStream:
    """The bytes behind a 101, in the shape that httpx users know from the `network_stream` extension."""

    def __init__(self, answer: AnswerStream) -> None:
        self._answer = answer
        self._rest = b""

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """At most `max_bytes`; empty at the end. `timeout` in seconds raises `httpx.ReadTimeout`."""
        import anyio

        if not self._rest:
            try:
                with anyio.fail_after(timeout):
                    self._rest = b"".join(await self._answer.read())
            except TimeoutError as error:
                raise httpx.ReadTimeout("nothing came in time") from error
        data, self._rest = self._rest[:max_bytes], self._rest[max_bytes:]
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        import anyio

        try:
            with anyio.fail_after(timeout):
                await self._answer.send(buffer)
        except TimeoutError as error:
            raise httpx.WriteTimeout("the peer did not read in time") from error

    async def send_eof(self) -> None:
        await self._answer.send_eof()

    async def aclose(self) -> None:
        await self._answer.aclose()

    def get_extra_info(self, info: str) -> Any:
        return None
