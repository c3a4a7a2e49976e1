"""Cancels work after any number of turns of the event loop, and counts what is left open."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path

import anyio
from anyio.lowlevel import checkpoint

__all__ = ["cancelled_at", "descriptors", "open_files", "task_cancelled_at"]


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
    """The same with asyncio's own `Task.cancel`, which cancels once and is not repeated."""
    task = asyncio.create_task(work())
    for _ in range(n):
        await asyncio.sleep(0)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        return True
    return False


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
