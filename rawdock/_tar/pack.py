"""Pack a file or folder of this machine into a tar archive, in chunks.

As with the docker command, symbolic links are archived as links and never followed, and a file with several hard links
is archived once.
"""

from __future__ import annotations

import os
import stat
import tarfile
from collections.abc import Generator, Iterator
from contextlib import closing

from .._shown import shortened
from .._threads import READ_BATCH
from ..errors import FileError
from .members import END, MemberAttributes, header, padding
from .walk import READ, Entry, Walk

__all__ = ["Packer"]


class Packer:
    """Packs what a walk finds. Iterate `chunks` once, in a worker thread."""

    def __init__(self, walk: Walk, attributes: MemberAttributes) -> None:
        self.members = 0
        self.size = 0
        """The total size of the files in bytes."""
        self._walk = walk
        self._attributes = attributes
        self._first_names: dict[tuple[int, int], str] = {}  # of files with several hard links, by device and inode

    def chunks(self, name: str = "") -> Generator[bytes, None, None]:
        """The archive, in which the source has this name; without a name, only the content of the folder."""
        with closing(self._walk.entries()) as entries:
            for entry in entries:
                member = "/".join(filter(None, (name, entry.path)))
                if stat.S_ISREG(entry.stat.st_mode):
                    yield from self._file_chunks(entry, member)
                elif member:
                    yield from self._without_content(entry, member)
        yield END

    def _without_content(self, entry: Entry, name: str) -> Iterator[bytes]:
        member = self._attributes.tar_info(name, entry.stat)
        if member.issym():
            try:
                member.linkname = os.readlink(entry.name, dir_fd=entry.folder)
            except OSError as error:
                self._walk.handle_error(entry.path, error)
                return
        elif member.ischr() or member.isblk():
            device = entry.stat.st_rdev
            member.devmajor, member.devminor = os.major(device), os.minor(device)
        self.members += 1
        yield header(member)

    def _file_chunks(self, entry: Entry, name: str) -> Iterator[bytes]:
        try:
            file = os.open(entry.name, READ, dir_fd=entry.folder)
        except OSError as error:
            self._walk.handle_error(entry.path, error)
            return
        try:
            found = os.fstat(file)
            if not stat.S_ISREG(found.st_mode):
                path = self._walk.local_path(entry.path)
                raise FileError(f"{shortened(path)} was a file and is not a file any more", path=path)
            member = self._attributes.tar_info(name, found)
            self.members += 1
            if found.st_nlink > 1:
                first = self._first_names.setdefault((found.st_dev, found.st_ino), name)
                if first != name:
                    member.type, member.linkname = tarfile.LNKTYPE, first
                    yield header(member)
                    return
            member.size = found.st_size
            self.size += found.st_size
            yield header(member)
            yield from self._content_chunks(entry, file, found.st_size)
        finally:
            os.close(file)

    def _content_chunks(self, entry: Entry, file: int, size: int) -> Iterator[bytes]:
        """As many bytes of the file as the header says, and the padding.

        If the file grows meanwhile, the new bytes are left out. If it shrinks, the archive cannot be completed.
        """
        left = size
        while left:
            try:
                data = os.read(file, min(left, READ_BATCH))
            except OSError as error:
                raise self._walk.read_error(entry.path, error) from error
            if not data:
                path = self._walk.local_path(entry.path)
                raise FileError(
                    f"{shortened(path)} shrank from {size} to {size - left} bytes while it was read; the archive is "
                    "incomplete",
                    path=path,
                )
            left -= len(data)
            yield data
        yield padding(size)
