"""File work in worker threads, each of which is waited for, whatever kind of cancellation comes meanwhile.

Each switch to a thread is expensive, so small pieces are collected into batches. Only one batch is in memory.
"""

from __future__ import annotations

import threading
import time
import zlib
from collections.abc import AsyncIterable, AsyncIterator, Callable, Generator
from functools import partial
from typing import Any, Generic, TypeVar

import anyio

from . import _daemon_threads
from ._iterators import close_iterator
from ._log import log

__all__ = ["READ_BATCH", "WRITE_BATCH", "Batches", "FileWork", "run_in_thread", "write_in_threads"]

T = TypeVar("T")

READ_BATCH = 256 * 1024
"""About how many bytes a thread reads at once."""
WRITE_BATCH = 1 << 20
"""About how many bytes a thread writes at once. More than for reading, since receiving them costs little."""

PATIENCE = 20.0
"""Seconds in which a thread must end once nobody wants its result. One that waits for a pipe or a dead network folder
cannot be ended."""

_LOOK_AGAIN = 0.005
"""Seconds between two looks at a thread whose caller was cancelled."""


class _DoneOnce(Exception):
    """Work was given up or begun before. Nobody sees this: the caller was cancelled."""


class _Work(Generic[T]):
    """Work that is done once or never."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._lock = threading.Lock()
        self._begun = self._given_up = False
        self._ended = threading.Event()
        self._then: Callable[[], None] | None = None

    def __call__(self) -> T:
        with self._lock:
            if self._given_up or self._begun:
                raise _DoneOnce
            self._begun = True
        try:
            return self._work()
        finally:
            with self._lock:
                self._ended.set()
                then = self._then
            if then is not None:
                then()

    def give_up(self) -> None:
        """Not to begin any more."""
        with self._lock:
            self._given_up = True

    @property
    def begun(self) -> bool:
        return self._begun

    @property
    def running(self) -> bool:
        return self._begun and not self._ended.is_set()

    def then(self, last: Callable[[], None]) -> bool:
        """Have `last` called in the same thread when the work has ended; False if it does not run."""
        with self._lock:
            if self.running:
                self._then = last
            return self.running


class FileWork:
    """The work on some files in worker threads, one piece after the other, of which none is lost sight of.

    anyio shields the wait for a thread from scopes that are cancelled, but not from asyncio's own `Task.cancel`; and a
    shield would wait for ever for a thread that cannot go on.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._last: _Work[Any] | None = None

    async def run(self, work: Callable[[], T], stop: Callable[[], None] | None = None) -> T:
        """Run `work` in a worker thread. However this ends, the thread does no more of it, unless patience has ended.

        Then a thread is left alone, and the logger `rawdock` is told. `stop` is called, in the thread of the event
        loop, if this is cancelled: it makes the work end soon.
        """
        call = _Work(work)
        self._last = call
        try:
            return await _daemon_threads.run_sync(call)
        except BaseException:
            call.give_up()
            if stop is not None:
                stop()
            await self._wait(call)
            raise

    async def close(self, close: Callable[[], None]) -> None:
        """Run `close` in a worker thread, also if this is cancelled before or meanwhile. If an earlier piece still
        runs, `close` runs behind it, whenever that is."""
        if self._last is not None and self._last.then(close):
            return
        call = _Work(close)
        cancelled: BaseException | None = None
        while not call.begun:
            try:
                with anyio.CancelScope(shield=True), anyio.move_on_after(PATIENCE):
                    await _daemon_threads.run_sync(call)
                break
            except _DoneOnce:  # by the thread of the turn before
                break
            except anyio.get_cancelled_exc_class() as error:
                cancelled = error
        await self._wait(call)
        if cancelled is not None:
            raise cancelled

    async def _wait(self, call: _Work[T]) -> None:
        """Wait for a thread until patience ends, however often the caller is cancelled."""
        end = time.monotonic() + PATIENCE  # not by the event loop's clock, which a thread knows nothing of
        with anyio.CancelScope(shield=True):
            while call.running:
                if time.monotonic() >= end:
                    log.warning("%s: a thread waits for the files for %g s and is left alone", self._what, PATIENCE)
                    return
                try:
                    await anyio.sleep(_LOOK_AGAIN)
                except anyio.get_cancelled_exc_class():
                    continue


async def run_in_thread(work: Callable[[], T], what: str = "file work", stop: Callable[[], None] | None = None) -> T:
    """Run `work`, which leaves nothing open, in a worker thread, as `FileWork.run` does."""
    return await FileWork(what).run(work, stop)


class Batches:
    """A body to send: the pieces of a generator that runs in worker threads, compressed or not. Iterate once."""

    def __init__(
        self, pieces: Generator[bytes, None, None], *, compress: bool = False, what: str = "an upload"
    ) -> None:
        self._pieces = pieces
        self._work = FileWork(what)
        self._gzip = zlib.compressobj(wbits=31) if compress else None
        self._ended = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        while not self._ended:
            if batch := await self._work.run(self._batch):
                return batch
        raise StopAsyncIteration

    def _batch(self) -> bytes:
        batch: list[bytes] = []
        size = 0
        for piece in self._pieces:
            batch.append(piece)
            size += len(piece)
            if size >= READ_BATCH:
                break
        else:
            self._ended = True
        data = b"".join(batch)
        if self._gzip is None:
            return data
        return self._gzip.compress(data) + (self._gzip.flush() if self._ended else b"")

    async def aclose(self) -> None:
        """Close the generator, now or when the thread that reads from it has ended."""
        self._ended = True
        await self._work.close(self._pieces.close)


async def write_in_threads(
    parts: AsyncIterable[bytes], write: Callable[[list[bytes]], None], work: FileWork | None = None
) -> None:
    """Call `write` in worker threads with batches of `parts`, as pieces of `work`. After an error no more is read."""
    work = work or FileWork("a download")
    batch: list[bytes] = []
    size = 0
    incoming = aiter(parts)
    try:
        async for part in incoming:
            batch.append(part)
            size += len(part)
            if size >= WRITE_BATCH:
                await work.run(partial(write, batch))
                batch, size = [], 0
        await work.run(partial(write, batch))
    except BaseException:
        await close_iterator(incoming)
        raise
