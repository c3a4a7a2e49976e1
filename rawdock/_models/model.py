"""`Model`, the base class of requests and answers.

A model is frozen and takes only keyword arguments. A field that an answer leaves out has the zero value of its type.
Fields that the Engine sends and rawdock does not know are in `extra`, and are written back. Nested fields of an answer
are only decoded when they are read (see `decoders`), and a wrong value raises DecodeError there and nowhere else.

A model is an attrs class with slots. attrs makes a new class for slots, so a metaclass calls it. Annotations are
resolved at first use, so that models can refer to each other whatever the order in which their modules are imported.
"""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, timedelta, timezone
from datetime import datetime as _datetime
from importlib import import_module
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Final,
    NamedTuple,
    NoReturn,
    Self,
    cast,
    dataclass_transform,
    get_args,
    get_origin,
)

import attrs

from .._annotations import resolve, without_none
from .._versions import Version, parse_version
from ..errors import DecodeError
from .undecoded import CHANGED, TAKEN, UndecodedSlots, WrongValue, is_own, json_at

__all__ = [
    "NO_EXTRA",
    "FieldInfo",
    "Model",
    "SecretBytes",
    "SecretStr",
    "Timestamp",
    "UnixTime",
    "fields_of",
    "secret",
    "since",
    "until",
    "wire",
]


class wire(NamedTuple):
    """The name of the field in JSON, if it is not the usual one."""

    name: str


class _VersionMark:
    """An API version, as a mark in an annotation. Each is only equal to itself.

    Python 3.11.2 treats `Annotated[int, a]` and `Annotated[int, b]` as the same type if a == b.
    """

    __slots__ = ("version",)

    def __init__(self, version: str) -> None:
        self.version = version

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.version!r})"


class secret:
    """The field, of bytes, is a secret: it is not shown."""


class since(_VersionMark):
    """The first API version that has the field."""

    __slots__ = ()


class until(_VersionMark):
    """The first API version that does not have the field any more.

    An Engine passes over such a field. `guards` says that it limits, protects or separates something, so that it must
    not be left out silently.
    """

    __slots__ = ("guards",)

    def __init__(self, version: str, *, guards: bool = False) -> None:
        super().__init__(version)
        self.guards = guards


class SecretStr(str):
    """Secret text: it prints as `***`; `reveal()` returns it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'" if self.reveal() else "''"

    def __str__(self) -> str:
        return "***" if self.reveal() else ""

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def reveal(self) -> str:
        """The text itself."""
        return str.__str__(self)


class SecretBytes(bytes):
    """The value of a field of bytes that is marked as `secret`: it prints as `***`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "b'***'" if self else "b''"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)


_TIMESTAMP = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9})\d*)?(?:([Zz])| ?([+-])(\d\d):?(\d\d)(?: [A-Z]+)?)"
)
_EPOCH: Final = _datetime(1970, 1, 1, tzinfo=UTC)


