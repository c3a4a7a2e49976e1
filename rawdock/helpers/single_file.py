"""One file's bytes into a container and out of one."""

from __future__ import annotations

import posixpath
from collections.abc import AsyncIterable, AsyncIterator
from typing import TYPE_CHECKING

from .._declare.params import upload_body
from .._iterators import close_iterator
from .._tar.members import END, MemberAttributes, ending
from .._tar.reader import Member, TarReader
from .._threads import READ_BATCH
from ..errors import ArchiveError, InvalidArgument
from .container_paths import absolute, found
from .copy import nearest

if TYPE_CHECKING:
    from .._resources import Operations

__all__ = ["read_file", "write_file"]

# An Engine says where a link leads in the end, so one step is enough unless somebody changes links meanwhile.
_STEPS = 8


class _SingleFile:
    """Takes the one file of an archive."""

    def __init__(self, path: str, limit: int) -> None:
        self.parts: list[bytes] = []
        self.link: Member | None = None
        self.done = False
        self._path = path
        self._limit = limit

    def member(self, member: Member) -> bool:
        if self.done or self.link:
            return False
        if member.kind == "link":
            self.link = member
        elif member.kind != "file":
            raise ArchiveError(f"{self._path} is a {member.kind}, and no file", member=member.name)
        elif member.size > self._limit:
            raise ArchiveError(
                f"{self._path} has {member.size} bytes, and the limit is {self._limit}; copy_out writes it to a file",
                member=member.name,
            )
        return member.kind == "file"

    def data(self, data: memoryview) -> None:
        self.parts.append(bytes(data))

    def complete(self) -> None:
        self.done = True


async def read_file(docker: Operations, container: str, path: str, *, limit: int = 64 << 20) -> bytes:
    """The content of a file in a container, running or not; links are followed.

    Raises NotFound if the container or the file is not there, ArchiveError if it is no file or has more than
    `limit` bytes.
    """
    where = absolute("read_file: path", path)
    if type(limit) is not int or limit < 0:
        raise InvalidArgument(f"read_file: limit: expected a number from 0, got {limit!r}")
    for _ in range(_STEPS):
        one = _SingleFile(where, limit)
        reader = TarReader(one)
        async with docker.containers.archive(container, path=where) as archive:
            async for piece in archive:
                reader.feed(piece)
            reader.feed_eof()
            target = archive.stat.link_target
        if one.done:
            return b"".join(one.parts)
        if one.link is None:
            raise ArchiveError(f"the archive of {where} is empty")
        where = target or posixpath.join(posixpath.dirname(where), one.link.target)
    raise ArchiveError(f"{path} leads from link to link")


async def write_file(
    docker: Operations,
    container: str,
    path: str,
    data: bytes | AsyncIterable[bytes],
    *,
    size: int | None = None,
    parents: bool = False,
    uid: int = 0,
    gid: int = 0,
    mode: int = 0o644,
    mtime: int | None = None,
) -> None:
    """Write a file in a container, running or not: a new one, or a new content.

    Where a link is there, what it leads to is written. `data` in parts needs its `size` in bytes beforehand.
    `mtime` is in seconds since 1970, now if left out. With `parents` missing folders are made, as Podman always
    does.

    Raises NotFound if the container or the folder is not there, BadRequest or ServerError if the path is a folder
    or read-only, ArchiveError if `data` is not of that size.
    """
    look = MemberAttributes(uid, gid, mode, mtime)
    look.checked("write_file")
    where = absolute("write_file: path", path)
    if path.endswith(("/", "/.")):
        raise InvalidArgument(f"write_file: path: {path!r} is a folder; name the file in it")
    content = upload_body("write_file: data", data)
    if isinstance(content, bytes):
        if size is not None and size != len(content):
            raise InvalidArgument(f"write_file: size: {size} was given, and data has {len(content)} bytes")
        size = len(content)
    if type(size) is not int or size < 0:
        raise InvalidArgument("write_file: size: an archive begins with a file's size; give it with an async iterable")
    where, there = await found(docker, container, where)
    folder, name = posixpath.split(where)
    missing: list[str] = []
    if parents and there is None:
        folder, missing = await nearest(docker, container, folder)
    begin = look.of_folders(missing) + look.of_new("/".join([*missing, name]), size)
    end = ending(size) + END
    archive = (
        begin + content + end
        if isinstance(content, bytes) and size <= READ_BATCH
        else _around(begin, content, size, end)
    )
    await docker.containers.put_archive(container, archive, path=folder, no_overwrite_dir_non_dir=True)


async def _around(begin: bytes, content: bytes | AsyncIterable[bytes], size: int, end: bytes) -> AsyncIterator[bytes]:
    """The content in its archive, without holding both; as many bytes as its header says, or an error."""
    yield begin
    if isinstance(content, bytes):
        view = memoryview(content)
        for at in range(0, size, READ_BATCH):
            yield bytes(view[at : at + READ_BATCH])
    else:
        came = 0
        try:
            async for part in content:
                came += len(part)
                if came > size:
                    raise ArchiveError(f"write_file: data has more than the {size} bytes that were announced")
                if part:
                    yield part
        finally:
            await close_iterator(content)
        if came < size:
            raise ArchiveError(f"write_file: data has {came} bytes, and {size} were announced")
    yield end
