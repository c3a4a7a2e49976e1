"""Frames: the two outputs of a process on one connection, each piece with a header of eight bytes before it. Pure.

The first byte of a header tells the stream, the last four the length of what follows. A length is only believed as far
as bytes have come: what is there of a payload goes on at once, and nothing is allocated by its promise. Every cut of
the bytes gives the same output.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from ..errors import DecodeError, RawdockError, StreamError, TruncatedError

__all__ = ["Frame", "Frames", "Plain"]

_HEADER = 8
_ERROR_LIMIT = 64 * 1024
_NAMES: tuple[Literal["stdin", "stdout", "stderr"], ...] = ("stdin", "stdout", "stderr")
_SYSTEM = 3


class Frame(NamedTuple):
    """A piece of output. A long frame comes in several pieces, whose borders mean nothing."""

    stream: Literal["stdin", "stdout", "stderr"]
    """`stdout` for everything if the process has a terminal."""
    data: bytes


class Frames:
    """Feed it bytes; it gives a `Frame` for each piece of output. An error ends the stream behind what came before."""

    __slots__ = ("_error", "_failed", "_left", "_pending", "_stream")

    def __init__(self) -> None:
        self._pending = b""  # the beginning of a header
        self._left: int = 0  # bytes of the current payload that have not come yet
        self._stream = 0
        self._error: bytearray | None = None  # the text of a frame that reports an error
        self._failed = False

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
