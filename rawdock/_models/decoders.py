"""Decoders of models: functions of straight-line code, compiled when they are first used.

The decoder of a model stores the plain values. Nested fields and wrong values stay in `_undecoded` as parsed JSON, and
are decoded when they are read (`_field_reader`). A decoder owns the parsed JSON that it is given: lists and maps in it
become values of the model.
"""

from __future__ import annotations

import functools
from base64 import b64decode
from collections.abc import Callable
from types import NoneType
from typing import Any, TypeAlias, cast, get_args, get_origin

from .._annotations import without_none
from .._generated import compile_function
from ..errors import DecodeError
from .model import (
    NO_EXTRA,
    FieldInfo,
    Model,
    SecretBytes,
    SecretStr,
    Timestamp,
    UnixTime,
    default_of_name,
    fields_of,
    is_nested,
    nested_positions,
    renamed,
)
from .undecoded import LOCK, TAKEN, Location, json_at, wrong_type

__all__ = ["EXPECTED", "converter", "decoder", "line_decoder", "readers_of"]

Convert: TypeAlias = Callable[[Any, Location], Any]

EXPECTED: dict[Any, str] = {
    str: "str", int: "int", bool: "bool", float: "float", Timestamp: "str", SecretStr: "str", bytes: "base64",
    SecretBytes: "base64", UnixTime: "int",
}  # fmt: skip
_ZEROS: dict[Any, Any] = {
    str: "", int: 0, bool: False, float: 0.0, Timestamp: Timestamp(""), SecretStr: SecretStr(""), bytes: b"",
    SecretBytes: SecretBytes(), UnixTime: UnixTime(0),
}  # fmt: skip
_PARSED_AS: dict[Any, tuple[type, ...]] = {float: (float, int), Timestamp: (str,), SecretStr: (str,), UnixTime: (int,)}
_BASE64 = (bytes, SecretBytes)
_INLINE = {str: "str", int: "int", bool: "bool"}


@functools.cache
def decoder(kind: Any, location: Location = None) -> Callable[[Any], Any]:
    """The function that decodes the parsed JSON of an answer as `kind`; with the location OWN, JSON of the caller."""
    return _answer_decoder(kind, converter(kind), location)


@functools.cache
def line_decoder(kind: Any) -> Callable[[Any], Any]:
    """The same for lines of streams: nested fields are decoded at once, because they are nearly always read."""
    return _answer_decoder(kind, converter(kind, at_once=True))


def _answer_decoder(kind: Any, convert: Convert, location: Location = None) -> Callable[[Any], Any]:
    model = (get_args(kind) or (kind,))[-1]
    name = model.__name__ if isinstance(model, type) and issubclass(model, Model) else ""

    def decode_answer(value: Any) -> Any:
        try:
            return convert(value, location)
        except DecodeError as error:
            error.model = error.model or name
            raise

    return decode_answer


# Values of any type.


def converter(kind: Any, at_once: bool = False) -> Convert:
    """The function that decodes parsed JSON at a location as `kind`, or raises DecodeError with the path."""
    kind, optional = without_none(kind)
    convert = _plain_converter(kind, at_once)
    if not optional:
        return convert

    def convert_optional(value: Any, location: Location) -> Any:
        return None if value is None else convert(value, location)

    return convert_optional


def _plain_converter(kind: Any, at_once: bool) -> Convert:
    origin = get_origin(kind)
    if origin is list:
        return _list_converter(get_args(kind)[0], at_once)
    if origin is dict or kind is dict:
        return _dict_converter(get_args(kind)[1] if origin else object, at_once)
    if kind in (object, Any):
        return _unchanged
    if isinstance(kind, type) and issubclass(kind, Model):
        return _model_decoder(kind, at_once)
    if kind in _BASE64:
        return _bytes_converter(kind)
    if kind in EXPECTED:
        return _scalar_converter(kind)
    if kind in (None, NoneType):
        return _decode_none
    raise TypeError(f"{kind!r} is not a type that a model can have")


