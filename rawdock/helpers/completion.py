"""Work that must come to its end: what would be left behind without it cannot be found again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakKeyDictionary

import anyio

if TYPE_CHECKING:
    from .._resources import Operations

__all__ = ["LIMIT", "PATIENCE", "Patience", "patience_of", "run_to_completion"]

T = TypeVar("T")

PATIENCE = 20.0
"""Seconds that such work may still take when its caller is cancelled. Podman alone may take ten to end a container."""

LIMIT = 6 * PATIENCE
"""Seconds that it may take in all where the Engine is busy and gets on with it."""


class Patience:
    """How long one Engine is waited for: it may be busy with ending a hundred commands, or it may hang.

    Work is given up when no work of its kind has got on for PATIENCE seconds, and after LIMIT seconds in any case.
    """

    def __init__(self) -> None:
        self._scopes: dict[anyio.CancelScope, float] = {}

    @contextmanager
    def limit(self) -> Generator[None, None, None]:
        """Give up what is in the block when it is time to."""
        began = anyio.current_time()
        with anyio.CancelScope(deadline=began + PATIENCE) as scope:
            self._scopes[scope] = began + LIMIT
            try:
                yield
            finally:
                del self._scopes[scope]

    def renew(self) -> None:
        """The Engine has got on: whoever waits for it waits on."""
        end = anyio.current_time() + PATIENCE
        for scope, limit in self._scopes.items():
            scope.deadline = min(end, limit)


_patiences: WeakKeyDictionary[Operations, Patience] = WeakKeyDictionary()


def patience_of(docker: Operations) -> Patience:
    """The one that all work with this client has in common."""
    return _patiences.setdefault(docker, Patience())


async def run_to_completion(work: Callable[[], Awaitable[T]], *, patience: float | None = None) -> T:
    """Do it to its end, though the caller is cancelled meanwhile, and give its result unless the caller was.

    In a task of its own: a shield alone does not keep off asyncio's own `Task.cancel`. It has `patience` seconds from
    that moment on, PATIENCE unless said otherwise.
    """
    patience = PATIENCE if patience is None else patience
    if asyncio._get_running_loop() is None:
        return await _in_a_group(work, patience)
    # Every `execute` comes through here, and anyio's task groups take several times as long as a bare task.
    task = asyncio.ensure_future(_awaited(work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await _waited_for(task, patience)
        raise


async def _awaited(work: Callable[[], Awaitable[T]]) -> T:
    return await work()


async def _waited_for(task: asyncio.Task[T], patience: float) -> None:
    """Wait for its end, but not for ever, however often the caller is cancelled; what comes of it is of no use."""
    end = anyio.current_time() + patience
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


async def _in_a_group(work: Callable[[], Awaitable[T]], patience: float) -> T:
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
            scope.deadline = anyio.current_time() + patience
            raise
    for error in errors:
        raise error
    return results[0]
