"""Files in a container."""

from __future__ import annotations

import stat
from typing import Annotated

from rawdock._models.model import Model, Timestamp, wire


class ArchiveStat(Model):
    """A path in a container, as described by a header of `archive` answers."""

    name: Annotated[str, wire("name")] = ""
    """The last part of the path."""
    size: Annotated[int, wire("size")] = 0
    """In bytes."""
    mode: Annotated[int, wire("mode")] = 0
    """A FileMode of Go: the lower nine bits are permissions, bit 31 is set for a folder, bit 27 for a symbolic link.

    `st_mode` is the same in the words of the module `stat`.
    """
    mtime: Annotated[Timestamp, wire("mtime")] = Timestamp("")
    link_target: Annotated[str, wire("linkTarget")] = ""
    """The target of a symbolic link. Podman gives the path itself for anything else."""

    @property
    def st_mode(self) -> int:
        """Kind and permissions as in the result of `os.stat`, for `stat.S_ISDIR`, `stat.filemode`, ..."""
        kind = next((kind for bits, kind in _KINDS if self.mode & bits == bits), stat.S_IFREG)
        special = sum(here for bit, here in _SPECIAL if self.mode & bit)
        return kind | special | (self.mode & 0o777)

    @property
    def is_folder(self) -> bool:
        return bool(self.mode & _FOLDER)

    @property
    def is_link(self) -> bool:
        """Whether it is a symbolic link. On Podman name and size are then those of the target."""
        return bool(self.mode & _LINK)


_FOLDER, _LINK = 1 << 31, 1 << 27
# A device for characters has two bits, so it is looked for before the one of all devices.
_KINDS = (
    (_FOLDER, stat.S_IFDIR),
    (_LINK, stat.S_IFLNK),
    (1 << 26 | 1 << 21, stat.S_IFCHR),
    (1 << 26, stat.S_IFBLK),
    (1 << 25, stat.S_IFIFO),
    (1 << 24, stat.S_IFSOCK),
)
_SPECIAL = ((1 << 23, stat.S_ISUID), (1 << 22, stat.S_ISGID), (1 << 20, stat.S_ISVTX))
