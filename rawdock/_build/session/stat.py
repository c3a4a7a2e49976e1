"""Files as BuildKit's file transfer describes them: as Go does, and owned by root."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping

from ..._tar.walk import Entry
from .messages import Stat

__all__ = ["FOLDER", "go_mode", "is_content", "stat_of"]

FOLDER = 1 << 31
_SYMLINK = 1 << 27
_SOCKET = 0  # docker clears its bit, so that it arrives as an empty file
_TYPES = {
    stat.S_IFREG: 0,
    stat.S_IFDIR: FOLDER,
    stat.S_IFLNK: _SYMLINK,
    stat.S_IFBLK: 1 << 26,
    stat.S_IFIFO: 1 << 25,
    stat.S_IFSOCK: _SOCKET,
    stat.S_IFCHR: 1 << 26 | 1 << 21,
}
_SETUID, _SETGID, _STICKY = 1 << 23, 1 << 22, 1 << 20
_TYPE_BITS = FOLDER | _SYMLINK | 1 << 26 | 1 << 25 | 1 << 24 | 1 << 21 | 1 << 19
# Of macOS: docker leaves them out.
_LEFT_OUT = "com.apple."


def go_mode(mode: int) -> int:
    """Go's FileMode for a mode of Unix."""
    return (
        mode & 0o777
        | _TYPES.get(stat.S_IFMT(mode), 1 << 19)
        | (_SETUID if mode & stat.S_ISUID else 0)
        | (_SETGID if mode & stat.S_ISGID else 0)
        | (_STICKY if mode & stat.S_ISVTX else 0)
    )


def is_content(mode: int) -> bool:
    """Whether the receiver may ask for the content of something with this FileMode."""
    return not mode & _TYPE_BITS


def stat_of(entry: Entry, where: str, *, link: str, mtime: int | None) -> Stat:
    """The description. `where` is the path on this machine, `link` another name of the same file that was described
    before, `mtime` a time for all files in seconds. OSError if it is gone."""
    found = entry.stat
    device = (0, 0)
    if stat.S_ISLNK(found.st_mode):
        link = os.readlink(entry.name, dir_fd=entry.folder)
    elif stat.S_ISBLK(found.st_mode) or stat.S_ISCHR(found.st_mode):
        device = os.major(found.st_rdev), os.minor(found.st_rdev)
    return Stat(
        path=entry.path,
        mode=go_mode(found.st_mode),
        size=0 if stat.S_ISDIR(found.st_mode) else found.st_size,
        mtime=found.st_mtime_ns if mtime is None else mtime * 1_000_000_000,
        link=link,
        device=device,
        xattrs=_xattrs(entry, where),
    )


def _xattrs(entry: Entry, where: str) -> Mapping[str, bytes]:
    """All that may be read."""
    if not hasattr(os, "listxattr"):
        return {}
    # Through the open folder, so that it is of this file whatever has happened to the folders above.
    path = f"/proc/self/fd/{entry.folder}/{entry.name}" if _PROC else where
    try:
        names = os.listxattr(path, follow_symlinks=False)
    except OSError:
        return {}
    found: dict[str, bytes] = {}
    for name in names:
        if not name.startswith(_LEFT_OUT):
            try:
                found[name] = os.getxattr(path, name, follow_symlinks=False)
            except OSError:
                continue
    return found


_PROC = os.path.isdir("/proc/self/fd")
