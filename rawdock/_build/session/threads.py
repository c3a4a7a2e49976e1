"""File work in worker threads, each of which is waited for, whatever kind of cancellation comes meanwhile."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

import anyio
import anyio.to_thread

__all__ = ["run_in_thread"]

T = TypeVar("T")

_LOOK_AGAIN = 0.005
"""Seconds between two looks at a thread whose caller was cancelled."""


class _Work(Generic[T]):
    """Work that either never begins or is known to have ended."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._lock = threading.Lock()
        self._begun = self._given_up = False
        self._ended = threading.Event()

    def __call__(self) -> T:
        with self._lock:
            if self._given_up:
                raise RuntimeError("given up before it began")  # seen by nobody: the caller was cancelled
            self._begun = True
        try:
            return self._work()
        finally:
            self._ended.set()

    def give_up(self) -> None:
        """Not to begin any more."""
        with self._lock:
            self._given_up = True

    @property
    def running(self) -> bool:
        return self._begun and not self._ended.is_set()


async def run_in_thread(work: Callable[[], T]) -> T:
    """Run `work` in a worker thread. However this ends, the thread does no more of it.

    anyio shields the wait for a thread from scopes that are cancelled, but not from asyncio's own `Task.cancel`.
    """
    call = _Work(work)
    try:
        return await anyio.to_thread.run_sync(call)
    except BaseException:
        call.give_up()
        with anyio.CancelScope(shield=True):
            while call.running:
                try:
                    await anyio.sleep(_LOOK_AGAIN)
                except asyncio.CancelledError:
                    continue
        raise
