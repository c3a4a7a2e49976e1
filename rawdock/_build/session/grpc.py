"""gRPC over HTTP/2, as far as it is more than HTTP/2: messages, metadata and status. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from enum import IntEnum
from urllib.parse import quote_from_bytes, unquote_plus

from ...errors import DecodeError

__all__ = ["LARGEST_SENT", "Headers", "MessageReader", "Metadata", "RpcError", "Status", "framed", "message_prefix", "metadata", "trailers"]

LARGEST_SENT = 256 * 1024
"""Bytes of a message that is sent, at most."""
LARGEST_RECEIVED = 4 << 20
"""Bytes of a message that is received, at most: gRPC's own limit, to which BuildKit cuts what it sends."""

_PREFIX = 5  # a byte that says whether it is compressed, four of length
_LONGEST_TEXT = 4096
_PRINTABLE = "".join(map(chr, range(0x20, 0x7F))).replace("%", "")

Headers = Iterable[tuple[bytes, bytes]]
Metadata = dict[str, list[str]]
"""The headers of a call by their names; each may come several times."""


class Status(IntEnum):
    """The codes with which a call ends."""

    OK = 0
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    NOT_FOUND = 5
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14


class RpcError(Exception):
    """Ends a call with a status other than OK. The message is shown to whoever started the build."""

    def __init__(self, status: Status, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def framed(message: bytes) -> bytes:
    """A message with its prefix, as it goes into the stream."""
    return message_prefix(len(message)) + message


def message_prefix(size: int) -> bytes:
    """What stands before a message of so many bytes."""
    return b"\0" + size.to_bytes(4, "big")


class MessageReader:
    """Cuts the bytes of a stream into messages."""

    def __init__(self, limit: int = LARGEST_RECEIVED) -> None:
        self._limit = limit
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        self._buffer += data

    def next(self) -> bytes | None:
        """The next message; None as long as it is not whole. Raises RpcError for one that is too large or compressed."""
        if len(self._buffer) < _PREFIX:
            return None
        if self._buffer[0]:
            raise RpcError(Status.UNIMPLEMENTED, "compressed messages are not supported")
        size = int.from_bytes(self._buffer[1:_PREFIX], "big")
        if size > self._limit:
            raise RpcError(Status.RESOURCE_EXHAUSTED, f"a message of {size} bytes; the limit is {self._limit}")
        end = _PREFIX + size
        if len(self._buffer) < end:
            return None
        message = bytes(self._buffer[_PREFIX:end])
        del self._buffer[:end]
        return message

    def feed_eof(self) -> None:
        """Raises DecodeError where the stream ended within a message."""
        if self._buffer:
            raise DecodeError(f"gRPC: the stream ended within a message, after {len(self._buffer)} bytes of it")


def metadata(headers: Headers) -> Metadata:
    """The headers of a call. BuildKit escapes the values of KEY where it also sends `KEY-encoded: 1`."""
    found: Metadata = defaultdict(list)
    for name, value in headers:
        if not name.startswith(b":"):
            found[name.decode("latin-1").lower()].append(value.decode("utf-8", "surrogateescape"))
    return {name: _unescaped(values) if _is_encoded(found, name) else values for name, values in list(found.items())}


def _is_encoded(found: Metadata, name: str) -> bool:
    flag = found.get(f"{name}-encoded", [""])[0]
    return flag.lower() in ("1", "t", "true")


def _unescaped(values: list[str]) -> list[str]:
    return [unquote_plus(value, errors="surrogateescape") for value in values]


def trailers(status: Status, message: str = "") -> list[tuple[bytes, bytes]]:
    """The headers that end a call."""
    found = [(b"grpc-status", b"%d" % status)]
    if message:
        text = message[:_LONGEST_TEXT].encode(errors="replace")
        found.append((b"grpc-message", quote_from_bytes(text, safe=_PRINTABLE).encode()))
    return found
