"""Frames: the two outputs of a process on one connection, each piece with a header of eight bytes before it. Pure.

The first byte of a header tells the stream, the last four the length of what follows. A length is only believed as far
as bytes have come: what is there of a payload goes on at once, and nothing is allocated by its promise. Every cut of
the bytes gives the same output.
"""

from __future__ import annotations

import re
from itertools import repeat
from typing import Any, Literal, NamedTuple, cast

from ...errors import DecodeError, RawdockError, StreamError, TruncatedError

__all__ = ["Frame", "Frames", "Plain"]

_Name = Literal["stdin", "stdout", "stderr"]

_HEADER = 8
_ERROR_LIMIT = 64 * 1024
_NAMES: tuple[_Name, ...] = ("stdin", "stdout", "stderr")
_SYSTEM = 3


class Frame(NamedTuple):
    """A piece of output. A long frame comes in several pieces, whose borders mean nothing."""

    stream: _Name
    """`stdout` for everything if the process has a terminal."""
    data: bytes


# `Frame(...)` goes through a function in Python, which costs more than all the rest of a small frame.
_new_frame: Any = cast("Any", tuple).__new__

_START = re.compile(rb"\r\n([0-9A-Fa-f]{1,4})\r\n([\0-\2])\0\0\0(....)", re.DOTALL)
_starts: dict[bytes, tuple[_Name, int]] = {}
_STARTS_KEPT = 4096


def _start(data: bytes, position: int) -> tuple[int, tuple[_Name, int] | None]:
    """How long the bytes are from the end of a chunk to the payload in the next one, its stream and its size; None if
    that chunk is not all of one frame that is short enough to be usual."""
    match = _START.match(data, position)
    if match is None:
        return 0, None
    known = _starts.get(match[0])
    if known is None:
        size = int.from_bytes(match[3])
        if not size or size + _HEADER != int(match[1], 16):
            return 0, None
        known = _NAMES[match[2][0]], size
        if len(_starts) >= _STARTS_KEPT:
            _starts.clear()
        _starts[match[0]] = known
    return len(match[0]), known


class Frames:
    """Feed it bytes; it gives a `Frame` for each piece of output. An error ends the stream behind what came before."""

    __slots__ = ("_error", "_failed", "_left", "_pending", "_stream", "_width")

    def __init__(self) -> None:
        self._pending = b""  # the beginning of a header
        self._left: int = 0  # bytes of the current payload that have not come yet
        self._stream = 0
        self._error: bytearray | None = None  # the text of a frame that reports an error
        self._failed = False
        self._width = 0  # of the last start of a frame in its chunk

    def feed(self, data: bytes) -> list[Frame | RawdockError]:
        """The output in `data`."""
        out: list[Frame | RawdockError] = []
        if self._failed:
            return out
        if self._pending:
            data = self._pending + data
            self._pending = b""
        position, size = 0, len(data)
        while position < size:
            left = self._left
            if left:
                end = position + left
                if end > size:
                    end = size
                self._left = left - (end - position)
                if self._error is None:
                    out.append(Frame(_NAMES[self._stream], data[position:end]))
                else:
                    self._error += data[position : min(end, position + _ERROR_LIMIT - len(self._error))]
                position = end
            else:
                kind, there = data[position], size - position
                # Looked at before it is whole: a terminal's prompt may be shorter, and nothing come behind it.
                if kind > _SYSTEM or data[position + 1 : position + 4] != b"\0\0\0"[: there - 1]:
                    self._failed = True
                    shown = data[position : position + _HEADER].hex(" ")
                    out.append(DecodeError(f"not a frame's header: {shown}; has the process a terminal (tty)?"))
                    return out
                if there < _HEADER:
                    self._pending = data[position:]
                    break
                self._stream = kind
                self._left = int.from_bytes(data[position + 4 : position + _HEADER])
                if kind == _SYSTEM:
                    self._error = bytearray()
                position += _HEADER
            if self._error is not None and (not self._left or len(self._error) >= _ERROR_LIMIT):
                self._failed = True
                out.append(StreamError(self._error.decode(errors="replace").strip() or "an error without words"))
                return out
        return out

    def take(self, data: bytes, position: int, pieces: list[bytes], out: list[Any]) -> int:
        """Read chunks that hold one whole frame each, as the Engine writes them, in one step a frame; see `Take`.

        `position` is at the end of a chunk. From there to the frame's payload few different bytes come: CR LF, the size
        of the next chunk, CR LF, the frame's header. So these are looked up together, and only what is new is parsed.
        """
        if pieces:
            out += self.feed(pieces[0] if len(pieces) == 1 else b"".join(pieces))
            pieces.clear()
        if self._left or self._pending or self._failed:
            return position
        found: list[tuple[_Name, bytes]] = []
        append, get = found.append, _starts.get
        total = len(data)
        width = self._width
        while True:
            start = position + width
            known = get(data[position:start])
            if known is None:
                width, known = _start(data, position)
                if known is None:
                    break
                self._width = width
                start = position + width
            name, size = known
            end = start + size
            if end > total:
                break
            append((name, data[start:end]))
            position = end
        out.extend(map(_new_frame, repeat(Frame), found))
        return position

    def feed_eof(self) -> None:
        """The answer has ended; a TruncatedError if that was inside a frame."""
        if self._failed:
            return
        if self._error:
            raise StreamError(self._error.decode(errors="replace").strip())
        if self._left:
            raise TruncatedError(f"the answer ended inside a frame: {self._left} bytes of it are missing")
        if self._pending:
            raise TruncatedError("the answer ended inside a frame's header")


class Plain:
    """The output of a process that has a terminal: one stream, without headers."""

    __slots__ = ()

    def feed(self, data: bytes) -> list[Frame]:
        return [Frame("stdout", data)]

    def feed_eof(self) -> None:
        pass
