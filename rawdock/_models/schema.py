"""Models in pydantic, and so in FastAPI: how they are read, written and described. Loaded by pydantic's own call."""

from __future__ import annotations

from functools import partial
from typing import Any, cast, get_args, get_origin

from pydantic_core import core_schema

from .._annotations import without_none
from ..errors import DecodeError, InvalidArgument
from .codec import decode, encode
from .model import Model, SecretBytes, SecretStr, Timestamp, UnixTime, fields_of

__all__ = ["core_schema_of", "json_schema_of"]

_HIDDEN = "***"


def core_schema_of(cls: type[Model]) -> Any:
    """How pydantic reads a model, from an instance or from a dict in the Engine's names, and writes it."""
    return core_schema.no_info_plain_validator_function(
        partial(_read, cls),
        serialization=core_schema.plain_serializer_function_ser_schema(_write),
    )


def _read(cls: type[Model], value: Any) -> Model:
    if isinstance(value, cls):
        return value
    if not isinstance(value, dict):
        raise ValueError(f"expected {cls.__name__}, or a dict in the Engine's names, got {type(value).__name__}")
    try:
        return decode(cls, cast("dict[str, Any]", value), complete=True)
    except (DecodeError, InvalidArgument) as error:
        raise ValueError(str(error)) from error  # which pydantic reports as a ValidationError


def _write(model: Model) -> Any:
    """As `encode` writes it, with secrets hidden."""
    return _hidden(type(model), encode(model))


def _hidden(kind: Any, written: Any) -> Any:
    kind, _ = without_none(kind)
    origin, item = get_origin(kind), (get_args(kind) or (object,))[-1]
    if origin is list and isinstance(written, list):
        return [_hidden(item, one) for one in cast("list[Any]", written)]
    if origin is dict and isinstance(written, dict):
        return {key: _hidden(item, one) for key, one in cast("dict[str, Any]", written).items()}
    if isinstance(kind, type) and issubclass(kind, Model) and isinstance(written, dict):
        types = {field.wire: field.type for field in fields_of(kind)}
        pairs = cast("dict[str, Any]", written).items()
        return {name: _hidden(types.get(name, object), one) for name, one in pairs}
    return _HIDDEN if kind in (SecretStr, SecretBytes) and written else written


_PLAIN: dict[Any, dict[str, Any]] = {
    str: {"type": "string"}, Timestamp: {"type": "string"}, SecretStr: {"type": "string", "format": "password"},
    bytes: {"type": "string", "contentEncoding": "base64"},
    SecretBytes: {"type": "string", "format": "password", "contentEncoding": "base64"},
    int: {"type": "integer"}, UnixTime: {"type": "integer"}, bool: {"type": "boolean"}, float: {"type": "number"},
}  # fmt: skip


def json_schema_of(cls: type[Model], inside: tuple[type[Model], ...] = ()) -> dict[str, Any]:
    """The JSON schema of a model, in the Engine's names. A model inside itself is any object there."""
    if cls in inside:
        return {"type": "object", "title": cls.__name__}
    fields = fields_of(cls)
    found: dict[str, Any] = {
        "title": cls.__name__,
        "description": (cls.__doc__ or "").partition("\n")[0],
        "type": "object",
        "properties": {field.wire: _schema(field.type, (*inside, cls)) for field in fields},
    }
    if required := [field.wire for field in fields if field.required]:
        found["required"] = required
    return found


def _schema(kind: Any, inside: tuple[type[Model], ...]) -> dict[str, Any]:
    kind, optional = without_none(kind)
    origin, item = get_origin(kind), (get_args(kind) or (object,))[-1]
    if origin is list:
        found: dict[str, Any] = {"type": "array", "items": _schema(item, inside)}
    elif origin is dict or kind is dict:
        found = {"type": "object", "additionalProperties": _schema(item, inside)}
    elif isinstance(kind, type) and issubclass(kind, Model):
        found = json_schema_of(kind, inside)
    else:
        found = _PLAIN.get(kind, {})
    return {"anyOf": [found, {"type": "null"}]} if optional and found else dict(found)
