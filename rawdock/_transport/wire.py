"""Parsing of HTTP/1.1 answers. Nothing here does I/O: bytes go in, the head and pieces of the body come out.

The result does not depend on how the bytes are cut. Whatever is not clearly HTTP/1.1 is a `WireError`. Nothing is kept
beyond the limits, and no memory is allocated for a size that the peer has only announced.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

__all__ = [
    "AnswerParser",
    "Head",
    "Limits",
    "ReadChunks",
    "Reader",
    "TooLarge",
    "Truncated",
    "WireError",
    "Write",
    "check_asked",
    "is_success",
    "parse_head",
]

ReadChunks = Callable[[bytes, int, list[bytes], list[Any]], int]
"""Reads whole chunks in place of the reader, where a splitter knows what is in them.

Called with the data, the position where the last chunk ended, the pieces of the body before that position, which it
removes from their list, and the list to which it appends the items that it finds in the pieces and in the chunks.
Returns the position where the last chunk that it has read ended.
"""

Write = Callable[[memoryview], None]
"""Receives a part of a body. It must be done with the view when it returns, and may release it: the memory is used
again for the next bytes."""


class WireError(Exception):
    """The answer is not valid HTTP/1.1."""

    pieces_before: list[bytes] = []  # noqa: RUF012 - never changed; pieces of the body that came before the error


class TooLarge(WireError):
    """A part of the answer is larger than its limit."""


class Truncated(WireError):
    """The connection ended before the answer did."""


class Limits(NamedTuple):
    """How much of an answer is kept at most, in bytes unless said otherwise."""

    head: int = 64 * 1024
    """Status line and header lines."""
    headers: int = 256
    """The number of header lines."""
    answer: int = 64 * 1024 * 1024
    """The body of an answer that is read whole. (A list of 500 containers has about 0.6 MiB.)"""
    value: int = 16 * 1024 * 1024
    """One JSON value in a stream."""
    queue: int = 64 * 1024
    """Body bytes of a stream that are read before the caller asks for them; then reading from the Engine pauses. As
    items they take several times as much memory. (On trio nothing is read before the caller asks.)"""
    error: int = 64 * 1024
    """The body of an error answer. The rest of a longer one is not read."""


# Informational answers are rare; a peer that sends more of them than this will not send a final one.
_MAX_INFORMATIONAL = 32
_MAX_CHUNK_LINE = 4096
_MAX_REMEMBERED_HEADS = 128
_MAX_REMEMBERED_SIZES = 4096
_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: ([^\x00\r\n\x0b\x0c]*))?")
_FIELD = re.compile(rb"([-!#$%&'*+.^_`|~0-9A-Za-z]+):[ \t]*([^\x00\r\n\x0b\x0c]*?)[ \t]*")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})(?:;[^\r\n]*)?[ \t]*")
_BARE_LF = re.compile(rb"(?<!\r)\n")
_DIGITS = re.compile(rb"[0-9]{1,19}")


class Head(NamedTuple):
    """The status and framing of an answer."""

    status: int
    reason: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    length: int | None
    """Length of the body; None if the body is chunked or ends when the connection is closed."""
    chunked: bool
    keep_alive: bool
    """The connection may serve another request afterwards."""
    bodiless: bool
    """No body follows, whatever the headers say (1xx, 204, 304)."""
    version: bytes
    """`HTTP/1.1` or `HTTP/1.0`."""
    results: dict[str, Any]
    """What was made of the headers, by operation: the same `Head` is given again while the bytes repeat."""


def parse_head(raw: bytes, limit: int = 256) -> Head:
    """Parse the status line and the header lines, without the blank line that ends them."""
    status_line, *lines = raw.split(b"\r\n")
    match = _STATUS_LINE.fullmatch(status_line)
    if match is None:
        raise WireError(f"not an HTTP/1.1 status line: {_excerpt(status_line)}")
    if len(lines) > limit:
        raise TooLarge(f"the answer has more than {limit} header lines")
    status = int(match[2])
    headers = tuple(_parse_header_lines(lines))
    length: int | None = None
    chunked = False
    keep_alive = match[1] == b"1"
    for name, value in headers:
        name = name.lower()
        if name == b"content-length":
            length = _parse_length(value, length)
        elif name == b"transfer-encoding":
            if chunked or value.lower() != b"chunked":
                raise WireError(f"unknown transfer encoding: {_excerpt(value)}")
            chunked = True
        elif name == b"connection":
            tokens = {token.strip() for token in value.lower().split(b",")}
            keep_alive = b"close" not in tokens and (keep_alive or b"keep-alive" in tokens)
    bodiless = status < 200 or status in (204, 304)
    if chunked:
        length = None  # RFC 9112, 6.3: the transfer encoding overrides a length
    elif length is None and not bodiless:
        keep_alive = False
    if status == 101:
        keep_alive = False  # what follows is not HTTP
    return Head(status, match[3] or b"", headers, length, chunked, keep_alive, bodiless, b"HTTP/1." + match[1], {})


def _parse_header_lines(lines: list[bytes]) -> list[tuple[bytes, bytes]]:
    fields: list[tuple[bytes, bytes]] = []
    for line in lines:
        match = _FIELD.fullmatch(line)
        if match is None:
            raise WireError(f"not a header line: {_excerpt(line)}")
        fields.append((match[1], match[2]))
    return fields


def _check_line_breaks(data: bytes) -> None:
    """Refuse a line feed without a carriage return: the blank line that ends the lines might never come."""
    if data.count(b"\n") == data.count(b"\r\n"):  # much faster than the search: a head may come byte by byte
        return
    if wrong := _BARE_LF.search(data):
        line = data[: wrong.start()].rpartition(b"\n")[2]
        raise WireError(f"a line ends with LF, where HTTP has CR LF: {_excerpt(line)}")


def _parse_length(value: bytes, earlier: int | None) -> int:
    numbers = {number.strip() for number in value.split(b",")}
    number = numbers.pop()
    if numbers or _DIGITS.fullmatch(number) is None:
        raise WireError(f"bad Content-Length: {_excerpt(value)}")
    length = int(number)
    if earlier is not None and earlier != length:
        raise WireError("two different Content-Length headers")
    return length


def _excerpt(line: bytes) -> str:
    return repr(line[:60])[1:]


_SEPARATOR = re.compile(rb"\r\n([0-9A-Fa-f]{1,8})\r\n")


class AnswerParser:
    """What the readers of one Engine's answers share: the limits, and what is remembered of bytes that repeat."""

    __slots__ = ("_heads", "chunk_separators", "chunk_sizes", "limits")

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._heads: dict[bytes, Head] = {}
        self.chunk_sizes: dict[bytes, int] = {}
        """Chunk sizes, by the line that says them."""
        self.chunk_separators: dict[bytes, int] = {}
        """Chunk sizes, by the bytes from the end of the last chunk to the data of the next."""

    def head(self, raw: bytes) -> Head:
        """Parse a head. The last few are remembered: heads repeat byte for byte within one second of their date."""
        head = self._heads.get(raw)
        if head is None:
            try:
                head = parse_head(raw, self.limits.headers)
            except WireError:
                _check_line_breaks(raw)
                raise
            if len(self._heads) >= _MAX_REMEMBERED_HEADS:
                self._heads.clear()
            self._heads[raw] = head
        return head

    def chunk_size(self, line: bytes) -> int:
        """Parse the line before a chunk. Short lines are remembered: a stream has few different chunk sizes."""
        size = self.chunk_sizes.get(line)
        if size is None:
            match = _CHUNK_SIZE.fullmatch(line) if len(line) <= _MAX_CHUNK_LINE else None
            if match is None:
                _check_line_breaks(line[: _MAX_CHUNK_LINE + 2])
                if len(line) > _MAX_CHUNK_LINE:
                    raise TooLarge("the line with a chunk's size does not end")
                raise WireError(f"not a chunk size: {_excerpt(line)}")
            size = int(match[1], 16)
            if len(self.chunk_sizes) < _MAX_REMEMBERED_SIZES and len(line) < 8:
                self.chunk_sizes[line] = size
        return size

    def whole_answer(self, data: bytes, no_body: bool) -> tuple[Head, bytes] | None:
        """The answer, if `data` is exactly one complete final answer, as nearly every small one is."""
        limits = self.limits
        end = data.find(b"\r\n\r\n")
        if end < 0 or end > limits.head:
            return None
        raw = data[:end]
        head = self._heads.get(raw)
        if head is None:
            head = self.head(raw)
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
            if body + self.chunk_size(data[start:line_end]) + 7 == len(data):
                return head, data[body:-7]
        return None


