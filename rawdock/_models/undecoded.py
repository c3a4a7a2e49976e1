"""Parsed JSON of an answer that is not decoded yet: where a model keeps it, where it was in the answer, its copies.

A model keeps the parsed JSON of its undecoded fields in `_undecoded`, and so that of wrong values. Each part belongs to
one field only: when the field is decoded, its part is taken out, so nothing that can be changed is shared.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any, Final, cast

from .._shown import shown
from ..errors import DecodeError

__all__ = [
    "CHANGED",
    "LOCK",
    "OWN",
    "TAKEN",
    "Location",
    "UndecodedSlots",
    "WrongValue",
    "is_own",
    "json_at",
    "path_of",
    "plain_copy",
    "wrong_type",
]

LOCK: Final = threading.RLock()
"""Held while a field is decoded, so that threads that read it at the same time get the same value. Reentrant, since the
garbage collector may run other code at any time, which may read a field too."""

TAKEN: Final = object()
"""Takes the place of parsed JSON in `_undecoded` after it was decoded."""

CHANGED: Final = ""
"""The key in `_undecoded`, which no JSON name of a field is, of the names of the fields that a caller has replaced."""

Location = tuple[Any, ...] | int | None
"""Where a value was in the answer, without a reference to what contains it: None for the answer itself, an index if the
answer is a list, (location, JSON name) for a field, (location, index) for an item of a list, and (location, key, None)
for a value of a map. The outermost location is OWN in place of None if it was no answer."""

OWN: Final[Location] = ()
"""The location of JSON that a caller gave, or that comes from a copy of a model that a caller made or changed."""

_MAX_DEPTH = 2000


class UndecodedSlots:
    """The slots of a model that are not fields. They are not set if the model was made by its constructor."""

    __slots__ = ("_location", "_undecoded")

    _undecoded: dict[str, Any] | list[Any] | None
    """By JSON name; or, which takes less memory, a list by `nested_positions` (in `model`), if no value was wrong."""
    _location: Location


def path_of(location: Location) -> str:
    """As `$[3].Ports[0].PrivatePort`."""
    parts: list[str] = []
    while location is not None and location != OWN:
        if isinstance(location, int):
            location = None, location
        parent, key = location[:2]
        parts.append(f"[{shown(key)}]" if len(location) == 3 or type(key) is int else f".{key}")
        location = parent
    return "".join(["$", *reversed(parts)])


def is_own(location: Location) -> bool:
    """Whether a value was in JSON that is no answer of an Engine."""
    while location is not None and location != OWN:
        location = None if isinstance(location, int) else location[0]
    return location == OWN


def wrong_type(expected: str, value: Any, location: Location) -> DecodeError:
    """The error for a value that is not of the type that the API says."""
    got = "null" if value is None else type(value).__name__
    return DecodeError(f"expected {expected}, got {got}", path=path_of(location))


class WrongValue:
    """The JSON of a wrong value, for comparing and showing it. It equals only a wrong value with the same JSON."""

    __slots__ = ("json",)

    def __init__(self, json: Any) -> None:
        self.json = json

    def __eq__(self, other: object) -> bool:
        return isinstance(other, WrongValue) and _same_json(self.json, other.json)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(self.json)


def _same_json(one: Any, other: Any) -> bool:
    """Equality in which true is not 1."""
    if type(one) is not type(other):
        return False
    if type(one) is dict:
        left, right = cast("dict[str, Any]", one), cast("dict[str, Any]", other)
        return left.keys() == right.keys() and all(_same_json(item, right[key]) for key, item in left.items())
    if type(one) is list:
        items, others = cast("list[Any]", one), cast("list[Any]", other)
        return len(items) == len(others) and all(map(_same_json, items, others))
    return bool(one == other)


def json_at(undecoded: Any, key: int | str | None) -> Any:
    """An entry of `_undecoded`. Fields that are not nested have no index (None) in the list."""
    if undecoded is None or key is None:
        return None
    return cast("Any", undecoded)[key] if type(undecoded) is list else cast("dict[Any, Any]", undecoded).get(key)


def plain_copy(value: Any) -> Any:
    """A deep copy of parsed JSON. Raises DecodeError if it is nested too deeply or contains itself."""
    if not _is_container(value):
        return value
    root: list[Any] = [value]
    pending: list[tuple[Any, int]] = [(root, 0)]
    while pending:
        one, depth = pending.pop()
        if depth > _MAX_DEPTH:
            raise DecodeError("the JSON is nested too deeply")
        for key in _keys(one):
            if _is_container(one[key]):
                one[key] = one[key].copy()
                pending.append((one[key], depth + 1))
    return root[0]


def _is_container(value: Any) -> bool:
    return type(value) in (dict, list)


def _keys(value: Any) -> Iterable[Any]:
    return range(len(value)) if isinstance(value, list) else value  # pyright: ignore[reportUnknownArgumentType]
