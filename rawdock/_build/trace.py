"""What BuildKit tells of a build: protobuf in base64, in lines whose id is `moby.buildkit.trace`. Pure.

A record is the StatusResponse of BuildKit's control service: the vertexes, statuses, logs and warnings that are new.
Fields that are not known are passed over.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple, TypeVar, cast

import attrs

from ..errors import DecodeError
from .protobuf import Value, as_bytes, as_int, as_text, fields

__all__ = ["Log", "Status", "Trace", "Vertex", "Warned", "read_trace"]

T = TypeVar("T")

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class _Tag(NamedTuple):
    """Where a field is in its message, and how it is read."""

    number: int
    read: Callable[[Value], object]
    many: bool = False


def _one(number: int, read: Callable[[Value], T], default: T) -> T:
    return attrs.field(default=default, metadata={_Tag: _Tag(number, read)})


def _each(number: int, read: Callable[[Value], T]) -> list[T]:
    return cast("list[T]", attrs.field(factory=list, metadata={_Tag: _Tag(number, read, many=True)}))


def _flag(value: Value) -> bool:
    return bool(as_int(value))


def _time(value: Value) -> datetime | None:
    """A timestamp; None for the zero of Go, and for what is no time that Python knows."""
    seconds = nanoseconds = 0
    for number, part in fields(as_bytes(value)):
        if number == 1:
            seconds = as_int(part)
        elif number == 2:
            nanoseconds = as_int(part)
    try:
        time = _BEGINNING + timedelta(seconds=seconds, microseconds=nanoseconds // 1000)
    except OverflowError:
        return None
    return time if time.year > 1 else None


@attrs.define
class Vertex:
    """A step, each time that something has changed about it."""

    digest: str = _one(1, as_text, "")
    name: str = _one(3, as_text, "")
    cached: bool = _one(4, _flag, False)
    started: datetime | None = _one(5, _time, None)
    completed: datetime | None = _one(6, _time, None)
    error: str = _one(7, as_text, "")


@attrs.define
class Status:
    """How far a part of a step is."""

    id: str = _one(1, as_text, "")
    vertex: str = _one(2, as_text, "")
    name: str = _one(3, as_text, "")
    current: int = _one(4, as_int, 0)
    total: int = _one(5, as_int, 0)
    started: datetime | None = _one(7, _time, None)
    completed: datetime | None = _one(8, _time, None)


@attrs.define
class Log:
    """What a step has written; `stream` is 1 for stdout and 2 for stderr."""

    vertex: str = _one(1, as_text, "")
    stream: int = _one(3, as_int, 0)
    message: bytes = _one(4, as_bytes, b"")


@attrs.define
class Warned:
    """A warning, mostly of a Dockerfile's checks."""

    vertex: str = _one(1, as_text, "")
    short: str = _one(3, as_text, "")
    detail: list[str] = _each(4, as_text)
    url: str = _one(5, as_text, "")


def _message(cls: type[T]) -> Callable[[Value], T]:
    """How a message is read that is a field of another one."""
    return lambda value: _read(cls, as_bytes(value))


@attrs.define
class Trace:
    """One record."""

    vertexes: list[Vertex] = _each(1, _message(Vertex))
    statuses: list[Status] = _each(2, _message(Status))
    logs: list[Log] = _each(3, _message(Log))
    warnings: list[Warned] = _each(4, _message(Warned))


def read_trace(text: str) -> Trace:
    """The record in a line; raises DecodeError for what is none."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise DecodeError(f"a trace of BuildKit is not base64: {text[:80]!r}", path="$.aux") from error
    return _read(Trace, data)


def _read(cls: type[T], message: bytes) -> T:
    tags = _tags(cast("Any", cls))
    values: dict[str, Any] = {}
    for number, value in fields(message):
        if number not in tags:
            continue
        name, tag = tags[number]
        if tag.many:
            values.setdefault(name, []).append(tag.read(value))
        else:
            values[name] = tag.read(value)
    return cls(**values)


@cache
def _tags(cls: type[Any]) -> dict[int, tuple[str, _Tag]]:
    return {one.metadata[_Tag].number: (one.name, one.metadata[_Tag]) for one in attrs.fields(cls)}
