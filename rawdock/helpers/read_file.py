"""`docker.read_file`: the content of a single file in a container."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from .._shown import shown
from .._tar.reader import Member, TarReader
from ..errors import ArchiveError, InvalidArgument
from .container_paths import absolute
from .file_by_exec import read_by_exec
from .memory_mounts import mounts_of, require_running, resolve

if TYPE_CHECKING:
    from .._resources import Operations

__all__ = ["read_file"]

# The Engine resolves a chain of links at once, so one more request is enough unless a link is changed meanwhile.
_MAX_LINKS = 8


class _SingleFile:
    """Receives the only file of an archive."""

    def __init__(self, path: str, limit: int) -> None:
        self.parts: list[bytes] = []
        self.link: Member | None = None
        self.is_complete = False
        self._path = path
        self._limit = limit

    def member(self, member: Member) -> bool:
        if self.is_complete or self.link:
            return False
        if member.kind == "link":
            self.link = member
        elif member.kind != "file":
            raise ArchiveError(f"{self._path} is a {member.kind}, not a file", member=member.name)
        elif member.size > self._limit:
            raise ArchiveError(
                f"{self._path} has {member.size} bytes, and the limit is {self._limit}; copy_out copies it to a file",
                member=member.name,
            )
        return member.kind == "file"

    def data(self, data: memoryview) -> None:
        self.parts.append(bytes(data))

    def complete(self) -> None:
        self.is_complete = True


async def read_file(docker: Operations, container: str, path: str, *, limit: int = 64 << 20) -> bytes:
    """Read the content of a file in a container, running or not. Symbolic links are followed.

    Raises NotFound if the container or the file does not exist, and ArchiveError if the path is not a file or the file
    has more than `limit` bytes. Route: GET /containers/{id}/archive.

    Docker's archives do not reach what is in memory, as a tmpfs, `/dev/shm` and `/proc`: there the file is read by
    `cat` in the container; it raises NotSupported if there is none, and Conflict if the container does not run.
    Engines differ: docs/engines.md.
    """
    resolved = absolute("read_file: path", path)
    if type(limit) is not int or limit < 0:
        raise InvalidArgument(f"read_file: limit: expected a number from 0, got {shown(limit)}")
    mounts = await mounts_of(docker, container, resolved)
    for _ in range(_MAX_LINKS):
        if mounts is not None:
            resolved, place, _stat = await resolve(docker, container, mounts, resolved)
            if place:
                require_running("read_file", mounts, resolved, place)
                return await read_by_exec(docker, container, resolved, place, limit)
        file = _SingleFile(resolved, limit)
        reader = TarReader(file)
        async with docker.containers.archive(container, path=resolved) as archive:
            async for chunk in archive:
                reader.feed(chunk)
            reader.feed_eof()
            target = archive.stat.link_target
        if file.is_complete:
            return b"".join(file.parts)
        if file.link is None:
            raise ArchiveError(f"the archive of {resolved} is empty")
        resolved = target or posixpath.join(posixpath.dirname(resolved), file.link.target)
    raise ArchiveError(f"{path} is a chain of too many links")