def _decode_none(value: Any, location: Location) -> None:
    if value is not None:
        raise wrong_type("null", value, location)


def _unchanged(value: Any, location: Location) -> Any:
    return value


def _bytes_converter(kind: Any) -> Convert:
    def convert(value: Any, location: Location) -> Any:
        if value is None:
            return kind()
        found = from_base64(kind, value)
        if found is None:
            raise wrong_type("base64", value, location)
        return found

    return convert


def from_base64(kind: Any, value: Any) -> Any:
    """The bytes of a text in base64; None if it is none."""
    if type(value) is not str:
        return None
    try:
        return kind(b64decode(value, validate=True))
    except ValueError:
        return None


def _scalar_converter(kind: Any) -> Convert:
    types, zero, expected = _PARSED_AS.get(kind, (kind,)), _ZEROS[kind], EXPECTED[kind]
    make = kind if kind in (Timestamp, SecretStr, UnixTime) else None  # an integer stays exact as a float

    def convert(value: Any, location: Location) -> Any:
        if type(value) in types:
            return make(value) if make else value
        if value is None:
            return zero
        raise wrong_type(expected, value, location)

    return convert


def _list_converter(item: Any, at_once: bool) -> Convert:
    convert = converter(item, at_once)
    only = {item} if item in _INLINE else None

    def convert_list(value: Any, location: Location) -> Any:
        if type(value) is not list:
            if value is None:
                return []
            raise wrong_type("list", value, location)
        items = cast("list[Any]", value)
        if only is not None and set(map(type, items)) == only:
            return items
        if location is None:
            return [convert(x, i) for i, x in enumerate(items)]
        return [convert(x, (location, i)) for i, x in enumerate(items)]

    return convert_list


def _dict_converter(item: Any, at_once: bool) -> Convert:
    convert = converter(item, at_once)
    only = {item} if item in _INLINE else None

    def convert_dict(value: Any, location: Location) -> Any:
        if type(value) is not dict:
            if value is None:
                return {}
            raise wrong_type("dict", value, location)
        pairs = cast("dict[str, Any]", value)
        if only is not None and set(map(type, pairs.values())) == only:
            return pairs
        return {key: convert(x, (location, key, None)) for key, x in pairs.items()}

    return convert_dict


# Models.

_model_decoders: dict[tuple[type[Model], bool], Convert] = {}
_compiling: set[tuple[type[Model], bool]] = set()


def _model_decoder(cls: type[Model], at_once: bool) -> Convert:
    key = cls, at_once
    if key in _compiling:  # a model that contains itself
        return lambda value, location: _model_decoders[key](value, location)
    found = _model_decoders.get(key)
    if found is None:
        _compiling.add(key)
        try:
            found = _model_decoders[key] = _compile(cls, at_once)
        finally:
            _compiling.discard(key)
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


def _compile(cls: type[Model], at_once: bool) -> Convert:
    fields = fields_of(cls)
    nested = [] if at_once else [field.wire for field in fields if is_nested(field)]
    names: dict[str, Any] = {
        "cls": cls,
        "twin": _unfrozen_twin(cls),
        "new": object.__new__,
        "known": frozenset(field.wire for field in fields),
        "no_extra": NO_EXTRA,
        "wrong_type": wrong_type,
        "required": functools.partial(_required_error, cls.__name__),
        "keep": functools.partial(_keep_undecoded, fields),
        "DecodeError": DecodeError,
    }
    needed = any(field.required for field in fields)
    lines = [
        "if type(data) is not dict:",
        f"    if {'True' if needed else 'data is not None'}: raise wrong_type('an object', data, location)",
        "    data = {}  # null, inside a list or map",
        "one = new(twin)",
        "get = data.get",
        "wrong = False",
    ]
    for index, field in enumerate(fields):
        if at_once or not is_nested(field):
            lines += _Field(field, str(index), names, at_once).lines()
    lines.append("if known.issuperset(data): one.extra = no_extra")
    lines.append("else:")
    if cls._other_names is not None:  # pyright: ignore[reportPrivateUsage]
        names["renamed"] = functools.partial(renamed, cls)
        lines.append("    usual = renamed(data)")
        lines.append("    if usual is not None: return decode_model(usual, location)")
    lines += [
        "    one.extra = {key: item for key, item in data.items() if key not in known}",
        "if wrong: keep(one, data, location)",
    ]
    if nested:
        # A list takes less memory than a dict, and than all of the data.
        raw = ", ".join(f"get({wire!r})" for wire in nested)
        lines.append(f"else: one._undecoded = [{raw}]; one._location = location")
    else:
        # Where it comes from matters if some of its fields are only sent back to the Engine that sent them.
        gated = any(field.since or field.until for field in fields)
        lines.append(f"else: one._undecoded = None{'; one._location = location' if gated else ''}")
    lines += ["one.__class__ = cls", "return one"]
    return compile_function("def decode_model(data, location):", lines, names, f"decoder of {cls.__name__}")


