"""A file or a tree of this machine as a tar archive, in pieces.

Folders are walked in the order of their names, so that the same tree gives the same archive. As the docker command
does, links are archived as links and never followed, a file with several names is archived once, and sockets, which an
archive cannot hold, are left out.
"""

from __future__ import annotations

import os
import stat
import tarfile
import time
from collections.abc import Generator, Iterable, Iterator

import attrs

from ..errors import FileError, InvalidArgument

__all__ = ["BLOCK", "END", "Look", "Packer", "blocks", "ending", "header"]

BLOCK = 1 << 20
"""How many bytes are read and handed on at once, about: a worker thread is asked for each."""
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_TYPES = {
    stat.S_IFREG: tarfile.REGTYPE,
    stat.S_IFDIR: tarfile.DIRTYPE,
    stat.S_IFLNK: tarfile.SYMTYPE,
    stat.S_IFIFO: tarfile.FIFOTYPE,
    stat.S_IFCHR: tarfile.CHRTYPE,
    stat.S_IFBLK: tarfile.BLKTYPE,
}


@attrs.frozen
class Look:
    """What members are to look like; None keeps what a file has."""

    uid: int | None = 0
    gid: int | None = 0
    mode: int | None = None
    """Permissions of files; a folder may be entered by those who may read it."""
    mtime: int | None = None
    """Seconds since 1970."""

    def checked(self, where: str) -> Look:
        """The same, if it can be."""
        for what, value, most in (
            ("uid", self.uid, 2**32 - 2),
            ("gid", self.gid, 2**32 - 2),
            ("mode", self.mode, 0o7777),
            ("mtime", self.mtime, 2**63 - 1),
        ):
            if value is not None and (type(value) is not int or not 0 <= value <= most):
                raise InvalidArgument(f"{where}: {what}: expected a number from 0 to {most}, got {value!r}")
        return self

    def of_folder(self, name: str) -> tarfile.TarInfo:
        """A folder that is nowhere yet."""
        member = tarfile.TarInfo(name)
        member.type, member.mode = tarfile.DIRTYPE, 0o755
        member.uid, member.gid = self.uid or 0, self.gid or 0
        member.mtime = int(time.time()) if self.mtime is None else self.mtime
        return member


def header(member: tarfile.TarInfo) -> bytes:
    """A member's header, in pax where ustar has no room."""
    return member.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def ending(size: int) -> bytes:
    """What fills the last block of a content of this size."""
    return bytes(-size % tarfile.BLOCKSIZE)


END = bytes(2 * tarfile.BLOCKSIZE)


class Packer:
    """Iterate `pieces` in a worker thread."""

    def __init__(self, look: Look) -> None:
        self.members = 0
        self.size = 0
        """Of the content, in bytes."""
        self.sockets: list[str] = []
        """What was left out."""
        self._look = look
        self._seen: dict[tuple[int, int], str] = {}

    def pieces(self, source: str, name: str) -> Generator[bytes, None, None]:
        """The archive of `source`, which is called `name` in it; with an empty name only what is in the folder."""
        waiting = [(source, name)]
        while waiting:
            path, name = waiting.pop()
            found = _look_at(path)
            if name:
                yield from self._member(path, name, found)
            if stat.S_ISDIR(found.st_mode):
                prefix = f"{name}/" if name else ""
                waiting += ((os.path.join(path, one), prefix + one) for one in sorted(_list(path), reverse=True))
        yield END

    def _member(self, path: str, name: str, found: os.stat_result) -> Iterator[bytes]:
        kind = stat.S_IFMT(found.st_mode)
        if kind == stat.S_IFREG:
            yield from self._file(path, name)
            return
        if kind not in _TYPES:
            self.sockets.append(path)
            return
        member = self._described(name, found)
        if kind == stat.S_IFLNK:
            member.linkname = _link(path)
        elif kind in (stat.S_IFCHR, stat.S_IFBLK):
            member.devmajor, member.devminor = os.major(found.st_rdev), os.minor(found.st_rdev)
        self.members += 1
        yield header(member)

    def _file(self, path: str, name: str) -> Iterator[bytes]:
        try:
            # What is no file any more is not waited for, and no link is followed.
            file = os.open(path, _FILE)
        except OSError as error:
            raise _unreadable(path, error) from error
        try:
            found = os.fstat(file)
            if not stat.S_ISREG(found.st_mode):
                raise FileError(f"{path} was a file, and is none any more", path=path)
            member = self._described(name, found)
            self.members += 1
            if found.st_nlink > 1:
                first = self._seen.setdefault((found.st_dev, found.st_ino), name)
                if first != name:
                    member.type, member.linkname = tarfile.LNKTYPE, first
                    yield header(member)
                    return
            size = member.size = found.st_size
            self.size += size
            yield header(member)
            left = size
            while left:
                try:
                    data = os.read(file, min(left, BLOCK))
                except OSError as error:
                    raise _unreadable(path, error) from error
                if not data:
                    raise FileError(
                        f"{path} had {size} bytes when it was begun, and has {size - left} now; "
                        "the archive was broken off",
                        path=path,
                    )
                left -= len(data)
                yield data
            yield ending(size)
        finally:
            os.close(file)

    def _described(self, name: str, found: os.stat_result) -> tarfile.TarInfo:
        look = self._look
        member = tarfile.TarInfo(name)
        member.type = _TYPES[stat.S_IFMT(found.st_mode)]
        member.uid = found.st_uid if look.uid is None else look.uid
        member.gid = found.st_gid if look.gid is None else look.gid
        member.mode = stat.S_IMODE(found.st_mode)
        if look.mode is not None and not stat.S_ISLNK(found.st_mode):
            member.mode = look.mode
            if stat.S_ISDIR(found.st_mode):
                member.mode |= (look.mode & 0o444) >> 2
        member.mtime = int(found.st_mtime) if look.mtime is None else look.mtime
        return member


def blocks(pieces: Iterable[bytes], size: int = BLOCK) -> Iterator[bytes]:
    """The same bytes in pieces that are worth the way from one thread to another."""
    held: list[bytes] = []
    length = 0
    for piece in pieces:
        held.append(piece)
        length += len(piece)
        if length >= size:
            yield held[0] if len(held) == 1 else b"".join(held)
            held, length = [], 0
    if held:
        yield b"".join(held)


def _look_at(path: str) -> os.stat_result:
    try:
        return os.lstat(path)
    except OSError as error:
        raise _unreadable(path, error) from error


def _list(path: str) -> list[str]:
    try:
        return os.listdir(path)
    except OSError as error:
        raise _unreadable(path, error) from error


def _link(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: str, error: OSError) -> FileError:
    return FileError(f"{path} cannot be read: {error.strerror}", path=path)
