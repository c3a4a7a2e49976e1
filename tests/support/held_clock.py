"""Event loops whose clock does not advance by itself: it jumps to the next deadline when no task can do anything.

A test with `@pytest.mark.held_clock` runs on them. Deadlines of minutes pass at once, and a busy machine makes no
difference: no time passes while anything is left to do, in a task or in a worker thread. Other processes are not seen:
whatever else such a test waits for must happen in its own event loop (as sockets between its own tasks do).
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from math import inf
from typing import Any

import anyio.to_thread
import pytest
import sniffio
import trio.testing

__all__ = ["HeldClockLoop", "held_trio_clock", "wait_for_worker_threads"]

_busy_threads = 0


@contextmanager
def _busy_thread() -> Iterator[None]:
    """The clock stands still in this block."""
    global _busy_threads
    _busy_threads += 1
    clock = trio.lowlevel.current_clock() if sniffio.current_async_library() == "trio" else None
    if isinstance(clock, trio.testing.MockClock):
        clock.autojump_threshold = inf
    try:
        yield
    finally:
        _busy_threads -= 1
        if isinstance(clock, trio.testing.MockClock) and not _busy_threads:
            clock.autojump_threshold = 0


def wait_for_worker_threads(patch: pytest.MonkeyPatch) -> None:
    """Let the clock stand still while a worker thread of anyio runs."""
    original = anyio.to_thread.run_sync

    async def run_sync(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        with _busy_thread():
            return await original(function, *arguments, **options)

    patch.setattr(anyio.to_thread, "run_sync", run_sync)


_STEP = 1e-6
"""Seconds that a jump goes beyond a deadline. Sums of floats are not exact, and code that sleeps until a certain time
would otherwise wake up just before it, for ever.
"""
SPINNING = 1000
"""Turns of the loop in a row without any event, after which it counts as idle.

On asyncio, anyio cancels the tasks of a cancelled scope again at each turn, even while they wait in a shielded scope.
"""


class _JumpingSelector(selectors.DefaultSelector):  # type: ignore[misc,valid-type]
    """Polls for events, and skips the time in which there are none."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.next_deadline: Callable[[], float] = lambda: self.now
        self._turns = 0

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None or (_busy_threads and timeout > 0):
            return super().select(None)
        events = super().select(0)
        self._turns = 0 if events or timeout > 0 or _busy_threads else self._turns + 1
        if not events:
            self.now += timeout + _STEP if timeout > 0 else 0.0
        if self._turns >= SPINNING:
            self._turns = 0
            self.now = max(self.now, self.next_deadline())
        return events


class HeldClockLoop(asyncio.SelectorEventLoop):
    """An event loop of asyncio whose clock jumps."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)
        self._jumping.next_deadline = lambda: min((one.when() for one in self._scheduled), default=0.0)
        self._clock_resolution = _STEP

    def time(self) -> float:
        return self._jumping.now

    async def _in_executor(self, future: asyncio.Future[Any]) -> Any:
        with _busy_thread():
            return await future

    def run_in_executor(self, executor: Executor | None, func: Callable[..., Any], *args: Any) -> Any:
        return self.create_task(self._in_executor(super().run_in_executor(executor, func, *args)))


def held_trio_clock() -> trio.testing.MockClock:
    """The same for trio; each event loop needs its own. It also advances slowly, for the same reason as `_STEP`."""
    return trio.testing.MockClock(rate=1e-4, autojump_threshold=0)
