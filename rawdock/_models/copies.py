"""Copies of models: with fields replaced, for `copy`, and for `pickle`.

`pickle` and `deepcopy` go by what goes over the wire, so that a pickle can be read by another version of rawdock, which
may have other fields.
"""

from __future__ import annotations

import copy
from typing import Any, TypeVar, cast

from ..errors import InvalidArgument
from .codec import encode, encode_extra, encode_fields
from .decoders import is_read
from .late import LOCK, came, plain_copy
from .model import NO_EXTRA, Model, attributes, fields_of

__all__ = ["deep_copied", "reduced", "replaced", "restored"]

M = TypeVar("M", bound=Model)


def replaced(model: M, changes: dict[str, Any]) -> M:
    """A copy with some fields changed; see `Model.replace`."""
    cls = type(model)
    if unknown := changes.keys() - {x.name for x in attributes(cls)}:
        raise TypeError(f"{cls.__name__} has no field {min(unknown)!r}")
    unread: dict[str, Any] = {}
    made = _empty(cls)
    with LOCK:
        for field in fields_of(cls):
            if field.name in changes:
                continue
            if is_read(model, field.name):
                _put(made, field.name, _fresh(getattr(model, field.name)))
            else:
                raw = came(model, field.wire)
                if raw is not None:
                    unread[field.wire] = plain_copy(raw)
        if unread:
            _put(made, "_parsed", unread)
            _put(made, "_place", model._place)  # pyright: ignore[reportPrivateUsage]
        _put(made, "extra", _fresh(model.extra) if model.extra else NO_EXTRA)
    for name, value in changes.items():
        _put(made, name, value)
    return made


def _empty(cls: type[M]) -> M:
    """A model in which nothing is read, and nothing came."""
    made = object.__new__(cls)
    _put(made, "_parsed", None)
    _put(made, "_place", None)
    return made


_put = object.__setattr__


def _fresh(value: Any) -> Any:
    """A value of a field that shares nothing with it that can be changed."""
    if isinstance(value, Model):
        return replaced(value, {})
    if type(value) is list:
        return [_fresh(x) for x in cast("list[Any]", value)]
    if type(value) is dict:
        return {key: _fresh(x) for key, x in cast("dict[Any, Any]", value).items()}
    return value


def _apart(model: Model) -> tuple[dict[str, Any], dict[str, Any]]:
    """A model as it goes over the wire, and the values that a caller gave and that cannot go there, by field."""
    try:
        return encode(model), {}
    except InvalidArgument:
        pass
    wire: dict[str, Any] = {}
    strays: dict[str, Any] = {}
    for field in fields_of(type(model)):
        try:
            wire |= encode_fields(model, [field])
        except InvalidArgument:
            strays[field.name] = getattr(model, field.name)
    try:
        wire |= encode_extra(model)
    except InvalidArgument:
        strays["extra"] = model.extra
    return wire, strays


def restored(cls: type[M], wire: dict[str, Any], strays: dict[str, Any]) -> M:
    """The model that was taken apart: it is read when it is looked at."""
    made = _empty(cls)
    known = {field.wire for field in fields_of(cls)}
    _put(made, "_parsed", {name: value for name, value in wire.items() if name in known})
    extra = {name: value for name, value in wire.items() if name not in known}
    _put(made, "extra", extra or NO_EXTRA)
    for name, value in strays.items():
        if name in {x.name for x in attributes(cls)}:
            _put(made, name, value)
    return made


def reduced(model: Model) -> tuple[Any, ...]:
    """What `pickle` and `copy.copy` make another one of."""
    return restored, (type(model), *_apart(model))


def deep_copied(model: M, memo: dict[int, Any]) -> M:
    wire, strays = _apart(model)
    return restored(type(model), wire, copy.deepcopy(strays, memo))
