"""What a connection is to the pool and to streams, whatever carries its bytes.

One connection serves one exchange at a time: either `request` (the answer is read whole), or `start`, then `send`,
`read_head` and `read` until the end (a stream). An exchange that fails or is cancelled closes its connection. A
cancelled `read` alone loses nothing: the next one goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn, Protocol

import httpx

from .errors import ConnectionEnded, Malformed, OverLimit
from .wire import Head, Limits, Reader, Sink, Take, TooLarge, Truncated, WireError, whole_answer

__all__ = ["Connection", "Feed", "PullConnection", "split", "translated"]

# Turns the next body bytes into the items that a stream gives out.
Feed = Callable[[bytes], list[Any]]


class Connection(Protocol):
    """The face of every connection."""

    alive: bool
    """It may serve another exchange."""

    async def request(self, data: bytes, no_body: bool) -> tuple[Head, bytes]:
        """Send a whole request and read the whole answer."""
        ...

    def start(self, no_body: bool) -> None:
        """Begin an exchange whose answer is a stream."""
        ...

    async def send(self, data: bytes | memoryview) -> None: ...

    def send_at_once(self, data: bytes) -> bytes:
        """Send what goes without waiting; gives the rest."""
        ...

    async def read_head(self) -> Head: ...

    def split_with(self, feed: Feed, take: Take | None = None) -> None:
        """From here on `read` gives what `feed` makes of the body, and `take` of chunks that it knows."""
        ...

    async def read(self) -> list[Any]:
        """The items that have come since the last call; empty at the end of the answer."""
        ...

    async def pour(self, sink: Sink) -> None:
        """Give what is left of the body to `sink` as it comes. What the sink raises ends the exchange; when this is
        cancelled, `read` and `pour` go on behind what the sink has had."""
        ...

    def finished(self) -> bool:
        """Whether the answer was read to its end and the connection may serve another request."""
        ...

    def stale(self) -> bool:
        """Whether an idle connection has been closed by the peer, or holds bytes that belong to nobody."""
        ...

    async def send_eof(self) -> None:
        """End our half; the other half stays open."""
        ...

    def close(self) -> None:
        """Close at once. A reader that waits is woken with `ConnectionEnded`."""
        ...

    async def aclose(self) -> None:
        """Close, which cancellation does not keep from its end."""
        ...


def translated(error: Exception) -> Exception:
    """An error of the wire or of the operating system, as one that the transport raises."""
    if isinstance(error, Truncated):
        return ConnectionEnded(str(error))
    if isinstance(error, TooLarge):
        return OverLimit(str(error))
    if isinstance(error, WireError):
        return Malformed(str(error))
    if isinstance(error, OSError):
        return ConnectionEnded(f"the connection broke: {error.strerror or error}")
    return error


def split(feed: Feed | None, pieces: list[bytes]) -> list[Any]:
    """The items in pieces of the body; without a feed, the pieces themselves."""
    if feed is None or not pieces:
        return pieces
    return feed(pieces[0] if len(pieces) == 1 else b"".join(pieces))


class PullConnection:
    """A connection that reads when it is asked to: the base for trio and for any byte stream."""

    def __init__(self, limits: Limits) -> None:
        self.alive = True
        self._limits = limits
        self._reader = Reader(limits=limits)
        self._feed: Feed | None = None
        self._take: Take | None = None
        self._items: list[Any] = []
        self._bytes_sent = False
        self._failure: Exception | None = None

    async def _receive(self) -> bytes:
        """The next bytes; empty at the end of the connection."""
        raise NotImplementedError

    async def _receive_view(self) -> memoryview:
        """The same, good until the next is received."""
        return memoryview(await self._receive())

    async def _send(self, data: bytes | memoryview) -> None:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError

    async def request(self, data: bytes, no_body: bool) -> tuple[Head, bytes]:
        try:
            self._bytes_sent = False
            broken: Exception | None = None
            try:
                await self._send(data)
            except OSError as error:
                broken = error  # the refusal may be there to read all the same
            return await self._whole(no_body, broken)
        except BaseException:
            await self.aclose()
            raise

    async def _whole(self, no_body: bool, broken: Exception | None) -> tuple[Head, bytes]:
        reader: Reader | None = None
        parts: list[bytes] = []
        size, limit = 0, self._limits.answer
        try:
            while True:
                data = await self._receive()
                if reader is None:
                    answer = whole_answer(data, no_body, self._limits)
                    if answer is not None:
                        self.alive = answer[0].keep and broken is None
                        return answer
                    self._reader = reader = Reader(no_body, self._limits)
                if not data:
                    reader.feed_eof()
                else:
                    for part in reader.feed(data):
                        parts.append(part)
                        size += len(part)
                    if size > limit:
                        raise TooLarge(f"the answer is larger than {limit} bytes")
                if reader.done:
                    assert reader.head is not None
                    self.alive = reader.reusable and broken is None
                    return reader.head, b"".join(parts)
        except (WireError, OSError) as error:
            raise self._ended(error, reader is not None and reader.started) from error

    def _ended(self, error: Exception, received: bool) -> Exception:
        result = translated(error)
        if isinstance(result, ConnectionEnded):
            result.nothing_sent = not self._bytes_sent
            result.nothing_received = not received
        return result

    def start(self, no_body: bool) -> None:
        self._reader = Reader(no_body, self._limits)
        self._feed = self._take = None
        self._items = []
        self._bytes_sent = False

    async def send(self, data: bytes | memoryview) -> None:
        try:
            await self._send(data)
        except OSError as error:
            self.alive = False  # half a request may be on it
            raise self._ended(error, self._reader.started) from error

    def send_at_once(self, data: bytes) -> bytes:
        return data  # on trio every call is a checkpoint, and what any byte stream takes is not known

    async def read_head(self) -> Head:
        while self._reader.head is None:
            await self._more()
        return self._reader.head

    def split_with(self, feed: Feed, take: Take | None = None) -> None:
        pieces, self._items = self._items, []
        self._feed, self._take = feed, take
        for piece in pieces:
            self._items += feed(piece)

    async def read(self) -> list[Any]:
        while not self._items and not self._reader.done:
            try:
                await self._more()
            except httpx.TransportError:
                if not self._items:  # what came before is given first, and the error raised by the next read
                    raise
        items, self._items = self._items, []
        return items

    async def pour(self, sink: Sink) -> None:
        items, self._items = self._items, []
        for item in items:
            sink(memoryview(item))
        reader = self._reader
        while not reader.done:
            if self._failure is not None:
                raise self._failure
            try:
                view = await self._receive_view()
            except OSError as error:
                if not reader.ends_by(error):
                    await self._give_up(self._ended(error, reader.started), error)
                view = memoryview(b"")
            try:
                if view:
                    reader.pour(view, sink)
                else:
                    self.alive = False
                    reader.feed_eof()
            except WireError as error:
                await self._give_up(self._ended(error, reader.started), error)
            except Exception as error:  # the sink's own
                await self._give_up(error, error.__cause__)

    async def _give_up(self, failure: Exception, cause: BaseException | None) -> NoReturn:
        self._failure = failure
        await self.aclose()
        raise failure from cause

    async def _more(self) -> None:
        if self._failure is not None:
            raise self._failure
        reader = self._reader
        try:
            try:
                data = await self._receive()
            except OSError as error:
                if not reader.ends_by(error):
                    raise
                data = b""
            if not data:
                self.alive = False
                reader.feed_eof()
                return
            pieces = reader.feed(data, self._take, self._items)
        except (WireError, OSError) as error:
            self._items += split(self._feed, getattr(error, "before", []))
            await self._give_up(self._ended(error, reader.started), error)
        self._items += split(self._feed, pieces)

    def finished(self) -> bool:
        return self.alive and self._reader.reusable and not self._items

    def stale(self) -> bool:
        return not self.alive

    async def send_eof(self) -> None:
        raise NotImplementedError

    async def aclose(self) -> None:
        self.close()
