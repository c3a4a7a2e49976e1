"""Work that must be completed even if its caller is cancelled, such as removing a container that was just created."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakKeyDictionary

import anyio

from .._background import keep
from .._log import log
from ..errors import ConnectError, RawdockError, ServerError, TruncatedError

if TYPE_CHECKING:
    from .._resources import Operations

__all__ = ["IDLE_WAIT", "MAX_WAIT", "CleanupLimit", "cleanup_limit_of", "is_no_answer", "run_to_completion"]

T = TypeVar("T")

IDLE_WAIT = 20.0
"""Seconds to wait for an Engine that makes no progress. Podman alone may take ten to end a container."""

MAX_WAIT = 6 * IDLE_WAIT
"""Seconds to wait in all, for an Engine that is busy but makes progress."""


_PROXY_STATUSES = (502, 503, 504)
"""What a proxy answers while the Engine is not there."""

_PAUSES = (0.05, 1.0)
"""Seconds before the second attempt, and the most before any later one."""


def is_no_answer(error: RawdockError) -> bool:
    """Whether an error only says that the Engine is not there, as while it is started anew: later it may be."""
    if isinstance(error, ServerError):
        return error.status in _PROXY_STATUSES
    return isinstance(error, (ConnectError, TruncatedError))


class CleanupLimit:
    """The time limit for cleaning up on one Engine, which may be busy with a hundred commands or may hang.

    Cleanup is given up if no cleanup on that Engine has made progress for IDLE_WAIT seconds, and after MAX_WAIT
    seconds in any case.
    """

    def __init__(self) -> None:
        self._scopes: dict[anyio.CancelScope, float] = {}

    @contextmanager
    def apply(self) -> Generator[None, None, None]:
        """Cancel the block when its time is over."""
        start = anyio.current_time()
        with anyio.CancelScope(deadline=start + IDLE_WAIT) as scope:
            self._scopes[scope] = start + MAX_WAIT
            try:
                yield
            finally:
                del self._scopes[scope]

    def extend(self) -> None:
        """The Engine has made progress: extend all open limits."""
        deadline = anyio.current_time() + IDLE_WAIT
        for scope, latest in self._scopes.items():
            scope.deadline = min(deadline, latest)

    async def try_until_answered(self, work: Callable[[], Awaitable[T]], title: str) -> T:
        """What `work` gives, which is tried again as long as the Engine does not answer; for a block with a limit."""
        pause, longest = _PAUSES
        tried = False
        while True:
            try:
                return await work()
            except RawdockError as error:
                if not is_no_answer(error):
                    raise
                if not tried:
                    log.warning("%s: cleaning up is tried again until the Engine answers: %s", title, error)
                tried = True
            await anyio.sleep(pause)
            pause = min(2 * pause, longest)


_cleanup_limits: WeakKeyDictionary[Operations, CleanupLimit] = WeakKeyDictionary()


def cleanup_limit_of(docker: Operations) -> CleanupLimit:
    """The limit that is shared by all work with this client."""
    return _cleanup_limits.setdefault(docker, CleanupLimit())


async def run_to_completion(
    work: Callable[[], Awaitable[T]], *, max_wait: float | None = None, repeatable: bool = False
) -> T:
    """Run `work` to completion even if the caller is cancelled, and return its result if the caller was not.

    After a cancellation the work has `max_wait` seconds left, by default IDLE_WAIT. It runs in a task of its own,
    because a shielded scope does not protect from asyncio's `Task.cancel`, and that task is not among those that the
    end of the event loop cancels. If something ends it all the same, as a second Ctrl-C may, `repeatable` work is
    begun again while time is left.
    """
    max_wait = IDLE_WAIT if max_wait is None else max_wait
    if asyncio._get_running_loop() is None:
        return await _run_in_task_group(work, max_wait)
    # Every `execute` comes through here, and anyio's task groups take several times as long as a bare task.
    task = _begin(work)
    caller = asyncio.current_task()
    assert caller is not None
    cancellations = caller.cancelling()
    try:
        return await asyncio.shield(task)
    except (asyncio.CancelledError, KeyboardInterrupt, SystemExit) as error:
        # asyncio has raised an interrupt of the work out of its loop already. If it came out once more, out of the
        # closing of the loop, that would end, and with it the cleaning up of all other tasks.
        was_raised = task.done() and not task.cancelled() and task.exception() is error
        deadline = anyio.current_time() + max_wait
        await _wait_for(task, deadline)
        while repeatable and _was_interrupted(task) and anyio.current_time() < deadline:
            task = _begin(work)
            await _wait_for(task, deadline)
        is_own = caller.cancelling() > cancellations or not (was_raised or isinstance(error, asyncio.CancelledError))
        if is_own or _was_interrupted(task):
            if was_raised:
                raise asyncio.CancelledError from error
            raise
    return task.result()


def _begin(work: Callable[[], Awaitable[T]]) -> asyncio.Task[T]:
    task = asyncio.ensure_future(_coroutine(work))
    keep(task)
    return task


async def _coroutine(work: Callable[[], Awaitable[T]]) -> T:
    return await work()


def _was_interrupted(task: asyncio.Task[T]) -> bool:
    """Whether a task has neither a result nor an error of its own."""
    return task.cancelled() or isinstance(task.exception(), (KeyboardInterrupt, SystemExit))


async def _wait_for(task: asyncio.Task[T], deadline: float) -> None:
    """Wait for the task, however often the caller is cancelled, and cancel it at the deadline."""
    with anyio.CancelScope(shield=True):
        while not task.done():
            if anyio.current_time() >= deadline:
                task.cancel()
            try:
                await asyncio.wait((task,), timeout=max(deadline - anyio.current_time(), 1.0))
            except asyncio.CancelledError:
                continue
    if not task.cancelled():
        task.exception()  # so that asyncio does not report it as never retrieved


async def _run_in_task_group(work: Callable[[], Awaitable[T]], max_wait: float) -> T:
    results: list[T] = []
    errors: list[Exception] = []
    done = anyio.Event()
    scope = anyio.CancelScope(shield=True)

    async def run() -> None:
        with scope:
            try:
                results.append(await work())
            except Exception as error:
                errors.append(error)
        done.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run)
        try:
            await done.wait()
        except BaseException:
            scope.deadline = anyio.current_time() + max_wait
            raise
    for error in errors:
        raise error
    return results[0]
