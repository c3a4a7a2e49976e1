"""The transport to one Engine: an `httpx.AsyncBaseTransport` that speaks HTTP/1.1.

rawdock calls it with a `WireRequest`; any `httpx.AsyncClient` can use it with requests of its own. It does not follow
redirects, keep cookies or read environment variables.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any, cast

import httpx
from anyio import fail_after

from .connection import Connection, Split
from .errors import BodyFailed
from .messages import OpenResponse, WireRequest, WireResponse
from .pool import Connect, Pool
from .sockets import connect_unix, connect_unix_nowait, unix_path_too_long, unreachable_error
from .this_loop import connection_on_this_loop
from .upload import LARGE, Upload
from .wire import AnswerParser, Head, Limits, ReadChunks, Write

if TYPE_CHECKING:
    from anyio.abc import ByteStream

__all__ = [
    "AnswerStream",
    "EngineTransport",
    "NetworkStream",
    "connect_over_streams",
    "connect_over_unix",
]

CONNECT_TIMEOUT = 10.0
"""Seconds in which a connection must be accepted, by default."""


def connect_over_unix(path: str) -> Connect:
    """Opens connections to a Unix socket, for the event loop that runs."""

    async def connect(receive_buffer: memoryview, parser: AnswerParser, timeout: float | None) -> Connection:
        too_long = unix_path_too_long(path)
        if too_long is not None:
            raise too_long
        try:
            connection_on = connection_on_this_loop()
            # It nearly always connects at once, and then needs no timeout.
            sock = connect_unix_nowait(path) or await connect_unix(path, timeout)
        except TimeoutError:
            raise
        except OSError as error:
            raise unreachable_error(path, error) from error
        return connection_on(sock, receive_buffer, parser)

    return connect


def connect_over_streams(open_stream: Any) -> Connect:
    """Opens connections over the byte streams that `await open_stream()` returns."""

    async def connect(_: memoryview, parser: AnswerParser, timeout: float | None) -> Connection:
        from .byte_stream import StreamConnection

        with fail_after(timeout):
            stream: ByteStream = await open_stream()
        return StreamConnection(stream, parser)

    return connect


class EngineTransport(httpx.AsyncBaseTransport):
    """HTTP/1.1 over the connections that `connect` opens. `close` ends what these have in common, after them."""

    def __init__(
        self,
        connect: Connect,
        *,
        limits: Limits | None = None,
        connect_timeout: float | None = CONNECT_TIMEOUT,
        close: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.pool = Pool(connect, limits=limits or Limits(), connect_timeout=connect_timeout, close=close)

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
            return await self._open(request, *await _encode_request(request))
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
        self.pool.notice(connection, head)
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


async def _encode_request(request: httpx.Request) -> tuple[bytes, bytes | AsyncIterable[bytes]]:
    """The head and the body of any httpx request; the body as a stream if it is not in memory."""
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
    """The body of an open answer. If it is read to its end, closing keeps the connection for other requests.

    With an `upload`, the body of the request is still being sent while the answer is read. The answer ends when both
    have ended, and closing it ends both.
    """

    __slots__ = ("_closed", "_connection", "_pool", "_upload")

    def __init__(self, pool: Pool, connection: Connection, upload: Upload | None = None) -> None:
        self._pool = pool
        self._connection = connection
        self._closed = False
        self._upload = upload  # None, too, once the head has come and the whole body was sent
        if upload is not None:
            upload.start()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return _BodyIterator(self)

    @property
    def read(self) -> Callable[[], Awaitable[list[Any]]]:
        """`await answer.read()`: the next items, at least one; an empty list at the end of the answer.

        (Without an upload it is the method of the connection itself, which saves a coroutine for each read.)
        """
        return self._connection.read if self._upload is None else self._read_while_sending

    async def _read_while_sending(self) -> list[Any]:
        assert self._upload is not None
        return await self._upload.read_while_sending(self._read)

    async def _read(self) -> list[Any]:
        items = await self._connection.read()
        if not items and self._upload is not None:
            await self._upload.wait()
        return items

    async def read_into(self, write: Write) -> None:
        """Pass the rest of the body to `write` as it comes."""
        upload = self._upload
        if upload is None:
            await self._connection.read_into(write)
            return

        async def read_into() -> None:
            await self._connection.read_into(write)
            await upload.wait()

        await upload.read_while_sending(read_into)

    def set_splitter(self, split: Split, read_chunks: ReadChunks | None = None) -> None:
        """Make `read` return the items that `split` finds in the body, and `read_chunks` in whole chunks."""
        self._connection.set_splitter(split, read_chunks)

    async def send(self, data: bytes | memoryview) -> None:
        """Send bytes on an upgraded connection."""
        await self._connection.send(data)

    def send_nowait(self, data: bytes) -> bytes:
        """Send as much as is possible without waiting on an upgraded connection, and return the rest."""
        return self._connection.send_nowait(data)

    async def send_eof(self) -> None:
        """End the sending half of an upgraded connection."""
        await self._connection.send_eof()

    async def head(self) -> Head:
        """The head of the answer. Unless it is a success, the rest of the request's body is not sent."""
        upload = self._upload
        if upload is None:
            return await self._connection.read_head()
        head = await upload.read_while_sending(self._connection.read_head)
        if not 200 <= head.status < 300:
            await upload.stop()
        if upload.succeeded():
            self._upload = None
        return head

    def abandon(self) -> bool:
        """Close the connection of a stream that was thrown away; False if it is closed already."""
        if self._closed:
            return False
        self._closed = True
        self._pool.abandon(self._connection, *(() if self._upload is None else (self._upload.cancel,)))
        return True

    async def aclose(self) -> None:
        if self._closed:
            return
        self._closed = True
        upload = self._upload
        if upload is None:
            await self._pool.release(self._connection)
            return
        if not upload.complete:
            self._connection.alive = False
        try:
            await self._pool.release(self._connection)
        finally:
            await upload.stop()


class _BodyIterator:
    """Iterates over the body. (A generator would be ended by a read that is cancelled, as if the body had ended.)"""

    def __init__(self, answer: AnswerStream) -> None:
        self._answer = answer
        self._items: list[bytes] = []  # in reverse order

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
    """An upgraded connection, with the interface of httpx's `network_stream` extension."""

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
                raise httpx.ReadTimeout("nothing was received in time") from error
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
