"""Decoding JSON into models, and encoding models as JSON.

`decode(T, encode(decode(T, x))) == decode(T, x)`. A field that is absent or null has the zero value of its type.
Encoding leaves out fields that equal their zero, but writes everything inside maps and lists, so nothing is lost. A
wrong value that was decoded is written as it came, and nested fields are written alike whether they were read or not.
Integers are never converted to floats. Errors have the path to the wrong value.
"""

from __future__ import annotations

import functools
import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterable
from math import isfinite, isinf
from typing import Any, TypeVar, cast, get_args, get_origin, overload

from .._annotations import without_none
from .._shown import cannot_be_sent, shortened, shown
from .._versions import Version, passes_gate
from ..errors import DecodeError, InvalidArgument
from .decoders import EXPECTED, decoder, line_decoder
from .model import (
    FieldInfo,
    Model,
    SecretBytes,
    SecretStr,
    Timestamp,
    UnixTime,
    fields_of,
    is_from_engine,
    undecoded_json,
)
from .undecoded import OWN, plain_copy

__all__ = ["decode", "decoder", "encode", "encode_json", "line_decoder", "load_lines", "loads", "use_json"]

T = TypeVar("T")

_SHOWN = 80


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _finite_float(text: str) -> float:
    number = float(text)
    if isinf(number):
        raise ValueError(f"{text} is too large for a number")
    return number


# json.loads accepts NaN, Infinity, numbers that become infinite and half of a surrogate pair, which msgspec does not,
# and guesses the encoding of bytes.
_decode_json = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite_float).decode
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def _scan(text: str) -> Any:
    value = _decode_json(text)
    if "\\" in text and _SURROGATE.search(text):
        json.dumps(value, ensure_ascii=False).encode()  # raises UnicodeEncodeError, a ValueError, for half of a pair
    return value


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
def decode(kind: type[T], data: bytes | str | object, *, complete: bool = False) -> T: ...
@overload
def decode(kind: Any, data: bytes | str | object, *, complete: bool = False) -> Any: ...
def decode(kind: Any, data: bytes | str | object, *, complete: bool = False) -> Any:
    """Decode JSON text, or parsed JSON, as a model, `list[Model]`, `dict[str, Model]`, ...

    As in the answer of a call, nested fields are decoded when they are read, and wrong values raise DecodeError then;
    with `complete` everything is decoded now. Parsed JSON is copied, and never changed. Raises
    DecodeError, with the `path` of the wrong value, and InvalidArgument for a `kind` that nothing can be decoded as.
    """
    parsed = loads(data) if isinstance(data, (bytes, str)) else plain_copy(data)
    try:
        read = decoder(kind, OWN)
    except (TypeError, ValueError, RecursionError):
        raise InvalidArgument(
            f"kind: expected a model, or a list or map of them, as ContainerInspect or list[ContainerSummary], got "
            f"{shown(kind)}"
        ) from None
    value = read(parsed)
    if complete:
        _read_all(value)
    return value


def _read_all(value: Any) -> None:
    if isinstance(value, Model):
        for field in fields_of(type(value)):
            _read_all(getattr(value, field.name))
    elif isinstance(value, (list, dict)):
        for item in cast("list[Any]", value if isinstance(value, list) else [*cast("Any", value).values()]):
            if isinstance(item, (Model, list, dict)):
                _read_all(item)


# Encoding.


def encode(value: Any, *, version: Version | None = None) -> Any:
    """A model, or lists and maps of them, as plain values that can be written as JSON.

    With `version`, a field that this API version does not have yet raises VersionError, and one that it does not have
    any more is left out, with a warning to the logger `rawdock`; a limit or protection raises VersionError then too.
    Raises InvalidArgument, with the path, if a value is not of its field's type.
    """
    try:
        return _encode_any(value, "$", version)
    except RecursionError as error:
        raise InvalidArgument("the value is nested too deeply to be written") from error


_dump_json = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def encode_json(value: Any, version: Version | None = None, kind: Any = object) -> bytes:
    """`encode`, as compact JSON text; `kind` is the type that the value must have."""
    try:
        return _dump_json(_encode_as(kind, value, "$", version)).encode()
    except RecursionError as error:
        raise InvalidArgument("the value is nested too deeply to be written") from error
    except UnicodeEncodeError as error:
        raise InvalidArgument(cannot_be_sent(error)) from error
    except ValueError as error:
        if isinstance(error, InvalidArgument):
            raise
        raise InvalidArgument("a number has too many digits to be sent") from error


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
    raise InvalidArgument(f"{shortened(path)}: {type(value).__name__} cannot be written as JSON")


def _finite(value: float, path: str) -> float:
    if not isfinite(value):
        raise InvalidArgument(f"{shortened(path)}: JSON has no {value}")
    return value


