"""The context of a build: a folder as a tar archive, without the files that its ignore rules exclude."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Generator, Mapping
from functools import partial
from typing import Final, NamedTuple

from .._tar.members import MemberAttributes, padding
from .._tar.pack import Packer
from .._tar.walk import Selector, Walk
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
    """The folder as a tar archive, in chunks.

    Files that `rules` exclude are left out, unless their path is in `always`. An excluded folder has no entry of its
    own, even if files in it are included, as with the docker command. `added` are additional files, which replace
    those of the same path. The owner of all files is root, as with the docker command; times are in whole seconds, or
    all `mtime`. `prune=False` also walks excluded folders in which no file can be included: for tests.
    """
    added = added or {}
    for name, new in sorted(added.items()):
        size = len(new.content)
        yield new.attributes(mtime).file_header(name, size) + new.content + padding(size)
    walk = Walk(folder, _selector(rules, frozenset(always), added, prune), ignore_vanished=True)
    try:
        yield from Packer(walk, MemberAttributes(mtime=mtime)).chunks()
    except FileError as error:
        if error.path == folder:
            raise
        raise FileError(f"{error}; a .dockerignore can exclude it", path=error.path) from error.__cause__


def _selector(rules: Rules, always: Collection[str], without: Collection[str], prune: bool) -> Selector:
    def select(parent_matches: Matches, path: str) -> tuple[bool, Selector] | None:
        if path in without:
            return None
        excluded, matches = rules.match(path, parent_matches)
        if excluded and path not in always:
            enter = not prune or rules.may_reinclude(path) or any(name.startswith(path + "/") for name in always)
            return (False, partial(select, matches)) if enter else None
        return True, partial(select, matches)

    return partial(select, ())
