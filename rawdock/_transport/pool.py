"""The connections to one Engine.

There is no limit on the number of connections, so that open streams do not block calls. The connection that was used
last is used first. An exchange that fails or is cancelled closes its connection. A request is repeated once, on a new
connection, if an idle connection turns out to be closed and either nothing of the request was sent or it is GET or
HEAD.
"""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from collections.abc import Awaitable, Callable
from typing import Any, cast

from ..errors import ClosedError
from .connection import Connection
from .errors import ClosedHere, ConnectionEnded, Unreachable
from .wire import AnswerParser, Head, Limits

__all__ = ["Connect", "Pool"]

Connect = Callable[[memoryview, AnswerParser, float | None], Awaitable[Connection]]
"""Opens a connection, given a buffer to receive into, the parser of answers, and after how many seconds to raise
TimeoutError."""

_RECEIVE_BUFFER = 256 * 1024
_binding = threading.Lock()
"""Held while a pool is bound to an event loop: the first calls may come from several threads at once."""
_pools: weakref.WeakSet[Pool] = weakref.WeakSet()


def _disable_after_fork() -> None:
    """Make the pools unusable in a forked child: it shares the sockets, and would read answers meant for the parent."""
    for pool in _pools:
        pool.unusable = "this client was opened in another process; open a new one after the fork"
        pool.forked = True


os.register_at_fork(after_in_child=_disable_after_fork)


class Pool:
    """The connections that `connect` has opened, bound to the event loop that uses them first."""

    def __init__(
        self,
        connect: Connect,
        *,
        limits: Limits,
        connect_timeout: float | None,
        idle: int = 64,
        close: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._open_connection = connect
        self._close = close
        self._parser = AnswerParser(limits)
        self._connect_timeout = connect_timeout
        self._idle_limit = idle
        self._idle: list[Connection] = []
        self._open: set[Connection] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._trio_token: object = None
        self._receive_buffer: memoryview | None = None
        self.unusable: str | None = None
        self.forked = False
        self.on_first_answer: Callable[[Head], None] | None = None
        """Called with the head of each connection's first answer: another Engine may listen at the address now."""
        self.on_connection: Callable[[], None] | None = None
        """Called when a connection was opened, in the task that needed it."""
        _pools.add(self)

    def __repr__(self) -> str:
        return f"<Pool {len(self._idle)} idle of {len(self._open)} open>"

    @property
    def open_connections(self) -> int:
        return len(self._open)

    def check_usable(self) -> None:
        """Bind the pool to the running event loop at its first use, and refuse any other loop later."""
        if self.unusable is not None:
            raise ClosedError(self.unusable)
        running = asyncio._get_running_loop()
        token: object = None
        if running is None:
            import trio

            token = trio.lowlevel.current_trio_token()
        with _binding:
            if self._loop is None and self._trio_token is None:
                self._loop, self._trio_token = running, token
        if running is not self._loop or token is not self._trio_token:
            raise ClosedError("this client belongs to another event loop; open one in each loop")

    async def request(self, data: bytes, no_body: bool, safe: bool) -> tuple[Head, bytes]:
        """Send a request and read the whole answer. `safe`: the request may be sent twice."""
        if self._loop is None or self._loop is not asyncio._get_running_loop() or self.unusable is not None:
            self.check_usable()
        connection = self._take_idle()
        reused = connection is not None
        if connection is None:
            connection = await self._connect()
        try:
            answer = await connection.request(data, no_body)
        except ConnectionEnded as error:
            await self.discard(connection)
            if (
                isinstance(error, ClosedHere)
                or not reused
                or not (error.nothing_sent or (safe and error.nothing_received))
            ):
                raise
            connection = await self._connect()
            reused = False
            try:
                answer = await connection.request(data, no_body)
            except BaseException:
                await self.discard(connection)
                raise
        except BaseException:
            await self.discard(connection)
            raise
        if connection.alive and len(self._idle) < self._idle_limit and self.unusable is None:
            self._idle.append(connection)
        else:
            await self.discard(connection)
        if not reused:
            self.notice(connection, answer[0])
        return answer

    def notice(self, connection: Connection, head: Head) -> None:
        """Tell of the head of an answer, if it is the first one of its connection."""
        if connection.unheard:
            connection.unheard = False
            if self.on_first_answer is not None:
                self.on_first_answer(head)

    def has_lost_all(self) -> bool:
        """Whether no connection is left to the Engine that has answered last."""
        for connection in [one for one in self._idle if one.stale()]:
            self._idle.remove(connection)
            connection.close()
            self._open.discard(connection)
        return not self._open

    async def open(self, data: bytes, no_body: bool, safe: bool) -> Connection:
        """Send a request, or the beginning of one, and return the connection to read the answer from."""
        self.check_usable()
        connection = self._take_idle()
        if connection is not None:
            connection.start(no_body)
            try:
                await connection.send(data)
                if safe:
                    await connection.read_head()
            except ConnectionEnded as error:
                if isinstance(error, ClosedHere) or not (error.nothing_sent or (safe and error.nothing_received)):
                    return connection  # the peer may have answered before it closed the connection
                await self.discard(connection)
            except BaseException:
                await self.discard(connection)
                raise
            else:
                return connection
        connection = await self._connect()
        connection.start(no_body)
        try:
            await connection.send(data)
        except ConnectionEnded:
            return connection  # the peer may have answered before it closed the connection
        except BaseException:
            await self.discard(connection)
            raise
        return connection

    async def release(self, connection: Connection) -> None:
        """Take back a connection after a stream; it is kept for other requests if its answer was read to the end."""
        if connection.finish() and len(self._idle) < self._idle_limit and self.unusable is None:
            self._idle.append(connection)
        else:
            await self.discard(connection)

    async def discard(self, connection: Connection) -> None:
        self._open.discard(connection)
        if not self.forked:
            await connection.aclose()

    def abandon(self, connection: Connection, *also: Callable[[], object]) -> None:
        """Close a connection whose stream was thrown away, and call `also`. May be called in any thread."""
        self._open.discard(connection)
        if self.forked:
            return
        for call in (connection.close, *also):
            try:
                if self._loop is not None:
                    self._loop.call_soon_threadsafe(call)
                else:
                    cast("Any", self._trio_token).run_sync_soon(call)
            except RuntimeError:  # the event loop has ended
                call()

    async def aclose(self) -> None:
        """Close every connection; those who read from one get an error."""
        if self.unusable is None:
            self.unusable = "this client is closed"
        self._idle.clear()
        while self._open:
            await self.discard(self._open.pop())
        if self._close is not None and not self.forked:
            await self._close()

    def _take_idle(self) -> Connection | None:
        idle = self._idle
        while idle:
            connection = idle.pop()
            if not connection.stale():
                return connection
            connection.close()
            self._open.discard(connection)
        return None

    async def _connect(self) -> Connection:
        if self._receive_buffer is None:
            self._receive_buffer = memoryview(bytearray(_RECEIVE_BUFFER))
        try:
            connection = await self._open_connection(self._receive_buffer, self._parser, self._connect_timeout)
        except TimeoutError as error:
            raise Unreachable(f"the connection was not accepted within {self._connect_timeout} s") from error
        if self.unusable is not None:  # the pool was closed while the connection was being opened
            await connection.aclose()
            raise ClosedError(self.unusable)
        self._open.add(connection)
        if self.on_connection is not None:
            self.on_connection()
        return connection
