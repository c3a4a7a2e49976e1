"""Splits the output of a process into frames, which have a header of eight bytes. Nothing here does I/O.

The first byte of a header says which stream it is, the last four how long the payload is. Parts of a payload are
returned as they come, and no memory is allocated for an announced length. The output does not depend on how the bytes
are cut.
"""

from __future__ import annotations

import re
from itertools import repeat
from typing import Any, Literal, NamedTuple, cast

from ...errors import DecodeError, RawdockError, StreamError, TruncatedError

__all__ = ["Frame", "FrameSplitter", "RawSplitter"]

StreamName = Literal["stdin", "stdout", "stderr"]

_HEADER_SIZE = 8
_MAX_ERROR = 64 * 1024
_NAMES: tuple[StreamName, ...] = ("stdin", "stdout", "stderr")
_ERROR_FRAME = 3


class Frame(NamedTuple):
    """A piece of output. A long frame may come in several pieces."""

    stream: StreamName
    """`stdout` for everything if the process has a terminal."""
    data: bytes


# `Frame(...)` calls a function in Python, which costs more than everything else for a small frame.
_new_frame: Any = cast("Any", tuple).__new__

_FRAME_START = re.compile(rb"\r\n([0-9A-Fa-f]{1,4})\r\n([\0-\2])\0\0\0(....)", re.DOTALL)
_MAX_REMEMBERED_STARTS = 4096


class FrameSplitter:
    """Splits bytes into a `Frame` for each piece of output. An error is the last item, after the output before it."""

    __slots__ = ("_error", "_failed", "_pending", "_remaining", "_start_size", "_stream", "starts")

    def __init__(self) -> None:
        self._pending = b""  # an incomplete header
        self._remaining: int = 0  # bytes of the current payload that have not come yet
        self._stream = 0
        self._error: bytearray | None = None  # the text of a frame that reports an error
        self._failed = False
        self._start_size = 0  # the size of the last of `starts`
        self.starts: dict[bytes, tuple[StreamName, int]] = {}
        """Stream and size of a payload, by the bytes from the end of the last chunk to the payload."""

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
            remaining = self._remaining
            if remaining:
                end = position + remaining
                if end > size:
                    end = size
                self._remaining = remaining - (end - position)
                if self._error is None:
                    out.append(Frame(_NAMES[self._stream], data[position:end]))
                else:
                    self._error += data[position : min(end, position + _MAX_ERROR - len(self._error))]
                position = end
            else:
                kind, there = data[position], size - position
                # Checked before it is complete: the prompt of a terminal may be shorter, and nothing may follow it.
                if kind > _ERROR_FRAME or data[position + 1 : position + 4] != b"\0\0\0"[: there - 1]:
                    self._failed = True
                    shown = data[position : position + _HEADER_SIZE].hex(" ")
                    out.append(
                        DecodeError(f"not the header of a frame: {shown}; does the process have a terminal (tty)?")
                    )
                    return out
                if there < _HEADER_SIZE:
                    self._pending = data[position:]
                    break
                self._stream = kind
                self._remaining = int.from_bytes(data[position + 4 : position + _HEADER_SIZE])
                if kind == _ERROR_FRAME:
                    self._error = bytearray()
                position += _HEADER_SIZE
            if self._error is not None and (not self._remaining or len(self._error) >= _MAX_ERROR):
                self._failed = True
                out.append(StreamError(self._error.decode(errors="replace").strip() or "an error without a message"))
                return out
        return out

    def read_chunks(self, data: bytes, position: int, pieces: list[bytes], out: list[Any]) -> int:
        """Read chunks that hold one whole frame each, as the Engine writes them, in one step; see `ReadChunks`.

        `position` is at the end of a chunk. The bytes from there to the payload of the frame (CR LF, the size of the
        next chunk, CR LF, the header of the frame) have few different values, so they are looked up as a whole, and
        only parsed if they are new.
        """
        if pieces:
            out += self.feed(pieces[0] if len(pieces) == 1 else b"".join(pieces))
            pieces.clear()
        if self._remaining or self._pending or self._failed:
            return position
        found: list[tuple[StreamName, bytes]] = []
        append, get = found.append, self.starts.get
        total = len(data)
        width = self._start_size
        while True:
            start = position + width
            known = get(data[position:start])
            if known is None:
                width, known = self._parse_start(data, position)
                if known is None:
                    break
                self._start_size = width
                start = position + width
            name, size = known
            end = start + size
            if end > total:
                break
            append((name, data[start:end]))
            position = end
        out.extend(map(_new_frame, repeat(Frame), found))
        return position

    def _parse_start(self, data: bytes, position: int) -> tuple[int, tuple[StreamName, int] | None]:
        """The size of the bytes from the end of a chunk to the payload in the next chunk, and the payload's stream and
        size. None if the next chunk does not consist of exactly one short frame."""
        match = _FRAME_START.match(data, position)
        if match is None:
            return 0, None
        known = self.starts.get(match[0])
        if known is None:
            size = int.from_bytes(match[3])
            if not size or size + _HEADER_SIZE != int(match[1], 16):
                return 0, None
            known = _NAMES[match[2][0]], size
            if len(self.starts) >= _MAX_REMEMBERED_STARTS:
                self.starts.clear()
            self.starts[match[0]] = known
        return len(match[0]), known

    def feed_eof(self) -> None:
        """The answer has ended; raises TruncatedError if that was inside a frame."""
        if self._failed:
            return
        if self._error:
            raise StreamError(self._error.decode(errors="replace").strip())
        if self._remaining:
            raise TruncatedError(f"the answer ended inside a frame: {self._remaining} bytes of it are missing")
        if self._pending:
            raise TruncatedError("the answer ended inside a frame's header")


class RawSplitter:
    """The output of a process that has a terminal: one stream, without frames."""

    __slots__ = ()

    def feed(self, data: bytes) -> list[Frame]:
        return [Frame("stdout", data)]

    def feed_eof(self) -> None:
        pass
