"""Checks of single options: each returns the value as the Engine takes it, or raises InvalidArgument with the cure."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from typing import Any, cast

from .._checks import is_whole_number
from .._shown import shown
from ..errors import InvalidArgument

__all__ = [
    "Parse",
    "check_texts",
    "comma_separated",
    "flag",
    "items",
    "named",
    "number",
    "one_of",
    "pairs",
    "text",
    "texts",
    "wrong",
]

Parse = Callable[[str, Any], Any]
"""Reads the value of an option; its name is for messages."""


def wrong(option: str, expected: str, given: object) -> InvalidArgument:
    """The error for a value of the wrong form."""
    return InvalidArgument(f"{option}: expected {expected}, got {shown(given)}")


_DEPTH = 4
"""The deepest text of an option: in a list, of a mapping, of a list of mappings."""


def check_texts(option: str, value: Any) -> None:
    """Raise InvalidArgument for a text that no Engine can be sent. It is not shown: it may be secret."""
    level: list[Any] = [value]
    for _ in range(_DEPTH):
        inner: list[Any] = []
        for one in level:
            if isinstance(one, str):
                _check_text(option, one)
            elif isinstance(one, Mapping):
                given = cast("Mapping[Any, Any]", one)
                inner += [*given.keys(), *given.values()]
            elif isinstance(one, (list, tuple)):
                inner += cast("list[Any]", one)
        level = inner


def _check_text(option: str, value: str) -> None:
    if "\0" in value:
        raise InvalidArgument(f"{option}: a text has a zero byte in it, which no program can be given; take it out")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidArgument(
            f"{option}: a text has half a character in it, as Python reads bytes that are not UTF-8, and is not sent: "
            'write it anew, or replace it with text.encode(errors="replace").decode()'
        ) from None


def text(option: str, value: Any) -> str:
    """Text that is not empty."""
    if isinstance(value, str) and value.strip():
        return str.__str__(value)
    if isinstance(value, str):
        raise InvalidArgument(f"{option}: is {'blank' if value else 'empty'}; leave it out")
    cure = f'; write "{shown(value)}"' if isinstance(value, (int, float)) and not isinstance(value, bool) else ""
    raise InvalidArgument(f"{option}: expected text, got {shown(value)}{cure}")


def items(option: str, value: Any, example: str) -> list[Any]:
    """A list or a tuple."""
    if isinstance(value, (list, tuple)):
        return list(cast("list[Any]", value))
    raise wrong(option, f"a list like {example}", value)


def texts(example: str) -> Parse:
    """A list of texts."""

    def parse(option: str, value: Any) -> list[str]:
        return [text(option, item) for item in items(option, value, example)]

    return parse


def number(lowest: int = -(2**63), highest: int = 2**63 - 1) -> Parse:
    """A whole number."""

    def parse(option: str, value: Any) -> int:
        if is_whole_number(value, lowest) and value <= highest:
            return value
        limits = "a whole number"
        if lowest > -(2**63):
            limits += f" of at least {lowest}" if highest == 2**63 - 1 else f" from {lowest} to {highest}"
        raise wrong(option, limits, value)

    return parse


def flag(option: str, value: Any) -> bool:
    """True or False."""
    if isinstance(value, bool):
        return value
    raise wrong(option, "True or False", value)


def one_of(*values: str) -> Parse:
    """One of some texts."""

    def parse(option: str, value: Any) -> str:
        if isinstance(value, str) and value in values:
            return str.__str__(value)
        raise wrong(option, "one of " + ", ".join(f'"{one}"' for one in values), value)

    return parse


def pairs(example: str, *, key_alone: bool = False) -> Parse:
    """A mapping of texts, or a list of `name=value`. Values are not shown: they may be secret."""
    name, _, value_example = example.partition("=")
    expected = f'{{"{name}": "{value_example}"}} or ["{example}"]'

    def parse(option: str, value: Any) -> dict[str, str]:
        found: dict[str, str] = {}
        if isinstance(value, Mapping):
            for key, one in cast("Mapping[Any, Any]", value).items():
                if not isinstance(key, str) or not key or "=" in key:
                    raise InvalidArgument(f"{option}: expected {expected}; {shown(key)} is not a name")
                found[str.__str__(key)] = _pair_value(option, key, one)
            return found
        if not isinstance(value, (list, tuple)):
            raise InvalidArgument(f"{option}: expected {expected}, got {type(value).__name__}")
        for one in cast("list[Any]", value):
            if not isinstance(one, str):
                raise InvalidArgument(f"{option}: expected {expected}, got {type(one).__name__} in the list")
            key, equals, rest = str.__str__(one).partition("=")
            if not key or not (equals or key_alone):
                raise InvalidArgument(f'{option}: expected {expected}; an item has no "name=" at its beginning')
            found[key] = rest
        return found

    return parse


def _pair_value(option: str, key: str, value: Any) -> str:
    if isinstance(value, str):
        return str.__str__(value)
    if value is None:
        raise InvalidArgument(f'{option}: {shown(key)} is None; write "" for an empty text, or leave it out')
    raise InvalidArgument(f"{option}: {shown(key)}: expected text, got {type(value).__name__}; write it in quotes")


def comma_separated(option: str, value: str) -> list[str]:
    """The fields of a text like `type=bind,source=/a`; one with a comma is in quotes, as in CSV."""
    try:
        return next(csv.reader([value], strict=True))
    except (csv.Error, StopIteration) as error:
        raise InvalidArgument(
            f"{option}: {shown(value)} is not a list of fields with commas between: {error}"
        ) from None


def named(option: str, value: Any, known: Mapping[str, str]) -> list[tuple[str, Any]]:
    """The fields of a text like `name=web,alias=a` or of a mapping, by the names that `known` has for them; of a text
    also fields without a value, which are None."""
    if isinstance(value, Mapping):
        given = list(cast("Mapping[Any, Any]", value).items())
        if any(one is None for _, one in given):
            raise InvalidArgument(f"{option}: a value is None; leave it out")
    else:
        parts = [field.partition("=") for field in comma_separated(option, text(option, value))]
        given = [(key.strip(), rest if equals else None) for key, equals, rest in parts]
    found: list[tuple[str, Any]] = []
    for key, one in given:
        name = known.get(key.replace("_", "-")) if isinstance(key, str) else None
        if name is None:
            names = ", ".join(sorted(known))
            raise InvalidArgument(f"{option}: {shown(key)} in {shown(cast('object', value))} is not one of {names}")
        found.append((name, one))
    return found
