"""Cancels work after any number of turns of the event loop, and counts what is left open."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

__all__ = ["NATIVE", "cancelled_at", "descriptors", "open_files", "task_cancelled_at"]

_NEVER = 1e6
"""Seconds of a deadline that a test brings about itself, after some turns of the event loop."""


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


async def cancelled_at(n: int, work: Callable[[], Awaitable[None]]) -> bool:
    """Cancel `work` after `n` turns of the event loop. False if it finished before that."""
    finished = False

    async def run() -> None:
        nonlocal finished
        await work()
        finished = True

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run)
        for _ in range(n):
            await checkpoint()
        tasks.cancel_scope.cancel()
    return not finished


async def task_cancelled_at(n: int, work: Callable[[], Coroutine[None, None, None]]) -> bool:
    """Like `cancelled_at`, with asyncio's own `Task.cancel`, which cancels only once."""
    task = asyncio.create_task(work())
    for _ in range(n):
        await asyncio.sleep(0)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        return True
    return False


async def timeout_at(n: int, work: Callable[[], Coroutine[None, None, None]]) -> bool:
    """Like `cancelled_at`, with an `asyncio.timeout` that passes after `n` turns."""

    async def limited() -> None:
        async with asyncio.timeout(_NEVER):
            await work()

    return await _late_after(n, limited)


async def wait_for_at(n: int, work: Callable[[], Coroutine[None, None, None]]) -> bool:
    """Like `cancelled_at`, with an `asyncio.wait_for` whose time is over after `n` turns."""
    return await _late_after(n, lambda: asyncio.wait_for(work(), _NEVER))


async def _late_after(n: int, work: Callable[[], Coroutine[None, None, None]]) -> bool:
    """Run work that has set a timer of `_NEVER` seconds; the timer goes off after `n` turns."""
    loop = asyncio.get_running_loop()
    call_at = loop.call_at
    deadlines: list[Callable[[], None]] = []

    def keep(when: float, callback: Callable[..., object], *args: Any, **more: Any) -> asyncio.TimerHandle:
        handle = call_at(when, callback, *args, **more)
        if when - loop.time() > _NEVER / 2:
            deadlines.append(lambda: None if handle.cancelled() else (handle.cancel(), callback(*args))[0])
        return handle

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "call_at", keep)
        task = asyncio.create_task(work())
        for _ in range(n + 1):  # the first one sets the timer
            await asyncio.sleep(0)
        for expire in deadlines:
            expire()
        try:
            await task
        except TimeoutError:
            return True
    return False


NATIVE = {"Task.cancel": task_cancelled_at, "asyncio.timeout": timeout_at, "wait_for": wait_for_at}
"""asyncio's own ways to cancel: each cancels once, and does not repeat it as a scope does."""


def open_files(folder: Path) -> list[str]:
    """The open files of this process that are in the folder."""
    found = []
    for one in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{one}")
        except OSError:
            continue
        if target.startswith(str(folder)):
            found.append(target)
    return found
