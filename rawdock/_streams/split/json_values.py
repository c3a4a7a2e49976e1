"""Splits a stream into JSON values, whatever separates them. Nothing here does I/O.

The Engine usually writes one object in each line, but does not promise it: objects may have nothing between them, or be
separated by CR LF, blank lines or record separators (0x1E). So values are looked for, not lines. The result does not
depend on how the bytes are cut; a value larger than the limit is an error and is not kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from ...errors import DecodeError, TruncatedError

__all__ = ["JsonSplitter"]

T = TypeVar("T")

_OBJECTS = frozenset({dict})
_VALUE_START = re.compile(rb"[^ \t\r\n\x1e]")
_OUTSIDE_STRING = re.compile(rb'["{}\[\]]')
_INSIDE_STRING = re.compile(rb'["\\]')


class JsonSplitter(Generic[T]):
    """Splits bytes into values, and returns the result of `decode` for each.

    An error takes the place of the value that caused it, and is the last item.
    """

    __slots__ = ("_decode", "_depth", "_escaped", "_failed", "_in_string", "_limit", "_load", "_load_lines", "_pending")

    def __init__(
        self,
        decode: Callable[[Any], T],
        load: Callable[[bytes], object],
        load_lines: Callable[[bytes], list[Any]],
        limit: int = 16 * 1024 * 1024,
    ) -> None:
        self._decode = decode
        self._load = load
        self._load_lines = load_lines
        self._limit = limit
        self._pending = bytearray()  # the beginning of an incomplete value
        self._depth = 0
        self._in_string = False
        self._escaped = False
        self._failed = False

    def feed(self, data: bytes) -> list[T | Exception]:
        """The values that end in `data`."""
        out: list[T | Exception] = []
        if self._failed:
            return out
        try:
            position, size = 0, len(data)
            if self._pending:
                position = self._complete_pending(data, 0, out)
            end = data.rfind(b"\n") + 1
            if end > position and self._read_lines(data[position:end], out):
                position = end
            while position < size:
                position = self._begin_pending(data, position, out)
        except (DecodeError, ValueError) as error:
            self._failed = True
            out.append(error if isinstance(error, DecodeError) else DecodeError(f"not JSON: {error}"))
        return out

    def feed_eof(self) -> None:
        """The answer has ended; raises TruncatedError if that was inside a value."""
        if self._pending and not self._failed:
            raise TruncatedError(f"the answer ended inside a JSON value: {self._excerpt()}")

    def _excerpt(self) -> str:
        return repr(bytes(self._pending[:60]))[1:]

    def _read_lines(self, block: bytes, out: list[T | Exception]) -> bool:
        """Read whole lines with one value each, as the Engine usually sends them, in one step, if that is what it is.

        Returns whether the block was read.
        """
        if len(block) > self._limit:
            return False  # a value in it may be larger than the limit
        try:
            values = self._load_lines(block)
        except (ValueError, RecursionError):
            return False  # read value by value, which finds the error, or separators that are only unusual
        if not _OBJECTS.issuperset(map(type, values)):
            return False
        decode, append = self._decode, out.append
        for value in values:
            append(decode(value))
        return True

    # Positions are passed on, and no rest of the data is copied: with small values that would be quadratic.

    def _begin_pending(self, data: bytes, position: int, out: list[T | Exception]) -> int:
        """Read the next value from `position` on, as far as it is there; returns the position after it."""
        found = _VALUE_START.search(data, position)
        if found is None:
            return len(data)
        position = found.start()
        if found[0] not in b"{[":
            raise DecodeError(f"expected a JSON object in the stream, got {repr(data[position : position + 60])[1:]}")
        self._depth = 0
        self._in_string = self._escaped = False
        return self._complete_pending(data, position, out)

    def _complete_pending(self, data: bytes, position: int, out: list[T | Exception]) -> int:
        """Add bytes to the incomplete value; returns the position after its end."""
        before = len(self._pending)
        end = self._find_end(data, position)
        size = before + (len(data) if end is None else end) - position
        if size > self._limit:
            self._pending.clear()
            raise DecodeError(f"a JSON value in the stream is larger than {self._limit} bytes")
        if end is None:
            self._pending += data[position:] if position else data
            return len(data)
        value = data[position:end]
        if before:
            value = bytes(self._pending) + value
            self._pending.clear()
        out.append(self._decode(self._load(value)))
        return end

    def _find_end(self, data: bytes, position: int) -> int | None:
        """The position in `data` where the current value ends, or None. Each byte is looked at only once."""
        size = len(data)
        depth = self._depth
        if self._escaped:
            position += 1
            self._escaped = False
        while position < size:
            if self._in_string:
                match = _INSIDE_STRING.search(data, position)
                if match is None:
                    break
                position = match.end()
                if match[0] == b'"':
                    self._in_string = False
                elif position == size:
                    self._escaped = True
                else:
                    position += 1
                continue
            match = _OUTSIDE_STRING.search(data, position)
            if match is None:
                break
            position = match.end()
            if match[0] == b'"':
                self._in_string = True
            elif match[0] in b"{[":
                depth += 1
            else:
                depth -= 1
                if depth == 0:
                    self._depth = 0
                    return position
        self._depth = depth
        return None
