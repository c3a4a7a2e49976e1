"""What a session can serve as a folder: one on disk, or files in memory. Called in worker threads."""

from __future__ import annotations

import io
import os
import stat
import time
from collections.abc import Generator, Mapping
from contextlib import closing
from typing import Protocol

from ..._tar.walk import READ, Entry, Walk
from ...errors import FileError
from .links import follow_links
from .messages import Stat
from .paths import PathFilter, Patterns, without_covered
from .stat import stat_of

__all__ = ["Content", "DiskFolder", "FolderSource", "MemoryFolder", "Reader"]


class Content(Protocol):
    """An open file."""

    def read(self, size: int, /) -> bytes | None: ...

    def close(self) -> None: ...


class Reader(Protocol):
    """Opens the files of one folder, by the paths of their descriptions."""

    def open(self, path: str) -> Content:
        """Raises FileError."""
        ...

    def close(self) -> None: ...


class FolderSource(Protocol):
    """A folder that the Engine may ask for."""

    def stats(self, patterns: Patterns) -> Generator[Stat, None, None]:
        """What the patterns want of it: by bytes of the names in each folder, folders ahead of what is in them.

        Raises FileError for what cannot be read, InvalidArgument for patterns that cannot be.
        """
        ...

    def reader(self) -> Reader:
        """For one transfer."""
        ...

    def where(self, path: str) -> str:
        """The path for error messages."""
        ...


class DiskFolder:
    """A folder of this machine. `mtime`, in seconds since 1970, replaces the time of everything in it.

    Nothing outside of it is read, whatever happens to it meanwhile: no link is followed.
    """

    def __init__(self, path: str, *, mtime: int | None = None) -> None:
        self._root = os.path.realpath(path)
        self._mtime = mtime

    def stats(self, patterns: Patterns) -> Generator[Stat, None, None]:
        walk = Walk(self._root, self._filter(patterns).choice, ignore_vanished=True, with_sockets=True, with_parents=True)
        names: dict[tuple[int, int], str] = {}  # of files that have several: the first that was described
        try:
            with closing(walk.entries()) as entries:
                for entry in entries:
                    if entry.path and (described := self._stat(entry, names)):
                        yield described
        except FileError as error:
            if error.path == self._root:
                raise
            raise FileError(f"{error}; a .dockerignore can leave it out", path=error.path) from error.__cause__

    def reader(self) -> Reader:
        try:
            return _DiskReader(self._root)
        except OSError as error:
            raise FileError(f"{self._root} can no longer be read: {error.strerror}", path=self._root) from error

    def where(self, path: str) -> str:
        return os.path.join(self._root, path)

    def _filter(self, patterns: Patterns) -> PathFilter:
        include = list(patterns.include)
        if patterns.follow:
            followed = without_covered(follow_links(self._root, patterns.follow))
            if followed is not None:
                include = without_covered([*include, *followed]) or []
        return PathFilter(include, patterns.exclude)

    def _stat(self, entry: Entry, names: dict[tuple[int, int], str]) -> Stat | None:
        found, link = entry.stat, ""
        if found.st_nlink > 1 and not stat.S_ISDIR(found.st_mode) and not stat.S_ISLNK(found.st_mode):
            first = names.setdefault((found.st_dev, found.st_ino), entry.path)
            link = first if first != entry.path else ""
        try:
            return stat_of(entry, self.where(entry.path), link=link, mtime=self._mtime)
        except FileNotFoundError:
            return None  # gone since it was listed


class _DiskReader:
    """Goes from open folder to open folder and keeps the last one: files are mostly asked for folder by folder."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._path = ""
        self._folder = os.open(root, READ | os.O_DIRECTORY)

    def open(self, path: str) -> Content:
        folder, _, name = path.rpartition("/")
        try:
            if folder != self._path:
                self._enter(folder)
            file = os.open(name, READ, dir_fd=self._folder)
        except OSError as error:
            raise self._error(path, f"can no longer be read: {error.strerror}") from error
        try:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                raise self._error(path, "was a file when the build began, and is none any more")
            return io.FileIO(file, "rb")
        except BaseException:
            os.close(file)
            raise

    def _enter(self, folder: str) -> None:
        at = os.open(self._root, READ | os.O_DIRECTORY)
        try:
            for name in folder.split("/") if folder else ():
                inner = os.open(name, READ | os.O_DIRECTORY, dir_fd=at)
                os.close(at)
                at = inner
        except BaseException:
            os.close(at)
            raise
        os.close(self._folder)
        self._folder, self._path = at, folder

    def _error(self, path: str, what: str) -> FileError:
        where = os.path.join(self._root, path)
        return FileError(f"{where} {what}", path=where)

    def close(self) -> None:
        os.close(self._folder)


class MemoryFolder:
    """Files by their names; there are no folders in it.

    Each time it is made its files are new: the Engine compares sizes and times, not contents.
    """

    def __init__(self, files: Mapping[str, bytes] = {}) -> None:
        self._files = dict(sorted(files.items(), key=lambda item: item[0].encode()))
        self._mtime = time.time_ns()

    def stats(self, patterns: Patterns) -> Generator[Stat, None, None]:
        wanted = PathFilter([*patterns.include, *patterns.follow], patterns.exclude)
        for name, content in self._files.items():
            chosen = wanted.choice(name)
            if chosen and chosen[0]:
                yield Stat(name, 0o644, len(content), self._mtime)

    def reader(self) -> Reader:
        return _MemoryReader(self._files)

    def where(self, path: str) -> str:
        return path


class _MemoryReader:
    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files

    def open(self, path: str) -> Content:
        return io.BytesIO(self._files[path])

    def close(self) -> None:
        pass