def _required_error(model: str, wire: str, expected: str, value: Any, location: Location) -> DecodeError:
    where = (location, wire)
    error = wrong_type(expected, value, where)
    if value is None:
        error = DecodeError(f"{wire} is missing", path=error.path)
    error.model = model
    return error


def _keep_undecoded(fields: tuple[FieldInfo, ...], one: Any, data: dict[str, Any], location: Location) -> None:
    """Keep the parsed JSON of the fields without a value."""
    one._undecoded = {
        field.wire: data[field.wire] for field in fields if field.wire in data and not has_value(one, field.name)
    }
    one._location = location


def has_value(model: Any, name: str) -> bool:
    """Whether the slot of a field is set."""
    try:
        getattr(cast("Any", type(model)), name).__get__(model)
    except AttributeError:
        return False
    return True


class _Field:
    """The source lines that decode a field. Common types are checked inline, because calls are expensive."""

    def __init__(self, field: FieldInfo, suffix: str, names: dict[str, Any], at_once: bool) -> None:
        self.field = field
        self.suffix = suffix
        self.names = names
        self.at_once = at_once
        self.target = f"one.{field.name}"
        self.kind, self.optional = without_none(field.type)

    def lines(self) -> list[str]:
        field, kind, target = self.field, self.kind, self.target
        origin, item = get_origin(kind), (get_args(kind) or (object,))[-1]
        start = f"value = get({field.wire!r})"
        if field.required and kind not in _INLINE:
            return [start, *self._required()]
        if kind in (object, Any):
            return [f"{target} = get({field.wire!r})"]
        if origin in (list, dict) and item in _INLINE:
            return [start, *self._plain_items(origin, _INLINE[item]), *self._otherwise()]
        if is_nested(field):
            return [start, f"if value is None: {self._absent()}", *self._nested()]
        return [start, self._scalar(), *self._otherwise()]

    def _scalar(self) -> str:
        kind, target, name = self.kind, self.target, f"make{self.suffix}"
        if kind is float:
            return f"if type(value) is float or type(value) is int: {target} = value"
        if kind in _INLINE:
            return f"if type(value) is {_INLINE[kind]}: {target} = value"
        if kind in _BASE64:
            self.names[name] = functools.partial(from_base64, kind)
            return f"if (item := {name}(value)) is not None: {target} = item"
        self.names[name] = kind
        if kind is UnixTime:
            return f"if type(value) is int: {target} = {name}(value)"
        return f"if type(value) is str: {target} = {name}(value)"

    def _plain_items(self, origin: Any, item: str) -> list[str]:
        return [
            f"if type(value) is {origin.__name__}:",
            f"    for item in value{'.values()' if origin is dict else ''}:",
            f"        if type(item) is not {item}:",
            "            wrong = True",
            "            break",
            f"    else: {self.target} = value",
        ]

    def _otherwise(self) -> list[str]:
        field = self.field
        if field.required:
            null = [f"elif value is None: {self.target} = None"] if self.optional else []
            return [*null, f"else: raise required({field.wire!r}, {EXPECTED[self.kind]!r}, value, location)"]
        return [f"elif value is None: {self._absent()}", "else: wrong = True"]

    def _nested(self) -> list[str]:
        name = f"convert{self.suffix}"
        constant, wire = f"location{self.suffix}", self.field.wire
        self.names[name] = converter(self.kind, self.at_once)
        self.names[constant] = None, wire  # the most common one: a field of the line itself
        where = f"{constant} if location is None else (location, {wire!r})"
        return [
            *self._empty(),
            "else:",
            f"    try: {self.target} = {name}(value, {where})",
            "    except DecodeError: wrong = True",
        ]

    def _empty(self) -> list[str]:
        """Much of what is nested is empty, as in statistics, and does without a call."""
        origin, default = get_origin(self.kind), self.field.default
        if origin in (list, dict):
            return [f"elif not value and type(value) is {origin.__name__}: {self.target} = value"]
        if isinstance(default, Model) and type(default) is self.kind and not self.optional and _shared(default):
            return [f"elif not value and type(value) is dict: {self._absent()}"]
        return []

    def _required(self) -> list[str]:
        """A required field that is not a str, int or bool."""
        name, wire = f"convert{self.suffix}", self.field.wire
        self.names[name] = converter(self.kind, self.at_once)
        absent = f"{self.target} = None" if self.optional else f"raise required({wire!r}, '', value, location)"
        return [
            f"if value is None: {absent}",
            f"else: {self.target} = {name}(value, (location, {wire!r}))",
        ]

    def _absent(self) -> str:
        """The statement for an absent field. Zeros that can be changed, such as lists, are only made when the field is
        read, because most never are."""
        kind, default = self.kind, self.field.default
        if self.optional:
            return f"{self.target} = None"
        if get_origin(kind) in (list, dict) or kind is dict or (isinstance(default, Model) and not _shared(default)):
            return "pass"
        if type(default) in (int, bool) or type(default) is str:
            return f"{self.target} = {default!r}"
        self.names[f"default{self.suffix}"] = default
        return f"{self.target} = default{self.suffix}"


