"""Decode BuildKit's trace records: protobuf in base64, in build lines whose id is `moby.buildkit.trace`. Pure.

A record is a StatusResponse of BuildKit's control service: the new or changed vertexes, statuses, logs and warnings.
Unknown fields are ignored.
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

__all__ = ["Log", "Status", "Trace", "Vertex", "VertexWarning", "read_trace"]

T = TypeVar("T")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _Tag(NamedTuple):
    """The number of a field in its message, and the function that decodes its value."""

    number: int
    read: Callable[[Value], object]
    repeated: bool = False


def _field(number: int, read: Callable[[Value], T], default: T) -> T:
    return attrs.field(default=default, metadata={_Tag: _Tag(number, read)})


def _repeated_field(number: int, read: Callable[[Value], T]) -> list[T]:
    return cast("list[T]", attrs.field(factory=list, metadata={_Tag: _Tag(number, read, repeated=True)}))


def _flag(value: Value) -> bool:
    return bool(as_int(value))


def _time(value: Value) -> datetime | None:
    """A timestamp; None for Go's zero time and for times out of Python's range."""
    seconds = nanoseconds = 0
    for number, part in fields(as_bytes(value)):
        if number == 1:
            seconds = as_int(part)
        elif number == 2:
            nanoseconds = as_int(part)
    try:
        time = _EPOCH + timedelta(seconds=seconds, microseconds=nanoseconds // 1000)
    except OverflowError:
        return None
    return time if time.year > 1 else None


@attrs.define
class Vertex:
    """The state of a step; sent again with each change."""

    digest: str = _field(1, as_text, "")
    name: str = _field(3, as_text, "")
    cached: bool = _field(4, _flag, False)
    started: datetime | None = _field(5, _time, None)
    completed: datetime | None = _field(6, _time, None)
    error: str = _field(7, as_text, "")


@attrs.define
class Status:
    """The progress of a part of a step."""

    id: str = _field(1, as_text, "")
    vertex: str = _field(2, as_text, "")
    name: str = _field(3, as_text, "")
    current: int = _field(4, as_int, 0)
    total: int = _field(5, as_int, 0)
    started: datetime | None = _field(7, _time, None)
    completed: datetime | None = _field(8, _time, None)


@attrs.define
class Log:
    """Output of a step; `stream` is 1 for stdout and 2 for stderr."""

    vertex: str = _field(1, as_text, "")
    stream: int = _field(3, as_int, 0)
    message: bytes = _field(4, as_bytes, b"")


@attrs.define
class VertexWarning:
    """A warning, usually of the Dockerfile checks."""

    vertex: str = _field(1, as_text, "")
    short: str = _field(3, as_text, "")
    detail: list[str] = _repeated_field(4, as_text)
    url: str = _field(5, as_text, "")


def _message_reader(cls: type[T]) -> Callable[[Value], T]:
    """A function that decodes a nested message."""
    return lambda value: _read(cls, as_bytes(value))


@attrs.define
class Trace:
    """A trace record."""

    vertexes: list[Vertex] = _repeated_field(1, _message_reader(Vertex))
    statuses: list[Status] = _repeated_field(2, _message_reader(Status))
    logs: list[Log] = _repeated_field(3, _message_reader(Log))
    warnings: list[VertexWarning] = _repeated_field(4, _message_reader(VertexWarning))


def read_trace(text: str) -> Trace:
    """Decode the record of a line. Raises DecodeError if it is invalid."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise DecodeError(f"a BuildKit trace is not base64: {text[:80]!r}", path="$.aux") from error
    return _read(Trace, data)


def _read(cls: type[T], message: bytes) -> T:
    tags = _tags(cast("Any", cls))
    values: dict[str, Any] = {}
    for number, value in fields(message):
        if number not in tags:
            continue
        name, tag = tags[number]
        if tag.repeated:
            values.setdefault(name, []).append(tag.read(value))
        else:
            values[name] = tag.read(value)
    return cls(**values)


@cache
def _tags(cls: type[Any]) -> dict[int, tuple[str, _Tag]]:
    return {one.metadata[_Tag].number: (one.name, one.metadata[_Tag]) for one in attrs.fields(cls)}
