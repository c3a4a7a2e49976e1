"""A connection on asyncio (and uvloop): a non-blocking socket with a read callback on the event loop.

asyncio's own transports are not used. When a write fails they drop what is still to be read, such as the Engine's
refusal of an upload; they close one iteration of the loop later; and they cost three calls for each read. With a plain
socket, closing is immediate, half-close is one call, and all that the Engine has sent can be read.

All connections of a pool receive into one buffer: the callback copies what it keeps before it returns.
"""

from __future__ import annotations

import asyncio
import contextlib
import select
import socket
from collections.abc import Callable
from typing import Any

from .connection import ConnectionState, split_pieces
from .errors import ClosedHere, Unreachable
from .sockets import StreamSocket, new_socket, socket_poll
from .wire import AnswerParser, Head, Reader, TooLarge, Truncated, WireError, Write, check_asked, is_success

__all__ = ["AsyncioConnection", "open_tcp", "wait_for_socket"]

_ERRORS = select.POLLERR | select.POLLHUP

# The most that is read in one callback while nobody waits for it.
_AHEAD = 64 * 1024

# How often the socket is read in one callback while a body is passed to a function.
_READS_PER_CALLBACK = 4


class AsyncioConnection(ConnectionState):
    """See `Connection`."""

    __slots__ = (
        "_ahead_buffer",
        "_eof",
        "_fd",
        "_loop",
        "_no_body",
        "_parts",
        "_paused",
        "_poll",
        "_queued",
        "_receive_buffer",
        "_recv_into",
        "_send",
        "_sock",
        "_stops_at_errors",
        "_waiter",
        "_whole",
        "_write",
        "_write_waiter",
    )

    def __init__(
        self, loop: asyncio.AbstractEventLoop, sock: StreamSocket, receive_buffer: memoryview, parser: AnswerParser
    ) -> None:
        super().__init__(parser)
        self._loop = loop
        self._sock = sock
        self._fd = sock.fileno()
        self._recv_into = sock.recv_into
        self._send = sock.send
        self._poll = socket_poll(sock)
        self._receive_buffer = receive_buffer
        self._ahead_buffer = receive_buffer[:_AHEAD]
        self._waiter: asyncio.Future[Any] | None = None
        self._write_waiter: asyncio.Future[None] | None = None
        self._whole = False
        self._no_body = False
        self._parts: list[bytes] = []
        self._write: Write | None = None
        self._queued = 0
        self._paused = False
        self._eof = False
        self._stops_at_errors = not isinstance(loop, asyncio.BaseEventLoop)
        loop.add_reader(self._fd, self._readable)

    # The read callback.

    def _readable(self) -> None:
        try:
            # While nobody waits, less is read at once: many streams may have slow readers.
            size = self._recv_into(self._receive_buffer if self._waiter is not None else self._ahead_buffer)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._on_end(error)
            return
        if not size:
            self._on_end(None)
            return
        data = bytes(self._receive_buffer[:size])
        try:
            if self._whole:
                self._feed_whole(data)
            elif self._reader is not None:
                self._feed_stream(data)
            else:
                self.close()  # bytes that belong to no request: the connection is not used again
        except Exception as error:
            self._fail(self._transport_error(error))
        if self._stops_at_errors and self._fd >= 0:
            self._read_after_error()

    def _set_read_callback(self, callback: Callable[[], None]) -> None:
        """Have `callback` called when there is something to read.

        After an error of a socket, uvloop takes a new callback only once the old one is removed.
        """
        try:
            self._loop.add_reader(self._fd, callback)
        except RuntimeError:
            self._loop.remove_reader(self._fd)
            self._loop.add_reader(self._fd, callback)

    def _read_after_error(self) -> None:
        """Read on where uvloop does not call back.

        After the peer has reset the connection, uvloop 0.23 calls the callback once and then never again, though there
        may be more to read. (asyncio's own loops call until all is read.)
        """
        reader = self._reader
        waiting = self._whole if reader is None else not reader.done
        if waiting and not self._paused and not self._eof and any(events & _ERRORS for _, events in self._poll(0)):
            self._loop.call_soon(self._read_once_more)

    def _read_once_more(self) -> None:
        if self._fd >= 0 and not self._paused and not self._eof:
            (self._readable if self._write is None else self._readable_into)()

    def _feed_whole(self, data: bytes) -> None:
        reader = self._reader
        if reader is None:
            answer = self._parser.whole_answer(data, self._no_body)
            if answer is not None:
                self._finish_whole(answer, answer[0].keep_alive)
                return
            reader = self._reader = Reader(self._no_body, self._parser)
        for part in reader.feed(data):
            self._parts.append(part)
            self._queued += len(part)
        head = reader.head
        if head is not None and head.status == 101:
            check_asked(head)
        if reader.done:
            if self._queued > self._parser.limits.answer:
                raise TooLarge(f"the answer is larger than {self._parser.limits.answer} bytes")
            self._finish_reader(reader)
        elif self._queued > self._parser.limits.error:
            self._check_size(head)

    def _check_size(self, head: Head | None) -> None:
        """Refuse an answer that is too large. An error that is too large ends here: its beginning has the message."""
        limits = self._parser.limits
        if head is not None and not is_success(head.status):
            parts, self._parts = self._parts, []
            self._finish_whole((head, b"".join(parts)[: limits.error]), False)
            self.close()
        elif self._queued > limits.answer:
            raise TooLarge(f"the answer is larger than {limits.answer} bytes")

    def _finish_reader(self, reader: Reader) -> None:
        assert reader.head is not None
        parts, self._parts = self._parts, []
        self._queued = 0
        self._reader = None
        self._finish_whole((reader.head, b"".join(parts)), reader.reusable)

    def _finish_whole(self, answer: tuple[Head, bytes], keep_alive: bool) -> None:
        self._whole = False
        self.alive = keep_alive and not self._eof
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(answer)

    def _feed_stream(self, data: bytes) -> None:
        reader = self._reader
        assert reader is not None
        try:
            pieces = reader.feed(data, self._read_chunks, self._items)
        except WireError as error:
            self._items += split_pieces(self._split, error.pieces_before)
            raise
        if pieces:
            self._items += split_pieces(self._split, pieces)
        self._queued += len(data)
        if self._queued > self._parser.limits.queue and not self._paused and not reader.done:
            self._paused = True
            self._loop.remove_reader(self._fd)
        self._wake()
        if reader.rest:
            self.close()  # bytes after the end of the answer belong to no request, and are not kept

    def _on_end(self, error: OSError | None) -> None:
        """The peer has closed the connection, or the connection broke."""
        self._eof = True
        self.alive = False
        if self._fd >= 0 and not self._paused:
            self._loop.remove_reader(self._fd)
        reader = self._reader
        try:
            if reader is not None:
                if error is not None and not reader.done and not reader.may_end_with(error):
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
            self._fail(self._transport_error(failure))
            return
        self._wake()

    def _fail(self, error: Exception) -> None:
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
                try:
                    sent = self._send(data)
                    self._bytes_sent = True
                except BlockingIOError:
                    sent = 0
                if sent < len(data):
                    await self._send_rest(memoryview(data)[sent:])
            except OSError:
                broken = True  # the peer may have answered before it closed the connection
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
        super().start(no_body)
        self._queued = 0

    def send_nowait(self, data: bytes) -> bytes:
        if self._fd < 0:
            raise self._failure or ClosedHere()
        try:
            sent = self._send(data)
        except BlockingIOError:
            return data
        except OSError as error:
            raise self._send_error(error) from error
        self._bytes_sent = True
        return data[sent:]

    async def send(self, data: bytes | memoryview) -> None:
        if self._fd < 0:
            raise self._failure or ClosedHere()
        try:
            try:
                sent = self._send(data)
                self._bytes_sent = True
            except BlockingIOError:
                sent = 0
            if sent < len(data):
                await self._send_rest(memoryview(data)[sent:])
        except OSError as error:
            raise self._send_error(error) from error

    def _send_error(self, error: OSError) -> Exception:
        self.alive = False
        return self._transport_error(error)

    async def _send_rest(self, view: memoryview) -> None:
        while view:
            await self._wait_until_writable()
            with contextlib.suppress(BlockingIOError):
                view = view[self._send(view) :]
                self._bytes_sent = True

    async def _wait_until_writable(self) -> None:
        loop = self._loop
        self._write_waiter = waiter = loop.create_future()
        try:
            loop.add_writer(self._fd, _set_result, waiter)
        except RuntimeError:  # see `_set_read_callback`
            loop.remove_writer(self._fd)
            loop.add_writer(self._fd, _set_result, waiter)
        try:
            await waiter
        finally:
            self._write_waiter = None
            if self._fd >= 0:
                loop.remove_writer(self._fd)
        if self._fd < 0:
            raise self._failure or ClosedHere()

    async def _wait(self) -> None:
        if self._failure is not None:
            raise self._failure
        if self._fd < 0:
            raise ClosedHere
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

    async def read(self) -> list[Any]:
        reader = self._reader
        assert reader is not None
        while not self._items:
            if reader.done and self._failure is None:
                return []
            self._resume()
            # The same as `_wait`, without the cost of another coroutine for each read.
            if self._failure is not None or self._fd < 0:
                raise self._failure or ClosedHere()
            self._waiter = waiter = self._loop.create_future()
            try:
                await waiter
            finally:
                self._waiter = None
        items, self._items = self._items, []
        self._resume()
        return items

    async def read_into(self, write: Write) -> None:
        reader = self._reader
        assert reader is not None
        items, self._items = self._items, []
        for item in items:
            write(memoryview(item))
        if reader.done and self._failure is None:
            return
        self._resume()
        self._write = write
        if self._fd >= 0 and not self._eof:
            self._set_read_callback(self._readable_into)
        try:
            await self._wait()
        finally:
            self._write = None
            if self._fd >= 0 and not self._eof:
                self._set_read_callback(self._readable)

    def _readable_into(self) -> None:
        """The read callback while the body is passed to a function. It reads a few times, as more may have come."""
        reader, write = self._reader, self._write
        assert reader is not None
        assert write is not None
        for _ in range(_READS_PER_CALLBACK):
            try:
                size = self._recv_into(self._receive_buffer)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                self._on_end(error)
                return
            if not size:
                self._on_end(None)
                return
            try:
                reader.feed_into(self._receive_buffer[:size], write)
            except WireError as error:
                self._fail(self._transport_error(error))
                return
            except Exception as error:  # raised by `write`
                self._fail(error)
                return
            if reader.done:
                self._wake()
                if reader.rest:
                    self.close()
                return
        if self._stops_at_errors:
            self._read_after_error()

    def _resume(self) -> None:
        self._queued = 0
        if self._paused:
            self._paused = False
            if self._fd >= 0 and not self._eof:
                self._set_read_callback(self._readable)

    def finish(self) -> bool:
        reader = self._reader
        if self.alive and reader is not None and reader.reusable and not self._items:
            self._resume()
            self._reader = None
            return True
        return False

    def stale(self) -> bool:
        return not self.alive or self._fd < 0 or bool(self._poll(0))

    async def send_eof(self) -> None:
        if self._fd >= 0:
            with contextlib.suppress(OSError):  # the peer has closed the connection already
                self._sock.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self.alive = False
        if self._fd < 0:
            return
        fd, self._fd = self._fd, -1
        if not self._loop.is_closed():
            # Removing a callback that is not set would cost an exception inside the loop.
            if not (self._paused or self._eof):
                self._loop.remove_reader(fd)
            if self._write_waiter is not None:
                self._loop.remove_writer(fd)
        self._sock.close()
        if self._failure is None and (self._reader is None or not self._reader.done):
            self._failure = ClosedHere()
        waiter, write_waiter = self._waiter, self._write_waiter
        if waiter is not None and not waiter.done():
            waiter.set_exception(self._failure or ClosedHere())
        if write_waiter is not None and not write_waiter.done():
            write_waiter.set_result(None)

    async def aclose(self) -> None:
        self.close()


def _set_result(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


async def open_tcp(host: str, port: int) -> socket.socket:
    """Connect to the first address of the host that accepts the connection."""
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
            return sock
    raise failure or Unreachable(f"no address for {host}")


async def wait_for_socket(fd: int, writable: bool) -> None:
    """Wait until a socket that has no connection of ours yet can be read or written."""
    loop = asyncio.get_running_loop()
    waiter: asyncio.Future[None] = loop.create_future()
    (loop.add_writer if writable else loop.add_reader)(fd, _set_result, waiter)
    try:
        await waiter
    finally:
        (loop.remove_writer if writable else loop.remove_reader)(fd)
