"""Members of a hostile archive, written into one folder and nowhere else.

Each folder on the way to a member is opened by its own name in the one above it, and never through a link. So a name
cannot lead out, whatever links the archive has made before and whoever changes the folder meanwhile. A link may only
lead to where following it stays inside: up no further than the folders it is in, and never up behind another name.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Callable, Iterable
from contextlib import suppress

import attrs

from ..errors import ArchiveError, FileError
from .reader import Member, TarReader

__all__ = ["Destination", "Skipped", "Unpacker"]

_LONGEST_NAME = 4096
_LAST_ID = 2**32 - 2
_LATEST = 253_402_300_799 * 10**9  # the end of the year 9999: file systems end somewhere behind it
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@attrs.frozen
class Skipped:
    """A file, link or folder that was not copied."""

    name: str
    why: str


@attrs.frozen
class Destination:
    """Where an archive goes."""

    folder: str
    """Members come into it. It is there, but for the whole content of a folder, for which it is made."""
    name: str | None
    """What its one file or folder is called there; None for members that come into `folder` as they are."""
    must_be: str = ""
    """A `file` or `folder` where nothing else can go, and empty where both can."""


class _Unsafe(Exception):
    """Why a member may not be unpacked."""


class Unpacker:
    """Feed it from a worker thread, and then `finish` or `abort`."""

    def __init__(
        self, place: Destination, *, skip_unsafe: bool, keep_owner: bool, max_size: int | None, max_members: int | None
    ) -> None:
        self.copied = 0
        self.size = 0
        self.members = 0  # and those that were skipped
        self.skipped: list[Skipped] = []
        self._reader = TarReader(self)
        self._place = place
        self._skip_unsafe = skip_unsafe
        self._keep_owner = keep_owner
        self._max_size = max_size
        self._max_members = max_members
        self._above = 0 if place.name is None else 1
        self._top: str | None = None
        self._root = -1
        self._folder: tuple[tuple[str, ...], int] | None = None  # the one opened last: the next member is often in it
        self._made: list[tuple[tuple[str, ...], int]] = []  # folders, with the times they get at the end
        self._file = -1
        self._name = ""  # of the file that is being written
        self._written_as = ""  # and under which name until it is complete; empty while none is written
        self._member: Member | None = None

    def feed(self, pieces: Iterable[bytes]) -> None:
        for piece in pieces:
            self._reader.feed(piece)

    def finish(self) -> None:
        """All has come; raises a TruncatedError if it has not."""
        self._reader.feed_eof()
        for parts, mtime in reversed(self._made):
            with suppress(OSError):  # the folder may belong to somebody else by now
                os.utime(self._inside(parts), ns=(mtime, mtime))
        self.close()

    def abort(self) -> None:
        """Remove the file that is not complete; what came before it stays."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        if self._written_as:
            with suppress(OSError):
                os.unlink(self._written_as, dir_fd=self._opened())
            self._written_as = ""
        self.close()

    def close(self) -> None:
        if self._folder is not None:
            os.close(self._folder[1])
            self._folder = None
        if self._root >= 0:
            os.close(self._root)
            self._root = -1

    # What the reader calls.

    def member(self, member: Member) -> bool:
        self._member = member
        self.members += 1
        size = member.size if member.kind == "file" else 0
        self._within_limits(size)
        try:
            wanted = self._take(member)
        except _Unsafe as error:
            if not self._skip_unsafe:
                raise ArchiveError(
                    f"{_shown(member.name)}: {error}; nothing after it was unpacked. "
                    "unsafe='skip' leaves out such members and goes on",
                    member=member.name,
                ) from None
            self.skipped.append(Skipped(member.name, str(error)))
            self.size -= size
            return False
        except OSError as error:
            raise self._failed(error) from error
        self.copied += 1
        return wanted

    def data(self, data: memoryview) -> None:
        try:
            while data:
                data = data[os.write(self._file, data) :]
        except OSError as error:
            raise self._failed(error) from error

    def complete(self) -> None:
        member = self._member
        assert member is not None
        try:
            self._set_owner(self._file, member)
            # As `tarfile`'s data filter: nobody else may write, and no bit lends the rights of an owner.
            os.fchmod(self._file, member.mode & 0o755 | 0o600)
            os.utime(self._file, ns=(_moment(member), _moment(member)))
            os.close(self._file)
            self._file = -1
            if self._written_as != self._name:
                folder = self._opened()
                os.replace(self._written_as, self._name, src_dir_fd=folder, dst_dir_fd=folder)
            self._written_as = ""
        except OSError as error:
            raise self._failed(error) from error

    def _within_limits(self, size: int) -> None:
        name = self._member.name if self._member else ""
        self.size += size
        if self._max_size is not None and self.size > self._max_size:
            raise ArchiveError(
                f"{_shown(name)}: the archive unpacks to more than {self._max_size} bytes; max_size is the limit",
                member=name,
            )
        if self._max_members is not None and self.members > self._max_members:
            raise ArchiveError(
                f"{_shown(name)}: the archive has more than {self._max_members} members; max_members is the limit",
                member=name,
            )

    def _failed(self, error: OSError) -> FileError:
        name = self._member.name if self._member else ""
        return FileError(f"{_shown(name)} cannot be written in {self._place.folder}: {error.strerror}", path=name)

    # One member.

    def _take(self, member: Member) -> bool:
        parts = self._parts(member.name)
        if not parts:
            if member.kind != "folder":
                raise _Unsafe("its name is empty")
            self._open_root()  # the folder itself, which stays as it is
            return False
        self._begin(member)
        if self._keep_owner and not (0 <= member.uid <= _LAST_ID and 0 <= member.gid <= _LAST_ID):
            raise _Unsafe(f"its owner {member.uid}:{member.gid} cannot be")
        if member.kind == "folder":
            self._take_folder(parts, member)
            return False
        if member.kind == "file":
            self._take_file(parts)
            return True
        if member.kind == "link":
            self._take_link(parts, member)
        elif member.kind == "hardlink":
            self._take_hardlink(parts, member)
        else:
            raise _Unsafe(f"it is a {member.kind}" if member.kind != "unknown" else "nobody knows what it is")
        return False

    def _parts(self, name: str) -> tuple[str, ...]:
        """Where in the folder a member belongs."""
        if len(name) > _LONGEST_NAME:
            raise _Unsafe(f"its name has {len(name)} characters, {_LONGEST_NAME} at most")
        if "\0" in name:
            raise _Unsafe("its name has a zero byte")
        parts = tuple(part for part in name.split("/") if part not in ("", "."))
        if ".." in parts:
            raise _Unsafe("its name leads up")
        if self._place.name is None or not parts:
            return parts
        if self._top is None:
            self._top = parts[0]
        if parts[0] != self._top:
            raise _Unsafe(f"it is not in {_shown(self._top)}, which was asked for")
        return (self._place.name, *parts[1:])

    def _begin(self, member: Member) -> None:
        if self._root >= 0:
            return
        if self._place.must_be and (self._place.must_be == "folder") != (member.kind == "folder"):
            raise FileError(
                f"{_shown(member.name)} is {'a folder' if member.kind == 'folder' else 'no folder'}, and the "
                f"destination is to be a {self._place.must_be}",
                path=self._place.folder,
            )
        self._open_root()

    def _open_root(self) -> None:
        if self._root < 0:
            if self._place.name is None:
                with suppress(FileExistsError):
                    os.mkdir(self._place.folder)
            self._root = os.open(self._place.folder, _FOLDER & ~os.O_NOFOLLOW)

    def _opened(self) -> int:
        return self._folder[1] if self._folder else self._root

    def _inside(self, parts: tuple[str, ...], *, make: bool = True) -> int:
        """The folder, opened; made where it is not there."""
        if self._folder is not None:
            if self._folder[0] == parts:
                return self._folder[1]
            os.close(self._folder[1])
            self._folder = None
        if not parts:
            return self._root
        above = self._root
        try:
            for part in parts:
                below = self._enter(part, above, make)
                if above != self._root:
                    os.close(above)
                above = below
        except BaseException:
            if above != self._root:
                os.close(above)
            raise
        self._folder = parts, above
        return above

    def _enter(self, part: str, above: int, make: bool) -> int:
        try:
            return os.open(part, _FOLDER, dir_fd=above)
        except FileNotFoundError:
            if not make:
                raise
            self.members += 1  # a folder that the archive does not even name
            self._within_limits(0)
            os.mkdir(part, 0o755, dir_fd=above)
            return os.open(part, _FOLDER, dir_fd=above)
        except OSError as error:
            if _is(part, above, stat.S_ISLNK):
                raise _Unsafe(f"it goes through the link {_shown(part)}") from error
            raise

    def _take_folder(self, parts: tuple[str, ...], member: Member) -> None:
        above = self._inside(parts[:-1])
        try:
            os.mkdir(parts[-1], 0o700, dir_fd=above)
        except FileExistsError:
            if not _is(parts[-1], above, stat.S_ISDIR):
                raise _Unsafe("something else than a folder is in its place") from None
            return
        self._made.append((parts, _moment(member)))
        folder = self._inside(parts)
        self._set_owner(folder, member)
        os.fchmod(folder, member.mode & 0o755 | 0o700)

    def _take_file(self, parts: tuple[str, ...]) -> None:
        above = self._inside(parts[:-1])
        self._name = name = parts[-1]
        try:
            self._file = os.open(name, _NEW_FILE, 0o600, dir_fd=above)
        except FileExistsError:
            _no_folder(name, above)
            # What is there stays as it is until the new one is complete, and so does another name of it.
            name = f".{secrets.token_hex(8)}.part"
            self._file = os.open(name, _NEW_FILE, 0o600, dir_fd=above)
        self._written_as = name

    def _take_link(self, parts: tuple[str, ...], member: Member) -> None:
        target = member.target
        if not target or "\0" in target:
            raise _Unsafe("it is a link to nowhere")
        if target.startswith("/"):
            raise _Unsafe(f"it is a link to {_shown(target)}, which is outside")
        steps = [step for step in target.split("/") if step not in ("", ".")]
        up = 0
        while up < len(steps) and steps[up] == "..":
            up += 1
        if up > len(parts) - 1 - self._above and up:
            raise _Unsafe(f"it is a link to {_shown(target)}, which is outside")
        if ".." in steps[up:]:
            raise _Unsafe(f"it is a link to {_shown(target)}, which goes up behind another name")
        above = self._inside(parts[:-1])
        _make_way(parts[-1], above)
        os.symlink(target, parts[-1], dir_fd=above)
        if self._keep_owner:
            os.chown(parts[-1], member.uid, member.gid, dir_fd=above, follow_symlinks=False)
        os.utime(parts[-1], ns=(_moment(member), _moment(member)), dir_fd=above, follow_symlinks=False)

    def _take_hardlink(self, parts: tuple[str, ...], member: Member) -> None:
        target = self._parts(member.target)
        if not target:
            raise _Unsafe("it is another name of nothing")
        # Another name of a link would lead from another folder to another place.
        try:
            other = os.dup(self._inside(target[:-1], make=False))
        except FileNotFoundError:
            raise _Unsafe(f"it is another name of {_shown(member.target)}, which is not there") from None
        try:
            if not _is(target[-1], other, stat.S_ISREG):
                raise _Unsafe(f"it is another name of {_shown(member.target)}, which is no file")
            above = self._inside(parts[:-1])
            if target == parts:
                return
            _make_way(parts[-1], above)
            os.link(target[-1], parts[-1], src_dir_fd=other, dst_dir_fd=above, follow_symlinks=False)
        finally:
            os.close(other)

    def _set_owner(self, file: int, member: Member) -> None:
        if self._keep_owner:
            os.fchown(file, member.uid, member.gid)


def _is(name: str, folder: int, kind: Callable[[int], bool]) -> bool:
    try:
        mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
    except OSError:
        return False
    return kind(mode)


def _no_folder(name: str, folder: int) -> None:
    if _is(name, folder, stat.S_ISDIR):
        raise _Unsafe("a folder is in its place")


def _make_way(name: str, folder: int) -> None:
    _no_folder(name, folder)
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)


def _moment(member: Member) -> int:
    return max(0, min(member.mtime, _LATEST))


def _shown(name: str) -> str:
    return repr(name if len(name) <= 200 else f"{name[:200]}...")
