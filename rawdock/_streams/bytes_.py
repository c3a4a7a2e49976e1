"""Bytes as they are: downloads, and connections that speak a protocol of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import DecodeError, RawdockError
from .answer import Answer
from .items import Items, Sends

if TYPE_CHECKING:
    from ..models import ArchiveStat

__all__ = ["ArchiveStream", "Chunks", "Duplex"]


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


class Duplex(Chunks, Sends):
    """A connection that was handed over: bytes both ways."""
