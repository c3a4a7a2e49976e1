"""Rows about the output of containers."""

from __future__ import annotations

import re

from .heard import Heard
from .rows import Row

_LOGS = r"GET /containers/[^/]+/logs\?"
_LINE = 17_000  # bytes of the long line of the scenarios


def _pieces(heard: Heard) -> str:
    sizes = [len(frame.data) for frame in heard.answer(f"{_LOGS}stdout=true&stderr=true$").frames]
    if sum(sizes) <= _LINE:
        raise LookupError(f"a line of {sum(sizes)} bytes is not long")
    return f"pieces of {max(sizes):,} bytes"


def _tail(heard: Heard) -> str:
    whole = heard.answer(f"{_LOGS}.*tail=all").output
    cut = heard.answer(f"{_LOGS}.*tail=3").output
    if cut == whole:
        return "three lines"
    first = cut.partition(b"\n")[0]
    return f"three pieces: the first line has {len(first):,} of its {len(whole.partition(bytes([10]))[0]):,} bytes"


def _times(heard: Heard) -> str:
    data = heard.answer(f"{_LOGS}.*timestamps=true").frames[0].data
    moment = re.match(rb"[\d-]{10}T[\d:]{8}(\.\d+)?Z ", data)
    if moment is None:
        raise LookupError(f"no time in {data[:40]!r}")
    return "nanoseconds" if moment[1] else "whole seconds"


def _details(heard: Heard) -> str:
    return {True: "before each line", False: "are left out"}[
        b"rawdock-s=" in heard.answer(f"{_LOGS}.*details=true").output
    ]


def _json(heard: Heard) -> str:
    asked = heard.all(f"{_LOGS}stdout=true$")[-1]
    return {True: "lines of JSON", False: "frames, as without asking"}[asked.type == "application/jsonl"]


ROWS = (
    Row(
        "A line of 17,000 bytes in the log",
        "logs-the-end-of-a-long-line",
        _pieces,
        "`entries()` gives it as one line",
    ),
    Row(
        "`tail=3` where the first of three lines has 17,000 bytes",
        "logs-the-end-of-a-long-line",
        _tail,
        "`LogEntry.may_begin_inside` is true for the first entry of each stream",
    ),
    Row("How exact times of lines are", "logs-times", _times, "`LogEntry.time` as it came"),
    Row("`details=True`, the attributes that a log driver adds", "output-details", _details, "as they came"),
    Row(
        "Lines of JSON are asked for",
        "logs-as-json",
        _json,
        "`entries(json=True)` reads both",
    ),
)
