"""The interface of a connection, and what all connections share.

A connection serves one exchange at a time: either `request`, which reads the whole answer, or `start`, then `send`,
`read_head` and `read` until the end, which is a stream. An exchange that fails or is cancelled closes its connection,
except that a cancelled `read` loses nothing: the next one continues where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn, Protocol

import httpx

from .errors import ConnectionEnded, Malformed, OverLimit
from .wire import AnswerParser, Head, ReadChunks, Reader, TooLarge, Truncated, WireError, Write, check_asked, is_success

__all__ = ["Connection", "ConnectionState", "PullConnection", "Split", "split_pieces", "transport_error"]

Split = Callable[[bytes], list[Any]]
"""Splits the next bytes of a body into the items that a stream consists of."""


class Connection(Protocol):
    """What the pool and the streams use of a connection."""

    alive: bool
    """It may serve another exchange."""

    unheard: bool
    """No answer has come on it yet."""

    async def request(self, data: bytes, no_body: bool) -> tuple[Head, bytes]:
        """Send a whole request and read the whole answer."""
        ...

    def start(self, no_body: bool) -> None:
        """Begin an exchange whose answer is a stream."""
        ...

    async def send(self, data: bytes | memoryview) -> None: ...

    def send_nowait(self, data: bytes) -> bytes:
        """Send as much as is possible without waiting, and return the rest."""
        ...

    async def read_head(self) -> Head: ...

    def set_splitter(self, split: Split, read_chunks: ReadChunks | None = None) -> None:
        """Make `read` return the items that `split` finds in the body, and `read_chunks` in whole chunks."""
        ...

    async def read(self) -> list[Any]:
        """The items that have come since the last call; empty at the end of the answer."""
        ...

    async def read_into(self, write: Write) -> None:
        """Pass the rest of the body to `write` as it comes. An error that `write` raises ends the exchange. After a
        cancellation, the next `read` or `read_into` continues with the first byte that was not written."""
        ...

    def finish(self) -> bool:
        """End the exchange; whether its answer was read to the end and the connection may serve another request."""
        ...

    def stale(self) -> bool:
        """Whether an idle connection has been closed by the peer, or holds bytes that belong to no answer."""
        ...

    async def send_eof(self) -> None:
        """End the sending half; receiving goes on."""
        ...

    def close(self) -> None:
        """Close at once. A reader that waits is woken with `ConnectionEnded`."""
        ...

    async def aclose(self) -> None:
        """Close. Cancellation does not interrupt it."""
        ...


def transport_error(error: Exception) -> Exception:
    """The transport's error for one of the parser or of the operating system; others as they are."""
    if isinstance(error, Truncated):
        return ConnectionEnded(str(error))
    if isinstance(error, TooLarge):
        return OverLimit(str(error))
    if isinstance(error, WireError):
        return Malformed(str(error))
    if isinstance(error, OSError):
        return ConnectionEnded(f"the connection broke: {error.strerror or error}")
    return error


def split_pieces(split: Split | None, pieces: list[bytes]) -> list[Any]:
    """The items in pieces of the body; without a splitter, the pieces themselves."""
    if split is None or not pieces:
        return pieces
    return split(pieces[0] if len(pieces) == 1 else b"".join(pieces))


class ConnectionState:
    """The state of an exchange, which is the same for every kind of connection."""

    __slots__ = (
        "_bytes_sent",
        "_failure",
        "_items",
        "_parser",
        "_read_chunks",
        "_reader",
        "_split",
        "alive",
        "unheard",
    )

    def __init__(self, parser: AnswerParser) -> None:
        self.alive = True
        self.unheard = True
        self._parser = parser
        self._reader: Reader | None = None
        self._split: Split | None = None
        self._read_chunks: ReadChunks | None = None
        self._items: list[Any] = []
        self._bytes_sent = False
        self._failure: Exception | None = None

    def start(self, no_body: bool) -> None:
        self._reader = Reader(no_body, self._parser)
        self._split = self._read_chunks = None
        self._items = []
        self._bytes_sent = False

    def set_splitter(self, split: Split, read_chunks: ReadChunks | None = None) -> None:
        pieces, self._items = self._items, []
        self._split, self._read_chunks = split, read_chunks
        for piece in pieces:
            self._items += split(piece)

    def _transport_error(self, error: Exception) -> Exception:
        """As `transport_error`, and whether the request may be repeated."""
        result = transport_error(error)
        if isinstance(result, ConnectionEnded):
            result.nothing_sent = not self._bytes_sent
            result.nothing_received = self._reader is None or not self._reader.started
        return result


