"""Tasks that belong to one call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio

__all__ = ["run_beside"]

_Work = Callable[[], Awaitable[None]]


async def run_beside(main: _Work, *others: _Work) -> None:
    """Run them at the same time until `main` returns or one of them fails, then cancel the rest.

    Raises the first error as it is, in no group.
    """
    errors: list[Exception] = []
    async with anyio.create_task_group() as tasks:

        async def guarded(work: _Work) -> None:
            try:
                await work()
            except Exception as error:
                errors.append(error)
                tasks.cancel_scope.cancel()

        for other in others:
            tasks.start_soon(guarded, other)
        await guarded(main)
        tasks.cancel_scope.cancel()
    if errors:
        raise errors[0]
