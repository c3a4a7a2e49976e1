"""The body of a request on its way to the Engine, beside whoever reads the answer.

An Engine may begin its answer before it has read the body (BuildKit on Docker 29 does), so the body is sent by a task
of its own: the answer is read while the body goes out, and neither waits for the other. The opened answer owns that
task and ends it when it is closed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Awaitable, Callable
from contextvars import copy_context
from typing import TypeVar

import httpx
from anyio import CancelScope, Event, get_cancelled_exc_class
from anyio.lowlevel import checkpoint

from .._iterators import close_iterator
from .connection import Connection
from .errors import BodyFailed, ConnectionEnded

__all__ = ["LARGE", "Upload"]

T = TypeVar("T")

LARGE = 64 * 1024
"""A body of more bytes than this may not fit into the socket's buffer, and is sent beside the reading of the answer.

Parts of more bytes are sent as they are; smaller ones are copied into one write with their chunk size."""

# A caller whose parts are all at hand, and an Engine that takes them at once, must not keep the event loop for
# themselves: other tasks get a turn after so many bytes. A part counts for some more, as its send takes time too.
_TURN = 4 << 20
_PART = 4096


class _PeerGone(Exception):
    """The peer reads no more."""


class Upload:
    """The body of one request, sent over `connection`: bytes as they are, parts in chunks.

    Sending ends early, without an error, when the peer stops reading: what it said is then read as the answer.
    """

    __slots__ = ("_body", "_connection", "_ended", "_reading", "_scope", "_task", "complete", "failure")

    def __init__(self, connection: Connection, body: bytes | AsyncIterable[bytes]) -> None:
        self._connection = connection
        self._body = body
        self._scope = CancelScope()
        self._ended = Event()
        self._reading: CancelScope | None = None
        self._task: asyncio.Task[None] | None = None
        self.complete = False
        """All of the body was sent."""
        self.failure: BaseException | None = None
        """What the caller's own iterator raised."""

    def start(self) -> None:
        """Begin to send."""
        loop = asyncio._get_running_loop()
        if loop is not None:
            self._task = loop.create_task(self._run())  # kept: the loop itself holds tasks weakly
        else:
            import trio

            # No nursery of the caller's is open here. A system task may begin anywhere, and `stop` ends it.
            trio.lowlevel.spawn_system_task(self._run, context=copy_context())

    async def _run(self) -> None:
        """Raises nothing: on trio an error of a system task would end the whole program."""
        body = self._body
        try:
            with self._scope:
                await (self._write(body) if isinstance(body, bytes) else self._send_chunks(body))
                self.complete = True
        except _PeerGone:
            pass
        except get_cancelled_exc_class() as error:
            self.failure = ConnectionEnded("the sending of the request's body was cancelled")
            self.failure.__cause__ = error
        except BaseException as error:
            self.failure = error
        finally:
            if not self.complete:
                # The Engine would take the next request for the rest of this body.
                self._connection.alive = False
            self._ended.set()
            if self.failure is not None and self._reading is not None:
                self._reading.cancel()

    async def _send_chunks(self, body: AsyncIterable[bytes]) -> None:
        iterator = aiter(body)
        behind = b""
        since_turn = 0
        try:
            async for part in iterator:
                size = len(part)
                if not size:
                    continue
                if size <= LARGE:
                    await self._write(b"%b%x\r\n%b\r\n" % (behind, size, part))
                    behind = b""
                else:
                    await self._write(b"%b%x\r\n" % (behind, size))
                    await self._write(part)
                    behind = b"\r\n"  # goes with what comes next: small writes wake the Engine for nothing
                since_turn += size + _PART
                if since_turn >= _TURN:
                    since_turn = 0
                    await checkpoint()
            await self._write(behind + b"0\r\n\r\n")
        finally:
            await close_iterator(iterator)

    async def _write(self, data: bytes) -> None:
        try:
            await self._connection.send(data)
        except httpx.TransportError as error:
            raise _PeerGone from error

    def settled(self) -> bool:
        """Whether sending has ended, and not by a failure."""
        return self._ended.is_set() and self.failure is None

    async def beside(self, read: Callable[[], Awaitable[T]]) -> T:
        """What `read` gives. Raises BodyFailed if the caller's iterator fails before that."""
        if self.failure is None:
            with CancelScope() as scope:
                self._reading = scope
                try:
                    return await read()
                finally:
                    self._reading = None
        assert self.failure is not None
        raise BodyFailed(self.failure)

    async def ended(self) -> None:
        """Wait until sending has ended; raises BodyFailed if the caller's iterator fails."""
        await self._ended.wait()
        if self.failure is not None:
            raise BodyFailed(self.failure)

    async def stop(self) -> None:
        """End the sending, and wait until the caller's iterator is closed, even if cancelled meanwhile."""
        self._scope.cancel()
        cancelled: BaseException | None = None
        while not self._ended.is_set():
            try:
                with CancelScope(shield=True):
                    await self._ended.wait()
            except get_cancelled_exc_class() as error:  # asyncio's own `Task.cancel` passes the shield
                cancelled = error
        if cancelled is not None:
            raise cancelled
