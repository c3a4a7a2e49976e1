"""A task that belongs to an object and not to a task group of the caller's, on asyncio and trio."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from contextvars import copy_context
from typing import Any

from anyio import CancelScope, Event, get_cancelled_exc_class

__all__ = ["BackgroundTask", "current_task", "keep", "run_later", "runs_here", "wait_for_event"]

Soon = Callable[[Callable[[], object]], object]


def current_task() -> object:
    """The task that runs: the same object for the same task."""
    if asyncio._get_running_loop() is not None:
        return asyncio.current_task()
    import trio

    return trio.lowlevel.current_task()


def runs_here() -> Soon:
    """What has a function called soon in the present event loop, from any thread; RuntimeError once that has ended."""
    loop = asyncio._get_running_loop()
    if loop is not None:
        return loop.call_soon_threadsafe
    import trio

    return trio.lowlevel.current_trio_token().run_sync_soon


def run_later(soon: Soon, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run `work`, which handles its own errors, in the event loop of `soon`, from any thread and without waiting; never
    if that loop has ended."""

    def start() -> None:
        loop = asyncio._get_running_loop()
        if loop is not None:
            task = loop.create_task(work())
            _later.add(task)
            task.add_done_callback(_later.discard)
        else:
            import trio

            trio.lowlevel.spawn_system_task(work)

    with suppress(RuntimeError):
        soon(start)


_later: set[asyncio.Task[None]] = set()
"""Holds the tasks: an event loop itself holds them weakly."""


def keep(task: asyncio.Task[Any]) -> None:
    """Take a task out of `asyncio.all_tasks()`, so that the end of the event loop does not cancel it.

    `asyncio.run`, `uvloop.run` and web servers cancel all tasks at the end, those too that clean up for the others,
    and then wait until they have ended. So a kept task is completed if one of those tasks waits for it.
    """
    asyncio._unregister_task(task)


async def wait_for_event(event: Event) -> None:
    """Wait for an event that comes in any case, also if this is cancelled meanwhile."""
    cancelled: BaseException | None = None
    while not event.is_set():
        try:
            with CancelScope(shield=True):
                await event.wait()
        except get_cancelled_exc_class() as error:  # asyncio's own `Task.cancel` passes the shield
            cancelled = error
    if cancelled is not None:
        raise cancelled


class BackgroundTask:
    """Runs `work`, which handles its own errors, until it returns or `stop` is called.

    If it is `kept`, the end of asyncio's event loop does not cancel it either; then somebody has to wait for it.
    """

    def __init__(self, work: Callable[[], Awaitable[None]], *, kept: bool = False) -> None:
        self._kept = kept
        self._work = work
        self._scope = CancelScope()
        self._ended = Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def ended(self) -> bool:
        return self._ended.is_set()

    @property
    def stopping(self) -> bool:
        """Whether `stop` was called."""
        return self._scope.cancel_called

    async def wait(self) -> None:
        """Wait until the work has ended."""
        await self._ended.wait()

    def start(self) -> None:
        loop = asyncio._get_running_loop()
        if loop is not None:
            self._task = loop.create_task(self._run())  # held here: the loop itself holds tasks weakly
            # A task that is cancelled before its first turn runs nothing, not even its `finally`.
            self._task.add_done_callback(lambda _: self._ended.set())
            if self._kept:
                keep(self._task)
        else:
            import trio

            # No nursery of the caller's is open here. A system task may begin anywhere, and `stop` ends it.
            trio.lowlevel.spawn_system_task(self._run, context=copy_context())

    async def _run(self) -> None:
        """Swallows a cancellation that comes from outside, as at the end of `asyncio.run`: nobody else waits for it."""
        try:
            with self._scope:
                await self._work()
        except get_cancelled_exc_class():
            if self._task is None:
                raise  # trio ends its system tasks by this, and wants it back
        finally:
            self._ended.set()

    def cancel(self) -> None:
        """Cancel the work without waiting for its end."""
        self._scope.cancel()

    async def stop(self) -> None:
        """Cancel the work, and wait until it has ended, also if this is itself cancelled meanwhile."""
        self._scope.cancel()
        await wait_for_event(self._ended)

    async def finish(self) -> None:
        """Wait until the work has ended, also if this is cancelled meanwhile."""
        await wait_for_event(self._ended)
