"""The context of a build: a folder as a tar archive, without the files that its ignore rules exclude."""

from __future__ import annotations

from collections.abc import Collection, Generator, Mapping
from functools import partial
from typing import Final

from .._tar.members import MemberAttributes, padding
from .._tar.pack import Packer
from .._tar.walk import Selector, Walk
from ..errors import FileError
from .ignore import Matches, Rules

__all__ = ["archive_of"]

_NO_RULES: Final = Rules()


def archive_of(
    folder: str,
    rules: Rules = _NO_RULES,
    *,
    always: Collection[str] = (),
    added: Mapping[str, bytes] | None = None,
    mtime: int | None = None,
    prune: bool = True,
) -> Generator[bytes, None, None]:
    """The folder as a tar archive, in chunks.

    Files that `rules` exclude are left out, unless their path is in `always`. `added` are additional files, which
    replace those of the same path. The owner of all files is root, as with the docker command; times are in whole
    seconds, or all `mtime`. `prune=False` also walks excluded folders in which no file can be included: for tests.
    """
    added = added or {}
    attributes = MemberAttributes(mode=0o600, mtime=mtime or 0)
    for name, content in sorted(added.items()):
        yield attributes.file_header(name, len(content)) + content + padding(len(content))
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
