"""Walk through a folder and everything below it.

Each entry is opened by its name relative to its open parent folder, without following links, so that nothing from
outside gets in, whatever happens to the folder meanwhile. Names are sorted, so that the order is always the same.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Generator, Iterator
from typing import NamedTuple, Protocol

from .._shown import shortened
from ..errors import FileError

__all__ = ["READ", "Entry", "Selector", "Walk", "select_all"]

READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""Flags to open a file: do not follow a link, and do not block on a pipe or device, that has replaced it meanwhile."""


class Selector(Protocol):
    """Selects entries of a folder."""

    def __call__(self, path: str, /) -> tuple[bool, Selector] | None:
        """Whether the path is selected, and the selector for its content; None if nothing in it can be selected."""
        ...


def select_all(path: str) -> tuple[bool, Selector]:
    return True, select_all


class Entry(NamedTuple):
    """A file or folder that was found."""

    folder: int | None
    """The descriptor of its folder, valid until the next entry; None for the source itself, whose name is its path."""
    name: str
    path: str
    """The path relative to the source, with slashes; empty for the source."""
    stat: os.stat_result


class _Level(NamedTuple):
    """An open folder."""

    entry: Entry
    folder: int
    names: Iterator[str]
    selector: Selector


class Walk:
    """A walk through a file, or a folder and its content. `entries` can be iterated once.

    A folder that is not selected has no entry, though files in it may have one; with `with_parents` it comes just
    before the first of them. It is skipped if it cannot be read. Sockets, which an archive cannot hold, are collected
    in `sockets`; with `with_sockets` they are entries. A file that vanishes during the walk is an error; with
    `ignore_vanished` it is left out.
    """

    def __init__(
        self,
        source: str,
        selector: Selector = select_all,
        *,
        ignore_vanished: bool = False,
        with_sockets: bool = False,
        with_parents: bool = False,
    ) -> None:
        self.sockets: list[str] = []
        self._source = source
        self._selector = selector
        self._ignore_vanished = ignore_vanished
        self._with_sockets = with_sockets
        self._with_parents = with_parents
        self._levels: list[_Level] = []
        self._pending: list[Entry] = []  # folders that are not selected, until an entry in them is

    def entries(self) -> Generator[Entry, None, None]:
        try:
            yield from self._visit(None, self._source, "", True, self._selector)
            while self._levels:
                level = self._levels[-1]
                name = next(level.names, None)
                if name is None:
                    self._leave()
                    continue
                path = f"{level.entry.path}/{name}" if level.entry.path else name
                if selection := level.selector(path):
                    yield from self._visit(level.folder, name, path, *selection)
        finally:
            while self._levels:
                self._leave()

    def local_path(self, path: str) -> str:
        """The path on this machine of an entry."""
        return os.path.join(self._source, path) if path else self._source

    def read_error(self, path: str, error: OSError) -> FileError:
        local = self.local_path(path)
        return FileError(f"{shortened(local)} cannot be read: {error.strerror}", path=local)

    def handle_error(self, path: str, error: OSError) -> None:
        """Raise a FileError, unless the file or folder has vanished and that is to be ignored."""
        if not (path and self._ignore_vanished and isinstance(error, (FileNotFoundError, NotADirectoryError))):
            raise self.read_error(path, error) from error

    def _visit(self, folder: int | None, name: str, path: str, selected: bool, selector: Selector) -> Iterator[Entry]:
        try:
            entry = Entry(folder, name, path, os.stat(name, dir_fd=folder, follow_symlinks=False))
            if stat.S_ISDIR(entry.stat.st_mode):
                self._enter(entry, selector)
            elif not selected:
                return
        except OSError as error:
            if selected or not isinstance(error, PermissionError):
                self.handle_error(path, error)
            return
        if stat.S_ISSOCK(entry.stat.st_mode) and not self._with_sockets:
            self.sockets.append(self.local_path(path))
            return
        if selected or self._with_parents:
            self._pending.append(entry)
        if selected:
            yield from self._pending
            self._pending.clear()

    def _enter(self, entry: Entry, selector: Selector) -> None:
        folder = os.open(entry.name, READ | os.O_DIRECTORY, dir_fd=entry.folder)
        try:
            names = sorted(os.listdir(folder), key=os.fsencode)
        except BaseException:
            os.close(folder)
            raise
        self._levels.append(_Level(entry, folder, iter(names), selector))

    def _leave(self) -> None:
        level = self._levels.pop()
        os.close(level.folder)
        if self._pending and self._pending[-1] is level.entry:
            self._pending.pop()
