"""Passing bytes between the event loop and worker threads that read and write files.

Each switch to a thread is expensive, so small pieces are collected into batches. Only one batch is batch in memory.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterable, AsyncIterator, Callable, Generator
from functools import partial

import anyio
import anyio.to_thread

from ._iterators import close_iterator

__all__ = ["READ_BATCH", "WRITE_BATCH", "Batches", "write_in_threads"]

READ_BATCH = 256 * 1024
"""About how many bytes a thread reads at once."""
WRITE_BATCH = 1 << 20
"""About how many bytes a thread writes at once. More than for reading, since receiving them costs little."""


class Batches:
    """A body to send: the pieces of a generator that runs in worker threads, compressed or not. Iterate once."""

    def __init__(self, pieces: Generator[bytes, None, None], *, compress: bool = False) -> None:
        self._pieces = pieces
        self._gzip = zlib.compressobj(wbits=31) if compress else None
        self._ended = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        while not self._ended:
            if batch := await anyio.to_thread.run_sync(self._batch):
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
        """Close the generator. Cancelling an iteration waits until the thread has read its batch."""
        self._ended = True
        self._pieces.close()


async def write_in_threads(parts: AsyncIterable[bytes], write: Callable[[list[bytes]], None]) -> None:
    """Call `write` in worker threads with batches of `parts`. After an error no more parts are read."""
    batch: list[bytes] = []
    size = 0
    incoming = aiter(parts)
    try:
        async for part in incoming:
            batch.append(part)
            size += len(part)
            if size >= WRITE_BATCH:
                await anyio.to_thread.run_sync(partial(write, batch))
                batch, size = [], 0
        await anyio.to_thread.run_sync(partial(write, batch))
    except BaseException:
        await close_iterator(incoming)
        raise
