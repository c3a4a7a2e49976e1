"""A plain reader of answers that reads everything at once: what reading at the first look has to agree with."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any, NamedTuple, cast, get_args, get_origin

import pytest

from rawdock import DecodeError, SecretStr, Timestamp, UnixTime
from rawdock._annotations import without_none
from rawdock._models.model import FieldInfo, Model, SecretBytes, fields_of

__all__ = ["Plain", "Unreadable", "Wrong", "agree", "look", "read", "whole", "written"]

_TYPES: dict[Any, tuple[type, ...]] = {
    str: (str,), Timestamp: (str,), SecretStr: (str,), int: (int,), bool: (bool,), float: (float, int),
    bytes: (str,), SecretBytes: (str,), UnixTime: (int,),
}  # fmt: skip
_ZEROS: dict[Any, Any] = {str: "", Timestamp: "", SecretStr: "", int: 0, UnixTime: 0, bool: False, float: 0.0}
_ZEROS |= {bytes: b"", SecretBytes: b""}


class Unreadable(Exception):
    """A value is not what its type says, or an identity is missing."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class Wrong(NamedTuple):
    """In the place of a value that cannot be read."""

    path: str
    came: Any


class Plain(NamedTuple):
    """A model that was read."""

    kind: type[Model]
    fields: dict[str, Any]
    extra: dict[str, Any]


def read(kind: Any, value: Any, path: str = "$") -> Any:
    """A value of a declared type: `Plain` for a model, which has `Wrong` for a field that cannot be read."""
    kind, optional = without_none(kind)
    if kind in (object, Any) or (value is None and (optional or kind is None)):
        return value
    origin, item = get_origin(kind), (get_args(kind) or (object,))[-1]
    if origin is list:
        if not isinstance(value, list | None):
            raise Unreadable(path)
        return [read(item, one, f"{path}[{index}]") for index, one in enumerate(cast("list[Any]", value or []))]
    if origin is dict:
        if not isinstance(value, dict | None):
            raise Unreadable(path)
        return {key: read(item, one, f"{path}[{key!r}]") for key, one in cast("dict[str, Any]", value or {}).items()}
    if kind in _TYPES:
        if value is not None and type(value) not in _TYPES[kind]:
            raise Unreadable(path)
        if value is not None and kind in (bytes, SecretBytes):
            try:
                return b64decode(cast("str", value), validate=True)
            except ValueError:
                raise Unreadable(path) from None
        return _ZEROS[kind] if value is None else value
    return _model(kind, value, path)


def whole(kind: Any, value: Any) -> Any:
    """An answer, or why it cannot be read at all."""
    try:
        return read(kind, value)
    except Unreadable as error:
        return error


def _model(kind: type[Model], value: Any, path: str) -> Plain:
    fields = fields_of(kind)
    if value is None and not any(field.required for field in fields):
        value = {}
    if type(value) is not dict:
        raise Unreadable(path)
    came = _with_usual_names(kind, cast("dict[str, Any]", value))
    found: dict[str, Any] = {}
    for field in fields:
        where, one = f"{path}.{field.wire}", came.get(field.wire)
        if one is None and field.required:
            raise Unreadable(where)
        try:
            found[field.name] = read(field.type, one, where)
        except Unreadable as error:
            if field.required:
                raise
            found[field.name] = Wrong(error.path, one)
    known = {field.wire for field in fields}
    return Plain(kind, found, {key: one for key, one in came.items() if key not in known})


def _with_usual_names(kind: type[Model], came: dict[str, Any]) -> dict[str, Any]:
    """For a few models, names in another case count too, if the usual one is not there."""
    others = kind._other_names
    if others is None:
        return came
    wires = [field.wire for field in fields_of(kind)]
    by_lower = {wire.lower(): wire for wire in wires} | others
    names = {key: by_lower.get(key.lower(), key) for key in came if key not in wires}
    return {names[key] if key in names and names[key] not in came else key: one for key, one in came.items()}


def look(model: Model, plain: Plain, name: str, paths: bool = True) -> Any:
    """Look at one field, which has to be as it was read here; gives it, or None if it cannot be read."""
    expected = plain.fields[name]
    if not isinstance(expected, Wrong):
        return getattr(model, name)
    with pytest.raises(DecodeError) as caught:
        getattr(model, name)
    assert caught.value.model
    if paths:
        assert caught.value.path == expected.path
    return None


def agree(value: Any, plain: Any, paths: bool = True) -> None:
    """Look at everything in a value: it has to be as it was read here."""
    if isinstance(plain, Plain):
        assert type(value) is plain.kind
        for name, expected in plain.fields.items():
            one = look(value, plain, name, paths)
            if not isinstance(expected, Wrong):
                agree(one, expected, paths)
        assert value.extra == plain.extra
    elif isinstance(plain, list):
        items = cast("list[Any]", plain)
        assert type(value) is list
        assert len(cast("list[Any]", value)) == len(items)
        for one, expected in zip(cast("list[Any]", value), items, strict=True):
            agree(one, expected, paths)
    elif isinstance(plain, dict):
        assert type(value) is dict
        assert value.keys() == plain.keys()
        for key, expected in cast("dict[str, Any]", plain).items():
            agree(cast("dict[str, Any]", value)[key], expected, paths)
    else:
        assert value == plain
        assert isinstance(value, (type(plain), float))  # 0 may come back as 0.0


def written(plain: Any) -> Any:
    """What a value is encoded as."""
    if isinstance(plain, Plain):
        out = {
            field.wire: one
            for field in fields_of(plain.kind)
            if (one := _field(field, plain.fields[field.name])) is not _LEFT_OUT
        }
        return out | plain.extra
    if isinstance(plain, list):
        return [written(one) for one in cast("list[Any]", plain)]
    if isinstance(plain, dict):
        return {key: written(one) for key, one in cast("dict[str, Any]", plain).items()}
    return b64encode(plain).decode() if isinstance(plain, bytes) else plain


_LEFT_OUT = object()


def _field(field: FieldInfo, value: Any) -> Any:
    if isinstance(value, Wrong):
        return value.came
    one = written(value)
    if field.required:
        return one
    return _LEFT_OUT if one is None or (not one and field.default is not None) else one
