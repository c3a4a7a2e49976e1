"""What of an answer was parsed and not read yet: where it hangs on a model, where it stood, and how it is copied.

A model holds what was parsed of its unread fields, and of those that cannot be read, in `_parsed`. Each part of it
belongs to one unread field alone: reading a field takes its part out.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final, cast, get_args, get_origin

from .._annotations import without_none
from ..errors import DecodeError

if TYPE_CHECKING:
    from .model import FieldInfo, Model

__all__ = [
    "LOCK", "READ", "Odd", "Parsed", "Place", "came", "look", "parsed_at", "path_of", "places_of", "plain_copy",
    "waits", "wrong",
]  # fmt: skip

LOCK: Final = threading.RLock()
"""Held while a field is read: threads that look at once get the same value. It can be taken again by whoever holds it,
as the garbage collector may run a caller's code at any time."""

READ: Final = object()
"""Stands in `_parsed` where the part of a field was taken out."""

Place = tuple[Any, ...] | int | None
"""Where something stood in an answer, without what holds it: None for the answer itself, an index for an item of a list
that is the answer, (place, wire name) for a field, (place, index) for the item of another list, and (place, key, None)
for a value of a map."""

_DEEPEST = 2000


class Parsed:
    """The slots of a model that are no fields. A model that a caller made has neither."""

    __slots__ = ("_parsed", "_place")

    _parsed: dict[str, Any] | list[Any] | None
    """What came for the fields that are not read, by wire name; or for all that wait, in their order, if nothing was
    odd: a list is smaller."""
    _place: Place


def path_of(place: Place) -> str:
    """As `$[3].Ports[0].PrivatePort`."""
    parts: list[str] = []
    while place is not None:
        if isinstance(place, int):
            place = None, place
        parent, key = place[:2]
        parts.append(f"[{key!r}]" if len(place) == 3 or type(key) is int else f".{key}")
        place = parent
    return "".join(["$", *reversed(parts)])


def wrong(expected: str, value: Any, place: Place) -> DecodeError:
    """A value is of another type than the API says."""
    return DecodeError(
        f"expected {expected}, got {'null' if value is None else type(value).__name__}", path=path_of(place)
    )


class Odd:
    """The value of a field that cannot be read: equal to what came alike, and to nothing else."""

    __slots__ = ("came",)

    def __init__(self, came: Any) -> None:
        self.came = came

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Odd) and _alike(self.came, other.came)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(self.came)


def _alike(one: Any, other: Any) -> bool:
    """Whether two parsed values came as the same JSON: true is not 1."""
    if type(one) is not type(other):
        return False
    if type(one) is dict:
        mine, theirs = cast("dict[str, Any]", one), cast("dict[str, Any]", other)
        return mine.keys() == theirs.keys() and all(_alike(item, theirs[key]) for key, item in mine.items())
    if type(one) is list:
        items, others = cast("list[Any]", one), cast("list[Any]", other)
        return len(items) == len(others) and all(map(_alike, items, others))
    return bool(one == other)


def look(model: Model, name: str) -> Any:
    """The value of a field; what came, as an `Odd`, where it cannot be read."""
    try:
        return getattr(model, name)
    except DecodeError:
        from .model import wire_names

        return Odd(came(model, wire_names(type(model))[name]))


def came(model: Model, wire: str) -> Any:
    """What was parsed of a field that is not read; None if nothing came, or if it was read."""
    try:
        parsed = model._parsed  # pyright: ignore[reportPrivateUsage]
    except AttributeError:
        return None
    found = parsed_at(parsed, places_of(type(model)).get(wire) if type(parsed) is list else wire)
    return None if found is READ else found


def parsed_at(parsed: Any, key: Any) -> Any:
    """What came for one field: an index in a list, which has none for plain values, or a key of a dict."""
    if parsed is None or key is None:
        return None
    return cast("list[Any]", parsed)[key] if type(parsed) is list else cast("dict[str, Any]", parsed).get(key)


def waits(field: FieldInfo) -> bool:
    """Whether a field is read when it is looked at: it is nested, and no identity."""
    from .model import Model

    kind, _ = without_none(field.type)
    if get_origin(kind) in (list, dict) or kind is dict:
        return not field.required and (get_args(kind) or (object,))[-1] not in (str, int, bool)
    return not field.required and isinstance(kind, type) and issubclass(kind, Model)


@functools.cache
def places_of(cls: type[Model]) -> dict[str, int]:
    """Where in the list of what came each field is that waits, by wire name."""
    from .model import fields_of

    return {wire: at for at, wire in enumerate(field.wire for field in fields_of(cls) if waits(field))}


def plain_copy(value: Any) -> Any:
    """A copy of what a JSON parser made. DecodeError if it is nested too deeply, as what holds itself is."""
    if not _holds(value):
        return value
    whole: list[Any] = [value]
    left: list[tuple[Any, int]] = [(whole, 0)]
    while left:
        one, depth = left.pop()
        if depth > _DEEPEST:
            raise DecodeError("the JSON is nested too deeply")
        for key in _keys(one):
            if _holds(one[key]):
                one[key] = one[key].copy()
                left.append((one[key], depth + 1))
    return whole[0]


def _holds(value: Any) -> bool:
    return type(value) in (dict, list)


def _keys(value: Any) -> Iterable[Any]:
    return range(len(value)) if isinstance(value, list) else value  # pyright: ignore[reportUnknownArgumentType]