class PullConnection(ConnectionState):
    """A connection that receives only during a read: the base class for trio and for byte streams."""

    async def _receive(self) -> bytes:
        """The next bytes; empty at the end of the connection."""
        raise NotImplementedError

    async def _receive_view(self) -> memoryview:
        """The next bytes as a view that is valid until the next call; empty at the end of the connection."""
        return memoryview(await self._receive())

    async def _send(self, data: bytes | memoryview) -> None:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError

    async def request(self, data: bytes, no_body: bool) -> tuple[Head, bytes]:
        try:
            self._bytes_sent = False
            self._reader = None
            broken = False
            try:
                await self._send(data)
            except OSError:
                broken = True  # the peer may have answered before it closed the connection
            return await self._read_answer(no_body, broken)
        except BaseException:
            await self.aclose()
            raise

    async def _read_answer(self, no_body: bool, broken: bool) -> tuple[Head, bytes]:
        reader: Reader | None = None
        parts: list[bytes] = []
        size, limits = 0, self._parser.limits
        try:
            while True:
                data = await self._receive()
                if reader is None:
                    answer = self._parser.whole_answer(data, no_body)
                    if answer is not None:
                        self.alive = answer[0].keep_alive and not broken
                        return answer
                    self._reader = reader = Reader(no_body, self._parser)
                if not data:
                    reader.feed_eof()
                else:
                    for part in reader.feed(data):
                        parts.append(part)
                        size += len(part)
                    head = reader.head
                    if head is not None:
                        check_asked(head)
                        if size > limits.error and not reader.done and not is_success(head.status):
                            self.alive = False  # the beginning of an error has the message; the rest is not read
                            return head, b"".join(parts)[: limits.error]
                    if size > limits.answer:
                        raise TooLarge(f"the answer is larger than {limits.answer} bytes")
                if reader.done:
                    assert reader.head is not None
                    self.alive = reader.reusable and not broken
                    return reader.head, b"".join(parts)
        except (WireError, OSError) as error:
            raise self._transport_error(error) from error

    async def send(self, data: bytes | memoryview) -> None:
        try:
            await self._send(data)
        except OSError as error:
            self.alive = False  # a part of the request may have been sent
            raise self._transport_error(error) from error

    def send_nowait(self, data: bytes) -> bytes:
        return data  # on trio every call is a checkpoint, and a byte stream does not say how much it can take

    async def read_head(self) -> Head:
        reader = self._open_reader()
        while reader.head is None:
            await self._receive_items(reader)
        return reader.head

    async def read(self) -> list[Any]:
        reader = self._open_reader()
        while not self._items and not reader.done:
            try:
                await self._receive_items(reader)
            except httpx.TransportError:
                if not self._items:  # items that came before the error are returned first; the next read raises it
                    raise
        items, self._items = self._items, []
        return items

    async def read_into(self, write: Write) -> None:
        reader = self._open_reader()
        items, self._items = self._items, []
        for item in items:
            write(memoryview(item))
        while not reader.done:
            if self._failure is not None:
                raise self._failure
            try:
                view = await self._receive_view()
            except OSError as error:
                if not reader.may_end_with(error):
                    await self._fail(self._transport_error(error), error)
                view = memoryview(b"")
            try:
                if view:
                    reader.feed_into(view, write)
                else:
                    self.alive = False
                    reader.feed_eof()
            except WireError as error:
                await self._fail(self._transport_error(error), error)
            except Exception as error:  # raised by `write`
                await self._fail(error, error.__cause__)

    async def _fail(self, failure: Exception, cause: BaseException | None) -> NoReturn:
        self._failure = failure
        await self.aclose()
        raise failure from cause

    def _open_reader(self) -> Reader:
        assert self._reader is not None
        return self._reader

    async def _receive_items(self, reader: Reader) -> None:
        """Receive once, and add the items in what came."""
        if self._failure is not None:
            raise self._failure
        try:
            try:
                data = await self._receive()
            except OSError as error:
                if not reader.may_end_with(error):
                    raise
                data = b""
            if not data:
                self.alive = False
                reader.feed_eof()
                return
            pieces = reader.feed(data, self._read_chunks, self._items)
        except (WireError, OSError) as error:
            if isinstance(error, WireError):
                self._items += split_pieces(self._split, error.pieces_before)
            await self._fail(self._transport_error(error), error)
        self._items += split_pieces(self._split, pieces)

    def finish(self) -> bool:
        return self.alive and self._reader is not None and self._reader.reusable and not self._items

    def stale(self) -> bool:
        return not self.alive

    async def send_eof(self) -> None:
        raise NotImplementedError

    async def aclose(self) -> None:
        self.close()
