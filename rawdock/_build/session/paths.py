"""Which paths of a folder the Engine wants: its patterns, applied as BuildKit applies them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import NamedTuple

from ..._tar.walk import Selector
from ...errors import InvalidArgument
from ..ignore import Matches, Rules
from .grpc import Metadata

__all__ = ["PathFilter", "Patterns", "without_covered"]


class Patterns(NamedTuple):
    """What the Engine asks for."""

    include: Sequence[str] = ()
    """Only what matches one of these; all if there are none."""
    exclude: Sequence[str] = ()
    """The rules of the `.dockerignore`, most of the time."""
    follow: Sequence[str] = ()
    """Paths, which may hold wildcards, that are included together with what they lead to if they are links."""

    @staticmethod
    def of(metadata: Metadata) -> Patterns:
        """From the headers of a call."""
        names = ("include-patterns", "exclude-patterns", "followpaths")
        return Patterns(*(metadata.get(name, []) for name in names))


class PathFilter:
    """Chooses paths for a walk. Raises InvalidArgument for patterns that cannot be read."""

    def __init__(self, include: Iterable[str], exclude: Iterable[str]) -> None:
        include = list(include)
        try:
            self._include = Rules(include) if include else None
        except InvalidArgument as error:
            raise InvalidArgument(f"the Engine asks for paths by a pattern that cannot be read: {error}") from error
        self._exclude = Rules(exclude)

    def choice(self, path: str) -> tuple[bool, Selector] | None:
        """Whether a path directly in the folder is wanted; see `_tar.walk.Selector`."""
        return self._choose((), (), path)

    def _choose(self, included: Matches, excluded: Matches, path: str) -> tuple[bool, Selector] | None:
        wanted = True
        if self._include is not None:
            wanted, included = self._include.match(path, included)
            if not wanted and not self._include.may_match(path):
                return None
        out, excluded = self._exclude.match(path, excluded)
        if out and not self._exclude.may_reinclude(path):
            return None
        return wanted and not out, partial(self._choose, included, excluded)


def without_covered(paths: Iterable[str]) -> list[str] | None:
    """The paths without those that are in a folder which is among them; None for all, if the root is among them."""
    kept: list[str] = []
    for path in paths:
        if path == ".":
            return None
        if not kept or not path.startswith(kept[-1] + "/"):
            kept.append(path)
    return kept
