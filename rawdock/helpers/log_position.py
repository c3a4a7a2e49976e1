"""Where the logs of a container were read to. Pure: no clock, no connection.

Lines have times, and several may have the same one; each stream's are in order. So of each stream the time of the last
line is kept, how many lines with that time were read, and a checksum of the last one. A log that is read again from the
second of that time on repeats these lines; if it does not, the Engine does not keep them any more.
"""

from __future__ import annotations

import json
from typing import Any, cast
from zlib import crc32

from .._shown import shown
from .._streams.split.log_lines import LogEntry
from ..errors import InvalidArgument

__all__ = ["LogPosition", "read_mark", "written_mark"]

_SECOND = 1_000_000_000
_OVERLAP = 10 * _SECOND
"""A stream that has been silent for longer than this has no line that is still to come from before."""
_VERSION = 1

Place = tuple[int, int, int]
"""A time in nanoseconds, how many lines of it were read, and a checksum of the last one."""


class LogPosition:
    """How far the log of one container was read."""

    def __init__(self, places: dict[str, Place] | None = None) -> None:
        self.places = places or {}
        self._repeats: dict[str, list[LogEntry]] = {}  # of each stream, those that may be the lines of its place
        self._looked_for = ""  # the stream whose last line must come again, if the Engine has kept it
        self.is_whole = True
        """Whether everything since the last line was there, as far as the log was read again."""

    @property
    def reached(self) -> int:
        """The time of the last line, in nanoseconds since 1970; 0 for none."""
        return max((place[0] for place in self.places.values()), default=0)

    def resume(self) -> str | None:
        """Prepare for reading again; the `since` for it, or None for all of the log."""
        self._repeats = {stream: [] for stream in self.places}
        if not self.places:
            return None
        self._looked_for = max(self.places, key=lambda stream: self.places[stream])
        self.is_whole = False
        earliest = min(place[0] for place in self.places.values())
        return str(max(earliest, self.reached - _OVERLAP, 0) // _SECOND)

    def accept(self, entry: LogEntry) -> list[LogEntry]:
        """Take note of an entry; which ones are new by that: itself, none, or also some that looked like repeated."""
        stream = entry.stream
        repeats = self._repeats.get(stream)
        if repeats is None:
            self.note(entry)
            return [entry]
        last, count, checksum = self.places[stream]
        time = _time_of(entry)
        if time < last:
            return []
        if time > last:
            return [*self._end_repeats(stream), *self.accept(entry)]
        repeats.append(entry)
        if len(repeats) < count:
            return []
        if _checksum(entry) == checksum:
            repeats.clear()
            repeats.append(entry)
        return self._end_repeats(stream)

    def rest(self) -> list[LogEntry]:
        """The entries at the end of the log that only looked like repeated."""
        return [one for stream in list(self._repeats) for one in self._end_repeats(stream)]

    def _end_repeats(self, stream: str) -> list[LogEntry]:
        """Of entries with the time of the last line, those after that line; all if it is not among them."""
        repeats, checksum = self._repeats.pop(stream), self.places[stream][2]
        for index in range(len(repeats) - 1, -1, -1):
            if _checksum(repeats[index]) == checksum:
                self.is_whole = self.is_whole or stream == self._looked_for
                repeats = repeats[index + 1 :]
                break
        for one in repeats:
            self.note(one)
        return repeats

    def note(self, entry: LogEntry) -> None:
        """Take note of an entry that was read for the first time."""
        time = _time_of(entry)
        last, count, _ = self.places.get(entry.stream, (0, 0, 0))
        self.places[entry.stream] = (time, count + 1 if time == last else 1, _checksum(entry))


def _checksum(entry: LogEntry) -> int:
    return crc32(entry.data)


def _time_of(entry: LogEntry) -> int:
    return 0 if entry.time is None else entry.time.nanoseconds or 0


def written_mark(positions: dict[str, LogPosition]) -> str:
    """Positions of containers as text."""
    return json.dumps(
        {"version": _VERSION, "read": {id: one.places for id, one in sorted(positions.items()) if one.places}},
        separators=(",", ":"),
    )


def read_mark(mark: object) -> dict[str, LogPosition]:
    """The positions in a text that `written_mark` made."""
    try:
        if not isinstance(mark, str):
            raise TypeError
        found: Any = json.loads(mark)
        if found["version"] != _VERSION:
            raise ValueError
        read = cast("dict[str, dict[str, list[int]]]", found["read"])
        return {id: LogPosition({stream: _place(one) for stream, one in places.items()}) for id, places in read.items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise InvalidArgument(
            f"follow_logs: mark: {shown(mark)} is not the `mark` of logs that were followed before"
        ) from None


def _place(value: list[int]) -> Place:
    time, count, checksum = value
    if any(type(one) is not int or not 0 <= one < 2**63 for one in value) or not count:
        raise ValueError
    return time, count, checksum