def _key(key: Any, path: str) -> str:
    if not isinstance(key, str):
        raise InvalidArgument(f"{shortened(path)}: expected str as a key, got {type(key).__name__}")
    return str.__str__(key)


def _encode_model(value: Model, path: str, version: Version | None) -> dict[str, Any]:
    out = encode_fields(value, fields_of(type(value)), path, version)
    extra = value.extra
    if extra or type(extra) is not dict:
        out |= encode_extra(value, path, version)
    return out


def encode_fields(
    value: Model, fields: Iterable[FieldInfo], path: str = "$", version: Version | None = None
) -> dict[str, Any]:
    """Some fields of a model, by their names in JSON."""
    out: dict[str, Any] = {}
    for field in fields:
        try:
            one = getattr(value, field.name)
        except DecodeError:  # a wrong value that was decoded, and not replaced since
            wrong = undecoded_json(value, field.wire)
            where = f"{path}.{field.wire}"
            if wrong is not None and _is_sent(value, field, where, version):
                out[field.wire] = _encode_any(wrong, where, version)
            continue
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
        if _is_sent(value, field, where, version):
            out[field.wire] = written
    return out


def _is_sent(model: Model, field: FieldInfo, where: str, version: Version | None) -> bool:
    """Whether a field that is set exists in this API version; see `passes_gate`."""
    if version is None or not (field.since or field.until):
        return True
    key = f"{type(model).__name__}.{field.name}"
    from_engine = is_from_engine(model, field.name)
    return passes_gate(where, key, version, field.since, field.until, field.guards, from_engine)


def encode_extra(value: Model, path: str = "$", version: Version | None = None) -> dict[str, Any]:
    """The `extra` of a model."""
    extra = value.extra
    if not isinstance(extra, dict):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgument(f"{shortened(path)}: expected a dict in extra, got {type(extra).__name__}")
    return cast("dict[str, Any]", _encode_any(extra, path, version))


@functools.cache
def _type_parts(kind: Any) -> tuple[Any, bool, Any, Any]:
    """A type without its `| None`, whether it had one, its origin, and the type of its items."""
    kind, optional = without_none(kind)
    return kind, optional, get_origin(kind), (get_args(kind) or (object,))[-1]


def _is_zero(default: Any) -> bool:
    """Whether a default is the zero value of its type. None is not: it is the default where a zero has a meaning."""
    return isinstance(default, Model) or (default is not None and not default)


def _type_name(value: Any) -> str:
    return "null" if value is None else type(value).__name__


_PLAIN = {str, int, bool}


def _encode_as(kind: Any, value: Any, path: str, version: Version | None) -> Any:
    """Encode a value of a declared type; raises InvalidArgument, with the path, if it has another type."""
    if kind is type(value) and kind in _PLAIN:
        return value
    kind, optional, origin, item = _type_parts(kind)
    if value is None and optional:
        return None
    if kind in EXPECTED:
        return _encode_scalar(kind, value, path)
    if kind in (object, Any):
        return _encode_any(value, path, version)
    if origin is list:
        if not isinstance(value, list):
            raise InvalidArgument(f"{shortened(path)}: expected list, got {_type_name(value)}")
        return [_encode_as(item, x, f"{path}[{i}]", version) for i, x in enumerate(cast("list[Any]", value))]
    if origin is dict or kind is dict:
        if not isinstance(value, dict):
            raise InvalidArgument(f"{shortened(path)}: expected dict, got {_type_name(value)}")
        return {
            _key(k, path): _encode_as(item, x, f"{path}[{k!r}]", version)
            for k, x in cast("dict[Any, Any]", value).items()
        }
    if not isinstance(value, kind):
        raise InvalidArgument(f"{shortened(path)}: expected {kind.__name__}, got {_type_name(value)}")
    return _encode_model(cast("Model", value), path, version)


def _encode_scalar(kind: Any, value: Any, path: str) -> Any:
    if kind in (str, Timestamp, SecretStr):
        if isinstance(value, str):
            return str.__str__(value)
    elif kind in (bytes, SecretBytes):
        return _encode_bytes(value, path)
    elif kind is UnixTime:
        if isinstance(value, int) and not isinstance(value, bool):
            return int(value)
    elif kind is float:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return value if isinstance(value, int) else _finite(value, path)
    elif isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
        return value
    raise InvalidArgument(f"{shortened(path)}: expected {EXPECTED[kind]}, got {_type_name(value)}")


def _encode_bytes(value: Any, path: str) -> str:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return b64encode(cast("bytes", value)).decode()
    remedy = "; call .encode() on it" if isinstance(value, str) else ""
    raise InvalidArgument(f"{shortened(path)}: expected bytes, got {_type_name(value)}{remedy}")
