"""Sending the body of a request while its answer is read.

An Engine may begin its answer before it has read the body (BuildKit on Docker 29 does), so a task of its own sends the
body, and the answer is read meanwhile. The open answer owns that task, and ends it when it is closed.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable
from typing import TypeVar

import httpx
from anyio import CancelScope, get_cancelled_exc_class
from anyio.lowlevel import checkpoint

from .._background import BackgroundTask
from .._iterators import close_iterator
from .connection import Connection
from .errors import BodyFailed, ConnectionEnded

__all__ = ["LARGE", "Upload"]

T = TypeVar("T")

LARGE = 64 * 1024
"""A body of more bytes than this may not fit into the socket's buffer, and is sent while the answer is read.

Parts of more bytes are sent as they are; smaller ones are copied into one write with their chunk size."""

# If all parts are in memory and the Engine reads fast, sending never waits. So other tasks are allowed to run each time
# this many bytes were sent; each part counts for some bytes more, since the call that sends it takes time too.
_CHECKPOINT_BYTES = 4 << 20
_PART_BYTES = 4096


class _PeerGone(Exception):
    """The peer has stopped reading."""


class Upload:
    """The body of one request, sent over `connection`: bytes as they are, parts as chunks.

    Sending ends early, without an error, if the peer stops reading: what it has sent is then read as the answer.
    """

    __slots__ = ("_body", "_connection", "_reading", "_task", "complete", "failure")

    def __init__(self, connection: Connection, body: bytes | AsyncIterable[bytes]) -> None:
        self._connection = connection
        self._body = body
        self._task = BackgroundTask(self._send)
        self._reading: CancelScope | None = None
        self.complete = False
        """Whether the whole body was sent."""
        self.failure: BaseException | None = None
        """What the caller's iterator raised."""

    def start(self) -> None:
        """Start the task that sends."""
        self._task.start()

    def cancel(self) -> None:
        """End the task that sends, without waiting for it."""
        self._task.cancel()

    async def _send(self) -> None:
        """Send the body, and keep the error of the caller's iterator for whoever reads the answer."""
        body = self._body
        try:
            await (self._write(body) if isinstance(body, bytes) else self._send_chunks(body))
            self.complete = True
        except _PeerGone:
            pass
        except get_cancelled_exc_class() as error:
            if not self._task.stopping:
                self.failure = ConnectionEnded("the sending of the request's body was cancelled")
                self.failure.__cause__ = error
            raise
        except BaseException as error:
            self.failure = error
        finally:
            if not self.complete:
                # The Engine would read the next request as the rest of this body.
                self._connection.alive = False
            if self.failure is not None and self._reading is not None:
                self._reading.cancel()

    async def _send_chunks(self, body: AsyncIterable[bytes]) -> None:
        iterator = aiter(body)
        line_end = b""
        since_checkpoint = 0
        try:
            async for part in iterator:
                size = len(part)
                if not size:
                    continue
                if size <= LARGE:
                    await self._write(b"%b%x\r\n%b\r\n" % (line_end, size, part))
                    line_end = b""
                else:
                    await self._write(b"%b%x\r\n" % (line_end, size))
                    await self._write(part)
                    line_end = b"\r\n"  # sent with what comes next, to avoid a small write
                since_checkpoint += size + _PART_BYTES
                if since_checkpoint >= _CHECKPOINT_BYTES:
                    since_checkpoint = 0
                    await checkpoint()
            await self._write(line_end + b"0\r\n\r\n")
        finally:
            await close_iterator(iterator)

    async def _write(self, data: bytes) -> None:
        try:
            await self._connection.send(data)
        except httpx.TransportError as error:
            raise _PeerGone from error

    def succeeded(self) -> bool:
        """Whether sending has ended without an error."""
        return self._task.ended and self.failure is None

    async def read_while_sending(self, read: Callable[[], Awaitable[T]]) -> T:
        """Return the result of `read`; raises BodyFailed at once if the caller's iterator fails meanwhile."""
        if self.failure is None:
            with CancelScope() as scope:
                self._reading = scope
                try:
                    return await read()
                finally:
                    self._reading = None
        assert self.failure is not None
        raise BodyFailed(self.failure)

    async def wait(self) -> None:
        """Wait until sending has ended; raises BodyFailed if the caller's iterator fails."""
        await self._task.wait()
        if self.failure is not None:
            raise BodyFailed(self.failure)

    async def stop(self) -> None:
        """Stop sending and wait until the caller's iterator is closed, even if cancelled meanwhile."""
        await self._task.stop()
