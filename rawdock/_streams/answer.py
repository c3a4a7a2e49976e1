"""An open answer from any transport. Its errors are rawdock's own."""

from __future__ import annotations

import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any, NoReturn, Protocol, cast

import anyio
import httpx

from .._background import run_later, runs_here
from .._error_mapping import translate
from .._iterators import close_iterator
from .._transport.errors import BodyFailed, ClosedHere
from .._transport.messages import OpenResponse
from .._transport.transport import AnswerStream
from .._transport.wire import Write
from ..errors import (
    ClosedError,
    DecodeError,
    InvalidArgument,
    NotSupported,
    RawdockError,
    Sent,
    StreamError,
    TruncatedError,
)

__all__ = ["Answer", "Splitter", "WholeBody", "bytes_to_send"]

# After this many bytes were sent without waiting, other tasks are allowed to run. Each send counts for some bytes more.
_CHECKPOINT_BYTES = 64 * 1024
_SEND_BYTES = 1024


class Splitter(Protocol):
    """Splits the bytes of a body into items, without I/O.

    If it has a method `read_chunks` too, that is called with whole chunks (see `ReadChunks` of the transport).
    """

    def feed(self, data: bytes) -> list[Any]: ...

    def feed_eof(self) -> None: ...


def bytes_to_send(data: object) -> bytes:
    """What a caller wants to send, as bytes; InvalidArgument if it is something else."""
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise InvalidArgument(f"expected bytes to send, got {type(data).__name__}")
    return bytes(cast("bytes", data))


class WholeBody:
    """A splitter that leaves the body as it comes."""

    def feed(self, data: bytes) -> list[Any]:
        return [data]

    def feed_eof(self) -> None:
        pass


class Observer(Protocol):
    """Who wants to know what becomes of an answer."""

    def add(self, count: int) -> None: ...
    def fail(self, error: BaseException) -> None: ...
    def end(self) -> None: ...


class _Counting:
    """A splitter, and the count of what it was fed."""

    def __init__(self, splitter: Splitter, observer: Observer) -> None:
        self._splitter = splitter
        self._observer = observer

    def feed(self, data: bytes) -> list[Any]:
        self._observer.add(len(data))
        return self._splitter.feed(data)

    def feed_eof(self) -> None:
        self._splitter.feed_eof()


def _counting_write(write: Write, observer: Observer) -> Write:
    def counted(data: Any) -> Any:
        observer.add(len(data))
        return write(data)

    return counted


