"""What BuildKit tells of a build: protobuf in base64, in lines whose id is `moby.buildkit.trace`. Pure.

A record is the StatusResponse of BuildKit's control service: the vertexes, statuses, logs and warnings that are new.
Fields that are not known are passed over.
"""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime, timedelta

import attrs

from ..errors import DecodeError
from .protobuf import Value, as_bytes, as_int, as_text, fields

__all__ = ["Log", "Status", "Trace", "Vertex", "Warned", "read_trace"]

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@attrs.define
class Vertex:
    """A step, each time that something has changed about it."""

    digest: str = ""
    name: str = ""
    cached: bool = False
    started: datetime | None = None
    completed: datetime | None = None
    error: str = ""


@attrs.define
class Status:
    """How far a part of a step is."""

    id: str = ""
    vertex: str = ""
    name: str = ""
    current: int = 0
    total: int = 0
    started: datetime | None = None
    completed: datetime | None = None


@attrs.define
class Log:
    """What a step has written; `stream` is 1 for stdout and 2 for stderr."""

    vertex: str = ""
    stream: int = 0
    message: bytes = b""


@attrs.define
class Warned:
    """A warning, mostly of a Dockerfile's checks."""

    vertex: str = ""
    short: str = ""
    detail: list[str] = attrs.field(factory=list[str])
    url: str = ""


@attrs.define
class Trace:
    """One record."""

    vertexes: list[Vertex] = attrs.field(factory=list[Vertex])
    statuses: list[Status] = attrs.field(factory=list[Status])
    logs: list[Log] = attrs.field(factory=list[Log])
    warnings: list[Warned] = attrs.field(factory=list[Warned])


def read_trace(text: str) -> Trace:
    """The record in a line; raises DecodeError for what is none."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise DecodeError(f"a trace of BuildKit is not base64: {text[:80]!r}", path="$.aux") from error
    trace = Trace()
    for number, value in fields(data):
        if number == 1:
            trace.vertexes.append(_vertex(as_bytes(value)))
        elif number == 2:
            trace.statuses.append(_status(as_bytes(value)))
        elif number == 3:
            trace.logs.append(_log(as_bytes(value)))
        elif number == 4:
            trace.warnings.append(_warning(as_bytes(value)))
    return trace


def _vertex(message: bytes) -> Vertex:
    vertex = Vertex()
    for number, value in fields(message):
        if number == 1:
            vertex.digest = as_text(value)
        elif number == 3:
            vertex.name = as_text(value)
        elif number == 4:
            vertex.cached = bool(as_int(value))
        elif number == 5:
            vertex.started = _time(value)
        elif number == 6:
            vertex.completed = _time(value)
        elif number == 7:
            vertex.error = as_text(value)
    return vertex


def _status(message: bytes) -> Status:
    status = Status()
    for number, value in fields(message):
        if number == 1:
            status.id = as_text(value)
        elif number == 2:
            status.vertex = as_text(value)
        elif number == 3:
            status.name = as_text(value)
        elif number == 4:
            status.current = as_int(value)
        elif number == 5:
            status.total = as_int(value)
        elif number == 7:
            status.started = _time(value)
        elif number == 8:
            status.completed = _time(value)
    return status


def _log(message: bytes) -> Log:
    log = Log()
    for number, value in fields(message):
        if number == 1:
            log.vertex = as_text(value)
        elif number == 3:
            log.stream = as_int(value)
        elif number == 4:
            log.message = as_bytes(value)
    return log


def _warning(message: bytes) -> Warned:
    warning = Warned()
    for number, value in fields(message):
        if number == 1:
            warning.vertex = as_text(value)
        elif number == 3:
            warning.short = as_text(value)
        elif number == 4:
            warning.detail.append(as_text(value))
        elif number == 5:
            warning.url = as_text(value)
    return warning


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
