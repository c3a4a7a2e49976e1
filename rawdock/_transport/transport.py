"""The seam to the outside world: an `httpx.AsyncBaseTransport` that speaks HTTP/1.1 to one Engine.

Called directly by rawdock with a `WireRequest`, or by any `httpx.AsyncClient` with a request of its own. It follows no
redirects, keeps no cookies, and reads no environment.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from typing import TYPE_CHECKING, Any, cast

import httpx
from anyio import CancelScope, create_task_group, fail_after

from .._closing import close_iterator
from .connection import Connection, Feed
from .errors import ConnectionEnded
from .messages import OpenResponse, WireRequest, WireResponse
from .pool import Connect, Pool
from .sockets import accepted_unix, connected_unix, unix_path_too_long, unreachable
from .wire import Head, Limits, Take

if TYPE_CHECKING:
    from anyio.abc import ByteStream

__all__ = ["AnswerStream", "EngineTransport", "NetworkStream", "over_streams", "over_tcp", "over_unix"]

CONNECT_TIMEOUT = 10.0
"""Seconds in which a connection must be accepted, unless said otherwise."""

# Parts larger than this are sent as they are; smaller ones are copied into one write with their chunk size.
_COPY = 64 * 1024


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
        safe = method in ("GET", "HEAD")
        if type(request) is WireRequest:
            if request.mode == "whole":
                head, content = await self.pool.request(request.wire(), method == "HEAD", safe)
                return WireResponse(head, content, request)
            body = request.body
            if isinstance(body, bytes):
                return await self._open(request, request.wire(), None, safe)
            return await self._open(request, request.wire(), body, False)
        data, stream = await _encoded(request)
        return await self._open(request, data, stream, safe and stream is None)

    async def aclose(self) -> None:
        """Close every connection, open streams among them."""
        await self.pool.aclose()

    async def _open(
        self, request: httpx.Request, data: bytes, body: AsyncIterable[bytes] | None, safe: bool
    ) -> httpx.Response:
        connection = await self.pool.open(data, request.method == "HEAD", safe)
        answer = AnswerStream(self.pool, connection)
        try:
            if body is not None:
                await _send_listening(connection, body)
            head = await connection.read_head()
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


async def _encoded(request: httpx.Request) -> tuple[bytes, AsyncIterable[bytes] | None]:
    """The head of any httpx request and its body: in one piece where it is at hand, else as a stream."""
    parts = [request.method.encode(), b" ", request.url.raw_path, b" HTTP/1.1\r\n"]
    for name, value in request.headers.raw:
        parts += (name, b": ", value, b"\r\n")
    parts.append(b"\r\n")
    stream = request.stream
    chunked = request.headers.get("transfer-encoding", "").lower() == "chunked"
    if chunked and isinstance(stream, AsyncIterable):
        return b"".join(parts), cast("AsyncIterable[bytes]", stream)
    if isinstance(stream, AsyncIterable):
        parts.append(await request.aread())
    else:
        parts += cast("Iterable[bytes]", stream)
    return b"".join(parts), None


async def _send_listening(connection: Connection, body: AsyncIterable[bytes]) -> None:
    """Send a streamed body, and give it up when the Engine has answered already: what waits for more of it, or for the
    Engine to take more, is cancelled. The caller's own error comes out as it is."""
    failure: BaseException | None = None
    sending = CancelScope()

    async def listen() -> None:
        # What fails here is kept by the connection, and raised to whoever reads the answer.
        with contextlib.suppress(httpx.TransportError):
            await connection.read_head()
        sending.cancel()

    async with create_task_group() as tasks:
        tasks.start_soon(listen)
        with sending:
            try:
                await _send_chunks(connection, body)
            except Exception as error:
                failure = error
                tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure


async def _send_chunks(connection: Connection, body: AsyncIterable[bytes]) -> None:
    """Send a streamed body. Ends early where the Engine has answered already, or has stopped listening: what it said
    is then read as the answer. A connection with half a body on it carries no other request: the Engine would read
    that as the rest."""
    iterator = aiter(body)
    complete = False
    behind = b""
    try:
        async for part in iterator:
            if connection.answered():
                return
            size = len(part)
            if not size:
                continue
            if size <= _COPY:
                await connection.send(b"%b%x\r\n%b\r\n" % (behind, size, part))
                behind = b""
            else:
                await connection.send(b"%b%x\r\n" % (behind, size))
                await connection.send(part)
                behind = b"\r\n"  # goes with what comes next: small writes wake the Engine for nothing
        await connection.send(behind + b"0\r\n\r\n")
        complete = True
    except ConnectionEnded:
        return
    finally:
        if not complete:
            connection.alive = False
        await close_iterator(iterator)


class AnswerStream(httpx.AsyncByteStream):
    """The body of an open answer. Read to its end, its connection serves again; else closing closes it."""

    __slots__ = ("_closed", "_pool", "connection")

    def __init__(self, pool: Pool, connection: Connection) -> None:
        self._pool = pool
        self.connection = connection
        self._closed = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return _Pieces(self.connection)

    async def read(self) -> list[Any]:
        """The next items, at least one; empty at the end of the answer."""
        return await self.connection.read()

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
        return await self.connection.read_head()

    async def aclose(self) -> None:
        if not self._closed:
            self._closed = True
            await self._pool.release(self.connection)


class _Pieces:
    """No generator: a read that is cancelled would end one, and look like the end of the body."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._items: list[bytes] = []  # the last one is the next

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if not self._items:
            self._items = (await self._connection.read())[::-1]
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
