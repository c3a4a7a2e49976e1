"""Bytes as they are: downloads, and connections that speak a protocol of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from ..errors import DecodeError, RawdockError
from .answer import Answer

if TYPE_CHECKING:
    from ..models import ArchiveStat

__all__ = ["ArchiveStream", "Chunks", "Duplex"]


class Chunks:
    """Iterate to get the bytes as they come. Where they are cut means nothing."""

    def __init__(self, answer: Answer, value_limit: int) -> None:
        self._answer = answer
        self._items: list[Any] = []  # the last one is the next

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if not self._items:
            items = await self._answer.read()
            if not items:
                raise StopAsyncIteration
            items.reverse()
            self._items = items
        item: bytes = self._items.pop()
        return item

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

    async def aclose(self) -> None:
        self._items.clear()
        await self._answer.aclose()


class ArchiveStream(Chunks):
    """A tar archive of a path inside a container."""

    def __init__(self, answer: Answer, value_limit: int) -> None:
        super().__init__(answer, value_limit)
        from .._archive import stat_of

        try:
            self.stat: ArchiveStat = stat_of(answer.response)
            """What the path is."""
        except RawdockError as error:
            raise answer.error(error) from error.__cause__


class Duplex(Chunks):
    """A connection that was handed over: bytes both ways. Reading and sending may go on at the same time."""

    async def send(self, data: bytes) -> None:
        """Returns when the bytes are on their way, not when they were read."""
        await self._answer.send(data)

    async def send_eof(self) -> None:
        """End our half; the other one stays open."""
        await self._answer.send_eof()
