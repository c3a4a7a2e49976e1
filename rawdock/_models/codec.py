"""Decoding JSON into models, and encoding models as JSON.

`decode(T, encode(decode(T, x))) == decode(T, x)`. A field that is absent or null has the zero value of its type.
Encoding leaves out fields that equal their zero, but writes everything inside maps and lists, so nothing is lost.
Integers are never converted to floats. Errors have the path to the wrong value.

The decoder of a model is straight-line code, compiled when it is first used. It does not know paths: when it finds a
wrong value, slower code walks through the data again to find the path.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from math import isfinite
from types import NoneType
from typing import Any, TypeVar, cast, get_args, get_origin, overload

from .._annotations import without_none
from .._generated import compile_function
from .._versions import Version, check_gate
from ..errors import DecodeError, InvalidArgument
from .model import NO_EXTRA, FieldInfo, Model, SecretStr, Timestamp, fields_of

__all__ = ["decode", "decoder", "encode", "encode_json", "load_lines", "loads", "use_json"]

T = TypeVar("T")

_SHOWN = 80


class _Mismatch(Exception):
    """A value is not of its type. `_explain` finds out where and why."""


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


# json.loads accepts NaN and Infinity, which msgspec does not, and guesses the encoding of bytes.
_scan = json.JSONDecoder(parse_constant=_refuse_constant).decode


def _parse_plain(data: bytes | str) -> Any:
    return _scan(data if isinstance(data, str) else data.decode())


_parse: Callable[[bytes | str], Any] = _parse_plain


def _parse_plain_lines(block: bytes) -> list[Any]:
    """Parse all lines as one array, which saves a call for each line.

    A JSON string cannot contain a raw line break, so only what is between objects is replaced. Raises ValueError if
    there is anything else between them.
    """
    text = block.decode().strip()
    if text.count("}\r\n{") + text.count("}\n{") != text.count("\n"):
        raise ValueError("not one object a line")
    text = text.replace("}\r\n{", "},{").replace("}\n{", "},{")
    values = _scan(f"[{text}]")
    return cast("list[Any]", values)


_parse_lines: Callable[[bytes], list[Any]] = _parse_plain_lines
_chosen = False


def use_json(name: str | None = None) -> str:
    """Choose the parser of JSON: "msgspec", "json", or by default the fastest that is installed. Returns its name."""
    global _parse, _parse_lines, _chosen
    _chosen = True
    if name != "json":
        try:
            from msgspec.json import Decoder

            _parse, _parse_lines = Decoder().decode, Decoder().decode_lines
            return "msgspec"
        except ImportError:
            if name == "msgspec":
                raise
    _parse, _parse_lines = _parse_plain, _parse_plain_lines
    return "json"


def load_lines(block: bytes) -> list[Any]:
    """Parse a block of JSON lines at once; raises ValueError if it is anything else."""
    if not _chosen:
        use_json()
    return _parse_lines(block)


def loads(data: bytes | str) -> Any:
    """Parse JSON text."""
    if not _chosen:  # not at import, to avoid importing the library of the parser
        use_json()
    try:
        return _parse(data)
    except (ValueError, RecursionError) as error:
        text = data if isinstance(data, str) else data[: _SHOWN * 4].decode(errors="replace")
        shown = " ".join(text.split())
        shown = repr(shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}...")
        raise DecodeError(f"expected JSON, got {shown}" if shown != "''" else "expected JSON, got nothing") from error


@overload
def decode(kind: type[T], data: bytes | str | object) -> T: ...
@overload
def decode(kind: Any, data: bytes | str | object) -> Any: ...
def decode(kind: Any, data: bytes | str | object) -> Any:
    """Decode JSON text, or parsed JSON, as a model, `list[Model]`, `dict[str, Model]`, ...

    Raises DecodeError, with the `path` of the wrong value.
    """
    return decoder(kind)(loads(data) if isinstance(data, (bytes, str)) else data)


@functools.cache
def decoder(kind: Any) -> Callable[[object], Any]:
    """The function that decodes parsed JSON as `kind`."""
    convert = _converter(kind)

    def read(value: object) -> Any:
        try:
            return convert(value)
        except _Mismatch:
            _explain(kind, value, "$")
            raise AssertionError(f"no mismatch found for {kind}") from None

    return read


def _converter(kind: Any) -> Callable[[Any], Any]:
    """Like `decoder`, but the function raises `_Mismatch` without a path."""
    kind, optional = without_none(kind)
    convert = _plain_converter(kind)
    if not optional:
        return convert

    def convert_optional(value: Any) -> Any:
        return None if value is None else convert(value)

    return convert_optional


def _plain_converter(kind: Any) -> Callable[[Any], Any]:
    origin = get_origin(kind)
    if origin is list:
        return _list_converter(get_args(kind)[0])
    if origin is dict:
        return _dict_converter(get_args(kind)[1])
    if kind in (object, Any):
        return _unchanged
    if kind is dict:
        return _dict_converter(object)
    if isinstance(kind, type) and issubclass(kind, Model):
        return _RecursiveDecoder(kind) if kind in _compiling else _model_decoder(kind)
    if kind in _SCALARS:
        return _SCALARS[kind]
    if kind in (None, NoneType):
        return _decode_none
    raise TypeError(f"{kind!r} is not a type that a model can have")


class _RecursiveDecoder:
    """The decoder of a model that contains itself, which is looked up when it is called."""

    __slots__ = ("cls",)

    def __init__(self, cls: type[Model]) -> None:
        self.cls = cls

    def __call__(self, value: Any) -> Any:
        return _model_decoder(self.cls)(value)


def _decode_none(value: Any) -> None:
    if value is not None:
        raise _Mismatch


def _unchanged(value: Any) -> Any:
    return value


def _scalar(kind: type, zero: Any) -> Callable[[Any], Any]:
    def convert(value: Any) -> Any:
        if type(value) is kind:
            return value
        if value is None:
            return zero
        raise _Mismatch

    return convert


def _text(kind: type[str]) -> Callable[[Any], Any]:
    def convert(value: Any) -> Any:
        if type(value) is str:
            return kind(value)
        if value is None:
            return kind("")
        raise _Mismatch

    return convert


def _float(value: Any) -> float:
    if type(value) is float:
        return value
    if type(value) is int:
        return value  # it stays exact as an int
    if value is None:
        return 0.0
    raise _Mismatch


_SCALARS: dict[Any, Callable[[Any], Any]] = {
    str: _scalar(str, ""),
    int: _scalar(int, 0),
    bool: _scalar(bool, False),
    float: _float,
    Timestamp: _text(Timestamp),
    SecretStr: _text(SecretStr),
}
_EXPECTED: dict[Any, str] = {str: "str", int: "int", bool: "bool", float: "float", Timestamp: "str", SecretStr: "str"}


def _list_converter(item: Any) -> Callable[[Any], Any]:
    convert = _converter(item)
    only = {item} if item in (str, int, bool) else None

    def convert_list(value: Any) -> Any:
        if type(value) is not list:
            if value is None:
                return []
            raise _Mismatch
        items = cast("list[Any]", value)
        if only is not None and (not items or set(map(type, items)) == only):
            return items
        return [convert(x) for x in items]

    return convert_list


def _dict_converter(item: Any) -> Callable[[Any], Any]:
    convert = _converter(item)
    only = {item} if item in (str, int, bool) else None

    def convert_dict(value: Any) -> Any:
        if type(value) is not dict:
            if value is None:
                return {}
            raise _Mismatch
        pairs = cast("dict[str, Any]", value)
        if only is not None and (not pairs or set(map(type, pairs.values())) == only):
            return pairs
        return {key: convert(x) for key, x in pairs.items()}

    return convert_dict


_model_decoders: dict[type[Model], Callable[[Any], Any]] = {}
_compiling: set[type[Model]] = set()


def _model_decoder(cls: type[Model]) -> Callable[[Any], Any]:
    found = _model_decoders.get(cls)
    if found is None:
        _compiling.add(cls)
        try:
            found = _model_decoders[cls] = _compile_decoder(cls)
        finally:
            _compiling.discard(cls)
    return found


def _unfrozen_twin(cls: type[Model]) -> type:
    """A class with the same slots as a model, but not frozen.

    Filling a frozen instance costs a call for each field. Instead an instance of this class is filled by plain
    assignments, and its class is changed to the model afterwards.
    """
    slots = [name for name in vars(cls).get("__slots__", ()) if name != "__weakref__"]
    return type.__new__(
        type(cls),
        f"_{cls.__name__}",
        cls.__bases__,
        {
            "__slots__": tuple(slots),
            "__setattr__": object.__setattr__,
            "__delattr__": object.__delattr__,  # without it too, the interpreter would look up each assignment by name
            "__attrs_attrs__": (),
        },
    )


def _compile_decoder(cls: type[Model]) -> Callable[[Any], Any]:
    fields = fields_of(cls)
    names: dict[str, Any] = {
        "cls": cls,
        "twin": _unfrozen_twin(cls),
        "new": object.__new__,
        "known": frozenset(field.wire for field in fields),
        "no_extra": NO_EXTRA,
        "Mismatch": _Mismatch,
    }
    lines = [
        "if type(data) is not dict:",
        "    if data is not None: raise Mismatch",
        "    data = {}  # null, inside a list or map",
        "one = new(twin)",
        "get = data.get",
    ]
    for index, field in enumerate(fields):
        lines += _field_lines(index, field, names)
    lines += [
        "if known.issuperset(data): one.extra = no_extra",
        "else: one.extra = {k: v for k, v in data.items() if k not in known}",
        "one.__class__ = cls",
        "return one",
    ]
    return compile_function("def read(data):", lines, names, f"decoder of {cls.__name__}")


_INLINE = {str: "str", int: "int", bool: "bool"}


def _field_lines(index: int, field: FieldInfo, names: dict[str, Any]) -> list[str]:
    kind, optional = without_none(field.type)
    if kind in (object, Any) and not field.required:
        return [f"one.{field.name} = get({field.wire!r})"]
    lines = [f"value = get({field.wire!r})", *_present_lines(f"one.{field.name}", kind, str(index), names)]
    if not field.required or optional:
        lines.append(f"elif value is None: {_absent(index, field, names)}")
    return [*lines, "else: raise Mismatch"]


def _present_lines(target: str, kind: Any, suffix: str, names: dict[str, Any]) -> list[str]:
    """The `if` that stores a value of the right type. Common types are checked inline, because calls are expensive."""
    convert, items = f"convert{suffix}", f"items{suffix}"
    if kind in _INLINE:
        return [f"if type(value) is {_INLINE[kind]}: {target} = value"]
    if kind in (Timestamp, SecretStr):
        names[convert] = kind
        return [f"if type(value) is str: {target} = {convert}(value)"]
    if kind in (object, Any):
        return [f"if value is not None: {target} = value"]
    origin, arguments = get_origin(kind), get_args(kind)
    if origin not in (list, dict):
        names[convert] = _plain_converter(kind)
        return [f"if value is not None: {target} = {convert}(value)"]
    item = arguments[-1]
    if item in _INLINE:
        # The parser's list is kept if all its items are of the type; otherwise the slower function handles nulls.
        names[convert] = _plain_converter(kind)
        return [
            f"if type(value) is {origin.__name__}:",
            f"    for item in value{'.values()' if origin is dict else ''}:",
            f"        if type(item) is not {_INLINE[item]}:",
            f"            value = {convert}(value)",
            "            break",
            f"    {target} = value",
        ]
    names[items] = _converter(item)
    made = f"[{items}(x) for x in value]" if origin is list else f"{{k: {items}(x) for k, x in value.items()}}"
    # A comprehension costs a call even for an empty list, which is the most common case.
    return [f"if type(value) is {origin.__name__}: {target} = {made} if value else value"]


def _absent(index: int, field: FieldInfo, names: dict[str, Any]) -> str:
    """The statement for an absent field. Zeros that can be changed, such as lists, are only made when the field is read
    (`Model.__getattr__`), because most never are."""
    kind, optional = without_none(field.type)
    if optional:
        return f"one.{field.name} = None"
    if get_origin(kind) in (list, dict) or (isinstance(field.default, Model) and not _shared(field.default)):
        return "pass"
    if type(field.default) in (int, bool) or type(field.default) is str:
        return f"one.{field.name} = {field.default!r}"
    names[f"default{index}"] = field.default
    return f"one.{field.name} = default{index}"


def _shared(value: Model) -> bool:
    """Whether all models may share this default, because nothing in it can be changed."""
    return not any(
        isinstance(x, (list, dict)) or (isinstance(x, Model) and not _shared(x))
        for x in (getattr(value, field.name) for field in fields_of(type(value)))
    )


def _explain(kind: Any, value: Any, path: str) -> None:
    """Find the wrong value and raise a DecodeError with its path."""
    kind, optional = without_none(kind)
    if kind in (object, Any):
        return
    if value is None:
        if not optional and isinstance(kind, type) and issubclass(kind, Model) and _has_required_fields(kind):
            raise _mismatch("an object", value, path)
        return
    if kind in (None, NoneType):
        raise _mismatch("null", value, path)
    origin = get_origin(kind)
    if origin is list:
        if type(value) is not list:
            raise _mismatch("list", value, path)
        for index, item in enumerate(cast("list[Any]", value)):
            _explain(get_args(kind)[0], item, f"{path}[{index}]")
    elif origin is dict or kind is dict:
        if type(value) is not dict:
            raise _mismatch("dict", value, path)
        for key, item in cast("dict[str, Any]", value).items():
            _explain(get_args(kind)[1] if origin else object, item, f"{path}[{key!r}]")
    elif kind in _EXPECTED:
        try:
            _SCALARS[kind](value)
        except _Mismatch:
            raise _mismatch(_EXPECTED[kind], value, path) from None
    else:
        if type(value) is not dict:
            raise _mismatch("an object", value, path)
        data = cast("dict[str, Any]", value)
        for field in fields_of(kind):
            where, inner = f"{path}.{field.wire}", data.get(field.wire)
            if inner is not None:
                _explain(field.type, inner, where)
            elif field.required and not without_none(field.type)[1]:
                raise DecodeError(f"{field.wire} is missing", path=where)


def _has_required_fields(cls: type[Model]) -> bool:
    """Whether a model has fields that must be present, so that it has no zero value."""
    return any(field.required for field in fields_of(cls))


def _mismatch(expected: str, value: Any, path: str) -> DecodeError:
    return DecodeError(f"expected {expected}, got {_type_name(value)}", path=path)


def _type_name(value: Any) -> str:
    return "null" if value is None else type(value).__name__


# Encoding.


def encode(value: Any, *, version: Version | None = None) -> Any:
    """A model, or lists and maps of them, as plain values that can be written as JSON.

    With `version`, a field that this API version does not have raises VersionError. Raises InvalidArgument, with the
    path, if a value is not of its field's type.
    """
    return _encode_any(value, "$", version)


_dump_json = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def encode_json(value: Any, version: Version | None = None, kind: Any = object) -> bytes:
    """`encode`, as compact JSON text; `kind` is the type that the value must have."""
    text = _dump_json(_encode_as(kind, value, "$", version))
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        half = error.object[error.start : error.end]
        raise InvalidArgument(f"{half!r} is half a character and cannot be sent") from error


def _encode_any(value: Any, path: str, version: Version | None) -> Any:
    if isinstance(value, Model):
        return _encode_model(value, path, version)
    if isinstance(value, list):
        return [_encode_any(x, f"{path}[{i}]", version) for i, x in enumerate(cast("list[Any]", value))]
    if isinstance(value, dict):
        return {
            _key(k, path): _encode_any(x, f"{path}[{k!r}]", version) for k, x in cast("dict[Any, Any]", value).items()
        }
    if isinstance(value, str):
        return str.__str__(value)
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return _finite(value, path)
    raise InvalidArgument(f"{path}: {type(value).__name__} cannot be written as JSON")


def _finite(value: float, path: str) -> float:
    if not isfinite(value):
        raise InvalidArgument(f"{path}: JSON has no {value}")
    return value


def _key(key: Any, path: str) -> str:
    if not isinstance(key, str):
        raise InvalidArgument(f"{path}: expected str as a key, got {type(key).__name__}")
    return str.__str__(key)


def _encode_model(value: Model, path: str, version: Version | None) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for field in fields_of(type(value)):
        one = getattr(value, field.name)
        if not field.required:
            if one is None and field.default is None:
                continue
            # Models and lists are only compared after they were checked, since False == 0 also inside them.
            if one == field.default and type(one) is type(field.default) and not isinstance(one, Model):
                continue
        where = f"{path}.{field.wire}"
        written = _encode_as(field.type, one, where, version)
        if not written and not field.required and _is_zero(field.default):
            continue  # {}, or an equivalent zero, as "" for a SecretStr and 0 for 0.0
        if version is not None and (field.since or field.until):
            check_gate(where, version, field.since, field.until)
        out[field.wire] = written
    extra = value.extra
    if extra or type(extra) is not dict:
        if not isinstance(extra, dict):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidArgument(f"{path}: expected a dict in extra, got {type(extra).__name__}")
        out |= _encode_any(extra, path, version)
    return out


@functools.cache
def _type_parts(kind: Any) -> tuple[Any, bool, Any, Any]:
    """A type without its `| None`, whether it had one, its origin, and the type of its items."""
    kind, optional = without_none(kind)
    return kind, optional, get_origin(kind), (get_args(kind) or (object,))[-1]


def _is_zero(default: Any) -> bool:
    """Whether a default is the zero value of its type. None is not: it is the default where a zero has a meaning."""
    return isinstance(default, Model) or (default is not None and not default)


_PLAIN = {str, int, bool}


def _encode_as(kind: Any, value: Any, path: str, version: Version | None) -> Any:
    """Encode a value of a declared type; raises InvalidArgument, with the path, if it has another type."""
    if kind is type(value) and kind in _PLAIN:
        return value
    kind, optional, origin, item = _type_parts(kind)
    if value is None and optional:
        return None
    if kind in _EXPECTED:
        return _encode_scalar(kind, value, path)
    if kind in (object, Any):
        return _encode_any(value, path, version)
    if origin is list:
        if not isinstance(value, list):
            raise InvalidArgument(f"{path}: expected list, got {_type_name(value)}")
        return [_encode_as(item, x, f"{path}[{i}]", version) for i, x in enumerate(cast("list[Any]", value))]
    if origin is dict or kind is dict:
        if not isinstance(value, dict):
            raise InvalidArgument(f"{path}: expected dict, got {_type_name(value)}")
        return {
            _key(k, path): _encode_as(item, x, f"{path}[{k!r}]", version)
            for k, x in cast("dict[Any, Any]", value).items()
        }
    if not isinstance(value, kind):
        raise InvalidArgument(f"{path}: expected {kind.__name__}, got {_type_name(value)}")
    return _encode_model(cast("Model", value), path, version)


def _encode_scalar(kind: Any, value: Any, path: str) -> Any:
    if kind in (str, Timestamp, SecretStr):
        if isinstance(value, str):
            return str.__str__(value)
    elif kind is float:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return value if isinstance(value, int) else _finite(value, path)
    elif isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
        return value
    raise InvalidArgument(f"{path}: expected {_EXPECTED[kind]}, got {_type_name(value)}")
