"""The context of a build: a folder as a tar archive, without what its rules leave out."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Generator, Mapping
from functools import partial
from typing import Final, NamedTuple

from .._tar.members import MemberAttributes, ending
from .._tar.pack import Packer
from .._tar.walk import Choice, Walk
from ..errors import FileError
from .ignore import Matches, Rules

__all__ = ["Added", "archive_of"]

_NO_RULES: Final = Rules()


class Added(NamedTuple):
    """A file that the folder does not have, or has with another content."""

    content: bytes
    found: os.stat_result | None = None
    """What is in the folder by its name: mode and time stay."""

    def attributes(self, mtime: int | None) -> MemberAttributes:
        if self.found is None:
            return MemberAttributes(mode=0o600, mtime=mtime or 0)
        own = int(self.found.st_mtime)
        return MemberAttributes(mode=stat.S_IMODE(self.found.st_mode), mtime=own if mtime is None else mtime)


def archive_of(
    folder: str,
    rules: Rules = _NO_RULES,
    *,
    always: Collection[str] = (),
    added: Mapping[str, Added] | None = None,
    mtime: int | None = None,
    prune: bool = True,
) -> Generator[bytes, None, None]:
    """The folder as a tar archive, in pieces.

    What `rules` leave out is not in it, unless its path is in `always`; of a folder that is left out, and in which
    something is not, only that is, as with the docker command. `added` are files that the folder does not
    have, or has otherwise. Owners are root, as the docker command has them; times are in whole seconds, or all `mtime`.
    `prune=False` looks into every folder that is left out: for tests.
    """
    added = added or {}
    for name, new in sorted(added.items()):
        size = len(new.content)
        yield new.attributes(mtime).of_new(name, size) + new.content + ending(size)
    walk = Walk(folder, _choice(rules, frozenset(always), added, prune), may_go=True)
    try:
        yield from Packer(walk, MemberAttributes(mtime=mtime)).pieces()
    except FileError as error:
        if error.path == folder:
            raise
        raise FileError(f"{error}; a .dockerignore can leave it out", path=error.path) from error.__cause__


def _choice(rules: Rules, always: Collection[str], without: Collection[str], prune: bool) -> Choice:
    def choose(above: Matches, path: str) -> tuple[bool, Choice] | None:
        if path in without:
            return None
        out, matches = rules.look(path, above)
        if out and path not in always:
            below = not prune or rules.may_return(path) or any(name.startswith(path + "/") for name in always)
            return (False, partial(choose, matches)) if below else None
        return True, partial(choose, matches)

    return partial(choose, ())
