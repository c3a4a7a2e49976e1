"""Splits logs into whole lines, each with its stream, its time and its details. Nothing here does I/O.

An Engine stores the output of a process as messages: one for each line, or several for a line that is longer than the
Engine's buffer. It sends each message in a frame, with the time and the details, if requested, before the text. The log
of a terminal has no frames; there, only the size of the buffer tells where the next message of a long line begins. The
entries do not depend on how the bytes are cut.
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
from .frames import FrameSplitter
from .json_values import JsonSplitter

__all__ = [
    "MESSAGE_SIZE",
    "FramedLogSplitter",
    "JsonLogSplitter",
    "LineJoiner",
    "LogEntry",
    "LogFormat",
    "LogSplitter",
    "TerminalLogSplitter",
]

StreamName = Literal["stdin", "stdout", "stderr"]

MESSAGE_SIZE = 16 * 1024
"""Docker splits longer lines into messages of this many bytes."""

_NAMES: tuple[StreamName, ...] = ("stdin", "stdout", "stderr")
_HEADER_SIZE = 8
_MAX_PREFIX = 64 * 1024
_NO_DETAILS: Mapping[str, str] = MappingProxyType({})
_STAMP = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z ")
_STAMP_SIZE = 31


class LogEntry(NamedTuple):
    """A line of a log."""

    stream: StreamName
    """`stdout` for everything if the process has a terminal."""
    data: bytes
    """The line without its line break."""
    time: Timestamp | None = None
    """When it was written; None unless requested with `timestamps`. Podman gives whole seconds."""
    details: Mapping[str, str] = _NO_DETAILS
    """What the log driver or the swarm adds to the line; empty unless requested with `details`."""
    continues: bool = False
    """Whether the line continues in the next entry of its stream, because it is longer than the limit."""
    may_begin_inside: bool = False
    """Whether this may be the end of a longer line: true for the first entry of each stream if a `tail` was given.

    Docker counts the pieces of 16 KiB in which it stores a long line as lines of their own. Only the JSON lines of
    Docker 29 may say that the line is whole."""

    @property
    def text(self) -> str:
        """The line as text; what is not UTF-8 becomes U+FFFD."""
        return self.data.decode(errors="replace")


class LogFormat(NamedTuple):
    """What was requested of the log, and how the Engine writes it."""

    timestamps: bool = False
    details: bool = False
    message_size: int = MESSAGE_SIZE
    """The size at which the Engine splits a line; 0 if it splits lines anywhere."""
    limit: int = 16 * 1024 * 1024
    """The longest line that is returned in one entry."""
    tail: bool = False
    """Whether only the end of the log was requested, which may begin inside a line."""


class LogSplitter(Protocol):
    """A splitter that may have incomplete lines at the end of the answer."""

    def feed(self, data: bytes) -> list[LogEntry | RawdockError]: ...

    def feed_eof(self) -> None: ...

    def unfinished_lines(self) -> list[LogEntry]:
        """The lines whose end has not come. They are returned once."""
        ...


class _Line:
    """The current line of one stream."""

    __slots__ = ("_limit", "_stream", "_tty", "data", "details", "may_begin_inside", "started", "time")

    def __init__(self, stream: StreamName, tty: bool, log_format: LogFormat) -> None:
        self._stream: StreamName = stream
        self._tty = tty
        self._limit = max(log_format.limit, 1)
        self.may_begin_inside = log_format.tail
        self.data = bytearray()
        self.started = False
        self.time: Timestamp | None = None
        self.details = _NO_DETAILS

    def add(self, data: bytes, out: list[Any]) -> None:
        """Add text. It may have the ends of several lines, or none."""
        if not data:
            return
        *complete, rest = data.split(b"\n")
        for line in complete:
            self.started = True
            self.data += line
            self.finish(out)
        if rest:
            self.started = True
            self.data += rest
            self._cut(out)

    def finish(self, out: list[Any]) -> None:
        if not self.started:
            return
        self._cut(out)
        if self._tty and self.data.endswith(b"\r"):
            del self.data[-1]
        out.append(LogEntry(self._stream, bytes(self.data), self.time, self.details, False, self.may_begin_inside))
        self.data.clear()
        self.started = self.may_begin_inside = False

    def _cut(self, out: list[Any]) -> None:
        while len(self.data) > self._limit:
            part = bytes(self.data[: self._limit])
            out.append(LogEntry(self._stream, part, self.time, self.details, True, self.may_begin_inside))
            del self.data[: self._limit]
            self.may_begin_inside = False


class LineJoiner:
    """Joins pieces of output, each with the time when it came, to lines. A line has the time of its first piece."""

    def __init__(self, *, tty: bool) -> None:
        self._lines = {name: _Line(name, tty, LogFormat()) for name in _NAMES}

    def add(self, stream: StreamName, data: bytes, time: Timestamp | None, out: list[Any]) -> None:
        """Add a piece, and append the lines that end with it or in it to `out`."""
        line = self._lines[stream]
        if line.started:
            end = data.find(b"\n") + 1 or len(data)
            line.add(data[:end], out)
            data = data[end:]
        line.time = line.time if line.started else time
        line.add(data, out)

    def unfinished_lines(self) -> list[LogEntry]:
        """The lines whose end has not come. They are returned once."""
        out: list[LogEntry] = []
        for line in self._lines.values():
            line.finish(out)
        return out


class _Prefix:
    """Parses the words before the text of a message: the time, the details, or both. Most logs have none."""

    __slots__ = ("_details", "_last", "_partial_word", "_timestamps", "words_left")

    def __init__(self, timestamps: bool, details: bool) -> None:
        self._timestamps = timestamps
        self._details = details
        self._last: tuple[bytes, Mapping[str, str]] = (b"", _NO_DETAILS)
        self._partial_word = bytearray()
        self.words_left = 0
        """The number of words that have not come yet."""

    @property
    def last_details(self) -> bytes:
        """The last details as they came."""
        return self._last[0]

    def start(self) -> None:
        self.words_left = self._timestamps + self._details
        self._partial_word.clear()

    def feed(self, data: bytes, line: _Line) -> bytes:
        """Parse the words into `line`, and return the text after them."""
        while self.words_left:
            end = data.find(b" ")
            if end < 0:
                self._partial_word += data
                return self.unfinished_word() if len(self._partial_word) > _MAX_PREFIX else b""
            word = bytes(self._partial_word) + data[:end]
            self._partial_word.clear()
            data = data[end + 1 :]
            is_time = self._timestamps and self.words_left == 1 + self._details
            self.words_left -= 1
            if line.started:  # a later message of a line, which has them already
                continue
            if is_time:
                line.time = Timestamp(word.decode(errors="replace"))
            else:
                if word != self._last[0]:
                    self._last = (word, _details(word))
                line.details = self._last[1]
        return data

    def unfinished_word(self) -> bytes:
        """The bytes of a word whose end has not come; they are treated as text."""
        word = bytes(self._partial_word)
        self._partial_word.clear()
        self.words_left = 0
        return word


def _details(word: bytes) -> Mapping[str, str]:
    """Parse `a=b,c=d`, escaped as in a query string."""
    pairs = (pair.partition("=") for pair in word.decode(errors="replace").split(",") if pair)
    return MappingProxyType({unquote_plus(key): unquote_plus(value) for key, _, value in pairs})


class FramedLogSplitter:
    """Splits logs with frames. Each frame is a message."""

    def __init__(self, log_format: LogFormat) -> None:
        self._prefix = _Prefix(log_format.timestamps, log_format.details)
        self._message_size = log_format.message_size
        self._lines = {name: _Line(name, False, log_format) for name in _NAMES}
        self._line = self._lines["stdout"]
        self._header = b""
        self._remaining: int = 0
        self._size = 0  # of the text in the current message
        self._error_reader: FrameSplitter | None = None  # reads an error, or what is not a frame

    def feed(self, data: bytes) -> list[LogEntry | RawdockError]:
        if self._error_reader is not None:
            return cast("list[LogEntry | RawdockError]", self._error_reader.feed(data))
        out: list[LogEntry | RawdockError] = []
        position, size = 0, len(data)
        while position < size:
            if self._remaining:
                end = min(position + self._remaining, size)
                self._remaining -= end - position
                self._add_text(data[position:end], out)
                position = end
                if not self._remaining:
                    self._end_message(out)
                continue
            start = position - len(self._header)
            head = self._header + data[position : start + _HEADER_SIZE]
            if head[0] >= len(_NAMES) or head[1:4] != b"\0\0\0"[: len(head) - 1]:
                self._error_reader = FrameSplitter()
                out += cast("Any", self._error_reader.feed(head + data[start + _HEADER_SIZE :]))
                return out
            if len(head) < _HEADER_SIZE:
                self._header = head
                break
            position, self._header = start + _HEADER_SIZE, b""
            self._remaining, self._size = int.from_bytes(head[4:]), 0
            self._line = self._lines[_NAMES[head[0]]]
            self._prefix.start()
        return out

    def _add_text(self, data: bytes, out: list[Any]) -> None:
        data = self._prefix.feed(data, self._line) if self._prefix.words_left else data
        self._size += len(data)
        self._line.add(data, out)

    def _end_message(self, out: list[Any]) -> None:
        if self._prefix.words_left:
            self._line.add(self._prefix.unfinished_word(), out)
        if self._size < self._message_size:
            self._line.finish(out)  # a line without a line break, not a part of a longer one

    def feed_eof(self) -> None:
        if self._error_reader is not None:
            self._error_reader.feed_eof()
        if self._remaining:
            raise TruncatedError(f"the answer ended inside a frame: {self._remaining} bytes of it are missing")
        if self._header:
            raise TruncatedError("the answer ended inside a frame's header")

    def unfinished_lines(self) -> list[LogEntry]:
        out: list[LogEntry] = []
        if self._prefix.words_left:
            self._line.add(self._prefix.unfinished_word(), out)
        for line in self._lines.values():
            line.finish(out)
        return out


class TerminalLogSplitter:
    """Splits the log of a terminal, which has no frames. In a long line, each message may have a time and details."""

    def __init__(self, log_format: LogFormat) -> None:
        self._plain = not (log_format.timestamps or log_format.details)
        self._timestamps = log_format.timestamps
        self._prefix = _Prefix(log_format.timestamps, log_format.details)
        self._prefix.start()
        self._line = _Line("stdout", True, log_format)
        self._message_size = 0 if self._plain else log_format.message_size
        self._size = 0  # of the text in the current message
        self._rest = b""  # may be the beginning of the words before the next message

    def feed(self, data: bytes) -> list[LogEntry | RawdockError]:
        out: list[LogEntry | RawdockError] = []
        if self._plain:
            self._line.add(data, out)
            return out
        if self._rest:
            data, self._rest = self._rest + data, b""
        while data:
            if self._prefix.words_left:
                data = self._prefix.feed(data, self._line)
                continue
            if self._message_size and self._size == self._message_size:
                begins = self._begins_message(data)
                if begins is None:
                    self._rest = data
                    break
                self._size = 0
                if begins:
                    self._prefix.start()
                    continue
            room = self._message_size - self._size if self._message_size else len(data)
            part = data[: data.find(b"\n", 0, room) + 1 or room]
            data = data[len(part) :]
            self._size += len(part)
            self._line.add(part, out)
            if part.endswith(b"\n"):
                self._size = 0
                self._prefix.start()
        return out

    def _begins_message(self, data: bytes) -> bool | None:
        """Whether the words of another message of the line stand here; None if more has to come to tell.

        The details are the same before each message, so they are known.
        """
        if self._timestamps:
            if len(data) < _STAMP_SIZE and b"\n" not in data:
                return None
            return _STAMP.match(data) is not None
        words = self._prefix.last_details + b" "
        if len(data) < len(words) and words.startswith(data):
            return None
        return data.startswith(words)

    def feed_eof(self) -> None:
        pass

    def unfinished_lines(self) -> list[LogEntry]:
        out: list[LogEntry] = []
        self._line.add(self._prefix.unfinished_word() + self._rest, out)
        self._rest = b""
        self._line.finish(out)
        return out


class JsonLogSplitter:
    """Splits logs in JSON lines, which Docker 29.5 and newer send if requested. Each object is a message."""

    def __init__(self, log_format: LogFormat, *, tty: bool) -> None:
        self._values: JsonSplitter[object] = JsonSplitter(lambda value: value, loads, load_lines, log_format.limit)
        self._log_format = log_format
        self._lines = {name: _Line(name, tty, log_format) for name in _NAMES}

    def feed(self, data: bytes) -> list[LogEntry | RawdockError]:
        out: list[LogEntry | RawdockError] = []
        for value in self._values.feed(data):
            if isinstance(value, RawdockError):
                out.append(value)
                break
            try:
                error = self._read_message(cast("dict[str, Any]", value), out)
            except (AttributeError, KeyError, TypeError) as problem:
                error = DecodeError(f"not a message of a log: {problem!r} in {value!r:.200}")
            if error is not None:
                out.append(error)
                break
        return out

    def _read_message(self, message: dict[str, Any], out: list[Any]) -> RawdockError | None:
        if message.get("Error"):
            return StreamError(str(message["Error"]))
        line = self._lines[message["Source"]]
        data = message.get("Line", "").encode(errors="replace")
        part = message.get("MetaData")
        if not line.started:
            if part and part.get("Ordinal") == 1:
                line.may_begin_inside = False
            if self._log_format.timestamps:
                line.time = Timestamp(message["Timestamp"])
            if self._log_format.details:
                pairs = message.get("Attrs") or ()
                line.details = MappingProxyType({pair["Key"]: pair["Value"] for pair in pairs})
        line.add(data, out)
        if part["Last"] if part else len(data) < self._log_format.message_size:
            line.finish(out)
        return None

    def feed_eof(self) -> None:
        self._values.feed_eof()

    def unfinished_lines(self) -> list[LogEntry]:
        out: list[LogEntry] = []
        for line in self._lines.values():
            line.finish(out)
        return out
