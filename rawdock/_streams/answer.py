"""An open answer, from any transport, with its errors in rawdock's words."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any, NoReturn, Protocol, cast

import anyio
import httpx

from .._error_mapping import translate
from .._iterators import close_iterator
from .._transport.errors import BodyFailed
from .._transport.messages import OpenResponse
from .._transport.transport import AnswerStream
from .._transport.wire import Sink
from ..errors import ClosedError, DecodeError, InvalidArgument, RawdockError, Sent, StreamError, TruncatedError

__all__ = ["Answer", "Splitter", "sendable"]


# How much goes out before a sender waits for its turn, in bytes, and what a send counts beside its bytes.
_AT_ONCE = 64 * 1024
_A_SEND = 1024


class Splitter(Protocol):
    """Pure: bytes in, items out. One that has a `take` too (see `_transport.wire.Take`) is given chunks whole."""

    def feed(self, data: bytes) -> list[Any]: ...

    def feed_eof(self) -> None: ...


def sendable(data: object) -> bytes:
    """What a caller wants to send, if it is bytes."""
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise InvalidArgument(f"expected bytes to send, got {type(data).__name__}")
    return bytes(cast("bytes", data))


class _Bytes:
    """No splitting: the body as it comes."""

    def feed(self, data: bytes) -> list[Any]:
        return [data]

    def feed_eof(self) -> None:
        pass


class Answer:
    """The body of a success, read in batches of items."""

    def __init__(self, response: httpx.Response, sent: Callable[[], Sent], operation: str) -> None:
        self.response = response
        self.operation = operation
        self._sent = sent
        self._splitter: Splitter = _Bytes()
        self._own = response.stream if isinstance(response.stream, AnswerStream) else None
        self._foreign: AsyncIterator[bytes] | None = None
        if self._own is None:
            self._next = self._read_foreign
        else:  # beside an upload reading is more than a read of the connection
            self._next = self._own.connection.read if self._own.upload is None else self._own.read
        self._ended = False
        self._broken = False
        self._turn: anyio.Lock | None = None
        self._at_once = 0

    def split_with(self, splitter: Splitter) -> None:
        """Before the first read: what the items are."""
        self._splitter = splitter
        if self._own is not None:
            self._own.split_with(splitter.feed, getattr(splitter, "take", None))

    def header(self, name: str) -> str:
        """A header's value; empty if it is not there. (httpx's own headers cost more than the rest of an open.)"""
        if isinstance(self.response, OpenResponse):
            wanted = name.encode()
            found = (value for key, value in self.response.head.headers if key.lower() == wanted)
            return next(found, b"").decode("latin-1")
        value: str = self.response.headers.get(name, "")
        return value

    def error(self, error: RawdockError) -> RawdockError:
        """The error, with the request that it belongs to."""
        error.sent = self._sent()
        return error

    async def read(self) -> list[Any]:
        """The next items, at least one; empty at the end. An end that is no end raises a TruncatedError."""
        if self._ended:
            return []
        try:
            items = await self._next()
        except (httpx.TransportError, TruncatedError, BodyFailed) as error:
            self._break_off(error)
        if not items:
            self._ended = True
            try:
                self._splitter.feed_eof()
            except (TruncatedError, DecodeError, StreamError) as error:
                raise self.error(error) from error.__cause__
        return items

    async def pour(self, sink: Sink) -> None:
        """Give what is left of the body, which has no splitter, to `sink` as it comes. Its own errors pass."""
        if self._ended:
            return
        try:
            if self._own is not None:
                await self._own.pour(sink)
            else:
                while items := await self._read_foreign():
                    for item in items:
                        sink(memoryview(item))
        except (httpx.TransportError, TruncatedError, BodyFailed) as error:
            self._break_off(error)
        self._ended = True

    def _break_off(self, error: httpx.TransportError | TruncatedError | BodyFailed) -> NoReturn:
        if isinstance(error, BodyFailed):  # and so does every later read
            own = error.error
            raise self.error(own) if isinstance(own, RawdockError) and own.sent is None else own from own.__cause__
        self._ended = True
        if isinstance(error, TruncatedError):
            raise self.error(error) from None
        raise self.error(translate(error)) from error

    async def read_all(self, limit: int) -> bytes:
        """The whole body, up to `limit` bytes."""
        parts: list[bytes] = []
        size = 0
        while items := await self.read():
            parts += items
            size += sum(map(len, items))
            if size > limit:
                raise self.error(DecodeError(f"the answer is larger than {limit} bytes"))
        return b"".join(parts)

    async def _read_foreign(self) -> list[Any]:
        if self._broken:
            raise TruncatedError("a read was cancelled, and the transport under this client cannot go on from there")
        if self._foreign is None:
            self._foreign = aiter(cast("httpx.AsyncByteStream", self.response.stream))
        try:
            async for data in self._foreign:
                if data and (items := self._splitter.feed(data)):
                    return items
        except BaseException:
            # A generator that was cancelled is finished, which would look like the end of the answer.
            self._broken = getattr(self._foreign, "ag_frame", self) is None
            raise
        return []

    async def send(self, data: bytes) -> None:
        """Send on a connection that was handed over. The peer may be gone, while what it said is still to be read.

        Several tasks may send: each waits until the one before it has sent everything.
        """
        data = sendable(data)
        if self._turn is None or not self._turn.locked():
            data = self._send_at_once(data)
            if not data:
                return
        async with self._sending():
            try:
                if self._own is not None:
                    await self._own.send(data)
                else:
                    await self._pipe().write(data)
            except httpx.TransportError as error:
                raise self.error(translate(error)) from error

    def _send_at_once(self, data: bytes) -> bytes:
        """Send what goes without waiting, which is nearly always all; gives the rest.

        Whoever only sends lets others have their turn now and then all the same.
        """
        self._at_once += len(data) + _A_SEND
        if self._own is None or self._at_once > _AT_ONCE:
            self._at_once = 0
            return data
        try:
            return self._own.connection.send_at_once(data)
        except httpx.TransportError as error:
            raise self.error(translate(error)) from error

    async def send_eof(self) -> None:
        """End our half of a connection that was handed over, behind what is being sent."""
        async with self._sending():
            await (self._own or self._pipe()).send_eof()

    def _sending(self) -> anyio.Lock:
        if self._turn is None:
            self._turn = anyio.Lock()
        return self._turn

    def _pipe(self) -> Any:
        pipe = self.response.extensions.get("network_stream")
        if pipe is None or not hasattr(pipe, "send_eof"):
            raise ClosedError("the transport under this client gives no way to send on an open connection")
        return pipe

    async def aclose(self) -> None:
        self._ended = True
        if self._own is not None:
            await self._own.aclose()  # at once; a scope around it costs more
            return
        with anyio.CancelScope(shield=True):
            await close_iterator(self._foreign)
            await self.response.aclose()
