"""JSON to models and back. Pure.

Laws: `decode(T, encode(decode(T, x))) == decode(T, x)`; a field that is absent or null reads as its zero; encoding
leaves out what equals the zero, writes everything inside maps and lists, and loses nothing. Numbers that are integers
never pass through floats. What is wrong is an error with the path to it.

Each model gets a decoder of plain straight-line code, compiled when it is first used. It knows no paths: when it meets
something wrong, the data is walked a second time by slower code that does.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from math import isfinite
from types import NoneType
from typing import Any, TypeVar, cast, get_args, get_origin, overload

from .._annotations import without_none
from .._versions import Version, check_gate
from ..errors import DecodeError, InvalidArgument
from .model import NO_EXTRA, FieldInfo, Model, SecretStr, Timestamp, fields_of

__all__ = ["decode", "decoder", "encode", "encode_json", "load_lines", "loads", "use_json"]

T = TypeVar("T")

_SHOWN = 80


class _Mismatch(Exception):
    """A value is not of its type; where and why is found out by `_explain`."""


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


# json.loads takes NaN and Infinity for JSON, which msgspec does not, and guesses at encodings.
_scan = json.JSONDecoder(parse_constant=_no_number).decode


def _parse_plain(data: bytes | str) -> Any:
    return _scan(data if isinstance(data, str) else data.decode())


_parse: Callable[[bytes | str], Any] = _parse_plain


def _parse_plain_lines(block: bytes) -> list[Any]:
    """All lines as one array, which is parsed without a call a line.

    A raw line break cannot stand inside a JSON string, so what is replaced is between objects. Where there is more
    than that between them, the block is unusual, and somebody slower has to look.
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
    """Choose who parses JSON: "msgspec", "json", or the fastest that is installed. Gives the choice."""
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
    """Parse a block of JSON lines in one go; a ValueError where it is anything else."""
    if not _chosen:
        use_json()
    return _parse_lines(block)


def loads(data: bytes | str) -> Any:
    """Parse JSON text."""
    if not _chosen:  # not at import, which would wait for the parser's library
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
    """Read JSON text, or what a JSON parser made of it, as a model, `list[Model]`, `dict[str, Model]`, ...

    Raises DecodeError, whose `path` leads to what is wrong.
    """
    return decoder(kind)(loads(data) if isinstance(data, (bytes, str)) else data)


@functools.cache
def decoder(kind: Any) -> Callable[[object], Any]:
    """The function that reads parsed JSON as `kind`."""
    convert = _converter(kind)

    def read(value: object) -> Any:
        try:
            return convert(value)
        except _Mismatch:
            _explain(kind, value, "$")
            raise AssertionError(f"no mismatch found for {kind}") from None

    return read


def _converter(kind: Any) -> Callable[[Any], Any]:
    """Like `decoder`, but says only that something is wrong."""
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
        return _same
    if kind is dict:
        return _dict_converter(object)
    if isinstance(kind, type) and issubclass(kind, Model):
        return _Late(kind) if kind in _compiling else _model_decoder(kind)
    if kind in _SCALARS:
        return _SCALARS[kind]
    if kind in (None, NoneType):
        return _nothing
    raise TypeError(f"{kind!r} is not a type that models are made of")


class _Late:
    """The decoder of a model that holds itself, looked up when it is called."""

    __slots__ = ("cls",)

    def __init__(self, cls: type[Model]) -> None:
        self.cls = cls

    def __call__(self, value: Any) -> Any:
        return _model_decoder(self.cls)(value)


def _nothing(value: Any) -> None:
    if value is not None:
        raise _Mismatch


def _same(value: Any) -> Any:
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
        return value  # as exact as it came
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


def _twin(cls: type[Model]) -> type:
    """A class of the same layout whose instances can be written.

    A frozen instance costs a call a field to make. An instance of the twin is filled by plain stores, and then becomes
    one of the model.
    """
    slots = [name for name in vars(cls).get("__slots__", ()) if name != "__weakref__"]
    return type.__new__(
        type(cls),
        f"_{cls.__name__}",
        cls.__bases__,
        {
            "__slots__": tuple(slots),
            "__setattr__": object.__setattr__,
            "__delattr__": object.__delattr__,  # both, or the interpreter looks each store up by name
            "__attrs_attrs__": (),
        },
    )


