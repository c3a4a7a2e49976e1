"""What belongs to a client and has to be ended before its connections are closed: running commands, watches, builds."""

from __future__ import annotations

import atexit
import os
import weakref
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol

import anyio

from ._background import BackgroundTask, wait_for_event
from ._log import log
from .errors import ClosedError, RawdockError

__all__ = ["Held", "HeldByClient"]


class Held(Protocol):
    """Something that ends with its client."""

    async def close_with_client(self) -> str:
        """End it, within the time that cleaning up has. What may still run of it; an empty text if nothing does."""
        ...

    def left(self) -> str:
        """What may run on if nobody can end it any more, as its event loop is gone; an empty text if nothing does."""
        ...


class HeldByClient:
    """What one client holds."""

    def __init__(self) -> None:
        self._things: dict[Held, None] = {}
        self._closing: anyio.Event | None = None
        self._pid = 0
        self.closed = False

    @property
    def needs_time(self) -> bool:
        """Whether something is to be ended, or is being ended."""
        return bool(self._things) or self._closing is not None

    def hold(self, thing: Held) -> None:
        """Note something that is about to begin. Raises ClosedError if the client is closed."""
        if self.closed:
            raise ClosedError("this client is closed")
        if not self._pid:
            self._pid = os.getpid()
            _holding.add(self)
        self._things[thing] = None

    def release(self, thing: Held) -> None:
        """It has ended by itself."""
        self._things.pop(thing, None)

    async def close(self, then: Callable[[], Awaitable[None]]) -> list[str]:
        """End everything at the same time, and `then` close the client itself; what may still run.

        Who calls this while another does waits until that is done.
        """
        if self._closing is not None:
            await wait_for_event(self._closing)
            return []
        self.closed = True
        self._closing = anyio.Event()
        left: list[str] = []
        tasks = [BackgroundTask(partial(self._end, thing, left), kept=True) for thing in self._things]
        try:
            for task in tasks:
                task.start()
            cancelled: BaseException | None = None
            for task in tasks:
                try:
                    await task.finish()
                except anyio.get_cancelled_exc_class() as error:
                    cancelled = error
            if cancelled is not None:
                raise cancelled
        finally:
            try:
                await then()
            finally:
                self._closing.set()
        return left

    async def _end(self, thing: Held, left: list[str]) -> None:
        try:
            if what := await thing.close_with_client():
                left.append(what)
        except RawdockError:
            log.exception("closing a client: %r was not ended", thing)
            left.append(repr(thing))

    def tell(self) -> None:
        """Tell the logger what may still run as the interpreter ends: nothing can be awaited any more."""
        if self._pid != os.getpid():
            return  # the process that was forked from is told
        things, self._things = list(self._things), {}
        for what in filter(None, (thing.left() for thing in things)):
            log.warning("%s may still run: the program ended before it could be ended", what)


_holding: weakref.WeakSet[HeldByClient] = weakref.WeakSet()
"""The clients that have held something."""


@atexit.register
def _tell_at_exit() -> None:
    """A KeyboardInterrupt while asyncio closes an event loop abandons all tasks, those too that end a command."""
    for client in list(_holding):
        client.tell()
