"""Archives that are ready, as BuildKit takes them: it looks at their beginning, and knows less than the classic builder.

It takes what it does not know for a Dockerfile, on Docker 20.10 to 29: an archive that begins with a PAX header, as
Python's `tarfile` writes one, and one that is compressed with zstd.
"""

from __future__ import annotations

import tarfile
from collections.abc import AsyncIterable, AsyncIterator, Generator
from typing import TYPE_CHECKING, Any

from .._iterators import close_iterator
from .._tar.members import header
from ..errors import InvalidArgument

if TYPE_CHECKING:
    from .._types import Content

__all__ = ["PeekedParts", "begins_with_pax_header", "for_buildkit", "root_entry", "with_root_entry"]

_TYPE = 156  # where a tar header has the type of its member
_MAGIC = slice(257, 262)
_ZSTD = b"\x28\xb5\x2f\xfd"
_ZSTD_SKIPPABLE = b"\x2a\x4d\x18"  # behind a byte from 0x50 to 0x5f


def begins_with_pax_header(data: bytes) -> bool:
    """Whether a tar archive begins with a PAX header, of its first member or of all."""
    return data[_MAGIC] == b"ustar" and data[_TYPE : _TYPE + 1] in (b"x", b"g")


def root_entry() -> bytes:
    """A header that BuildKit knows: the root of the archive, which changes nothing."""
    member = tarfile.TarInfo("./")
    member.type, member.mode = tarfile.DIRTYPE, 0o755
    return header(member)


def with_root_entry(pieces: Generator[bytes, None, None]) -> Generator[bytes, None, None]:
    """The pieces of an archive, with a header in front where BuildKit needs it. The first piece has a whole header."""
    try:
        first = next(pieces, b"")
        if begins_with_pax_header(first):
            yield root_entry()
        yield first
        yield from pieces
    finally:
        pieces.close()


def _front(beginning: bytes) -> bytes:
    """What is to be sent in front of an archive that begins so; raises InvalidArgument for one that is not known."""
    skippable = beginning[1:4] == _ZSTD_SKIPPABLE and beginning[0] & 0xF0 == 0x50
    if skippable or beginning.startswith(_ZSTD):
        raise InvalidArgument(
            "build: BuildKit does not know archives that are compressed with zstd: send it as it is, or with gzip; "
            "builder='classic' knows zstd from Docker 23 on"
        )
    return root_entry() if begins_with_pax_header(beginning) else b""


async def for_buildkit(content: Content) -> Content:
    """The archive as BuildKit takes it. Of one in parts, as many are read as the first header is long."""
    if isinstance(content, (bytes, bytearray)):
        front = _front(content[: tarfile.BLOCKSIZE])
        return front + content if front else content
    if getattr(content, "ag_frame", content) is None:
        return content  # a generator that is used up, which the upload says
    parts: AsyncIterator[Any] = aiter(content)
    held: list[Any] = []
    beginning = b""
    try:
        while len(beginning) < tarfile.BLOCKSIZE:
            part = await anext(parts, None)
            if part is None:
                break
            held.append(part)
            if not isinstance(part, bytes):
                break  # the upload says that it is not
            beginning += part
        front = _front(beginning)
    except BaseException:
        await close_iterator(parts)
        raise
    return PeekedParts([front, *held] if front else held, parts)


class PeekedParts(AsyncIterable[bytes]):
    """Parts of which some have been read already; iterate once."""

    def __init__(self, held: list[bytes], parts: AsyncIterator[bytes]) -> None:
        self._held = held[::-1]
        self._parts = parts

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        return self._held.pop() if self._held else await anext(self._parts)

    async def aclose(self) -> None:
        await close_iterator(self._parts)
