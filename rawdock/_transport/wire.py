"""HTTP/1.1 as bytes: what an answer on one connection means. Pure: nothing here reads, writes or waits.

Laws: every cut of the bytes gives the same result; whatever is not clearly HTTP/1.1 is a `WireError` and never a
guess; nothing is kept beyond the limits, and nothing is allocated by a size that the peer merely claims.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

__all__ = [
    "Head",
    "Limits",
    "Reader",
    "Sink",
    "Take",
    "TooLarge",
    "Truncated",
    "WireError",
    "parse_head",
    "whole_answer",
]

# Reads whole chunks in the place of the reader, where it knows what is in them. It is given the data, the place where
# the last chunk ended, the pieces before that place, which it takes out of their list, and a list for what it makes of
# them and of the chunks; it gives the place where the last chunk that it took ended.
Take = Callable[[bytes, int, list[bytes], list[Any]], int]

# Is done with the view when it returns, and may release it: the memory is used again for the next bytes.
Sink = Callable[[memoryview], None]


class WireError(Exception):
    """The peer does not speak HTTP/1.1 as it should."""

    before: list[bytes] = []  # noqa: RUF012 - never changed; pieces of the body that came with what is wrong


class TooLarge(WireError):
    """A part of the answer is larger than its limit."""


class Truncated(WireError):
    """The connection ended before the answer did."""


class Limits(NamedTuple):
    """How much of an answer is kept at most, in bytes unless said."""

    head: int = 64 * 1024
    """Status line and header lines."""
    headers: int = 256
    """Header lines, counted."""
    answer: int = 512 * 1024 * 1024
    """The body of an answer that is read whole."""
    value: int = 16 * 1024 * 1024
    """One JSON value in a stream."""
    queue: int = 512 * 1024
    """Body bytes read ahead of the reader of a stream; reading from the Engine pauses there."""
    error: int = 64 * 1024
    """The text of an error answer."""


# An informational answer is rare and comes alone; a peer that sends more of them than this never means to answer.
_INFORMATIONAL = 32
_CHUNK_LINE = 4096
_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: ([^\x00\r\n\x0b\x0c]*))?")
_FIELD = re.compile(rb"([-!#$%&'*+.^_`|~0-9A-Za-z]+):[ \t]*([^\x00\r\n\x0b\x0c]*?)[ \t]*")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})(?:;[^\r\n]*)?[ \t]*")
_DIGITS = re.compile(rb"[0-9]{1,19}")


class Head(NamedTuple):
    """The status and framing of an answer."""

    status: int
    reason: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    length: int | None
    """Length of the body; None where it is chunked or goes on to the close."""
    chunked: bool
    keep: bool
    """The connection may serve another request afterwards."""
    bodiless: bool
    """No body follows, whatever the headers claim (1xx, 204, 304)."""
    version: bytes
    """`HTTP/1.1` or `HTTP/1.0`."""


_heads: dict[bytes, Head] = {}
_HEADS_KEPT = 128


def parse_head(raw: bytes, limit: int = 256) -> Head:
    """Parse what stands before the blank line.

    Heads repeat byte for byte while the Engine's clock shows the same second, so the last few are remembered.
    """
    head = _heads.get(raw)
    if head is None:
        head = _parse_head(raw, limit)
        if len(_heads) >= _HEADS_KEPT:
            _heads.clear()
        _heads[raw] = head
    elif len(head.headers) > limit:  # remembered by somebody with another limit
        raise _too_many(limit)
    return head


def _parse_head(raw: bytes, limit: int) -> Head:
    status_line, *lines = raw.split(b"\r\n")
    match = _STATUS_LINE.fullmatch(status_line)
    if match is None:
        raise WireError(f"not an HTTP/1.1 status line: {_shown(status_line)}")
    if len(lines) > limit:
        raise _too_many(limit)
    status = int(match[2])
    headers = tuple(_fields(lines))
    length: int | None = None
    chunked = False
    keep = match[1] == b"1"
    for name, value in headers:
        name = name.lower()
        if name == b"content-length":
            length = _length(value, length)
        elif name == b"transfer-encoding":
            if chunked or value.lower() != b"chunked":
                raise WireError(f"unknown transfer encoding: {_shown(value)}")
            chunked = True
        elif name == b"connection":
            tokens = {token.strip() for token in value.lower().split(b",")}
            keep = b"close" not in tokens and (keep or b"keep-alive" in tokens)
    bodiless = status < 200 or status in (204, 304)
    if chunked:
        length = None  # RFC 9112, 6.3: the transfer encoding overrides a length
    elif length is None and not bodiless:
        keep = False
    if status == 101:
        keep = False  # what follows is no HTTP
    return Head(status, match[3] or b"", headers, length, chunked, keep, bodiless, b"HTTP/1." + match[1])


def _too_many(limit: int) -> TooLarge:
    return TooLarge(f"the answer has more than {limit} header lines")


def _fields(lines: list[bytes]) -> list[tuple[bytes, bytes]]:
    fields: list[tuple[bytes, bytes]] = []
    for line in lines:
        match = _FIELD.fullmatch(line)
        if match is None:
            raise WireError(f"not a header line: {_shown(line)}")
        fields.append((match[1], match[2]))
    return fields


def _length(value: bytes, before: int | None) -> int:
    numbers = {number.strip() for number in value.split(b",")}
    number = numbers.pop()
    if numbers or _DIGITS.fullmatch(number) is None:
        raise WireError(f"bad Content-Length: {_shown(value)}")
    length = int(number)
    if before is not None and before != length:
        raise WireError("two different Content-Length headers")
    return length


def _shown(line: bytes) -> str:
    return repr(line[:60])[1:]


_sizes: dict[bytes, int] = {}
_between: dict[bytes, int] = {}
_BETWEEN = re.compile(rb"\r\n([0-9A-Fa-f]{1,8})\r\n")


def _chunk_size(line: bytes) -> int:
    """A stream repeats few chunk sizes, so short lines are remembered."""
    size = _sizes.get(line)
    if size is None:
        if len(line) > _CHUNK_LINE:
            raise TooLarge("endless chunk size")
        match = _CHUNK_SIZE.fullmatch(line)
        if match is None:
            raise WireError(f"not a chunk size: {_shown(line)}")
        size = int(match[1], 16)
        if len(_sizes) < 4096 and len(line) < 8:
            _sizes[line] = size
    return size


def whole_answer(data: bytes, no_body: bool, limits: Limits) -> tuple[Head, bytes] | None:
    """The answer, if `data` is exactly one whole final answer: nearly every small one arrives in a single read."""
    end = data.find(b"\r\n\r\n")
    if end < 0 or end > limits.head:
        return None
    raw = data[:end]
    head = _heads.get(raw)
    if head is None or len(head.headers) > limits.headers:
        head = parse_head(raw, limits.headers)
    start = end + 4
    if head.status < 200 or len(data) - start > limits.answer:
        return None
    if no_body or head.bodiless:
        return (head, b"") if start == len(data) else None
    length = head.length
    if length is not None:
        return (head, data[start:]) if start + length == len(data) else None
    if head.chunked and data.endswith(b"\r\n0\r\n\r\n"):
        line_end = data.find(b"\r\n", start)
        body = line_end + 2
        if body + _chunk_size(data[start:line_end]) + 7 == len(data):
            return head, data[body:-7]
    return None


def _size(data: bytes, start: int, end: int) -> int:
    """How long a part that ends with a blank line is at least. Three bytes of the end may be there before the fourth,
    and count for nothing: a limit must not depend on the cut."""
    return (end if end >= 0 else len(data) - 3) - start


def _check_beginning(data: bytes) -> None:
    """Something that is no HTTP at all is known by its first bytes; waiting for a blank line could be for ever."""
    start = data[:7]
    if start != b"HTTP/1."[: len(start)]:
        raise WireError(f"not an HTTP/1.1 status line: {_shown(data)}")


# Where a reader stands. CHUNK_* are the parts of a chunked body.
_HEAD: Final = 0
_LENGTH: Final = 1
_CHUNK_HEAD: Final = 2
_CHUNK_DATA: Final = 3
_CHUNK_END: Final = 4
_TRAILERS: Final = 5
_TO_CLOSE: Final = 6
_DONE: Final = 7


class Reader:
    """One answer: feed it bytes, and it gives the pieces of the body as they come.

    `head` is set once the head is complete. After `done`, `rest` holds bytes that belong to no answer. After a 101
    the pieces are the raw bytes of the upgraded connection, which end with the connection.
    """

    __slots__ = (
        "_buffer",
        "_informational",
        "_left",
        "_limits",
        "_no_body",
        "_state",
        "_width",
        "head",
        "rest",
        "started",
    )

    _left: int
    _state: int

    def __init__(self, no_body: bool = False, limits: Limits | None = None) -> None:
        self._no_body = no_body
        self._limits = limits or Limits()
        self._buffer = b""
        self._left = 0
        self._state = _HEAD
        self._informational = 0
        self._width = 0
        self.head: Head | None = None
        self.rest = b""
        self.started = False

    @property
    def done(self) -> bool:
        """Whether the whole answer has been read."""
        return self._state == _DONE

    @property
    def reusable(self) -> bool:
        """Whether the connection may serve another request."""
        return self._state == _DONE and not self.rest and self.head is not None and self.head.keep

    def ends_by(self, error: OSError) -> bool:
        """Whether this is how the answer may end: a connection that was handed over is reset where the peer closed it
        with something of ours unread, as a process does that ends before its input."""
        return isinstance(error, ConnectionResetError) and self.head is not None and self.head.status == 101

    def feed(self, data: bytes, take: Take | None = None, taken: list[Any] | None = None) -> list[bytes]:
        """Take the next bytes; give the body pieces that they hold, behind what `take` has put into `taken`."""
        self.started = True
        if self._buffer:
            data = self._buffer + data
            self._buffer = b""
        out: list[bytes] = []
        position = 0
        if self._state == _HEAD:
            position = self._feed_head(data)
        state = self._state
        if state == _TO_CLOSE:
            if position < len(data):
                out.append(data[position:] if position else data)
        elif state == _LENGTH:
            self._feed_length(data, position, out)
        elif state == _DONE:
            self.rest += data[position:]
        elif state != _HEAD:
            try:
                self._feed_chunks(data, position, out, take, taken)
            except WireError as error:
                error.before = out
                raise
        return out

    def pour(self, view: memoryview, sink: Sink) -> None:
        """Like `feed`, but the body goes to `sink` as it lies in `view`: nothing is copied, and nothing kept."""
        self.started = True
        position = 0
        if self._state in (_CHUNK_DATA, _CHUNK_END) and not self._buffer:
            position = self._pour_chunks(view, sink)
        elif self._state == _LENGTH:
            position = min(self._left, len(view))
            sink(view[:position])
            self._left -= position
            if not self._left:
                self._state = _DONE
        elif self._state == _TO_CLOSE:
            position = len(view)
            sink(view[:])
        if position < len(view):  # cut lines, unusual sizes, the end
            try:
                pieces = self.feed(bytes(view[position:]))
            except WireError as error:
                for piece in error.before:
                    sink(memoryview(piece))
                raise
            for piece in pieces:
                sink(memoryview(piece))

    def _pour_chunks(self, view: memoryview, sink: Sink) -> int:
        """Few different bytes come between two chunks, so these are looked up together. Gives the place of others."""
        left, width, get = self._left, self._width, _between.get
        position, total = 0, len(view)
        while True:
            if left:
                end = position + left
                if end > total:
                    sink(view[position:])
                    self._state, self._left, self._width = _CHUNK_DATA, end - total, width
                    return total
                sink(view[position:end])
                position = end
            start = position + width
            size = get(bytes(view[position:start]))
            if size is None:
                match = _BETWEEN.match(view, position)
                size = int(match[1], 16) if match else 0
                if match is None or not size:
                    self._state, self._left, self._width = _CHUNK_END, 0, width
                    return position
                start = match.end()
                width = start - position
                if len(_between) < 4096:
                    _between[match[0]] = size
            left, position = size, start

    def feed_eof(self) -> None:
        """The peer has closed; a `Truncated` error unless the answer may end so."""
        if self._state == _TO_CLOSE:
            self._state = _DONE
        elif self._state == _HEAD:
            where = "inside the head of the answer" if self._buffer else "before an answer"
            raise Truncated(f"the connection was closed {where}")
        elif self._state != _DONE:
            raise Truncated("the connection was closed before the answer was complete")

    def _feed_head(self, data: bytes) -> int:
        position = 0
        while True:
            end = data.find(b"\r\n\r\n", position)
            too_large = _size(data, position, end) > self._limits.head
            if end < 0 or too_large:
                _check_beginning(data[position : position + 60])
            if too_large:
                raise TooLarge(f"the head of the answer is larger than {self._limits.head} bytes")
            if end < 0:
                self._buffer = data[position:]
                return len(data)
            head = parse_head(data[position:end], self._limits.headers)
            position = end + 4
            if head.status >= 200 or head.status == 101:
                break
            self._informational += 1
            if self._informational > _INFORMATIONAL:
                raise WireError("endless informational answers")
        self.head = head
        if head.status == 101:
            self._state = _TO_CLOSE
        elif self._no_body or head.bodiless or head.length == 0:
            self._state = _DONE
        elif head.chunked:
            self._state = _CHUNK_HEAD
        elif head.length is None:
            self._state = _TO_CLOSE
        else:
            self._state = _LENGTH
            self._left = head.length
        return position

    def _feed_length(self, data: bytes, position: int, out: list[bytes]) -> None:
        end = position + self._left
        piece = data[position:end] if position or end < len(data) else data
        if piece:
            out.append(piece)
            self._left -= len(piece)
        if not self._left:
            self._state = _DONE
            self.rest = data[end:]

    def _feed_chunks(
        self, data: bytes, position: int, out: list[bytes], take: Take | None, taken: list[Any] | None
    ) -> None:
        find, sizes, append = data.find, _sizes, out.append
        total = len(data)
        state = self._state
        left = self._left
        while True:
            if state == _CHUNK_HEAD:
                line_end = find(b"\r\n", position)
                if line_end < 0:
                    if total - position > _CHUNK_LINE + 1:  # the first half of its end may be here
                        raise TooLarge("endless chunk size")
                    break
                line = data[position:line_end]
                size = sizes.get(line)
                left = _chunk_size(line) if size is None else size
                position = line_end + 2
                if not left:
                    state = _TRAILERS
                    continue
                end = position + left
                if end + 2 <= total and take is None:  # the usual case: the chunk and its end are here
                    append(data[position:end])
                    position = end + 2
                    if data[end:position] != b"\r\n":
                        raise WireError("a chunk does not end where it said")
                    continue
                state = _CHUNK_DATA
            if state == _CHUNK_DATA:
                end = position + left
                if end > total:
                    if position < total:
                        append(data[position:] if position else data)
                        left -= total - position
                        position = total
                    break
                if end > position:
                    append(data[position:end])
                position = end
                left = 0
                state = _CHUNK_END
            if state == _CHUNK_END:
                if take is not None and taken is not None:
                    position = take(data, position, out, taken)
                mark = data[position : position + 2]
                if mark != b"\r\n"[: len(mark)]:
                    raise WireError("a chunk does not end where it said")
                if len(mark) < 2:
                    break
                position += 2
                state = _CHUNK_HEAD
            if state == _TRAILERS:
                position, ended = self._skip_trailers(data, position)
                if ended:
                    self._state = _DONE
                    self.rest = data[position:]
                    return
                break
        self._state = state
        self._left = left
        self._buffer = data[position:]

    def _skip_trailers(self, data: bytes, position: int) -> tuple[int, bool]:
        """Trailers are checked as header lines and dropped: the Engine sends none."""
        if data.startswith(b"\r\n", position):
            return position + 2, True
        end = data.find(b"\r\n\r\n", position)
        if _size(data, position, end) > self._limits.head:
            raise TooLarge("endless trailers")
        if end < 0:
            return position, False
        _fields(data[position:end].split(b"\r\n"))
        return end + 4, True
