"""Joins the frames of a long HTTP/2 header block into one. Pure.

A `.dockerignore` with many rules comes as headers of many frames, since the Engine puts no more than 16 KiB into one;
h2 takes no more than 64 frames for one block, and has no setting for that.
"""

from __future__ import annotations

from typing import Final

__all__ = ["LONGEST_BLOCK", "HeaderBlockJoiner"]

LONGEST_BLOCK: Final = (1 << 24) - 1
"""Bytes of the longest header block: more does not fit into a frame."""

_LONGEST_FRAME = 16 * 1024  # that may come, as long as nothing else was announced
_PREFACE = 24  # bytes that a client sends before its first frame
_FRAME_HEADER = 9
_HEADERS, _CONTINUATION = 1, 9
_END_HEADERS, _PADDED = 0x4, 0x8


class HeaderBlockJoiner:
    """Passes bytes of an HTTP/2 client on as they come, but for header blocks in several frames: those become one.

    Frames that are wrong are passed on too, so that h2 says what is wrong with them.
    """

    def __init__(self) -> None:
        self._passing = _PREFACE  # bytes that are left of something that is passed on
        self._held = bytearray()  # the beginning of a frame that may have to be joined
        self._first: tuple[int, bytes] | None = None  # flags and stream of the HEADERS frame that is being joined
        self._block = bytearray()

    def feed(self, data: bytes) -> bytes:
        """What can be given to h2 now. Raises ValueError for a frame or a header block that is too long."""
        if not self._held and self._passing >= len(data):
            self._passing -= len(data)
            return data
        out: list[bytes] = []
        at = 0
        while at < len(data):
            if self._passing:
                part = data[at : at + self._passing]
                out.append(part)
                self._passing -= len(part)
                at += len(part)
                continue
            at = self._hold(data, at)
            if len(self._held) >= _FRAME_HEADER:
                self._frame(out)
        return b"".join(out)

    def _hold(self, data: bytes, at: int) -> int:
        """Take as much of `data` as the frame that is held needs."""
        size = _FRAME_HEADER
        if len(self._held) >= _FRAME_HEADER:
            size += int.from_bytes(self._held[:3], "big")
        end = at + size - len(self._held)
        self._held += data[at:end]
        return min(end, len(data))

    def _frame(self, out: list[bytes]) -> None:
        """Look at the frame that is held, whose header is there and whose payload may be."""
        size, kind, flags = int.from_bytes(self._held[:3], "big"), self._held[3], self._held[4]
        if size > _LONGEST_FRAME:
            raise ValueError(f"a frame of {size} bytes")
        stream = bytes(self._held[5:_FRAME_HEADER])
        begins = kind == _HEADERS and not flags & _END_HEADERS and self._first is None
        goes_on = kind == _CONTINUATION and self._first is not None and self._first[1] == stream
        if not begins and not goes_on:
            if self._first is not None:  # an error, and to h2 it has to look like one
                out.append(_frame_header(len(self._block), _HEADERS, *self._first) + self._block)
                self._first = None
            out.append(bytes(self._held))
            self._passing = size + _FRAME_HEADER - len(self._held)
            self._held.clear()
            return
        if len(self._block) + size > LONGEST_BLOCK:
            raise ValueError(f"headers of more than {LONGEST_BLOCK} bytes")
        if len(self._held) < _FRAME_HEADER + size:
            return
        payload = bytes(self._held[_FRAME_HEADER:])
        self._held.clear()
        if begins:
            if flags & _PADDED and payload:
                payload = payload[1 : max(len(payload) - payload[0], 1)]
            self._first = flags & ~_PADDED, stream
            self._block = bytearray(payload)
            return
        assert self._first is not None
        self._block += payload
        if flags & _END_HEADERS:
            first = self._first[0] | _END_HEADERS
            out.append(_frame_header(len(self._block), _HEADERS, first, stream) + self._block)
            self._first = None
            self._block = bytearray()


def _frame_header(size: int, kind: int, flags: int, stream: bytes) -> bytes:
    return size.to_bytes(3, "big") + bytes((kind, flags)) + stream
