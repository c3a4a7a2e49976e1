"""A file or a folder of this machine as a tar archive, in pieces.

As the docker command does, links are archived as links and never followed, and a file with several names is archived
once.
"""

from __future__ import annotations

import os
import stat
import tarfile
from collections.abc import Generator, Iterator
from contextlib import closing

from .._threads import READ_BATCH
from ..errors import FileError
from .members import END, MemberAttributes, ending, header
from .walk import READ, Entry, Walk

__all__ = ["Packer"]


class Packer:
    """Iterate `pieces`, once, in a worker thread."""

    def __init__(self, walk: Walk, look: MemberAttributes) -> None:
        self.members = 0
        self.size = 0
        """Of the content, in bytes."""
        self._walk = walk
        self._look = look
        self._seen: dict[tuple[int, int], str] = {}  # names of files that have several

    def pieces(self, name: str = "") -> Generator[bytes, None, None]:
        """The archive, in which the source has this name; without one, only what is in the folder."""
        with closing(self._walk.entries()) as entries:
            for entry in entries:
                member = "/".join(filter(None, (name, entry.path)))
                if stat.S_ISREG(entry.found.st_mode):
                    yield from self._file(entry, member)
                elif member:
                    yield from self._other(entry, member)
        yield END

    def _other(self, entry: Entry, name: str) -> Iterator[bytes]:
        member = self._look.of(name, entry.found)
        if member.issym():
            try:
                member.linkname = os.readlink(entry.name, dir_fd=entry.folder)
            except OSError as error:
                self._walk.failed(entry.path, error)
                return
        elif member.ischr() or member.isblk():
            device = entry.found.st_rdev
            member.devmajor, member.devminor = os.major(device), os.minor(device)
        self.members += 1
        yield header(member)

    def _file(self, entry: Entry, name: str) -> Iterator[bytes]:
        try:
            file = os.open(entry.name, READ, dir_fd=entry.folder)
        except OSError as error:
            self._walk.failed(entry.path, error)
            return
        try:
            found = os.fstat(file)
            if not stat.S_ISREG(found.st_mode):
                where = self._walk.where(entry.path)
                raise FileError(f"{where} was a file, and is none any more", path=where)
            member = self._look.of(name, found)
            self.members += 1
            if found.st_nlink > 1:
                first = self._seen.setdefault((found.st_dev, found.st_ino), name)
                if first != name:
                    member.type, member.linkname = tarfile.LNKTYPE, first
                    yield header(member)
                    return
            member.size = found.st_size
            self.size += found.st_size
            yield header(member)
            yield from self._content(entry, file, found.st_size)
        finally:
            os.close(file)

    def _content(self, entry: Entry, file: int, size: int) -> Iterator[bytes]:
        """As many bytes as the header has announced. What a file grows by meanwhile is left out; one that has become
        shorter cannot be sent any more: the archive would be torn."""
        left = size
        while left:
            try:
                data = os.read(file, min(left, READ_BATCH))
            except OSError as error:
                raise self._walk.unreadable(entry.path, error) from error
            if not data:
                where = self._walk.where(entry.path)
                raise FileError(
                    f"{where} had {size} bytes when it was begun, and has {size - left} now; "
                    "the archive was broken off",
                    path=where,
                )
            left -= len(data)
            yield data
        yield ending(size)