def _compile_decoder(cls: type[Model]) -> Callable[[Any], Any]:
    fields = fields_of(cls)
    names: dict[str, Any] = {
        "cls": cls,
        "twin": _twin(cls),
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
    return _compiled("def read(data):", lines, f"decoder of {cls.__name__}", names)


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
    """The `if` that stores a value of the right type. What is common is written out; calls are what costs here."""
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
        # The parser's own list is kept if all in it is right; the slower function sees to nulls.
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
    # A comprehension costs a call even where there is nothing to do, which is the most common.
    return [f"if type(value) is {origin.__name__}: {target} = {made} if value else value"]


def _absent(index: int, field: FieldInfo, names: dict[str, Any]) -> str:
    """The statement for an absent field. A zero that its holder may change is not made before somebody looks at it
    (`Model.__getattr__`): most never are."""
    kind, optional = without_none(field.type)
    if optional:
        return f"one.{field.name} = None"
    if get_origin(kind) in (list, dict) or (isinstance(field.default, Model) and not _shared(field.default)):
        return "pass"
    if type(field.default) in (int, bool) or type(field.default) is str:
        return f"one.{field.name} = {field.default!r}"
    names[f"default{index}"] = field.default
    return f"one.{field.name} = default{index}"


def _compiled(head: str, lines: list[str], what: str, names: dict[str, Any]) -> Callable[..., Any]:
    source = f"{head}\n" + "".join(f"    {line}\n" for line in lines)
    exec(compile(source, f"<{what}>", "exec"), names)
    return cast("Callable[..., Any]", names[head.removeprefix("def ").partition("(")[0]])


def _shared(value: Model) -> bool:
    """Whether every model may hold this very default: nothing in it can be changed."""
    return not any(
        isinstance(x, (list, dict)) or (isinstance(x, Model) and not _shared(x))
        for x in (getattr(value, field.name) for field in fields_of(type(value)))
    )


def _explain(kind: Any, value: Any, path: str) -> None:
    """Find what is wrong and raise it."""
    kind, optional = without_none(kind)
    if kind in (object, Any):
        return
    if value is None:
        if not optional and isinstance(kind, type) and issubclass(kind, Model) and _needs(kind):
            raise _wrong("an object", value, path)
        return
    if kind in (None, NoneType):
        raise _wrong("null", value, path)
    origin = get_origin(kind)
    if origin is list:
        if type(value) is not list:
            raise _wrong("list", value, path)
        for index, item in enumerate(cast("list[Any]", value)):
            _explain(get_args(kind)[0], item, f"{path}[{index}]")
    elif origin is dict or kind is dict:
        if type(value) is not dict:
            raise _wrong("dict", value, path)
        for key, item in cast("dict[str, Any]", value).items():
            _explain(get_args(kind)[1] if origin else object, item, f"{path}[{key!r}]")
    elif kind in _EXPECTED:
        try:
            _SCALARS[kind](value)
        except _Mismatch:
            raise _wrong(_EXPECTED[kind], value, path) from None
    else:
        if type(value) is not dict:
            raise _wrong("an object", value, path)
        data = cast("dict[str, Any]", value)
        for field in fields_of(kind):
            where, inner = f"{path}.{field.wire}", data.get(field.wire)
            if inner is not None:
                _explain(field.type, inner, where)
            elif field.required and not without_none(field.type)[1]:
                raise DecodeError(f"{field.wire} is missing", path=where)


def _needs(cls: type[Model]) -> bool:
    """Whether a model has identities, so that there is no zero of it."""
    return any(field.required for field in fields_of(cls))


def _wrong(expected: str, value: Any, path: str) -> DecodeError:
    return DecodeError(f"expected {expected}, got {_named(value)}", path=path)


def _named(value: Any) -> str:
    return "null" if value is None else type(value).__name__


# Encoding.


def encode(value: Any, *, version: Version | None = None) -> Any:
    """A model, or lists and maps of them, as plain values for a JSON writer.

    With `version`, a field that this API version does not have raises VersionError. Raises InvalidArgument, with the
    path, for a value that is not of its field's type.
    """
    return _encode_any(value, "$", version)


_written = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def encode_json(value: Any, version: Version | None = None, kind: Any = object) -> bytes:
    """`encode`, as compact JSON text; `kind` is the type that the value has to be of."""
    text = _written(_encode_as(kind, value, "$", version))
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
        raise InvalidArgument(f"{path}: expected str as key, got {type(key).__name__}")
    return str.__str__(key)


def _encode_model(value: Model, path: str, version: Version | None) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for field in fields_of(type(value)):
        one = getattr(value, field.name)
        if not field.required:
            if one is None and field.default is None:
                continue
            # Models and lists are compared when they are checked: False == 0, inside of them too.
            if one == field.default and type(one) is type(field.default) and not isinstance(one, Model):
                continue
        where = f"{path}.{field.wire}"
        written = _encode_as(field.type, one, where, version)
        if not written and not field.required and _is_zero(field.default):
            continue  # {}, or a zero in another dress: "" for a SecretStr, 0 for 0.0
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
def _taken_apart(kind: Any) -> tuple[Any, bool, Any, Any]:
    """A type without its `| None`, whether it had one, its origin, and what its items are."""
    kind, optional = without_none(kind)
    return kind, optional, get_origin(kind), (get_args(kind) or (object,))[-1]


def _is_zero(default: Any) -> bool:
    """Whether a default is the zero of a type that has one. None is no zero: it says that zeros mean something."""
    return isinstance(default, Model) or (default is not None and not default)


_PLAIN = {str, int, bool}


def _encode_as(kind: Any, value: Any, path: str, version: Version | None) -> Any:
    """A value of a declared type as plain values; InvalidArgument, with the path, if it is of another."""
    if kind is type(value) and kind in _PLAIN:
        return value
    kind, optional, origin, item = _taken_apart(kind)
    if value is None and optional:
        return None
    if kind in _EXPECTED:
        return _encode_scalar(kind, value, path)
    if kind in (object, Any):
        return _encode_any(value, path, version)
    if origin is list:
        if not isinstance(value, list):
            raise InvalidArgument(f"{path}: expected list, got {_named(value)}")
        return [_encode_as(item, x, f"{path}[{i}]", version) for i, x in enumerate(cast("list[Any]", value))]
    if origin is dict or kind is dict:
        if not isinstance(value, dict):
            raise InvalidArgument(f"{path}: expected dict, got {_named(value)}")
        return {
            _key(k, path): _encode_as(item, x, f"{path}[{k!r}]", version)
            for k, x in cast("dict[Any, Any]", value).items()
        }
    if not isinstance(value, kind):
        raise InvalidArgument(f"{path}: expected {kind.__name__}, got {_named(value)}")
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
    raise InvalidArgument(f"{path}: expected {_EXPECTED[kind]}, got {_named(value)}")
