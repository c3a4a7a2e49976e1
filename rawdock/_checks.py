"""Checks of arguments that are used on this side: numbers, seconds and paths of this machine."""

from __future__ import annotations

import os
from typing import TypeGuard, cast

from ._shown import half_character, shown
from .errors import InvalidArgument

__all__ = ["is_seconds", "is_whole_number", "local_path"]

_LONGEST = 10**12  # seconds: thirty thousand years


def is_whole_number(value: object, lowest: int) -> TypeGuard[int]:
    """Whether a value is a whole number from `lowest` on, that fits into the 64 bits that Engines and files have."""
    return type(value) is int and lowest <= value < 2**63


def is_seconds(value: object) -> bool:
    """Whether a value is a number of seconds that an event loop can wait for."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= _LONGEST


def local_path(where: str, path: object) -> str:
    """The path of a file or folder of this machine as text; raises InvalidArgument for what cannot be one."""
    text: object = os.fspath(cast("os.PathLike[str]", path)) if isinstance(path, os.PathLike) else path
    if not isinstance(text, str) or not text:
        raise InvalidArgument(f"{where}: expected a path as text, got {shown(text)}")
    if "\0" in text:
        raise InvalidArgument(f"{where}: {shown(text)} has a zero byte, and no path has one")
    try:
        os.fsencode(text)
    except UnicodeEncodeError as error:
        raise InvalidArgument(f"{where}: {half_character(error)} and cannot be in a path") from error
    return text
