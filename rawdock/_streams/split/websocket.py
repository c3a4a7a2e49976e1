"""WebSocket frames (RFC 6455), as Engines use them: without extensions and subprotocols. Nothing here does I/O.

Messages may come in several frames with control frames between them. No memory is allocated for an announced length; a
message larger than the limit is an error. What a client sends is masked, as the standard demands.
"""

from __future__ import annotations

import os
from typing import Literal, NamedTuple

from ...errors import DecodeError, RawdockError, TruncatedError

__all__ = ["BINARY", "CLOSE", "PING", "PONG", "Message", "WebSocketSplitter", "encode_frame"]

_CONTINUATION, _TEXT, BINARY = 0, 1, 2
CLOSE, PING, PONG = 8, 9, 10
_MAX_CONTROL = 125
_KINDS: dict[int, Literal["data", "close", "ping", "pong"]] = {CLOSE: "close", PING: "ping", PONG: "pong"}


class Message(NamedTuple):
    """A message with data, or a control frame."""

    kind: Literal["data", "close", "ping", "pong"]
    data: bytes


class WebSocketSplitter:
    """Splits bytes into whole messages. An error is the last item, after the messages before it."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._pending = bytearray()
        self._parts: bytearray | None = None  # of an incomplete message
        self._closed = False

    def feed(self, data: bytes) -> list[Message | RawdockError]:
        """The messages that end in `data`."""
        out: list[Message | RawdockError] = []
        if self._closed:
            return out
        self._pending += data
        try:
            while not self._closed and (frame := self._next_frame()) is not None:
                self._add_frame(*frame, out)
        except DecodeError as error:
            self._closed = True
            out.append(error)
        return out

    def feed_eof(self) -> None:
        """The connection has ended; raises TruncatedError if the peer has not sent a closing frame."""
        if not self._closed:
            raise TruncatedError("the connection ended without a closing frame")

    def _next_frame(self) -> tuple[bool, int, bytes] | None:
        """The next frame if it is complete: whether it is the last of its message, its kind, and its payload."""
        pending = self._pending
        if len(pending) < 2:
            return None
        first, second = pending[0], pending[1]
        if first & 0x70 or second & 0x80:
            raise DecodeError(f"not a frame of a WebSocket server: {pending[:2].hex(' ')}")
        size, start = second & 0x7F, 2
        if size >= 126:
            start = 4 if size == 126 else 10
            if len(pending) < start:
                return None
            size = int.from_bytes(pending[2:start])
        if first & 0x08:
            if size > _MAX_CONTROL or not first & 0x80:
                raise DecodeError("a WebSocket control frame that is too long or split")
        elif size + len(self._parts or b"") > self._limit:
            raise DecodeError(f"a WebSocket message is larger than {self._limit} bytes")
        if len(pending) < start + size:
            return None
        payload = bytes(pending[start : start + size])
        del pending[: start + size]
        return bool(first & 0x80), first & 0x0F, payload

    def _add_frame(self, last: bool, kind: int, payload: bytes, out: list[Message | RawdockError]) -> None:
        if kind in _KINDS:
            self._closed = self._closed or kind == CLOSE
            out.append(Message(_KINDS[kind], payload))
            return
        if kind not in (_CONTINUATION, _TEXT, BINARY) or (kind == _CONTINUATION) != (self._parts is not None):
            raise DecodeError(f"a WebSocket frame of kind {kind} is not expected here")
        if last:
            out.append(Message("data", bytes(self._parts) + payload if self._parts else payload))
            self._parts = None
        elif self._parts is None:
            self._parts = bytearray(payload)
        else:
            self._parts += payload


def encode_frame(kind: int, data: bytes) -> bytes:
    """A whole frame, masked as a client sends it."""
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
    long_mask = int.from_bytes((mask * (size // 4 + 1))[:size])
    masked = (int.from_bytes(data) ^ long_mask).to_bytes(size)
    return bytes(head) + mask + masked
