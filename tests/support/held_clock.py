"""Event loops whose clock does not advance by itself: it jumps to the next deadline when no task can do anything.

A test with `@pytest.mark.held_clock` runs on them. Deadlines of minutes pass at once, and a busy machine makes no
difference: no time passes while a task or a worker thread has something to do. The clock does not know about other
processes: everything else that such a test waits for must happen in its own event loop, like sockets between its tasks.
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

from rawdock import _daemon_threads

__all__ = ["HeldClockLoop", "held_trio_clock", "wait_for_worker_threads"]

_busy_threads = 0


@contextmanager
def _busy_thread() -> Iterator[None]:
    """Stop the clock in this block."""
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
    """Stop the clock while a worker thread of anyio or of rawdock runs."""
    for module in (anyio.to_thread, _daemon_threads):
        patch.setattr(module, "run_sync", _stopping(module.run_sync))


def _stopping(original: Callable[..., Any]) -> Callable[..., Any]:
    async def run_sync(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        with _busy_thread():
            return await original(function, *arguments, **options)

    return run_sync


_STEP = 1e-6
"""How many seconds a jump goes beyond a deadline. Sums of floats are not exact, so code that sleeps until a certain
time could otherwise wake up just before it, again and again.
"""
SPINNING = 1000
"""Turns of the loop in a row without any event, after which it counts as idle.

On asyncio, anyio cancels the tasks of a cancelled scope in each turn, even while they wait in a shielded scope.
"""


class _JumpingSelector(selectors.DefaultSelector):  # type: ignore[misc,valid-type]
    """Polls for events, and advances the clock instead of waiting."""

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
    """A clock like that of `HeldClockLoop` for trio; each event loop needs its own. Its small `rate` is needed for the
    same reason as `_STEP`.
    """
    return trio.testing.MockClock(rate=1e-4, autojump_threshold=0)
