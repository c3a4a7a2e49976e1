"""Streams of bytes: downloads, and upgraded connections."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING

from ...errors import DecodeError, InvalidArgument, RawdockError
from ..answer import Answer
from .items import ItemStream

if TYPE_CHECKING:
    from ...models import ArchiveStat

__all__ = ["ArchiveStream", "Chunks"]


class Chunks(ItemStream[bytes]):
    """Iterate to get the bytes as they come. They may be cut anywhere."""

    async def read(self, limit: int) -> bytes:
        """The rest as one `bytes`; a DecodeError if that is more than `limit` bytes."""
        parts: list[bytes] = []
        size = 0
        async for part in self:
            parts.append(part)
            size += len(part)
            if size > limit:
                raise self._answer.add_request(DecodeError(f"the answer is larger than {limit} bytes"))
        return b"".join(parts)

    async def write_to(self, write: Callable[[memoryview], object]) -> int:
        """Pass the rest to `write` as it comes; returns the number of bytes.

        `write` is `file.write`, `hash.update`, or any function that takes bytes and is done with them when it returns:
        they are a view of memory that is used again. Nothing is copied or kept, which makes this the fastest way to
        read. `write` is called on the event loop; if it may block, as on a slow disk, iterate instead and write in a
        thread. If it returns the number of bytes that it has written, it is called again for the rest. An error that it
        raises is raised here, and ends the stream. After a cancellation, the stream continues with the first byte that
        was not written.
        """
        if not callable(write):
            raise InvalidArgument(f"write_to: expected a function, as file.write, got {type(write).__name__}")
        total = 0

        def write_all(view: memoryview) -> None:
            nonlocal total
            done = write(view)
            if done is not None:
                _write_rest(write, view, done)
            total += len(view)
            view.release()

        items, self._items = self._items, []
        while items:
            write_all(memoryview(items.pop()))
        await self._answer.read_into(write_all)
        return total


def _write_rest(write: Callable[[memoryview], object], view: memoryview, done: object) -> None:
    """Write the rest of a view: an unbuffered file may write only a part of it, and returns how much."""
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
            raise answer.add_request(error) from error.__cause__