class Answer:
    """The body of a success, read in batches of items."""

    def __init__(self, response: httpx.Response, sent: Callable[[], Sent], operation: str) -> None:
        self.response = response
        self.operation = operation
        self._sent = sent
        self._splitter: Splitter = WholeBody()
        self._stream = response.stream if isinstance(response.stream, AnswerStream) else None
        self._iterator: AsyncIterator[bytes] | None = None  # of the stream of another transport
        self._read_items = self._read_iterator if self._stream is None else self._stream.read
        if self._stream is None:
            self._soon = runs_here()
        self._ended = False
        self._closed = False  # before the end
        self._iterator_broken = False
        self._is_empty = True
        self._send_lock: anyio.Lock | None = None
        self.upload: object = None
        """A request body to close with the answer."""
        self.on_error: tuple[Callable[[RawdockError], None], ...] = ()
        """Called with each error before it is raised."""
        self._sent_without_waiting = 0
        self._observer: Observer | None = None

    def observe(self, observer: Observer) -> None:
        """Tell of the bytes that are read, of what breaks the answer off, and of its end. Before the first read."""
        self._observer = observer
        self.on_error += (observer.fail,)

    def set_splitter(self, splitter: Splitter) -> None:
        """Set what the items are. Called before the first read."""
        if self._observer is not None:
            splitter = _Counting(splitter, self._observer)
        self._splitter = splitter
        if self._stream is not None:
            self._stream.set_splitter(splitter.feed, getattr(splitter, "read_chunks", None))

    def header(self, name: str) -> str:
        """The value of a header; empty if there is none. (`httpx.Headers` cost more than the rest of opening.)"""
        if isinstance(self.response, OpenResponse):
            wanted = name.encode()
            found = (value for key, value in self.response.head.headers if key.lower() == wanted)
            return next(found, b"").decode("latin-1")
        value: str = self.response.headers.get(name, "")
        return value

    def add_request(self, error: RawdockError) -> RawdockError:
        """Add the request to an error, and return it."""
        error.sent = self._sent()
        for tell in self.on_error:
            tell(error)
        return error

    async def read(self) -> list[Any]:
        """The next items, at least one; empty at the end. A premature end raises a TruncatedError, and a stream that
        was closed before its end a ClosedError."""
        if self._ended:
            self._check_open()
            return []
        try:
            items = await self._read_items()
        except (httpx.TransportError, TruncatedError, BodyFailed) as error:
            self._raise(error)
        if self._observer is not None and type(self._splitter) is WholeBody:
            self._observer.add(sum(map(len, items)))
        if not items:
            self._ended = True
            try:
                self._splitter.feed_eof()
            except (TruncatedError, DecodeError, StreamError) as error:
                raise self.add_request(error) from error.__cause__
        return items

    async def read_into(self, write: Write) -> None:
        """Pass the rest of the body, which has no splitter, to `write` as it comes. What `write` raises is raised."""
        if self._ended:
            self._check_open()
            return
        if self._observer is not None:
            write = _counting_write(write, self._observer)
        try:
            if self._stream is not None:
                await self._stream.read_into(write)
            else:
                while items := await self._read_iterator():
                    for item in items:
                        write(memoryview(item))
        except (httpx.TransportError, TruncatedError, BodyFailed) as error:
            self._raise(error)
        self._ended = True

    def _check_open(self) -> None:
        if self._closed:
            raise self.add_request(ClosedError("this stream was closed before its end"))

    def _raise(self, error: httpx.TransportError | TruncatedError | BodyFailed) -> NoReturn:
        if isinstance(error, BodyFailed):  # the answer has not ended: every later read raises this too
            cause = error.error
            if isinstance(cause, RawdockError) and cause.sent is None:
                self.add_request(cause)
            raise cause from cause.__cause__
        if isinstance(error, ClosedHere):
            self._closed = True
        self._ended = True
        if isinstance(error, TruncatedError):
            raise self.add_request(error) from None
        raise self.add_request(translate(error)) from error

    async def read_all(self, limit: int) -> bytes:
        """The whole body, up to `limit` bytes."""
        parts: list[bytes] = []
        size = 0
        while items := await self.read():
            parts += items
            size += sum(map(len, items))
            if size > limit:
                raise self.add_request(DecodeError(f"the answer is larger than {limit} bytes"))
        return b"".join(parts)

    async def _read_iterator(self) -> list[Any]:
        if self._iterator_broken:
            raise TruncatedError("a read was cancelled, and the transport of this client cannot continue after that")
        if self._iterator is None:
            self._iterator = aiter(cast("httpx.AsyncByteStream", self.response.stream))
        try:
            async for data in self._iterator:
                self._is_empty &= not data
                if data and (items := self._splitter.feed(data)):
                    return items
        except BaseException:
            # Cancelling a generator ends it, which would look like the end of the answer.
            self._iterator_broken = getattr(self._iterator, "ag_frame", self) is None
            raise
        if self._is_empty and self.response.status_code == 101:
            self._network_stream()  # a transport that drops what comes looks like a process without output
        return []

    async def send(self, data: bytes) -> None:
        """Send on an upgraded connection. If the peer has closed it, what it has sent can still be read.

        Several tasks may send: each waits until the one before it has sent everything.
        """
        data = bytes_to_send(data)
        if self._send_lock is None or not self._send_lock.locked():
            data = self._send_nowait(data)
            if not data:
                return
        async with self._lock():
            try:
                if self._stream is not None:
                    await self._stream.send(data)
                else:
                    await self._network_stream().write(data)
            except httpx.TransportError as error:
                raise self.add_request(translate(error)) from error

    def _send_nowait(self, data: bytes) -> bytes:
        """Send as much as is possible without waiting, which is nearly always all, and return the rest.

        Sometimes nothing is sent here, so that a task that only sends allows other tasks to run.
        """
        self._sent_without_waiting += len(data) + _SEND_BYTES
        if self._stream is None or self._sent_without_waiting > _CHECKPOINT_BYTES:
            self._sent_without_waiting = 0
            return data
        try:
            return self._stream.send_nowait(data)
        except httpx.TransportError as error:
            raise self.add_request(translate(error)) from error

    async def send_eof(self) -> None:
        """End the sending half of an upgraded connection, after what is being sent."""
        async with self._lock():
            await (self._stream or self._network_stream()).send_eof()

    def _lock(self) -> anyio.Lock:
        if self._send_lock is None:
            self._send_lock = anyio.Lock()
        return self._send_lock

    def _network_stream(self) -> Any:
        stream = self.response.extensions.get("network_stream")
        if stream is None or not hasattr(stream, "send_eof"):
            raise self.add_request(
                NotSupported(
                    "the transport of this client has no two-way stream for an upgraded connection (an extension "
                    "`network_stream` with `send_eof`), so no process can be attached to and nothing sent to one: use "
                    "rawdock's own transport for this",
                    status=self.response.status_code,
                )
            )
        return stream

    def check_two_ways(self) -> None:
        """Raise NotSupported if the connection is upgraded and the transport gives it in a form that cannot be used.

        httpx's own transport gives a `network_stream` without half-close, and an empty body, which would look like a
        process without output. A transport without that extension may give what comes as the body, which can be read;
        if that is empty, the end of it raises the same error.
        """
        if self._stream is None and self.response.status_code == 101 and "network_stream" in self.response.extensions:
            self._network_stream()

    def __del__(self) -> None:
        """Nobody can close it any more: close its connection, which the pool would hold for as long as the client."""
        stream = getattr(self, "_stream", None)
        if self._abandon() if stream is None else stream.abandon():
            if self._observer is not None:
                self._observer.end()
            warnings.warn(
                f"a stream of {self.operation} was thrown away without being closed: enter it with `async with`",
                ResourceWarning,
                stacklevel=2,
                source=self,
            )

    def _abandon(self) -> bool:
        """Have the stream of another transport closed in its event loop; False if it was closed or read to its end."""
        if getattr(self, "_ended", True):
            return False
        iterator, response, upload = self._iterator, self.response, self.upload

        async def close() -> None:
            for each in (iterator, response, upload):
                with suppress(Exception):  # the stream may be running, or half collected
                    await close_iterator(each)

        run_later(self._soon, close)
        return True

    async def aclose(self) -> None:
        if self._observer is not None:
            self._observer.end()
        if not self._ended:
            self._ended = self._closed = True
        if self._stream is not None:
            await self._stream.aclose()  # it shields itself where it waits
            return
        with anyio.CancelScope(shield=True):
            await close_iterator(self._iterator)
            await self.response.aclose()
            await close_iterator(self.upload)
