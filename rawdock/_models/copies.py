"""Copies of models: `Model.replace`, the module `copy`, and `pickle`.

`pickle` and `deepcopy` use the JSON form, so that a pickle can be loaded by another version of rawdock, which may have
other fields.
"""

from __future__ import annotations

import copy
from typing import Any, TypeVar, cast

from ..errors import InvalidArgument
from .codec import encode, encode_extra, encode_fields
from .decoders import has_value
from .model import NO_EXTRA, Model, attributes, fields_of, undecoded_json
from .undecoded import LOCK, plain_copy

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
            if has_value(model, field.name):
                _set(made, field.name, _fresh(getattr(model, field.name)))
            else:
                raw = undecoded_json(model, field.wire)
                if raw is not None:
                    unread[field.wire] = plain_copy(raw)
        if unread:
            _set(made, "_undecoded", unread)
            _set(made, "_location", model._location)  # pyright: ignore[reportPrivateUsage]
        _set(made, "extra", _fresh(model.extra) if model.extra else NO_EXTRA)
    for name, value in changes.items():
        _set(made, name, value)
    return made


def _empty(cls: type[M]) -> M:
    """A model without any value."""
    made = object.__new__(cls)
    _set(made, "_undecoded", None)
    _set(made, "_location", None)
    return made


_set = object.__setattr__


def _fresh(value: Any) -> Any:
    """A copy of a value that shares nothing that can be changed with it."""
    if isinstance(value, Model):
        return replaced(value, {})
    if type(value) is list:
        return [_fresh(x) for x in cast("list[Any]", value)]
    if type(value) is dict:
        return {key: _fresh(x) for key, x in cast("dict[Any, Any]", value).items()}
    return value


def _json_form(model: Model) -> tuple[dict[str, Any], dict[str, Any]]:
    """The JSON form of a model, and by field name the values set by a caller that are not of their type."""
    try:
        return encode(model), {}
    except InvalidArgument:
        pass
    wire: dict[str, Any] = {}
    invalid: dict[str, Any] = {}
    for field in fields_of(type(model)):
        try:
            wire |= encode_fields(model, [field])
        except InvalidArgument:
            invalid[field.name] = getattr(model, field.name)
    try:
        wire |= encode_extra(model)
    except InvalidArgument:
        invalid["extra"] = model.extra
    return wire, invalid


def restored(cls: type[M], wire: dict[str, Any], invalid: dict[str, Any]) -> M:
    """Make the model again. Its fields are decoded when they are read."""
    made = _empty(cls)
    known = {field.wire for field in fields_of(cls)}
    _set(made, "_undecoded", {name: value for name, value in wire.items() if name in known})
    extra = {name: value for name, value in wire.items() if name not in known}
    _set(made, "extra", extra or NO_EXTRA)
    for name, value in invalid.items():
        if name in {x.name for x in attributes(cls)}:
            _set(made, name, value)
    return made


def reduced(model: Model) -> tuple[Any, ...]:
    """The function and arguments with which `pickle` and `copy.copy` make the copy."""
    return restored, (type(model), *_json_form(model))


def deep_copied(model: M, memo: dict[int, Any]) -> M:
    wire, invalid = _json_form(model)
    return restored(type(model), wire, copy.deepcopy(invalid, memo))
