"""Rows about what all Engines do alike, so far, though one would not expect it."""

from __future__ import annotations

from .heard import Heard
from .rows import Row


def _no_pattern(heard: Heard) -> str:
    answer = heard.answer(r'GET /containers/json.*"name":\["\["\]')
    if answer.status != 200:
        return f"refused ({answer.status})"
    return {True: "status 200, and an empty list", False: "status 200, and containers"}[answer.json == []]


def _rotated(heard: Heard) -> str:
    first = heard.answer(r"GET /containers/[^/]+/logs\?").output.partition(b"\n")[0]
    return {True: "with the end of a line of 17,000 bytes", False: "with a whole line"}[0 < len(first) < 17_000]


def _port(heard: Heard) -> str:
    answer = heard.answer("POST /containers/[^/]+/start", 1)
    if answer.status < 400:
        raise LookupError("the port was not taken")
    return f"status {answer.status}"


def _resumed(heard: Heard) -> str:
    answer = heard.answer("POST /containers/[^/]+/unpause")
    if answer.status < 400:
        raise LookupError("it was paused")
    return f"status {answer.status}"


def _name_of_a_build(heard: Heard) -> str:
    answer = next(one for one in heard.all("POST /build") if b"invalid reference format" in one.body)
    return f"status {answer.status}"


ROWS = (
    Row(
        "A filter `name` that is no regular expression: `[`",
        "engines-filter-that-is-no-pattern",
        _no_pattern,
        "as the Engine does: escape names, as with `re.escape`",
    ),
    Row(
        "How a log begins whose oldest file was dropped",
        "logs-rotated",
        _rotated,
        "`LogEntry.may_begin_inside` cannot say it without `tail`",
    ),
    Row("A container is started whose port is taken", "refusals-ports", _port, "Conflict"),
    Row("A container is resumed that is not paused", "refusals-states", _resumed, "Conflict"),
    Row("A build gets a name that is none", "builds-refused", _name_of_a_build, "BadRequest or ServerError"),
)