def check_asked(head: Head) -> None:
    """Raise WireError if an answer switches protocols, which a request that is answered whole has not asked for. Its
    end would never come."""
    if head.status == 101:
        raise WireError("the peer switched to another protocol (101), and the request did not ask for that")


def is_success(status: int) -> bool:
    """Whether the body of an answer is what was asked for, and not an error."""
    return 200 <= status < 300 or status == 304


def _least_size(data: bytes, start: int, end: int) -> int:
    """The least size of a part that a blank line ends. If the end has not come, the last three bytes may belong to it
    and are not counted, so that a limit does not depend on how the bytes are cut."""
    return (end if end >= 0 else len(data) - 3) - start


def _check_beginning(data: bytes) -> None:
    """Refuse what does not begin like HTTP at once: the blank line that ends a head might never come."""
    start = data[:7]
    if start != b"HTTP/1."[: len(start)]:
        raise WireError(f"not an HTTP/1.1 status line: {_excerpt(data)}")


# What a reader expects next. CHUNK_* are the parts of a chunked body.
_HEAD: Final = 0
_LENGTH: Final = 1
_CHUNK_HEAD: Final = 2
_CHUNK_DATA: Final = 3
_CHUNK_END: Final = 4
_TRAILERS: Final = 5
_TO_CLOSE: Final = 6
_DONE: Final = 7


