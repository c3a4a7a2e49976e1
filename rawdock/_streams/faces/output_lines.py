"""The output of a process line by line, as it comes."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

from ..._models.model import Timestamp
from ..split.frames import Frame
from ..split.log_lines import LineJoiner, LogEntry

__all__ = ["OutputLines"]


class OutputLines:
    """Iterate to get the output in lines. An error, or the end, comes after all lines, also those that have no end."""

    def __init__(
        self, frames: AsyncIterator[Frame], has_come: Callable[[], bool], *, tty: bool, timestamps: bool
    ) -> None:
        """`has_come` says whether the next frame was received together with the one before."""
        self._frames = frames
        self._has_come = has_come
        self._timestamps = timestamps
        self._time: Timestamp | None = None
        self._joiner = LineJoiner(tty=tty)
        self._lines: list[LogEntry] = []  # in reverse order
        self._failure: Exception | None = None

    def __aiter__(self) -> AsyncIterator[LogEntry]:
        return self

    async def __anext__(self) -> LogEntry:
        while not self._lines:
            if self._failure is not None:
                raise self._failure
            await self._read_more()
        return self._lines.pop()

    async def _read_more(self) -> None:
        out: list[Any] = []
        has_come = self._has_come()
        try:
            stream, data = await anext(self._frames)
        except Exception as error:
            self._failure = error
            out = self._joiner.unfinished_lines()
        else:
            if self._timestamps and not (has_come and self._time):
                self._time = _now()
            self._joiner.add(stream, data, self._time, out)
        self._lines = out[::-1]


def _now() -> Timestamp:
    """The time in the form of an Engine's."""
    seconds, fraction = divmod(time.time_ns(), 10**9)
    return Timestamp(f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{fraction:09}Z")
