"""WebSocket frames (RFC 6455), as far as an Engine speaks them: no extensions, no subprotocols. Pure.

Messages may come in parts with control frames between them. A length is believed only as far as bytes have come; a
message larger than the limit is an error. What a client sends is masked, as the standard wants it.
"""

from __future__ import annotations

import os
from typing import Literal, NamedTuple

from ...errors import DecodeError, RawdockError, TruncatedError

__all__ = ["BINARY", "CLOSE", "PING", "PONG", "Message", "WebSocketFrames", "written"]

_CONTINUATION, _TEXT, BINARY = 0, 1, 2
CLOSE, PING, PONG = 8, 9, 10
_LONGEST_CONTROL = 125
_KINDS: dict[int, Literal["data", "close", "ping", "pong"]] = {CLOSE: "close", PING: "ping", PONG: "pong"}


class Message(NamedTuple):
    """What came: data, or a control frame."""

    kind: Literal["data", "close", "ping", "pong"]
    data: bytes


class WebSocketFrames:
    """Feed it bytes; it gives whole messages. An error ends the stream behind what came before it."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._pending = bytearray()
        self._parts: bytearray | None = None  # of a message whose end has not come yet
        self._closed = False

    def feed(self, data: bytes) -> list[Message | RawdockError]:
        """The messages that `data` completes."""
        out: list[Message | RawdockError] = []
        if self._closed:
            return out
        self._pending += data
        try:
            while not self._closed and (frame := self._frame()) is not None:
                self._take(*frame, out)
        except DecodeError as error:
            self._closed = True
            out.append(error)
        return out

    def feed_eof(self) -> None:
        """The connection has ended; a TruncatedError unless the peer said that it closes."""
        if not self._closed:
            raise TruncatedError("the connection ended without a closing frame")

    def _frame(self) -> tuple[bool, int, bytes] | None:
        """The next frame: whether it is the last of its message, its kind, its payload."""
        pending = self._pending
        if len(pending) < 2:
            return None
        first, second = pending[0], pending[1]
        if first & 0x70 or second & 0x80:
            raise DecodeError(f"not a frame as a WebSocket's server sends it: {pending[:2].hex(' ')}")
        size, start = second & 0x7F, 2
        if size >= 126:
            start = 4 if size == 126 else 10
            if len(pending) < start:
                return None
            size = int.from_bytes(pending[2:start])
        if first & 0x08:
            if size > _LONGEST_CONTROL or not first & 0x80:
                raise DecodeError("a WebSocket control frame that is too long or comes in parts")
        elif size + len(self._parts or b"") > self._limit:
            raise DecodeError(f"a WebSocket message is larger than {self._limit} bytes")
        if len(pending) < start + size:
            return None
        payload = bytes(pending[start : start + size])
        del pending[: start + size]
        return bool(first & 0x80), first & 0x0F, payload

    def _take(self, last: bool, kind: int, payload: bytes, out: list[Message | RawdockError]) -> None:
        if kind in _KINDS:
            self._closed = self._closed or kind == CLOSE
            out.append(Message(_KINDS[kind], payload))
            return
        if kind not in (_CONTINUATION, _TEXT, BINARY) or (kind == _CONTINUATION) != (self._parts is not None):
            raise DecodeError(f"a WebSocket frame of kind {kind} where it does not belong")
        if last:
            out.append(Message("data", bytes(self._parts) + payload if self._parts else payload))
            self._parts = None
        elif self._parts is None:
            self._parts = bytearray(payload)
        else:
            self._parts += payload


def written(kind: int, data: bytes) -> bytes:
    """A whole frame as a client sends it."""
    size = len(data)
    head = bytearray((0x80 | kind,))
    if size < 126:
        head.append(0x80 | size)
    elif size < 0x10000:
        head += bytes((0x80 | 126, *size.to_bytes(2)))
    else:
        head += bytes((0x80 | 127, *size.to_bytes(8)))
    mask = os.urandom(4)
    # One operation on large numbers is many times faster than a loop over bytes.
    stretched = int.from_bytes((mask * (size // 4 + 1))[:size])
    masked = (int.from_bytes(data) ^ stretched).to_bytes(size)
    return bytes(head) + mask + masked
