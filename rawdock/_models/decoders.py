"""Compiles what reads parsed JSON: a function of plain straight-line code for each model, and one for each field.

A model is read by its plain values; one that is not of its type is left alone, and so is what is nested, until somebody
looks. Both stay in `_parsed`, from which `read_field` reads them. What a decoder is given belongs to it: parts of it
become parts of the model, or are taken out of it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import NoneType
from typing import Any, TypeAlias, cast, get_args, get_origin

from .._annotations import without_none
from ..errors import DecodeError
from .late import LOCK, READ, Place, parsed_at, places_of, waits, wrong
from .model import NO_EXTRA, FieldInfo, Model, SecretStr, Timestamp, default_of_name, fields_of

__all__ = ["EXPECTED", "converter", "decoder", "line_decoder", "readers_of"]

Convert: TypeAlias = Callable[[Any, Place], Any]

EXPECTED: dict[Any, str] = {str: "str", int: "int", bool: "bool", float: "float", Timestamp: "str", SecretStr: "str"}
_ZEROS: dict[Any, Any] = {
    str: "", int: 0, bool: False, float: 0.0, Timestamp: Timestamp(""), SecretStr: SecretStr("")
}  # fmt: skip
_PARSED_AS: dict[Any, tuple[type, ...]] = {float: (float, int), Timestamp: (str,), SecretStr: (str,)}
_INLINE = {str: "str", int: "int", bool: "bool"}


@functools.cache
def decoder(kind: Any) -> Callable[[Any], Any]:
    """The function that reads parsed JSON, which it then owns, as an answer."""
    return _of_an_answer(kind, converter(kind))


@functools.cache
def line_decoder(kind: Any) -> Callable[[Any], Any]:
    """The same for a line of a stream: what is nested is read at once, as it is always looked at."""
    return _of_an_answer(kind, converter(kind, at_once=True))


def _of_an_answer(kind: Any, convert: Convert) -> Callable[[Any], Any]:
    model = (get_args(kind) or (kind,))[-1]
    name = model.__name__ if isinstance(model, type) and issubclass(model, Model) else ""

    def read(value: Any) -> Any:
        try:
            return convert(value, None)
        except DecodeError as error:
            error.model = error.model or name
            raise

    return read


# Values of any type.


def converter(kind: Any, at_once: bool = False) -> Convert:
    """The function that reads parsed JSON as `kind`, and raises a DecodeError with its path if it is something else."""
    kind, optional = without_none(kind)
    convert = _plain_converter(kind, at_once)
    if not optional:
        return convert

    def convert_optional(value: Any, place: Place) -> Any:
        return None if value is None else convert(value, place)

    return convert_optional


def _plain_converter(kind: Any, at_once: bool) -> Convert:
    origin = get_origin(kind)
    if origin is list:
        return _list_converter(get_args(kind)[0], at_once)
    if origin is dict or kind is dict:
        return _dict_converter(get_args(kind)[1] if origin else object, at_once)
    if kind in (object, Any):
        return _same
    if isinstance(kind, type) and issubclass(kind, Model):
        return _model_decoder(kind, at_once)
    if kind in EXPECTED:
        return _scalar_converter(kind)
    if kind in (None, NoneType):
        return _nothing
    raise TypeError(f"{kind!r} is not a type that models are made of")


def _nothing(value: Any, place: Place) -> None:
    if value is not None:
        raise wrong("null", value, place)


def _same(value: Any, place: Place) -> Any:
    return value


def _scalar_converter(kind: Any) -> Convert:
    types, zero, expected = _PARSED_AS.get(kind, (kind,)), _ZEROS[kind], EXPECTED[kind]
    make = kind if kind in (Timestamp, SecretStr) else None  # a float that came as an integer stays as exact

    def convert(value: Any, place: Place) -> Any:
        if type(value) in types:
            return make(value) if make else value
        if value is None:
            return zero
        raise wrong(expected, value, place)

    return convert


def _list_converter(item: Any, at_once: bool) -> Convert:
    convert = converter(item, at_once)
    only = {item} if item in _INLINE else None

    def convert_list(value: Any, place: Place) -> Any:
        if type(value) is not list:
            if value is None:
                return []
            raise wrong("list", value, place)
        items = cast("list[Any]", value)
        if only is not None and set(map(type, items)) == only:
            return items
        if place is None:
            return [convert(x, i) for i, x in enumerate(items)]
        return [convert(x, (place, i)) for i, x in enumerate(items)]

    return convert_list


def _dict_converter(item: Any, at_once: bool) -> Convert:
    convert = converter(item, at_once)
    only = {item} if item in _INLINE else None

    def convert_dict(value: Any, place: Place) -> Any:
        if type(value) is not dict:
            if value is None:
                return {}
            raise wrong("dict", value, place)
        pairs = cast("dict[str, Any]", value)
        if only is not None and set(map(type, pairs.values())) == only:
            return pairs
        return {key: convert(x, (place, key, None)) for key, x in pairs.items()}

    return convert_dict


# Models.

_model_decoders: dict[tuple[type[Model], bool], Convert] = {}
_compiling: set[tuple[type[Model], bool]] = set()


def _model_decoder(cls: type[Model], at_once: bool) -> Convert:
    key = cls, at_once
    if key in _compiling:  # a model that holds itself
        return lambda value, place: _model_decoders[key](value, place)
    found = _model_decoders.get(key)
    if found is None:
        _compiling.add(key)
        try:
            found = _model_decoders[key] = _compile(cls, at_once)
        finally:
            _compiling.discard(key)
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


def _compile(cls: type[Model], at_once: bool) -> Convert:
    fields = fields_of(cls)
    waiting = [] if at_once else [field.wire for field in fields if waits(field)]
    names: dict[str, Any] = {
        "cls": cls,
        "twin": _twin(cls),
        "new": object.__new__,
        "known": frozenset(field.wire for field in fields),
        "no_extra": NO_EXTRA,
        "wrong": wrong,
        "identity": functools.partial(_no_identity, cls.__name__),
        "keep": functools.partial(_keep, fields),
        "DecodeError": DecodeError,
    }
    needed = any(field.required for field in fields)
    lines = [
        "if type(data) is not dict:",
        f"    if {'True' if needed else 'data is not None'}: raise wrong('an object', data, place)",
        "    data = {}  # null, inside a list or map",
        "one = new(twin)",
        "get = data.get",
        "odd = False",
    ]
    for index, field in enumerate(fields):
        if at_once or not waits(field):
            lines += _Field(field, str(index), names, at_once).lines()
    lines += [
        "if known.issuperset(data): one.extra = no_extra",
        "else: one.extra = {key: item for key, item in data.items() if key not in known}",
        "if odd: keep(one, data, place)",
    ]
    if waiting:
        # Smaller than a dict, and than all that came.
        raw = ", ".join(f"get({wire!r})" for wire in waiting)
        lines.append(f"else: one._parsed = [{raw}]; one._place = place")
    else:
        lines.append("else: one._parsed = None")
    lines += ["one.__class__ = cls", "return one"]
    source = "def read(data, place):\n" + "".join(f"    {line}\n" for line in lines)
    exec(compile(source, f"<decoder of {cls.__name__}>", "exec"), names)
    return cast("Convert", names["read"])


def _no_identity(model: str, wire: str, expected: str, value: Any, place: Place) -> DecodeError:
    where = (place, wire)
    error = wrong(expected, value, where)
    if value is None:
        error = DecodeError(f"{wire} is missing", path=error.path)
    error.model = model
    return error


def _keep(fields: tuple[FieldInfo, ...], one: Any, data: dict[str, Any], place: Place) -> None:
    """Keep what came for the fields that were left alone."""
    one._parsed = {
        field.wire: data[field.wire] for field in fields if field.wire in data and not is_read(one, field.name)
    }
    one._place = place


def is_read(model: Any, name: str) -> bool:
    """Whether a field has its value."""
    try:
        getattr(cast("Any", type(model)), name).__get__(model)
    except AttributeError:
        return False
    return True


class _Field:
    """The lines that read a field. What is common is written out; calls are what costs here."""

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
            return [start, *self._identity()]
        if kind in (object, Any):
            return [f"{target} = get({field.wire!r})"]
        if origin in (list, dict) and item in _INLINE:
            return [start, *self._plain_items(origin, _INLINE[item]), *self._otherwise()]
        if waits(field):
            return [start, f"if value is None: {self._absent()}", *self._nested()]
        return [start, self._scalar(), *self._otherwise()]

    def _scalar(self) -> str:
        kind, target, name = self.kind, self.target, f"make{self.suffix}"
        if kind is float:
            return f"if type(value) is float or type(value) is int: {target} = value"
        if kind in _INLINE:
            return f"if type(value) is {_INLINE[kind]}: {target} = value"
        self.names[name] = kind
        return f"if type(value) is str: {target} = {name}(value)"

    def _plain_items(self, origin: Any, item: str) -> list[str]:
        return [
            f"if type(value) is {origin.__name__}:",
            f"    for item in value{'.values()' if origin is dict else ''}:",
            f"        if type(item) is not {item}:",
            "            odd = True",
            "            break",
            f"    else: {self.target} = value",
        ]

    def _otherwise(self) -> list[str]:
        field = self.field
        if field.required:
            null = [f"elif value is None: {self.target} = None"] if self.optional else []
            return [*null, f"else: raise identity({field.wire!r}, {EXPECTED[self.kind]!r}, value, place)"]
        return [f"elif value is None: {self._absent()}", "else: odd = True"]

    def _nested(self) -> list[str]:
        name = f"convert{self.suffix}"
        self.names[name] = converter(self.kind, self.at_once)
        return [
            "else:",
            f"    try: {self.target} = {name}(value, (place, {self.field.wire!r}))",
            "    except DecodeError: odd = True",
        ]

    def _identity(self) -> list[str]:
        """An identity of an unusual type."""
        name, wire = f"convert{self.suffix}", self.field.wire
        self.names[name] = converter(self.kind, self.at_once)
        absent = f"{self.target} = None" if self.optional else f"raise identity({wire!r}, '', value, place)"
        return [
            f"if value is None: {absent}",
            f"else: {self.target} = {name}(value, (place, {wire!r}))",
        ]

    def _absent(self) -> str:
        """The statement for an absent value. A zero that its holder may change is not made before somebody looks at it:
        most never are."""
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
    """Whether every model may hold this very default: nothing in it can be changed."""
    return not any(
        isinstance(x, (list, dict)) or (isinstance(x, Model) and not _shared(x))
        for x in (getattr(value, field.name) for field in fields_of(type(value)))
    )


# Fields that are read when they are looked at.


def readers_of(cls: type[Model]) -> dict[str, Callable[[Any], Any]]:
    """For each field the function that reads it from what was parsed, and keeps it."""
    return {field.name: _reader(cls, field) for field in fields_of(cls)}


def _reader(cls: type[Model], field: FieldInfo) -> Callable[[Any], Any]:
    slot: Any = getattr(cast("Any", cls), field.name)
    wire, name, model = field.wire, field.name, cls.__name__
    at = places_of(cls).get(wire)
    needed = field.required and not without_none(field.type)[1]
    convert: Convert | None = None

    def read_field(one: Any) -> Any:
        nonlocal convert
        if convert is None:  # not under the lock: it may load modules
            convert = converter(field.type)
        with LOCK:
            parsed = one._parsed
            key = at if type(parsed) is list else wire
            value = parsed_at(parsed, key)
            if value is READ:  # another thread was quicker
                return slot.__get__(one)
            if value is None:
                if needed:
                    raise _no_identity(model, wire, "", None, one._place)
                if is_read(one, name):
                    return slot.__get__(one)
                value = default_of_name(cls, name)
            else:
                try:
                    value = convert(value, (one._place, wire))
                except DecodeError as error:
                    error.model = error.model or model
                    raise
                parsed[key] = READ
            slot.__set__(one, value)
            return value

    return read_field
