"""Answers the Engine's calls on one connection, each in a task of its own.

One task reads, also while others wait for the Engine to take what they send, and one writes. An answer waits where the
Engine takes no more, or where `_MOST_PENDING` bytes are still to be written.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import anyio
from anyio.abc import TaskGroup

from ..._log import log
from ...errors import RawdockError
from .call import Call, Methods
from .grpc import RpcError, Status, metadata
from .http2 import Data, End, Event, Http2Connection, Http2Error, Request, Reset, StreamGone
from .stream import ByteStream

__all__ = ["STANDSTILL", "SessionServer"]

STANDSTILL = 5.0
"""Seconds for which the event loop must have stood still to be named as the reason why a session was lost."""

_TICK = 1.0
_MOST_PENDING = 512 * 1024
_MOST_UNREAD = 2 << 20
"""Bytes of answers to HTTP/2's own questions, as PING, that an Engine may leave unread before it is no longer read."""
_RECENT = 60.0
"""Seconds after which a standstill is no longer the reason for what happens."""
_RESERVE = 1024
"""Bytes of the connection's window that are kept for urgent methods."""
_FAREWELL = 1.0
"""Seconds that an Engine has to take what says why the session ends."""


class SessionServer:
    """The services of one session. `serve` may be called once."""

    def __init__(self, methods: Methods, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.methods = methods
        self.failure: Exception | None = None
        """The first error on this side that made a call fail, as a file that cannot be read."""
        self._clock = clock
        self._http2 = Http2Connection()
        self._calls: dict[int, Call] = {}
        self._reason = ""
        self._pending: list[bytes] = []
        self._pending_size = 0
        self._output = anyio.Event()  # there is something to send
        self._room = anyio.Event()  # something was sent
        self._window = anyio.Event()  # the Engine takes more
        self._ticked = 0.0
        self._standstill = self._stood_still_at = 0.0

    async def serve(self, stream: ByteStream) -> str:
        """Answer calls until the session ends, and say why it has ended. The stream is left open."""
        self._ticked = self._clock()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._write, stream, tasks)
            tasks.start_soon(self._watch_loop)
            self._flush()
            try:
                await self._read(stream, tasks)
            except Http2Error as error:
                self._end(str(error))
                await self._say_farewell()
            except (RawdockError, OSError) as error:
                self._end(f"the connection of the session broke: {error}")
            tasks.cancel_scope.cancel()
        return self._reason

    def fail(self, error: Exception) -> None:
        """Keep the first error on this side that makes a call fail."""
        if self.failure is None:
            self.failure = error

    async def _read(self, stream: ByteStream, tasks: TaskGroup) -> None:
        while data := await stream.receive():
            for event in self._http2.receive(data):
                self._dispatch(event, tasks)
            self._flush()
            await self._wait_for_room(_MOST_UNREAD)
        self._end("the Engine closed the session")

    def _dispatch(self, event: Event, tasks: TaskGroup) -> None:
        if isinstance(event, Request):
            self._begin(event, tasks)
            return
        if isinstance(event, (Data, End, Reset)):
            call = self._calls.get(event.stream)
            if call is None:
                return  # one that has been answered already
            if isinstance(event, Data):
                call.feed(event.data, event.size)
            elif isinstance(event, End):
                call.feed_eof()
            else:
                call.scope.cancel()
            return
        self._window.set()
        self._window = anyio.Event()

    def _begin(self, request: Request, tasks: TaskGroup) -> None:
        method = self.methods.get(request.path)
        if method is None:
            self._http2.finish(request.stream, Status.UNIMPLEMENTED, f"unknown method {request.path}")
            return
        self._http2.widen(request.stream, method.window)
        call = self._calls[request.stream] = Call(self, request.stream, method, metadata(request.headers))
        tasks.start_soon(self._answer, call)

    async def _answer(self, call: Call) -> None:
        status, message = Status.OK, ""
        try:
            with call.scope:
                status, message = await self._outcome(call)
        finally:
            del self._calls[call.stream]
        if call.cut or call.scope.cancelled_caught:
            self._http2.reset(call.stream)
        else:
            self._http2.finish(call.stream, status, message)
        self._flush()

    async def _outcome(self, call: Call) -> tuple[Status, str]:
        """Let the service answer, and say how the call ends."""
        try:
            await call.method.answer(call)
        except RpcError as error:
            return error.status, error.message
        except StreamGone:
            call.cut = True
        except Exception as error:
            if not isinstance(error, RawdockError):
                log.exception("a service of a BuildKit session failed")
            self.fail(error)
            return Status.UNKNOWN, str(error)
        return Status.OK, ""

    # What calls need.

    async def send(self, call: Call, data: memoryview) -> int:
        urgent = call.method.urgent
        while True:
            if not urgent:
                await self._wait_for_room(_MOST_PENDING)
            sent = self._http2.send(call.stream, data, reserve=0 if urgent else _RESERVE)
            self._flush()
            if sent:
                return sent
            await self._window.wait()

    def consumed(self, call: Call, size: int) -> None:
        self._http2.consumed(call.stream, size)
        self._flush()

    # Sending.

    def _flush(self) -> None:
        """Hand over what is to be sent."""
        if data := self._http2.take_output():
            self._pending.append(data)
            self._pending_size += len(data)
            self._output.set()

    async def _wait_for_room(self, limit: int) -> None:
        while self._pending_size > limit:
            await self._room.wait()

    async def _write(self, stream: ByteStream, tasks: TaskGroup) -> None:
        try:
            while True:
                if not self._pending:
                    self._output = anyio.Event()
                    await self._output.wait()
                data = b"".join(self._pending)
                self._pending.clear()
                await stream.send(data)
                self._pending_size -= len(data)
                self._room.set()
                self._room = anyio.Event()
        except (RawdockError, OSError) as error:
            self._end(f"the connection of the session broke: {error}")
            tasks.cancel_scope.cancel()

    async def _say_farewell(self) -> None:
        self._flush()
        with anyio.move_on_after(_FAREWELL):
            while self._pending_size:
                await self._room.wait()

    # Ends.

    def _end(self, reason: str) -> None:
        """Keep why the session ends, unless that is known already."""
        if self._reason:
            return
        self._look_at_clock()
        if self._standstill and self._ticked - self._stood_still_at < _RECENT:
            reason += (
                f"; the event loop of this program stood still for {self._standstill:.0f} seconds, in which nothing "
                "answers the Engine's health checks: move what blocks it to a thread"
            )
        self._reason = reason

    async def _watch_loop(self) -> None:
        """Notice when the event loop stands still."""
        while True:
            await anyio.sleep(_TICK)
            self._look_at_clock()

    def _look_at_clock(self) -> None:
        now = self._clock()
        late = now - self._ticked - _TICK
        self._ticked = now
        if late >= STANDSTILL:
            self._standstill, self._stood_still_at = late, now
