"""Logs as whole lines, each with its stream, its time and what its log driver says of it. Pure.

An Engine keeps what a process writes as messages: a line each, or a piece of one that was too long for its buffer. It
sends a message in a frame of its own, with the time and the details before the text where they were asked for. With a
terminal there are no frames, and a piece of a line is only told from the next by how long a buffer is. Every cut of the
bytes gives the same entries.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, Protocol, cast
from urllib.parse import unquote_plus

from ..._models.codec import load_lines, loads
from ..._models.model import Timestamp
from ...errors import DecodeError, RawdockError, StreamError, TruncatedError
from .frames import Frames
from .json_values import JsonValues

__all__ = ["BUFFER", "Entries", "FramedEntries", "JsonEntries", "LogEntry", "LogFormat", "PlainEntries"]

Name = Literal["stdin", "stdout", "stderr"]

BUFFER = 16 * 1024
"""Docker cuts a longer line into messages of this many bytes."""

_NAMES: tuple[Name, ...] = ("stdin", "stdout", "stderr")
_HEADER = 8
_LONGEST_PREFIX = 64 * 1024
_NOTHING: Mapping[str, str] = MappingProxyType({})
_STAMP = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z ")
_STAMP_SIZE = 31


class LogEntry(NamedTuple):
    """A line of a log."""

    stream: Name
    """`stdout` for everything if the process has a terminal."""
    data: bytes
    """The line without its end."""
    time: Timestamp | None = None
    """When it was written; None unless asked for with `timestamps`. Podman tells whole seconds."""
    details: Mapping[str, str] = _NOTHING
    """What the log driver, or the swarm, says of where it comes from; empty unless asked for with `details`."""
    continues: bool = False
    """Whether the line goes on in the next entry of its stream: it is longer than what is kept of one."""

    @property
    def text(self) -> str:
        """The line as text; what is not UTF-8 becomes U+FFFD."""
        return self.data.decode(errors="replace")


class LogFormat(NamedTuple):
    """What was asked for, and how it is answered."""

    timestamps: bool = False
    details: bool = False
    buffer: int = BUFFER
    """Where the Engine cuts a line; 0 if that is anywhere."""
    limit: int = 16 * 1024 * 1024
    """How much of a line is kept."""


class Entries(Protocol):
    """A splitter that may have the beginning of a line left at the end."""

    def feed(self, data: bytes) -> list[LogEntry | RawdockError]: ...

    def feed_eof(self) -> None: ...

    def rest(self) -> list[LogEntry]:
        """Lines that have no end, once."""
        ...


class _Line:
    """The line of one stream that is coming in."""

    __slots__ = ("_limit", "_stream", "_tty", "begun", "data", "details", "time")

    def __init__(self, stream: Name, tty: bool, limit: int) -> None:
        self._stream: Name = stream
        self._tty = tty
        self._limit = max(limit, 1)
        self.data = bytearray()
        self.begun = False
        self.time: Timestamp | None = None
        self.details = _NOTHING

    def add(self, data: bytes, out: list[Any]) -> None:
        """More of it, up to its end or not, or several."""
        if not data:
            return
        *whole, rest = data.split(b"\n")
        for line in whole:
            self.begun = True
            self.data += line
            self.end(out)
        if rest:
            self.begun = True
            self.data += rest
            self._cut(out)

    def end(self, out: list[Any]) -> None:
        if not self.begun:
            return
        self._cut(out)
        if self._tty and self.data.endswith(b"\r"):
            del self.data[-1]
        out.append(LogEntry(self._stream, bytes(self.data), self.time, self.details))
        self.data.clear()
        self.begun = False

    def _cut(self, out: list[Any]) -> None:
        while len(self.data) > self._limit:
            out.append(LogEntry(self._stream, bytes(self.data[: self._limit]), self.time, self.details, True))
            del self.data[: self._limit]


class _Prefix:
    """The words before the text of a message: the time, the details, or both. None for most logs."""

    __slots__ = ("_details", "_last", "_timestamps", "_word", "left")

    def __init__(self, timestamps: bool, details: bool) -> None:
        self._timestamps = timestamps
        self._details = details
        self._last: tuple[bytes, Mapping[str, str]] = (b"", _NOTHING)
        self._word = bytearray()
        self.left = 0
        """How many words are still to come."""

    def begin(self) -> None:
        self.left = self._timestamps + self._details
        self._word.clear()

    def feed(self, data: bytes, line: _Line) -> bytes:
        """Take the words that are to come; gives the text behind them."""
        while self.left:
            end = data.find(b" ")
            if end < 0:
                self._word += data
                return self.unfinished() if len(self._word) > _LONGEST_PREFIX else b""
            word = bytes(self._word) + data[:end]
            self._word.clear()
            data = data[end + 1 :]
            is_time = self._timestamps and self.left == 1 + self._details
            self.left -= 1
            if line.begun:  # a piece of a line that has its own already
                continue
            if is_time:
                line.time = Timestamp(word.decode(errors="replace"))
            else:
                if word != self._last[0]:
                    self._last = (word, _details(word))
                line.details = self._last[1]
        return data

    def unfinished(self) -> bytes:
        """What was taken for the beginning of a word, and is not."""
        word = bytes(self._word)
        self._word.clear()
        self.left = 0
        return word


def _details(word: bytes) -> Mapping[str, str]:
    """`a=b,c=d`, escaped as in a query."""
    pairs = (pair.partition("=") for pair in word.decode(errors="replace").split(",") if pair)
    return MappingProxyType({unquote_plus(key): unquote_plus(value) for key, _, value in pairs})


class FramedEntries:
    """Lines out of frames: a frame is a message."""

    def __init__(self, asked: LogFormat) -> None:
        self._prefix = _Prefix(asked.timestamps, asked.details)
        self._buffer = asked.buffer
        self._lines = {name: _Line(name, False, asked.limit) for name in _NAMES}
        self._line = self._lines["stdout"]
        self._head = b""
        self._left: int = 0
        self._size = 0  # of the text in the message that is coming in
        self._wrong: Frames | None = None  # reads what is no frame of output, and says why

    def feed(self, data: bytes) -> list[LogEntry | RawdockError]:
        if self._wrong is not None:
            return cast("list[LogEntry | RawdockError]", self._wrong.feed(data))
        out: list[LogEntry | RawdockError] = []
        position, size = 0, len(data)
        while position < size:
            if self._left:
                end = min(position + self._left, size)
                self._left -= end - position
                self._text(data[position:end], out)
                position = end
                if not self._left:
                    self._end_message(out)
                continue
            begin = position - len(self._head)
            head = self._head + data[position : begin + _HEADER]
            if head[0] >= len(_NAMES) or head[1:4] != b"\0\0\0"[: len(head) - 1]:
                self._wrong = Frames()
                out += cast("Any", self._wrong.feed(head + data[begin + _HEADER :]))
                return out
            if len(head) < _HEADER:
                self._head = head
                break
            position, self._head = begin + _HEADER, b""
            self._left, self._size = int.from_bytes(head[4:]), 0
            self._line = self._lines[_NAMES[head[0]]]
            self._prefix.begin()
        return out

    def _text(self, data: bytes, out: list[Any]) -> None:
        data = self._prefix.feed(data, self._line) if self._prefix.left else data
        self._size += len(data)
        self._line.add(data, out)

    def _end_message(self, out: list[Any]) -> None:
        if self._prefix.left:
            self._line.add(self._prefix.unfinished(), out)
        if self._size < self._buffer:
            self._line.end(out)  # it is no piece of a longer line: the process wrote no end

    def feed_eof(self) -> None:
        if self._wrong is not None:
            self._wrong.feed_eof()
        if self._left:
            raise TruncatedError(f"the answer ended inside a frame: {self._left} bytes of it are missing")
        if self._head:
            raise TruncatedError("the answer ended inside a frame's header")

    def rest(self) -> list[LogEntry]:
        out: list[LogEntry] = []
        if self._prefix.left:
            self._line.add(self._prefix.unfinished(), out)
        for line in self._lines.values():
            line.end(out)
        return out


class PlainEntries:
    """Lines of a terminal. Inside a long one, the time of its next piece stands where the buffer was full."""

    def __init__(self, asked: LogFormat) -> None:
        self._plain = not (asked.timestamps or asked.details)
        self._prefix = _Prefix(asked.timestamps, asked.details)
        self._prefix.begin()
        self._line = _Line("stdout", True, asked.limit)
        self._buffer = asked.buffer if asked.timestamps else 0
        self._size = 0  # of the text in the message that is coming in
        self._rest = b""  # may be the time of the next piece

    def feed(self, data: bytes) -> list[LogEntry | RawdockError]:
        out: list[LogEntry | RawdockError] = []
        if self._plain:
            self._line.add(data, out)
            return out
        if self._rest:
            data, self._rest = self._rest + data, b""
        while data:
            if self._prefix.left:
                data = self._prefix.feed(data, self._line)
                continue
            if self._buffer and self._size == self._buffer:
                if len(data) < _STAMP_SIZE and b"\n" not in data:
                    self._rest = data
                    break
                self._size = 0
                if _STAMP.match(data):
                    self._prefix.begin()
                    continue
            room = self._buffer - self._size if self._buffer else len(data)
            part = data[: data.find(b"\n", 0, room) + 1 or room]
            data = data[len(part) :]
            self._size += len(part)
            self._line.add(part, out)
            if part.endswith(b"\n"):
                self._size = 0
                self._prefix.begin()
        return out

    def feed_eof(self) -> None:
        pass

    def rest(self) -> list[LogEntry]:
        out: list[LogEntry] = []
        self._line.add(self._prefix.unfinished() + self._rest, out)
        self._rest = b""
        self._line.end(out)
        return out


class JsonEntries:
    """Lines out of JSON: an object is a message, as Docker 29.5 and newer write it if asked."""

    def __init__(self, asked: LogFormat, *, tty: bool) -> None:
        self._values: JsonValues[object] = JsonValues(lambda value: value, loads, load_lines, asked.limit)
        self._asked = asked
        self._lines = {name: _Line(name, tty, asked.limit) for name in _NAMES}

    def feed(self, data: bytes) -> list[LogEntry | RawdockError]:
        out: list[LogEntry | RawdockError] = []
        for value in self._values.feed(data):
            if isinstance(value, RawdockError):
                out.append(value)
                break
            try:
                error = self._message(cast("dict[str, Any]", value), out)
            except (AttributeError, KeyError, TypeError) as problem:
                error = DecodeError(f"not a message of a log: {problem!r} in {value!r:.200}")
            if error is not None:
                out.append(error)
                break
        return out

    def _message(self, message: dict[str, Any], out: list[Any]) -> RawdockError | None:
        if message.get("Error"):
            return StreamError(str(message["Error"]))
        line = self._lines[message["Source"]]
        data = message.get("Line", "").encode(errors="replace")
        if not line.begun:
            if self._asked.timestamps:
                line.time = Timestamp(message["Timestamp"])
            if self._asked.details:
                pairs = message.get("Attrs") or ()
                line.details = MappingProxyType({pair["Key"]: pair["Value"] for pair in pairs})
        line.add(data, out)
        part = message.get("MetaData")
        if part["Last"] if part else len(data) < self._asked.buffer:
            line.end(out)
        return None

    def feed_eof(self) -> None:
        self._values.feed_eof()

    def rest(self) -> list[LogEntry]:
        out: list[LogEntry] = []
        for line in self._lines.values():
            line.end(out)
        return out
