"""Follows the symbolic links in paths that the Engine asks for, as BuildKit does, and never out of the folder."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterable

__all__ = ["follow_links", "matches_wildcard"]


def follow_links(root: str, paths: Iterable[str]) -> list[str]:
    """The paths, and what they lead to: every link on the way, and where it ends. Sorted; `.` is the root.

    Each part of a path may hold wildcards. What is not there is no error.
    """
    found: set[str] = set()
    for path in paths:
        _follow(root, path, found)
    return sorted(found, key=os.fsencode)


def _follow(root: str, path: str, found: set[str]) -> None:
    """Add what the path leads to."""
    parts = _inside(path).split("/")
    for index in range(len(parts)):
        here, rest = "/".join(parts[: index + 1]), parts[index + 1 :]
        targets = _targets(root, here)
        if targets and here not in found:
            found.add(here)
            for target in targets:
                _follow(root, "/".join([target, *rest]), found)
        if targets:
            return
    found.add("/".join(parts))


def _inside(path: str) -> str:
    """The path without dots; what leads out of the root leads to the root."""
    return posixpath.normpath("/" + path).lstrip("/") or "."


def _targets(root: str, path: str) -> list[str]:
    """Where the links that the last part of the path names lead to; nothing if it names none."""
    folder, _, name = path.rpartition("/")
    if not _has_wildcard(name):
        target = _target(root, path)
        return [] if target is None else [target]
    try:
        names = sorted(os.listdir(os.path.join(root, folder)), key=os.fsencode)
    except OSError:
        return []
    inside = (posixpath.join(folder, one) for one in names if matches_wildcard(name, one))
    return [target for one in inside if (target := _target(root, one)) is not None]


def _target(root: str, path: str) -> str | None:
    """Where a link leads, in the root; None for what is no link, or is not there."""
    try:
        link = os.readlink(os.path.join(root, path))
    except OSError:
        return None
    return _inside(link if link.startswith("/") else posixpath.join("/", posixpath.dirname(path), link))


def _has_wildcard(name: str) -> bool:
    return any(char in "*?[" for char in re.sub(r"\\.", "", name, flags=re.DOTALL))


def matches_wildcard(pattern: str, name: str) -> bool:
    """Whether a name matches a pattern of Go's `filepath.Match`; a pattern that is wrong matches nothing."""
    expression: list[str] = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if char == "*":
            expression.append(".*")
        elif char == "?":
            expression.append(".")
        elif char == "[":
            group = _GROUP.match(pattern, at)
            if group is None:
                return False
            expression.append(_class(group[1], group[2]))
            at = group.end()
        elif char == "\\":
            if at == len(pattern):
                return False
            expression.append(re.escape(pattern[at]))
            at += 1
        else:
            expression.append(re.escape(char))
    try:
        return re.fullmatch("".join(expression), name, re.DOTALL) is not None
    except re.error:
        return False


_CHAR = r"(?:\\.|[^\]\\-])"
_GROUP = re.compile(rf"(\^?)((?:{_CHAR}(?:-{_CHAR})?)+)\]", re.DOTALL)
_RANGE = re.compile(rf"({_CHAR})(?:-({_CHAR}))?", re.DOTALL)


def _class(negated: str, ranges: str) -> str:
    """What stands in square brackets, as Python has it. A range that ends before it begins holds nothing."""
    parts: list[str] = []
    for low, high in _RANGE.findall(ranges):
        first, last = low[-1], (high or low)[-1]
        if first <= last:
            parts.append(f"{re.escape(first)}-{re.escape(last)}")
    if not parts:
        return "." if negated else r"(?!)"
    return f"[{negated}{''.join(parts)}]"
