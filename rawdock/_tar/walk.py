"""The way through a folder: what is in it, one after the other.

Every step goes from an open folder to a name in it and follows no link, so that nothing from outside gets in, whatever
happens to the folder meanwhile. Names are sorted, so that the same folder is always walked in the same order.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Generator, Iterator
from typing import NamedTuple, Protocol

from ..errors import FileError

__all__ = ["READ", "Choice", "Entry", "Walk", "everything"]

READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""Follows no link that has taken the place of a file, and waits for no pipe or device that has."""


class Choice(Protocol):
    """Says what is wanted of a folder."""

    def __call__(self, path: str, /) -> tuple[bool, Choice] | None:
        """Whether the path is wanted, and who says it of what is in it; None if nothing in it can be wanted either."""
        ...


def everything(path: str) -> tuple[bool, Choice]:
    return True, everything


class Entry(NamedTuple):
    """Something that was found. `name` leads to it from `folder`, which is open until the next one is asked for."""

    folder: int | None
    """None for the source, whose name is its path."""
    name: str
    path: str
    """Below the source, with slashes; empty for itself."""
    found: os.stat_result


class _Level(NamedTuple):
    """A folder that is open."""

    entry: Entry
    folder: int
    names: Iterator[str]
    choice: Choice


class Walk:
    """A file, or a folder and what is in it; to be walked once.

    A folder that is not wanted does not come, though something in it may; with `with_parents` it comes just before
    that. One that may not be read either is passed over. Sockets, which an archive cannot hold, come only with
    `with_sockets`. What goes away between two looks at it is an error; with `may_go` it is as if it had never been.
    """

    def __init__(
        self,
        source: str,
        choice: Choice = everything,
        *,
        may_go: bool = False,
        with_sockets: bool = False,
        with_parents: bool = False,
    ) -> None:
        self.sockets: list[str] = []
        self._source = source
        self._choice = choice
        self._may_go = may_go
        self._with_sockets = with_sockets
        self._with_parents = with_parents
        self._levels: list[_Level] = []
        self._waiting: list[Entry] = []  # folders that are not wanted, until something in them is

    def entries(self) -> Generator[Entry, None, None]:
        try:
            yield from self._see(None, self._source, "", True, self._choice)
            while self._levels:
                level = self._levels[-1]
                name = next(level.names, None)
                if name is None:
                    self._leave()
                    continue
                path = f"{level.entry.path}/{name}" if level.entry.path else name
                if chosen := level.choice(path):
                    yield from self._see(level.folder, name, path, *chosen)
        finally:
            while self._levels:
                self._leave()

    def where(self, path: str) -> str:
        """The path on this machine."""
        return os.path.join(self._source, path) if path else self._source

    def unreadable(self, path: str, error: OSError) -> FileError:
        where = self.where(path)
        return FileError(f"{where} cannot be read: {error.strerror}", path=where)

    def failed(self, path: str, error: OSError) -> None:
        """Raise a FileError, unless it has only gone, or become a folder no more, and may."""
        if not (path and self._may_go and isinstance(error, (FileNotFoundError, NotADirectoryError))):
            raise self.unreadable(path, error) from error

    def _see(self, folder: int | None, name: str, path: str, wanted: bool, choice: Choice) -> Iterator[Entry]:
        try:
            entry = Entry(folder, name, path, os.stat(name, dir_fd=folder, follow_symlinks=False))
            if stat.S_ISDIR(entry.found.st_mode):
                self._enter(entry, choice)
            elif not wanted:
                return
        except OSError as error:
            if wanted or not isinstance(error, PermissionError):
                self.failed(path, error)
            return
        if stat.S_ISSOCK(entry.found.st_mode) and not self._with_sockets:
            self.sockets.append(self.where(path))
            return
        if wanted or self._with_parents:
            self._waiting.append(entry)
        if wanted:
            yield from self._waiting
            self._waiting.clear()

    def _enter(self, entry: Entry, choice: Choice) -> None:
        folder = os.open(entry.name, READ | os.O_DIRECTORY, dir_fd=entry.folder)
        try:
            names = sorted(os.listdir(folder), key=os.fsencode)
        except BaseException:
            os.close(folder)
            raise
        self._levels.append(_Level(entry, folder, iter(names), choice))

    def _leave(self) -> None:
        level = self._levels.pop()
        os.close(level.folder)
        if self._waiting and self._waiting[-1] is level.entry:
            self._waiting.pop()
