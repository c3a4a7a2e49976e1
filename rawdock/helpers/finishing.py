"""Work that must come to its end: what would be left behind without it cannot be found again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

__all__ = ["PATIENCE", "finished"]

T = TypeVar("T")

PATIENCE = 20.0
"""Seconds that such work may still take when its caller is cancelled. Podman alone may take ten to end a container."""


async def finished(work: Callable[[], Awaitable[T]]) -> T:
    """Do it to its end, though the caller is cancelled meanwhile, and give its result unless the caller was.

    In a task of its own: a shield alone does not keep off asyncio's own `Task.cancel`.
    """
    if asyncio._get_running_loop() is None:
        return await _in_a_group(work)
    # Every `execute` comes through here, and anyio's task groups take several times as long as a bare task.
    task = asyncio.ensure_future(_awaited(work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await _waited_for(task)
        raise


async def _awaited(work: Callable[[], Awaitable[T]]) -> T:
    return await work()


async def _waited_for(task: asyncio.Task[T]) -> None:
    """Wait for its end, but not for ever, however often the caller is cancelled; what comes of it is of no use."""
    end = anyio.current_time() + PATIENCE
    with anyio.CancelScope(shield=True):
        while not task.done():
            if anyio.current_time() >= end:
                task.cancel()
            try:
                await asyncio.wait((task,), timeout=max(end - anyio.current_time(), 1.0))
            except asyncio.CancelledError:
                continue
    if not task.cancelled():
        task.exception()  # looked at, so that asyncio does not complain


async def _in_a_group(work: Callable[[], Awaitable[T]]) -> T:
    results: list[T] = []
    errors: list[Exception] = []
    done = anyio.Event()
    scope = anyio.CancelScope(shield=True)

    async def do() -> None:
        with scope:
            try:
                results.append(await work())
            except Exception as error:
                errors.append(error)
        done.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(do)
        try:
            await done.wait()
        except BaseException:
            scope.deadline = anyio.current_time() + PATIENCE
            raise
    for error in errors:
        raise error
    return results[0]
