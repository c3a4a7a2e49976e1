"""A task that belongs to an object and not to a task group of the caller's, on asyncio and trio."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import copy_context

from anyio import CancelScope, Event, get_cancelled_exc_class

__all__ = ["BackgroundTask"]


class BackgroundTask:
    """Runs `work`, which handles its own errors, until it returns or `stop` is called."""

    def __init__(self, work: Callable[[], Awaitable[None]]) -> None:
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
            self._task = loop.create_task(self._run())  # kept: the loop itself holds tasks weakly
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

    async def stop(self) -> None:
        """Cancel the work, and wait until it has ended, also if this is itself cancelled meanwhile."""
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
