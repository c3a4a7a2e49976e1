"""Bytes on their way between the event loop and the worker threads that read and write files.

The way costs more than a small piece is worth, so pieces go together, in batches; nothing is held but one.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterable, AsyncIterator, Callable, Generator
from functools import partial

import anyio
import anyio.to_thread

from ._iterators import close_iterator

__all__ = ["BATCH", "TAKEN", "Batches", "hand_over"]

BATCH = 256 * 1024
"""How much is read at once and goes together, about."""
TAKEN = 1 << 20
"""How much is handed over at once. What comes is cheap to receive, so that the way to the thread weighs more."""


class Batches:
    """What a generator makes in worker threads, as a body to send, as it is or as gzip; iterate once."""

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
            if size >= BATCH:
                break
        else:
            self._ended = True
        data = b"".join(batch)
        if self._gzip is None:
            return data
        return self._gzip.compress(data) + (self._gzip.flush() if self._ended else b"")

    async def aclose(self) -> None:
        """Close what is open. A batch that is being read is waited for: that is where an iteration is cancelled."""
        self._ended = True
        self._pieces.close()


async def hand_over(parts: AsyncIterable[bytes], take: Callable[[list[bytes]], None]) -> None:
    """Call `take` in worker threads with what comes. After an error nothing more is asked for."""
    held: list[bytes] = []
    size = 0
    incoming = aiter(parts)
    try:
        async for part in incoming:
            held.append(part)
            size += len(part)
            if size >= TAKEN:
                await anyio.to_thread.run_sync(partial(take, held))
                held, size = [], 0
        await anyio.to_thread.run_sync(partial(take, held))
    except BaseException:
        await close_iterator(incoming)
        raise