class Timestamp(str):
    """A time as the Engine has written it, up to nanoseconds. False if it is not set (the Engine writes year 1)."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return len(self) > 0 and not self.startswith("0001-01-01T00:00:00")

    @property
    def datetime(self) -> _datetime | None:
        """The time in microseconds; None if it is not set or not a time."""
        parsed = self._parsed()
        return parsed[0] if parsed else None

    @property
    def nanoseconds(self) -> int | None:
        """Exact nanoseconds since 1970; None if it is not set or not a time."""
        parsed = self._parsed()
        if parsed is None:
            return None
        moment, fraction = parsed
        whole = moment.replace(microsecond=0) - _EPOCH
        return (whole.days * 86400 + whole.seconds) * 1_000_000_000 + fraction

    def _parsed(self) -> tuple[_datetime, int] | None:
        match = _TIMESTAMP.fullmatch(self) if self else None
        if match is None:
            return None
        fraction = int((match[7] or "0").ljust(9, "0"))
        offset = timedelta(hours=int(match[10] or 0), minutes=int(match[11] or 0))
        try:
            zone = UTC if match[8] or not offset else timezone(-offset if match[9] == "-" else offset)
            numbers = (int(match[i]) for i in range(1, 7))
            year, month, day, hour, minute, second = numbers
            moment = _datetime(year, month, day, hour, minute, second, fraction // 1000, tzinfo=zone)
        except ValueError:
            return None
        return moment, fraction


class UnixTime(int):
    """Seconds since 1970, as the Engine sends some times. It reads like a `Timestamp`; 0 is not set."""

    __slots__ = ()

    @property
    def datetime(self) -> _datetime | None:
        """The time; None if it is not set, or in no year that Python has."""
        try:
            return _EPOCH + timedelta(seconds=self) if self and self != _YEAR_1 else None
        except OverflowError:
            return None

    @property
    def nanoseconds(self) -> int | None:
        """Nanoseconds since 1970; None if it is not set."""
        return int(self) * 1_000_000_000 if self and self != _YEAR_1 else None


_YEAR_1: Final = -62135596800
"""What an Engine sends of a time that it does not know."""


class _NoExtra(dict[str, object]):
    """The empty `extra`, which all models without unknown fields share."""

    __slots__ = ()

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("a model is frozen: pass extra={...} to its constructor, or to its `replace`")

    if not TYPE_CHECKING:
        __setitem__ = __delitem__ = update = setdefault = pop = popitem = clear = __ior__ = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return _no_extra, ()

    def __copy__(self) -> _NoExtra:
        return self

    def __deepcopy__(self, memo: object) -> _NoExtra:
        return self


NO_EXTRA: Final = _NoExtra()


def _no_extra() -> _NoExtra:
    return NO_EXTRA


def _field(*, default: Any, kw_only: bool) -> Any:
    """A field that is declared as a keyword: mypy does not apply `kw_only_default` to the base class."""
    return default


@dataclass_transform(frozen_default=True, kw_only_default=True, eq_default=True, field_specifiers=(_field,))
class ModelMeta(type):
    """Makes each model an attrs class with slots."""

    def __new__(mcls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **kwargs: Any) -> ModelMeta:
        if "__attrs_attrs__" in namespace:  # attrs makes the class a second time, now with slots
            # On Python 3.13 attrs gives each class a `__replace__` of its own, which would share lists.
            namespace.pop("__replace__", None)
            if "replace" in namespace:
                namespace["__replace__"] = namespace["replace"]
            return super().__new__(mcls, name, bases, namespace, **kwargs)
        annotations: dict[str, Any] = namespace.get("__annotations__", {})
        these: dict[str, Any] = {}
        for field, annotation in annotations.items():
            if isinstance(annotation, str) and annotation.startswith("ClassVar"):
                continue
            default = namespace.pop(field, attrs.NOTHING)
            these[field] = attrs.field(default=_factory(default))
        namespace["__own_types__"] = {field: annotations[field] for field in these}
        cls = super().__new__(mcls, name, bases, namespace, **kwargs)
        return attrs.define(
            cls,
            these=these,
            frozen=True,
            slots=True,
            kw_only=True,
            eq=False,
            repr=False,
            weakref_slot=False,
            getstate_setstate=False,
        )


def _factory(default: Any) -> Any:
    """The default for attrs: a factory if the default can be changed, so that instances do not share it."""
    kind: Any = type(default)  # pyright: ignore[reportUnknownVariableType]
    if kind in (list, dict):
        make: Any = default.copy if default else kind
        return attrs.Factory(make)
    if isinstance(kind, ModelMeta) and not _shareable(kind):
        return attrs.Factory(kind)
    return default  # pyright: ignore[reportUnknownVariableType]


def attributes(cls: type) -> tuple[attrs.Attribute[Any], ...]:
    """The attrs fields of a model. (Type checkers do not know that the metaclass makes an attrs class.)"""
    return cast("tuple[attrs.Attribute[Any], ...]", attrs.fields(cast("Any", cls)))


def _shareable(cls: type) -> bool:
    """Whether all default values of a model are ones that cannot be changed."""
    return not any(_factory_of(field) for field in attributes(cls))


def _factory_of(field: attrs.Attribute[Any]) -> Any:
    return getattr(cast("Any", field.default), "factory", None)


class Model(UndecodedSlots, metaclass=ModelMeta):
    """The base of all models."""

    __own_types__: ClassVar[dict[str, Any]]

    _other_names: ClassVar[dict[str, str] | None] = None
    """If this is not None, a field is also read by its JSON name in another case, and by the names given here in lower
    case. Only an answer with names that are not known is looked at for these, and it is written with the usual ones."""

    extra: dict[str, object] = _field(default=NO_EXTRA, kw_only=True)
    """Fields that rawdock does not know, by their names in JSON. They are written too, and replace known fields."""

    def replace(self, **changes: Any) -> Self:
        """A copy with some fields changed. It shares no list, map or model with this one. Undecoded fields of an answer
        stay undecoded."""
        return cast("Self", _copies().replaced(self, changes))

    __replace__ = replace

    def __repr__(self) -> str:
        try:
            return f"{type(self).__name__}({', '.join(self._repr_fields())})"
        except (RecursionError, ValueError):  # nested too deeply, or a number with too many digits
            return f"{type(self).__name__}(...)"

    def _repr_fields(self) -> Iterator[str]:
        for field in fields_of(type(self)):
            value = field_or_wrong(self, field.name)
            if field.required or value != field.default:
                yield f"{field.name}={_repr_value(field.type, value)}"
        if self.extra:
            yield f"extra={self.extra!r}"

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        try:
            return all(field_or_wrong(self, x.name) == field_or_wrong(other, x.name) for x in attributes(type(self)))
        except RecursionError:
            return False

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        return cast("tuple[Any, ...]", _copies().reduced(self))

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return cast("Self", _copies().deep_copied(self, memo))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> Any:
        """Called by pydantic for a model as a field or an argument."""
        return _schemas().core_schema_of(cls)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: object, handler: object) -> Any:
        """Called by pydantic for the JSON schema."""
        return _schemas().json_schema_of(cls)

    if not TYPE_CHECKING:  # type checkers would accept any name otherwise

        def __getattr__(self, name: str) -> Any:
            """Called for a field that is not decoded yet or has a wrong value."""
            if not name.startswith("_"):  # Python looks up special methods, and our own slots are not fields
                cls = type(self)
                read = (_readers.get(cls) or _make_readers(cls)).get(name)
                if read is not None:
                    return read(self)
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)


_readers: dict[type[Model], dict[str, Callable[[Any], Any]]] = {}


# These modules need models themselves, so they are imported when a model needs them.


def _schemas() -> Any:
    return import_module("rawdock._models.schema")


def _copies() -> Any:
    return import_module("rawdock._models.copies")


def _make_readers(cls: type[Model]) -> dict[str, Callable[[Any], Any]]:
    decoders: Any = import_module("rawdock._models.decoders")
    found: dict[str, Callable[[Any], Any]] = decoders.readers_of(cls)
    _readers[cls] = found
    return found


@functools.cache
def _by_name(cls: type[Model]) -> dict[str, attrs.Attribute[Any]]:
    return {field.name: field for field in attributes(cls)}


def default_of_name(cls: type[Model], name: str) -> Any:
    """The value of a field that is absent."""
    return _default_of(_by_name(cls)[name])


def _default_of(field: attrs.Attribute[Any]) -> Any:
    make = _factory_of(field)
    return make() if make else field.default


@functools.cache
def wire_names(cls: type[Model]) -> dict[str, str]:
    """The JSON names of the fields, by their names."""
    return {field.name: field.wire for field in fields_of(cls)}


def renamed(cls: type[Model], data: dict[str, Any]) -> dict[str, Any] | None:
    """The JSON of a model with `_other_names`, with its usual names; None if it has no other ones."""
    usual = _usual_names(cls)
    found = {key: wire for key in data if (wire := usual.get(key.lower(), key)) != key and wire not in data}
    if not found or len(set(found.values())) < len(found):
        return None
    return {found.get(key, key): value for key, value in data.items()}


@functools.cache
def _usual_names(cls: type[Model]) -> dict[str, str]:
    """The JSON names of a model with `_other_names`, by every name that is read as one, in lower case."""
    own = {wire.lower(): wire for wire in wire_names(cls).values()}
    return own | (cls._other_names or {})  # pyright: ignore[reportPrivateUsage]


class FieldInfo(NamedTuple):
    """A field of a model, and its JSON form."""

    name: str
    wire: str
    type: Any
    """Without `Annotated`."""
    required: bool
    default: Any
    """Its value when it is absent."""
    since: Version | None
    until: Version | None
    guards: bool
    """Whether it must not be left out where it is gone; see `until`."""


def _repr_value(kind: Any, value: Any) -> str:
    """A value as `repr` shows it; by the type of its field, since callers may pass a plain str for a secret."""
    if not _may_hold_secret(kind):
        return repr(value)
    kind, _ = without_none(kind)
    if isinstance(value, Model):
        return repr(value)  # it hides its own secrets
    origin, item = get_origin(kind), (get_args(kind) or (object,))[-1]
    if origin is list and isinstance(value, list):
        return f"[{', '.join(_repr_value(item, x) for x in cast('list[Any]', value))}]"
    if origin is dict and isinstance(value, dict):
        pairs = cast("dict[Any, Any]", value).items()
        return f"{{{', '.join(f'{key!r}: {_repr_value(item, x)}' for key, x in pairs)}}}"
    return "***" if isinstance(value, WrongValue) or value else repr(value)


@functools.cache
def _may_hold_secret(kind: Any) -> bool:
    """Whether a value of this type may contain a secret, at any depth."""
    return not _types_in(kind, set()).isdisjoint((SecretStr, SecretBytes))


def _types_in(kind: Any, seen: set[Any]) -> set[Any]:
    """All types in a type, at any depth."""
    if kind not in seen:
        seen.add(kind)
        inner = get_args(kind)
        if isinstance(kind, type) and issubclass(kind, Model):
            inner = tuple(field.type for field in fields_of(kind))
        for one in inner:
            _types_in(one, seen)
    return seen


_fields: dict[type[Model], tuple[FieldInfo, ...]] = {}


def fields_of(cls: type[Model]) -> tuple[FieldInfo, ...]:
    """The fields of a model and of its bases, without `extra`."""
    found = _fields.get(cls)
    if found is None:
        declared = {field.name: field for field in attributes(cls)}
        owners = {name: base for base in reversed(cls.__mro__) for name in getattr(base, "__own_types__", {})}
        found = _fields[cls] = tuple(
            _field_info(owners[name], field) for name, field in declared.items() if name != "extra"
        )
    return found


def _field_info(owner: type, field: attrs.Attribute[Any]) -> FieldInfo:
    annotation = resolve(owner.__own_types__[field.name], {}, vars(sys.modules[owner.__module__]))  # type: ignore[attr-defined]
    marks: tuple[Any, ...] = ()
    if get_origin(annotation) is Annotated:
        annotation, *rest = get_args(annotation)
        marks = tuple(rest)
    names = [mark.name for mark in marks if isinstance(mark, wire)]
    if secret in marks:
        annotation = SecretBytes
    return FieldInfo(
        name=field.name,
        wire=names[0] if names else "".join(part.capitalize() for part in field.name.strip("_").split("_")),
        type=annotation,
        required=field.default is attrs.NOTHING,
        default=None if field.default is attrs.NOTHING else _default_of(field),
        since=next((parse_version(mark.version) for mark in marks if isinstance(mark, since)), None),
        until=next((parse_version(mark.version) for mark in marks if isinstance(mark, until)), None),
        guards=any(isinstance(mark, until) and mark.guards for mark in marks),
    )


# Nested fields and wrong values.


def is_nested(field: FieldInfo) -> bool:
    """Whether a field is decoded when it is first read: a model, or a list or map that is more than plain values."""
    kind, _ = without_none(field.type)
    if get_origin(kind) in (list, dict) or kind is dict:
        return not field.required and (get_args(kind) or (object,))[-1] not in (str, int, bool)
    return not field.required and isinstance(kind, type) and issubclass(kind, Model)


@functools.cache
def nested_positions(cls: type[Model]) -> dict[str, int]:
    """The index of each nested field in the list `_undecoded`, by JSON name."""
    return {wire: index for index, wire in enumerate(field.wire for field in fields_of(cls) if is_nested(field))}


def field_or_wrong(model: Model, name: str) -> Any:
    """The value of a field, or a `WrongValue` in place of the DecodeError."""
    try:
        return getattr(model, name)
    except DecodeError:
        return WrongValue(undecoded_json(model, wire_names(type(model))[name]))


def is_from_engine(model: Model, name: str | None = None) -> bool:
    """Whether a field has the value that an Engine sent; without a name, whether all of the model's own fields have."""
    try:
        undecoded = model._undecoded  # pyright: ignore[reportPrivateUsage]
    except AttributeError:
        return False  # it was made by its constructor
    changed = changed_names(model) if type(undecoded) is dict else ()
    if changed and (name is None or name in changed):
        return False
    return not is_own(getattr(model, "_location", None))


def changed_names(model: Model) -> frozenset[str]:
    """The names of the fields that a caller has replaced in a model that an Engine sent."""
    undecoded = model._undecoded  # pyright: ignore[reportPrivateUsage]
    found = undecoded.get(CHANGED) if type(undecoded) is dict else None
    return cast("frozenset[str]", found or frozenset())


def undecoded_json(model: Model, wire: str) -> Any:
    """The parsed JSON of a field; None if the field was absent or is decoded."""
    try:
        undecoded = model._undecoded  # pyright: ignore[reportPrivateUsage]
    except AttributeError:
        return None
    found = json_at(undecoded, nested_positions(type(model)).get(wire) if type(undecoded) is list else wire)
    return None if found is TAKEN else found
