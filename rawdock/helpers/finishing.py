"""Work that must come to its end: what would be left behind without it cannot be found again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

__all__ = ["finished"]

T = TypeVar("T")


async def finished(work: Callable[[], Awaitable[T]]) -> T:
    """Do it to its end, though the caller is cancelled meanwhile, and give its result unless the caller was.

    In a task of its own: a shield alone does not keep off asyncio's own `Task.cancel`.
    """
    results: list[T] = []
    errors: list[Exception] = []

    async def do() -> None:
        with anyio.CancelScope(shield=True):
            try:
                results.append(await work())
            except Exception as error:
                errors.append(error)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(do)
    for error in errors:
        raise error
    return results[0]
