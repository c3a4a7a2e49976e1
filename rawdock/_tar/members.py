"""Headers and padding of tar members."""

from __future__ import annotations

import os
import stat
import tarfile
import time
from collections.abc import Sequence

import attrs

from .._shown import shown
from ..errors import InvalidArgument

__all__ = ["END", "MemberAttributes", "header", "padding"]

END = bytes(2 * tarfile.BLOCKSIZE)
_TYPES = {
    stat.S_IFREG: tarfile.REGTYPE,
    stat.S_IFDIR: tarfile.DIRTYPE,
    stat.S_IFLNK: tarfile.SYMTYPE,
    stat.S_IFIFO: tarfile.FIFOTYPE,
    stat.S_IFCHR: tarfile.CHRTYPE,
    stat.S_IFBLK: tarfile.BLKTYPE,
}


@attrs.frozen
class MemberAttributes:
    """Owner, permissions and time that members get in an archive; None keeps the value of the file."""

    uid: int | None = 0
    gid: int | None = 0
    mode: int | None = None
    """The permissions of files; a folder can also be entered by those who can read it."""
    mtime: int | None = None
    """Seconds since 1970."""

    def check(self, method: str) -> None:
        """Raise InvalidArgument, in the name of `method`, for a value out of range."""
        for name, value, maximum in (
            ("uid", self.uid, 2**32 - 2),
            ("gid", self.gid, 2**32 - 2),
            ("mode", self.mode, 0o7777),
            ("mtime", self.mtime, 2**63 - 1),
        ):
            if value is not None and (type(value) is not int or not 0 <= value <= maximum):
                raise InvalidArgument(f"{method}: {name}: expected a number from 0 to {maximum}, got {shown(value)}")

    def tar_info(self, name: str, found: os.stat_result) -> tarfile.TarInfo:
        """The member for a file with this stat; without its size and the target of a link."""
        member = tarfile.TarInfo(name)
        member.type = _TYPES[stat.S_IFMT(found.st_mode)]
        member.uid = found.st_uid if self.uid is None else self.uid
        member.gid = found.st_gid if self.gid is None else self.gid
        member.mode = stat.S_IMODE(found.st_mode)
        if self.mode is not None and not stat.S_ISLNK(found.st_mode):
            member.mode = self.mode
            if stat.S_ISDIR(found.st_mode):
                member.mode |= (self.mode & 0o444) >> 2
        member.mtime = int(found.st_mtime) if self.mtime is None else self.mtime
        return member

    def file_header(self, name: str, size: int) -> bytes:
        """The header of a new file."""
        member = self._new(name)
        member.mode, member.size = self.mode or 0, size
        return header(member)

    def folder_headers(self, names: Sequence[str]) -> bytes:
        """The headers of new folders, each inside the one before it."""
        members = [self._new("/".join(names[: count + 1])) for count in range(len(names))]
        for member in members:
            member.type, member.mode = tarfile.DIRTYPE, 0o755
        return b"".join(map(header, members))

    def _new(self, name: str) -> tarfile.TarInfo:
        member = tarfile.TarInfo(name)
        member.uid, member.gid = self.uid or 0, self.gid or 0
        member.mtime = int(time.time()) if self.mtime is None else self.mtime
        return member


def header(member: tarfile.TarInfo) -> bytes:
    """The header of a member: ustar, with pax records for values that do not fit."""
    return member.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def padding(size: int) -> bytes:
    """The bytes that fill up the last block of a content of this size."""
    return bytes(-size % tarfile.BLOCKSIZE)