def _shared(value: Model) -> bool:
    """Whether all models may share this default, because nothing in it can be changed."""
    return not any(
        isinstance(x, (list, dict)) or (isinstance(x, Model) and not _shared(x))
        for x in (getattr(value, field.name) for field in fields_of(type(value)))
    )


# Fields that are decoded when they are read.


def readers_of(cls: type[Model]) -> dict[str, Callable[[Any], Any]]:
    """For each field the function that decodes it and stores the value."""
    return {field.name: _field_reader(cls, field) for field in fields_of(cls)}


def _field_reader(cls: type[Model], field: FieldInfo) -> Callable[[Any], Any]:
    slot: Any = getattr(cast("Any", cls), field.name)
    wire, name, model = field.wire, field.name, cls.__name__
    position = nested_positions(cls).get(wire)
    needed = field.required and not without_none(field.type)[1]
    convert: Convert | None = None

    def read_field(one: Any) -> Any:
        nonlocal convert
        if convert is None:  # before the lock is taken, because it may import modules
            convert = converter(field.type)
        with LOCK:
            undecoded = one._undecoded
            key: Any = position if type(undecoded) is list else wire
            value = json_at(undecoded, key)
            if value is TAKEN:  # another thread has decoded it meanwhile
                return slot.__get__(one)
            if value is None:
                if needed:
                    raise _required_error(model, wire, "", None, one._location)
                if has_value(one, name):
                    return slot.__get__(one)
                value = default_of_name(cls, name)
            else:
                try:
                    value = convert(value, (one._location, wire))
                except DecodeError as error:
                    error.model = error.model or model
                    raise
                undecoded[key] = TAKEN
            slot.__set__(one, value)
            return value

    return read_field