class Reader:
    """Reads one answer: `feed` takes bytes and returns the pieces of the body in them.

    `head` is set once the head is complete. After the answer is `done`, `rest` holds bytes that belong to no answer.
    After a 101 the pieces are the raw bytes of the upgraded connection, until that ends.
    """

    __slots__ = (
        "_buffer",
        "_informational",
        "_no_body",
        "_parser",
        "_remaining",
        "_separator_size",
        "_state",
        "head",
        "rest",
        "started",
    )

    _remaining: int
    _state: int

    def __init__(self, no_body: bool = False, parser: AnswerParser | None = None) -> None:
        self._no_body = no_body
        self._parser = parser or AnswerParser()
        self._buffer = b""
        self._remaining = 0
        self._state = _HEAD
        self._informational = 0
        self._separator_size = 0
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
        return self._state == _DONE and not self.rest and self.head is not None and self.head.keep_alive

    def may_end_with(self, error: OSError) -> bool:
        """Whether this error is a regular end of the answer.

        An upgraded connection is reset if the peer closes it before it has read all that was sent, as when a process
        ends before it has read its input.
        """
        return isinstance(error, ConnectionResetError) and self.head is not None and self.head.status == 101

    def feed(self, data: bytes, read_chunks: ReadChunks | None = None, items: list[Any] | None = None) -> list[bytes]:
        """Read the next bytes and return the pieces of the body in them.

        With `read_chunks`, whole chunks are read by that function, which appends what it finds to `items`; the pieces
        that are returned come after those items.
        """
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
                self._feed_chunks(data, position, out, read_chunks, items)
            except WireError as error:
                error.pieces_before = out
                raise
        return out

    def feed_into(self, view: memoryview, write: Write) -> None:
        """Like `feed`, but pass the pieces of the body to `write` as views of `view`, without copies."""
        self.started = True
        position = 0
        if self._state in (_CHUNK_DATA, _CHUNK_END) and not self._buffer:
            position = self._feed_chunks_into(view, write)
        elif self._state == _LENGTH:
            position = min(self._remaining, len(view))
            write(view[:position])
            self._remaining -= position
            if not self._remaining:
                self._state = _DONE
        elif self._state == _TO_CLOSE:
            position = len(view)
            write(view[:])
        if position < len(view):  # lines that are cut, unusual chunk sizes, or the end of the body
            try:
                pieces = self.feed(bytes(view[position:]))
            except WireError as error:
                for piece in error.pieces_before:
                    write(memoryview(piece))
                raise
            for piece in pieces:
                write(memoryview(piece))

    def _feed_chunks_into(self, view: memoryview, write: Write) -> int:
        """Pass on chunks. The bytes between two chunks have few different values, so they are looked up as a whole.
        Returns the position of the first byte that was not read."""
        separators = self._parser.chunk_separators
        remaining, width, get = self._remaining, self._separator_size, separators.get
        position, total = 0, len(view)
        while True:
            if remaining:
                end = position + remaining
                if end > total:
                    write(view[position:])
                    self._state, self._remaining, self._separator_size = _CHUNK_DATA, end - total, width
                    return total
                write(view[position:end])
                position = end
            start = position + width
            size = get(bytes(view[position:start]))
            if size is None:
                match = _SEPARATOR.match(view, position)
                size = int(match[1], 16) if match else 0
                if match is None or not size:
                    self._state, self._remaining, self._separator_size = _CHUNK_END, 0, width
                    return position
                start = match.end()
                width = start - position
                if len(separators) < _MAX_REMEMBERED_SIZES:
                    separators[match[0]] = size
            remaining, position = size, start

    def feed_eof(self) -> None:
        """The peer has closed the connection; raises `Truncated` if the answer is not complete."""
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
            too_large = _least_size(data, position, end) > self._parser.limits.head
            if end < 0 or too_large:
                _check_beginning(data[position : position + 60])
                self._check_lines(data, position, end)
            if too_large:
                raise TooLarge(f"the head of the answer is larger than {self._parser.limits.head} bytes")
            if end < 0:
                self._buffer = data[position:]
                return len(data)
            head = self._parser.head(data[position:end])
            position = end + 4
            if head.status >= 200 or head.status == 101:
                break
            self._informational += 1
            if self._informational > _MAX_INFORMATIONAL:
                raise WireError(f"more than {_MAX_INFORMATIONAL} informational answers")
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
            self._remaining = head.length
        return position

    def _feed_length(self, data: bytes, position: int, out: list[bytes]) -> None:
        end = position + self._remaining
        piece = data[position:end] if position or end < len(data) else data
        if piece:
            out.append(piece)
            self._remaining -= len(piece)
        if not self._remaining:
            self._state = _DONE
            self.rest = data[end:]

    def _feed_chunks(
        self,
        data: bytes,
        position: int,
        out: list[bytes],
        read_chunks: ReadChunks | None,
        items: list[Any] | None,
    ) -> None:
        find, sizes, append = data.find, self._parser.chunk_sizes, out.append
        total = len(data)
        state = self._state
        remaining = self._remaining
        while True:
            if state == _CHUNK_HEAD:
                line_end = find(b"\r\n", position)
                if line_end < 0:
                    _check_line_breaks(data[position : position + _MAX_CHUNK_LINE + 2])
                    if total - position > _MAX_CHUNK_LINE + 1:  # the last byte may be the first of CR LF
                        raise TooLarge("the line with a chunk's size does not end")
                    break
                line = data[position:line_end]
                size = sizes.get(line)
                remaining = self._parser.chunk_size(line) if size is None else size
                position = line_end + 2
                if not remaining:
                    state = _TRAILERS
                    continue
                end = position + remaining
                if end + 2 <= total and read_chunks is None:  # the usual case: the chunk and its end are here
                    append(data[position:end])
                    position = end + 2
                    if data[end:position] != b"\r\n":
                        raise WireError("a chunk does not end where its size says")
                    continue
                state = _CHUNK_DATA
            if state == _CHUNK_DATA:
                end = position + remaining
                if end > total:
                    if position < total:
                        append(data[position:] if position else data)
                        remaining -= total - position
                        position = total
                    break
                if end > position:
                    append(data[position:end])
                position = end
                remaining = 0
                state = _CHUNK_END
            if state == _CHUNK_END:
                if read_chunks is not None and items is not None:
                    position = read_chunks(data, position, out, items)
                mark = data[position : position + 2]
                if mark != b"\r\n"[: len(mark)]:
                    raise WireError("a chunk does not end where its size says")
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
        self._remaining = remaining
        self._buffer = data[position:]

    def _skip_trailers(self, data: bytes, position: int) -> tuple[int, bool]:
        """Check trailers as header lines and drop them: the Engine sends none."""
        if data.startswith(b"\r\n", position):
            return position + 2, True
        end = data.find(b"\r\n\r\n", position)
        too_large = _least_size(data, position, end) > self._parser.limits.head
        if end < 0 or too_large:
            self._check_lines(data, position, end)
        if too_large:
            raise TooLarge(f"the trailers of the answer are larger than {self._parser.limits.head} bytes")
        if end < 0:
            return position, False
        try:
            _parse_header_lines(data[position:end].split(b"\r\n"))
        except WireError:
            _check_line_breaks(data[position:end])
            raise
        return end + 4, True

    def _check_lines(self, data: bytes, start: int, end: int) -> None:
        """Check the line breaks of a head or of trailers that are incomplete or too large.

        Only as far as they come before the limit is reached, so that the error does not depend on how bytes are cut.
        """
        most = start + self._parser.limits.head + 4
        _check_line_breaks(data[start : most if end < 0 else min(most, end)])
