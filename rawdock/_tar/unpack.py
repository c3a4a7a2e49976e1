"""Unpack an archive that is not trusted into one folder and nowhere else.

Each folder on the way to a member is opened by its name relative to its open parent, and never through a symbolic link.
So no name can lead out of the destination, whatever links the archive has created before and whoever changes the folder
meanwhile. A link is only created if its target is inside the destination: `..` may only stand at the beginning of the
target, and not lead above the destination.
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

_MAX_NAME = 4096
_MAX_ID = 2**32 - 2
_MAX_MTIME = 253_402_300_799 * 10**9  # the end of the year 9999; file systems have some later limit
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@attrs.frozen
class Skipped:
    """A file, link or folder that was not copied."""

    name: str
    """At most 4096 characters; a longer name is cut, and ends with `...`."""
    why: str
    """The reason, as `it is a socket`."""


@attrs.frozen
class Destination:
    """Where an archive is unpacked."""

    folder: str
    """The folder into which members are written. It exists already, or is created if `name` is None."""
    name: str | None
    """The new name of the file or folder that was copied; None to unpack the members under their own names."""
    must_be: str = ""
    """`file` or `folder` if only that can be written there; empty if both can."""


class _Unsafe(Exception):
    """The member may not be unpacked; the message says why."""


class Unpacker:
    """Unpacks an archive. Call `feed` in a worker thread, and then `finish` or `abort`."""

    def __init__(
        self,
        destination: Destination,
        *,
        skip_unsafe: bool,
        keep_owner: bool,
        max_size: int | None,
        max_members: int | None,
    ) -> None:
        self.copied = 0
        self.size = 0
        self.members = 0  # skipped ones included
        self.skipped: list[Skipped] = []
        self._reader = TarReader(self)
        self._destination = destination
        self._skip_unsafe = skip_unsafe
        self._keep_owner = keep_owner
        self._max_size = max_size
        self._max_members = max_members
        self._root_depth = 0 if destination.name is None else 1
        self._source_name: str | None = None
        self._root = -1
        self._open_folder: tuple[tuple[str, ...], int] | None = None  # kept open, as the next member is often in it
        self._created_folders: list[tuple[tuple[str, ...], int]] = []  # with the mtimes to set at the end
        self._file = -1
        self._name = ""  # of the file that is being written
        self._temporary_name = ""  # of that file until it is complete; empty while no file is written
        self._member: Member | None = None

    def feed(self, chunks: Iterable[bytes]) -> None:
        for chunk in chunks:
            self._reader.feed(chunk)

    def finish(self) -> None:
        """The archive has ended: set the times of folders. Raises TruncatedError if it is not complete."""
        self._reader.feed_eof()
        for parts, mtime in reversed(self._created_folders):
            with suppress(OSError):  # the folder may belong to somebody else by now
                os.utime(self._enter_folder(parts), ns=(mtime, mtime))
        self.close()

    def abort(self) -> None:
        """Remove the incomplete file; complete files remain."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        if self._temporary_name:
            with suppress(OSError):
                os.unlink(self._temporary_name, dir_fd=self._current_folder())
            self._temporary_name = ""
        self.close()

    def close(self) -> None:
        if self._open_folder is not None:
            os.close(self._open_folder[1])
            self._open_folder = None
        if self._root >= 0:
            os.close(self._root)
            self._root = -1

    # Called by the reader.

    def member(self, member: Member) -> bool:
        self._member = member
        self.members += 1
        size = member.size if member.kind == "file" else 0
        self._check_limits(size)
        try:
            wanted = self._extract(member)
        except _Unsafe as error:
            if not self._skip_unsafe:
                raise ArchiveError(
                    f"{_quoted(member.name)}: {error}; nothing after it was unpacked. "
                    "unsafe='skip' skips such members and goes on",
                    member=member.name,
                ) from None
            self.skipped.append(Skipped(_shortened(member.name), str(error)))
            self.size -= size
            return False
        except OSError as error:
            raise self._write_error(error) from error
        self.copied += 1
        return wanted

    def data(self, data: memoryview) -> None:
        try:
            while data:
                data = data[os.write(self._file, data) :]
        except OSError as error:
            raise self._write_error(error) from error

    def complete(self) -> None:
        member = self._member
        assert member is not None
        try:
            self._set_owner(self._file, member)
            # As `tarfile`'s data filter does: no write permission for others, no setuid, setgid and sticky bits.
            os.fchmod(self._file, member.mode & 0o755 | 0o600)
            os.utime(self._file, ns=(_clamped_mtime(member), _clamped_mtime(member)))
            os.close(self._file)
            self._file = -1
            if self._temporary_name != self._name:
                folder = self._current_folder()
                os.replace(self._temporary_name, self._name, src_dir_fd=folder, dst_dir_fd=folder)
            self._temporary_name = ""
        except OSError as error:
            raise self._write_error(error) from error

    def _check_limits(self, size: int) -> None:
        name = self._member.name if self._member else ""
        self.size += size
        if self._max_size is not None and self.size > self._max_size:
            raise ArchiveError(
                f"{_quoted(name)}: the archive unpacks to more than {self._max_size} bytes; max_size is the limit",
                member=name,
            )
        if self._max_members is not None and self.members > self._max_members:
            raise ArchiveError(
                f"{_quoted(name)}: the archive has more than {self._max_members} members; max_members is the limit",
                member=name,
            )

    def _write_error(self, error: OSError) -> FileError:
        name = self._member.name if self._member else ""
        return FileError(
            f"{_quoted(name)} cannot be written in {self._destination.folder}: {error.strerror}", path=name
        )

    # Extracting a member.

    def _extract(self, member: Member) -> bool:
        parts = self._parts(member.name)
        if not parts:
            if member.kind != "folder":
                raise _Unsafe("its name is empty")
            self._open_root()  # the folder itself, which stays as it is
            return False
        self._open_destination(member)
        if self._keep_owner and not (0 <= member.uid <= _MAX_ID and 0 <= member.gid <= _MAX_ID):
            raise _Unsafe(f"its owner {member.uid}:{member.gid} is not a valid one")
        if member.kind == "folder":
            self._extract_folder(parts, member)
            return False
        if member.kind == "file":
            self._create_file(parts)
            return True
        if member.kind == "link":
            self._extract_link(parts, member)
        elif member.kind == "hardlink":
            self._extract_hardlink(parts, member)
        else:
            raise _Unsafe(f"it is a {member.kind}" if member.kind != "unknown" else "its type is unknown")
        return False

    def _parts(self, name: str) -> tuple[str, ...]:
        """The path of a member in the destination, in parts."""
        if len(name) > _MAX_NAME:
            raise _Unsafe(f"its name has {len(name)} characters, {_MAX_NAME} at most")
        if "\0" in name:
            raise _Unsafe("its name has a zero byte")
        parts = tuple(part for part in name.split("/") if part not in ("", "."))
        if ".." in parts:
            raise _Unsafe("its name contains '..'")
        if self._destination.name is None or not parts:
            return parts
        if self._source_name is None:
            self._source_name = parts[0]
        if parts[0] != self._source_name:
            raise _Unsafe(f"it is not in {_quoted(self._source_name)}, which was requested")
        return (self._destination.name, *parts[1:])

    def _open_destination(self, member: Member) -> None:
        if self._root >= 0:
            return
        if self._destination.must_be and (self._destination.must_be == "folder") != (member.kind == "folder"):
            raise FileError(
                f"{_quoted(member.name)} is {'a folder' if member.kind == 'folder' else 'no folder'}, but the "
                f"destination must be a {self._destination.must_be}",
                path=self._destination.folder,
            )
        self._open_root()

    def _open_root(self) -> None:
        if self._root < 0:
            if self._destination.name is None:
                with suppress(FileExistsError):
                    os.mkdir(self._destination.folder)
            self._root = os.open(self._destination.folder, _FOLDER & ~os.O_NOFOLLOW)

    def _current_folder(self) -> int:
        return self._open_folder[1] if self._open_folder else self._root

    def _enter_folder(self, parts: tuple[str, ...], *, create: bool = True) -> int:
        """The descriptor of a folder below the destination, which is created if it is missing."""
        if self._open_folder is not None:
            if self._open_folder[0] == parts:
                return self._open_folder[1]
            os.close(self._open_folder[1])
            self._open_folder = None
        if not parts:
            return self._root
        parent = self._root
        try:
            for part in parts:
                child = self._open_subfolder(part, parent, create)
                if parent != self._root:
                    os.close(parent)
                parent = child
        except BaseException:
            if parent != self._root:
                os.close(parent)
            raise
        self._open_folder = parts, parent
        return parent

    def _open_subfolder(self, part: str, parent: int, create: bool) -> int:
        try:
            return os.open(part, _FOLDER, dir_fd=parent)
        except FileNotFoundError:
            if not create:
                raise
            self.members += 1  # a folder that the archive does not list
            self._check_limits(0)
            os.mkdir(part, 0o755, dir_fd=parent)
            return os.open(part, _FOLDER, dir_fd=parent)
        except OSError as error:
            if _has_type(part, parent, stat.S_ISLNK):
                raise _Unsafe(f"it goes through the link {_quoted(part)}") from error
            if isinstance(error, NotADirectoryError):
                raise _Unsafe(f"it goes through {_quoted(part)}, which is no folder") from error
            raise

    def _extract_folder(self, parts: tuple[str, ...], member: Member) -> None:
        parent = self._enter_folder(parts[:-1])
        try:
            os.mkdir(parts[-1], 0o700, dir_fd=parent)
        except FileExistsError:
            if not _has_type(parts[-1], parent, stat.S_ISDIR):
                raise _Unsafe("a file that is no folder exists in its place") from None
            return
        self._created_folders.append((parts, _clamped_mtime(member)))
        folder = self._enter_folder(parts)
        self._set_owner(folder, member)
        os.fchmod(folder, member.mode & 0o755 | 0o700)

    def _create_file(self, parts: tuple[str, ...]) -> None:
        parent = self._enter_folder(parts[:-1])
        self._name = name = parts[-1]
        try:
            self._file = os.open(name, _NEW_FILE, 0o600, dir_fd=parent)
        except FileExistsError:
            _refuse_folder(name, parent)
            # The old file remains until the new one is complete, and its other hard links keep the old content.
            name = f".{secrets.token_hex(8)}.part"
            self._file = os.open(name, _NEW_FILE, 0o600, dir_fd=parent)
        self._temporary_name = name

    def _extract_link(self, parts: tuple[str, ...], member: Member) -> None:
        target = member.target
        if not target or "\0" in target:
            raise _Unsafe("it is a link without a target")
        if target.startswith("/"):
            raise _Unsafe(f"it is a link to {_quoted(target)}, which is outside")
        steps = [step for step in target.split("/") if step not in ("", ".")]
        up = 0
        while up < len(steps) and steps[up] == "..":
            up += 1
        if up > len(parts) - 1 - self._root_depth and up:
            raise _Unsafe(f"it is a link to {_quoted(target)}, which is outside")
        if ".." in steps[up:]:
            raise _Unsafe(f"it is a link to {_quoted(target)}, which has '..' after another name")
        parent = self._enter_folder(parts[:-1])
        _remove_existing(parts[-1], parent)
        os.symlink(target, parts[-1], dir_fd=parent)
        if self._keep_owner:
            os.chown(parts[-1], member.uid, member.gid, dir_fd=parent, follow_symlinks=False)
        os.utime(parts[-1], ns=(_clamped_mtime(member), _clamped_mtime(member)), dir_fd=parent, follow_symlinks=False)

    def _extract_hardlink(self, parts: tuple[str, ...], member: Member) -> None:
        target = self._parts(member.target)
        if not target:
            raise _Unsafe("it is a hard link without a target")
        # A hard link to a symbolic link would lead elsewhere, as it is in another folder.
        try:
            other = os.dup(self._enter_folder(target[:-1], create=False))
        except FileNotFoundError:
            raise _Unsafe(f"it is a hard link to {_quoted(member.target)}, which does not exist") from None
        try:
            if not _has_type(target[-1], other, stat.S_ISREG):
                raise _Unsafe(f"it is a hard link to {_quoted(member.target)}, which is not a file")
            parent = self._enter_folder(parts[:-1])
            if target == parts:
                return
            _remove_existing(parts[-1], parent)
            os.link(target[-1], parts[-1], src_dir_fd=other, dst_dir_fd=parent, follow_symlinks=False)
        finally:
            os.close(other)

    def _set_owner(self, file: int, member: Member) -> None:
        if self._keep_owner:
            os.fchown(file, member.uid, member.gid)


def _has_type(name: str, folder: int, kind: Callable[[int], bool]) -> bool:
    try:
        mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
    except OSError:
        return False
    return kind(mode)


def _refuse_folder(name: str, folder: int) -> None:
    if _has_type(name, folder, stat.S_ISDIR):
        raise _Unsafe("a folder exists in its place")


def _remove_existing(name: str, folder: int) -> None:
    _refuse_folder(name, folder)
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)


def _clamped_mtime(member: Member) -> int:
    return max(0, min(member.mtime, _MAX_MTIME))


def _quoted(name: str) -> str:
    return repr(name if len(name) <= 200 else f"{name[:200]}...")


def _shortened(name: str) -> str:
    return name if len(name) <= _MAX_NAME else f"{name[:200]}..."
