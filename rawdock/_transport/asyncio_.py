"""A connection on asyncio (and uvloop): a non-blocking socket and one read callback of the loop.

asyncio's own transports are not used. They drop what is still to be read when a write fails (the Engine's refusal
of an upload), close a turn of the loop later, and cost three calls a read. With the socket in hand, closing is
immediate, half-close is one call, and what the Engine has said can always be read.

Reads go into one scratch buffer shared by all connections of a pool: the callback copies out what it keeps before
it returns.
"""

from __future__ import annotations

import asyncio
import contextlib
import select
import socket
from collections.abc import Callable
from typing import Any

from .connection import Feed, split, translated
from .errors import ConnectionEnded, Unreachable
from .sockets import new_socket, watcher
from .wire import Head, Limits, Reader, Sink, Take, TooLarge, Truncated, WireError, whole_answer

__all__ = ["AsyncioConnection", "connect_tcp"]

_ERRORS = select.POLLERR | select.POLLHUP

# Reads in one turn of the loop while a body goes to a sink.
_POURS = 4


class AsyncioConnection:
    """See `Connection`."""

    __slots__ = (
        "_bytes_sent",
        "_eof",
        "_failure",
        "_fd",
        "_feed",
        "_items",
        "_limits",
        "_loop",
        "_no_body",
        "_parts",
        "_paused",
        "_queued",
        "_reader",
        "_recv_into",
        "_scratch",
        "_send_now",
        "_sink",
        "_sock",
        "_stops_at_errors",
        "_take",
        "_waiter",
        "_watch",
        "_whole",
        "_writer",
        "alive",
    )

    def __init__(
        self, loop: asyncio.AbstractEventLoop, sock: socket.socket, scratch: memoryview, limits: Limits
    ) -> None:
        self.alive = True
        self._loop = loop
        self._sock = sock
        self._fd = sock.fileno()
        self._recv_into = sock.recv_into
        self._send_now = sock.send
        self._watch = watcher(sock)
        self._scratch = scratch
        self._limits = limits
        self._waiter: asyncio.Future[Any] | None = None
        self._writer: asyncio.Future[None] | None = None
        self._whole = False
        self._no_body = False
        self._reader: Reader | None = None
        self._parts: list[bytes] = []
        self._feed: Feed | None = None
        self._take: Take | None = None
        self._sink: Sink | None = None
        self._items: list[Any] = []
        self._queued = 0
        self._paused = False
        self._eof = False
        self._failure: Exception | None = None
        self._bytes_sent = False
        self._stops_at_errors = not isinstance(loop, asyncio.BaseEventLoop)
        loop.add_reader(self._fd, self._readable)

    # The read callback.

    def _readable(self) -> None:
        try:
            size = self._recv_into(self._scratch)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._ended(error)
            return
        if not size:
            self._ended(None)
            return
        data = bytes(self._scratch[:size])
        try:
            if self._whole:
                self._feed_whole(data)
            elif self._reader is not None:
                self._feed_stream(data)
            else:
                self.close()  # bytes that nobody asked for: the connection is never used again
        except Exception as error:
            self._fail(translated(error))
        if self._stops_at_errors and self._fd >= 0:
            self._read_behind_error()

    def _listen(self, callback: Callable[[], None]) -> None:
        """Have `callback` called when there is something to read. uvloop closes its handle at the first error of a
        socket, and takes a new callback only once the old one is removed."""
        try:
            self._loop.add_reader(self._fd, callback)
        except RuntimeError:
            self._loop.remove_reader(self._fd)
            self._loop.add_reader(self._fd, callback)

    def _read_behind_error(self) -> None:
        """uvloop (0.23) calls a reader once where the peer has reset the connection, and then never again: what comes
        after this read, and the error itself, are asked for here. (asyncio's own loops call until all is read.)"""
        reader = self._reader
        waiting = self._whole if reader is None else not reader.done
        if waiting and not self._paused and not self._eof and any(events & _ERRORS for _, events in self._watch(0)):
            self._loop.call_soon(self._read_once_more)

    def _read_once_more(self) -> None:
        if self._fd >= 0 and not self._paused and not self._eof:
            (self._readable if self._sink is None else self._pourable)()

    def _feed_whole(self, data: bytes) -> None:
        reader = self._reader
        if reader is None:
            answer = whole_answer(data, self._no_body, self._limits)
            if answer is not None:
                self._finish_whole(answer, answer[0].keep)
                return
            reader = self._reader = Reader(self._no_body, self._limits)
        for part in reader.feed(data):
            self._parts.append(part)
            self._queued += len(part)
        if self._queued > self._limits.answer:
            raise TooLarge(f"the answer is larger than {self._limits.answer} bytes")
        if reader.done:
            self._finish_reader(reader)

    def _finish_reader(self, reader: Reader) -> None:
        assert reader.head is not None
        parts, self._parts = self._parts, []
        self._queued = 0
        self._reader = None
        self._finish_whole((reader.head, b"".join(parts)), reader.reusable)

    def _finish_whole(self, answer: tuple[Head, bytes], keep: bool) -> None:
        self._whole = False
        self.alive = keep and not self._eof
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(answer)

    def _feed_stream(self, data: bytes) -> None:
        reader = self._reader
        assert reader is not None
        try:
            pieces = reader.feed(data, self._take, self._items)
        except WireError as error:
            self._items += split(self._feed, error.before)
            raise
        if pieces:
            self._items += split(self._feed, pieces)
        self._queued += len(data)
        if self._queued > self._limits.queue and not self._paused and not reader.done:
            self._paused = True
            self._loop.remove_reader(self._fd)
        self._wake()
        if reader.rest:
            self.close()  # bytes behind the end belong to nobody, and more of them are not kept

    def _ended(self, error: OSError | None) -> None:
        """The peer has closed, or the connection broke."""
        self._eof = True
        self.alive = False
        if self._fd >= 0 and not self._paused:
            self._loop.remove_reader(self._fd)
        reader = self._reader
        try:
            if reader is not None:
                if error is not None and not reader.done and not reader.ends_by(error):
                    raise error
                reader.feed_eof()
                if self._whole:
                    self._finish_reader(reader)
                    return
            elif self._whole:
                raise error or Truncated("the connection was closed before an answer")
            else:
                self.close()
        except (WireError, OSError) as failure:
            self._fail(translated(failure))
            return
        self._wake()

    def _fail(self, error: Exception) -> None:
        if isinstance(error, ConnectionEnded):
            error.nothing_sent = not self._bytes_sent
            error.nothing_received = self._reader is None or not self._reader.started
        self._failure = error
        self._whole = False
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_exception(error)
        self.close()

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    # An exchange whose answer is read whole.

    async def request(self, data: bytes, no_body: bool) -> tuple[Head, bytes]:
        self._whole = True
        self._no_body = no_body
        self._bytes_sent = False
        self._reader = None
        waiter: asyncio.Future[tuple[Head, bytes]] = self._loop.create_future()
        self._waiter = waiter
        broken = False
        try:
            try:
                sent = self._send_now(data)
                self._bytes_sent = True
                if sent < len(data):
                    await self._send_rest(memoryview(data)[sent:])
            except BlockingIOError:
                await self._send_rest(memoryview(data))
            except OSError:
                broken = True  # the answer, or the end, is there to read all the same
            return await waiter
        except BaseException:
            if waiter.done() and not waiter.cancelled():
                waiter.exception()
            self.close()
            raise
        finally:
            self._waiter = None
            if broken:
                self.alive = False

    # An exchange whose answer is a stream.

    def start(self, no_body: bool) -> None:
        self._reader = Reader(no_body, self._limits)
        self._feed = self._take = None
        self._items = []
        self._queued = 0
        self._bytes_sent = False

    def send_at_once(self, data: bytes) -> bytes:
        if self._fd < 0:
            raise self._failure or ConnectionEnded("the connection is closed")
        try:
            sent = self._send_now(data)
        except BlockingIOError:
            return data
        except OSError as error:
            raise self._broken(error) from error
        self._bytes_sent = True
        return data[sent:]

    async def send(self, data: bytes | memoryview) -> None:
        if self._fd < 0:
            raise self._failure or ConnectionEnded("the connection is closed")
        try:
            try:
                sent = self._send_now(data)
                self._bytes_sent = True
            except BlockingIOError:
                sent = 0
            if sent < len(data):
                await self._send_rest(memoryview(data)[sent:])
        except OSError as error:
            raise self._broken(error) from error

    def _broken(self, error: OSError) -> ConnectionEnded:
        self.alive = False
        ended = ConnectionEnded(f"the connection broke: {error.strerror or error}")
        ended.nothing_sent = not self._bytes_sent
        ended.nothing_received = self._reader is None or not self._reader.started
        return ended

    async def _send_rest(self, view: memoryview) -> None:
        loop = self._loop
        while view:
            self._writer = writer = loop.create_future()
            try:
                loop.add_writer(self._fd, _set, writer)
            except RuntimeError:  # see `_listen`
                loop.remove_writer(self._fd)
                loop.add_writer(self._fd, _set, writer)
            try:
                await writer
            finally:
                self._writer = None
                if self._fd >= 0:
                    loop.remove_writer(self._fd)
            if self._fd < 0:
                raise ConnectionResetError("the connection is closed")
            with contextlib.suppress(BlockingIOError):
                view = view[self._send_now(view) :]
                self._bytes_sent = True

    async def _wait(self) -> None:
        if self._failure is not None:
            raise self._failure
        if self._fd < 0:
            raise ConnectionEnded("the connection is closed")
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    async def read_head(self) -> Head:
        reader = self._reader
        assert reader is not None
        while reader.head is None:
            await self._wait()
        return reader.head

    def split_with(self, feed: Feed, take: Take | None = None) -> None:
        pieces, self._items = self._items, []
        self._feed, self._take = feed, take
        for piece in pieces:
            self._items += feed(piece)

    async def read(self) -> list[Any]:
        reader = self._reader
        assert reader is not None
        while not self._items:
            if reader.done and self._failure is None:
                return []
            self._resume()
            # As `_wait`, without the cost of a coroutine for each read.
            if self._failure is not None or self._fd < 0:
                raise self._failure or ConnectionEnded("the connection is closed")
            self._waiter = waiter = self._loop.create_future()
            try:
                await waiter
            finally:
                self._waiter = None
        items, self._items = self._items, []
        self._resume()
        return items

    async def pour(self, sink: Sink) -> None:
        reader = self._reader
        assert reader is not None
        items, self._items = self._items, []
        for item in items:
            sink(memoryview(item))
        if reader.done and self._failure is None:
            return
        self._resume()
        self._sink = sink
        if self._fd >= 0 and not self._eof:
            self._listen(self._pourable)
        try:
            await self._wait()
        finally:
            self._sink = None
            if self._fd >= 0 and not self._eof:
                self._listen(self._readable)

    def _pourable(self) -> None:
        """The read callback while the body goes to a sink. What comes while it works is taken too, up to a bound."""
        reader, sink = self._reader, self._sink
        assert reader is not None
        assert sink is not None
        for _ in range(_POURS):
            try:
                size = self._recv_into(self._scratch)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                self._ended(error)
                return
            if not size:
                self._ended(None)
                return
            try:
                reader.pour(self._scratch[:size], sink)
            except WireError as error:
                self._fail(translated(error))
                return
            except Exception as error:
                self._fail(error)  # the sink's own
                return
            if reader.done:
                self._wake()
                if reader.rest:
                    self.close()
                return
        if self._stops_at_errors:
            self._read_behind_error()

    def _resume(self) -> None:
        self._queued = 0
        if self._paused:
            self._paused = False
            if self._fd >= 0 and not self._eof:
                self._listen(self._readable)

    def finished(self) -> bool:
        reader = self._reader
        if self.alive and reader is not None and reader.reusable and not self._items:
            self._resume()
            self._reader = None
            return True
        return False

    def stale(self) -> bool:
        return not self.alive or self._fd < 0 or bool(self._watch(0))

    async def send_eof(self) -> None:
        if self._fd >= 0:
            with contextlib.suppress(OSError):  # the peer was faster; nothing is left to end
                self._sock.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self.alive = False
        if self._fd < 0:
            return
        fd, self._fd = self._fd, -1
        if not self._loop.is_closed():
            # To remove what is not there costs the loop an exception.
            if not (self._paused or self._eof):
                self._loop.remove_reader(fd)
            if self._writer is not None:
                self._loop.remove_writer(fd)
        self._sock.close()
        if self._failure is None and (self._reader is None or not self._reader.done):
            self._failure = ConnectionEnded("the connection was closed on this side")
        waiter, writer = self._waiter, self._writer
        if waiter is not None and not waiter.done():
            waiter.set_exception(self._failure or ConnectionEnded("the connection was closed on this side"))
        if writer is not None and not writer.done():
            writer.set_result(None)

    async def aclose(self) -> None:
        self.close()


def _set(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


async def connect_tcp(host: str, port: int, scratch: memoryview, limits: Limits) -> AsyncioConnection:
    """Try the host's addresses in turn."""
    loop = asyncio.get_running_loop()
    failure: OSError | None = None
    for family, _, _, _, address in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        sock = new_socket(family)
        try:
            await loop.sock_connect(sock, address)
        except OSError as error:
            sock.close()
            failure = error
        except BaseException:
            sock.close()
            raise
        else:
            return AsyncioConnection(loop, sock, scratch, limits)
    raise failure or Unreachable(f"no address for {host}")
