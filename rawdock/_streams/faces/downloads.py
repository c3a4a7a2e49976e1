"""Bytes as they are: downloads, and connections that speak a protocol of their own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING

from ...errors import DecodeError, InvalidArgument, RawdockError
from ..answer import Answer
from .items import Items

if TYPE_CHECKING:
    from ...models import ArchiveStat

__all__ = ["ArchiveStream", "Chunks"]


class Chunks(Items[bytes]):
    """Iterate to get the bytes as they come. Where they are cut means nothing."""

    async def read(self, limit: int) -> bytes:
        """All that is left, in one piece; a DecodeError if that is more than `limit` bytes."""
        parts: list[bytes] = []
        size = 0
        async for part in self:
            parts.append(part)
            size += len(part)
            if size > limit:
                raise self._answer.error(DecodeError(f"the answer is larger than {limit} bytes"))
        return b"".join(parts)

    async def write_to(self, write: Callable[[memoryview], object]) -> int:
        """Give all that is left to `write`, as it comes; returns how many bytes that was.

        `write` is `file.write`, `hash.update`, or any function that takes bytes and is done with them when it returns:
        they are a view of memory that is used again. Nothing is copied or kept, which is the fastest way to read. It
        is called on the event loop, so where a write may take long, as to a slow disk, iterate instead, and write in a
        thread. A function that returns a number writes so many bytes at a time, and is called again for the rest. What
        it raises is raised here, and ends the stream. When this is cancelled, the stream goes on behind what was
        written.
        """
        if not callable(write):
            raise InvalidArgument(f"write_to: expected a function, as file.write, got {type(write).__name__}")
        total = 0

        def sink(view: memoryview) -> None:
            nonlocal total
            done = write(view)
            if done is not None:
                _write_rest(write, view, done)
            total += len(view)
            view.release()

        items, self._items = self._items, []
        while items:
            sink(memoryview(items.pop()))
        await self._answer.pour(sink)
        return total


def _write_rest(write: Callable[[memoryview], object], view: memoryview, done: object) -> None:
    """Files without a buffer may write less than they are given, and say how much."""
    while type(done) is int and done < len(view):
        if done <= 0:
            raise InvalidArgument(f"write_to: the function wrote {done} of {len(view)} bytes")
        view = view[done:]
        done = write(view)
    if isinstance(done, Awaitable):
        if isinstance(done, Coroutine):
            done.close()
        raise InvalidArgument("write_to: expected a function that writes at once; for an async one iterate")


class ArchiveStream(Chunks):
    """A tar archive of a path inside a container."""

    def __init__(self, answer: Answer, value_limit: int) -> None:
        super().__init__(answer, value_limit)
        from ..._answers.archive_stat import stat_of

        try:
            self.stat: ArchiveStat = stat_of(answer.response)
            """What the path is."""
        except RawdockError as error:
            raise answer.error(error) from error.__cause__
