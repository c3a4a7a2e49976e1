"""Read protobuf's wire format, in which a message is a sequence of numbered fields. Pure.

A length is never trusted for an allocation: values are slices of the message. Nested messages are read by the caller.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import DecodeError

__all__ = ["Value", "as_bytes", "as_int", "as_text", "fields"]

Value = int | bytes
"""A number, or the bytes of a text, a byte string or a message."""

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_MAX_VARINT = 10  # bytes


def fields(message: bytes) -> Iterator[tuple[int, Value]]:
    """The numbers and values of a message's fields, in order. Raises DecodeError if the message is invalid."""
    at, end = 0, len(message)
    while at < end:
        key, at = _varint(message, at)
        number, kind = key >> 3, key & 7
        if not 0 < number < 1 << 29:
            raise DecodeError(f"protobuf: {number} is not a valid field number")
        if kind == _VARINT:
            value: Value
            value, at = _varint(message, at)
        else:
            if kind == _LENGTH:
                size, at = _varint(message, at)
            elif kind in (_FIXED64, _FIXED32):
                size = 8 if kind == _FIXED64 else 4
            else:
                raise DecodeError(f"protobuf: field {number} has the unknown wire type {kind}")
            if size > end - at:
                raise DecodeError(f"protobuf: field {number} claims {size} bytes, but only {end - at} are left")
            value = message[at : at + size]
            at += size
            if kind != _LENGTH:
                value = int.from_bytes(value, "little")
        yield number, value


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = 0
    for index, byte in enumerate(message[at : at + _MAX_VARINT]):
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            if value >> 64:
                break
            return value, at + index + 1
    raise DecodeError("protobuf: a number is truncated or too long")


def as_int(value: Value) -> int:
    """A signed 64-bit number."""
    if not isinstance(value, int):
        raise DecodeError("protobuf: expected a number")
    return value - (1 << 64) if value >> 63 else value


def as_bytes(value: Value) -> bytes:
    """The bytes of a byte string or a message."""
    if not isinstance(value, bytes):
        raise DecodeError("protobuf: expected bytes")
    return value


def as_text(value: Value) -> str:
    """Text; invalid UTF-8 is replaced, so that it does not fail the build."""
    return as_bytes(value).decode("utf-8", "replace")
