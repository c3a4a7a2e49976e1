"""Worker threads that the end of the program does not wait for, on asyncio as on trio.

anyio's own threads on asyncio are no daemons: one that waits for a pipe or a dead network folder would keep the program
from ending. Trio's are daemons already.
"""

from __future__ import annotations

import asyncio
import os
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from typing import Any, TypeVar

import anyio.to_thread

__all__ = ["run_sync"]

T = TypeVar("T")

_IDLE_TIME = 10.0
"""Seconds after which a thread without work ends."""


async def run_sync(work: Callable[[], T]) -> T:
    """Run `work` in a worker thread. If this is cancelled, the thread goes on and nobody learns how it ends."""
    loop = asyncio._get_running_loop()
    if loop is None:
        return await anyio.to_thread.run_sync(work, abandon_on_cancel=True)
    async with anyio.to_thread.current_default_thread_limiter():
        future: asyncio.Future[T] = loop.create_future()
        try:
            worker = _idle.pop()
        except IndexError:
            worker = _Worker()
            worker.start()
        worker.jobs.put((loop, future, partial(copy_context().run, work)))
        return await future


class _Worker(threading.Thread):
    def __init__(self) -> None:
        super().__init__(name="rawdock file work", daemon=True)
        self.jobs: queue.SimpleQueue[tuple[asyncio.AbstractEventLoop, asyncio.Future[Any], Callable[[], Any]]]
        self.jobs = queue.SimpleQueue()

    def run(self) -> None:
        while True:
            try:
                loop, future, work = self.jobs.get(timeout=_IDLE_TIME)
            except queue.Empty:
                try:
                    _idle.remove(self)
                except ValueError:
                    continue  # it was just given work
                return
            result, error = None, None
            try:
                if not future.cancelled():
                    result = work()
            except BaseException as raised:
                error = raised
            _idle.append(self)
            with suppress(RuntimeError):  # the event loop is closed, so nobody waits
                loop.call_soon_threadsafe(_end, future, result, error)
            del loop, future, work, result, error


def _end(future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if future.done():
        return  # cancelled
    if error is None:
        future.set_result(result)
    elif isinstance(error, StopIteration):  # a future takes none
        wrapped = RuntimeError("the work raised StopIteration")
        wrapped.__cause__ = error
        future.set_exception(wrapped)
    else:
        future.set_exception(error)


_idle: list[_Worker] = []
os.register_at_fork(after_in_child=_idle.clear)  # these threads are the parent's: nobody would do the work
