"""Copies of models: `Model.replace`, the module `copy`, and `pickle`.

`pickle` and `copy.copy` use the JSON form, so that a pickle can be loaded by another version of rawdock, which may have
other fields. It does not say of each field whether it came from an Engine: only of a whole model that nobody changed.
"""

from __future__ import annotations

import copy
from typing import Any, TypeVar, cast

from ..errors import InvalidArgument
from .codec import encode, encode_extra, encode_fields
from .decoders import has_value
from .model import NO_EXTRA, Model, attributes, changed_names, fields_of, is_from_engine, undecoded_json
from .undecoded import CHANGED, LOCK, OWN, plain_copy

__all__ = ["deep_copied", "reduced", "replaced", "restored"]

M = TypeVar("M", bound=Model)


def replaced(model: M, changes: dict[str, Any], memo: dict[int, Any] | None = None) -> M:
    """A copy with some fields changed; see `Model.replace`. With the `memo` of a deep copy, values that no field should
    have, which only a caller can have given it, are copied too."""
    try:
        return _replaced(model, changes, memo)
    except RecursionError as error:
        raise _too_deep(model) from error


def _too_deep(model: Model) -> InvalidArgument:
    return InvalidArgument(f"{type(model).__name__} has a value that is nested too deeply to be copied")


def _replaced(model: M, changes: dict[str, Any], memo: dict[int, Any] | None) -> M:
    cls = type(model)
    if unknown := changes.keys() - {x.name for x in attributes(cls)}:
        raise TypeError(f"{cls.__name__} has no field {min(unknown)!r}")
    unread: dict[str, Any] = {}
    made = object.__new__(cls)
    with LOCK:
        for field in fields_of(cls):
            if field.name in changes:
                continue
            if has_value(model, field.name):
                _set(made, field.name, _fresh(getattr(model, field.name), memo))
            else:
                raw = undecoded_json(model, field.wire)
                if raw is not None:
                    unread[field.wire] = plain_copy(raw)
        if has_value(model, "_undecoded"):  # otherwise it was made by its constructor, and so is the copy
            if changed := frozenset(changes) | changed_names(model):
                unread[CHANGED] = changed
            _set(made, "_undecoded", unread or None)
            _set(made, "_location", model._location if has_value(model, "_location") else None)  # pyright: ignore[reportPrivateUsage]
        _set(made, "extra", _fresh(model.extra, memo) if model.extra else NO_EXTRA)
    for name, value in changes.items():
        _set(made, name, value)
    return made


_set = object.__setattr__


def _fresh(value: Any, memo: dict[int, Any] | None) -> Any:
    """A copy of a value that shares nothing that can be changed with it."""
    if isinstance(value, Model):
        return _replaced(value, {}, memo)
    if type(value) is list:
        return [_fresh(x, memo) for x in cast("list[Any]", value)]
    if type(value) is dict:
        return {key: _fresh(x, memo) for key, x in cast("dict[Any, Any]", value).items()}
    return value if memo is None else copy.deepcopy(value, memo)


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


def restored(cls: type[M], wire: dict[str, Any], invalid: dict[str, Any], from_engine: bool = False) -> M:
    """Make the model again. Its fields are decoded when they are read."""
    made = object.__new__(cls)
    known = {field.wire for field in fields_of(cls)}
    _set(made, "_undecoded", {name: value for name, value in wire.items() if name in known})
    _set(made, "_location", None if from_engine else OWN)
    extra = {name: value for name, value in wire.items() if name not in known}
    _set(made, "extra", extra or NO_EXTRA)
    for name, value in invalid.items():
        if name in {x.name for x in attributes(cls)}:
            _set(made, name, value)
    return made


def reduced(model: Model) -> tuple[Any, ...]:
    """The function and arguments with which `pickle` and `copy.copy` make the copy."""
    try:
        return restored, (type(model), *_json_form(model), is_from_engine(model))
    except RecursionError as error:
        raise _too_deep(model) from error


def deep_copied(model: M, memo: dict[int, Any]) -> M:
    return replaced(model, {}, memo)
