"""The protobuf messages of a session's services, as far as this side reads and writes them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ..protobuf import as_bytes, as_int, as_text, bytes_field, fields, int_field, length_prefix

__all__ = [
    "PACKET_DATA",
    "PACKET_ERR",
    "PACKET_FIN",
    "PACKET_REQ",
    "SERVING",
    "Packet",
    "Stat",
    "credentials_response",
    "data_message",
    "data_packet_head",
    "error_packet",
    "finish_packet",
    "first_bytes",
    "first_text",
    "read_packet",
    "stat_packet",
]

# Of a file transfer. A packet of type 0 describes a file (STAT).
PACKET_REQ, PACKET_DATA, PACKET_FIN, PACKET_ERR = 1, 2, 3, 4

SERVING = int_field(1, 1)
"""HealthCheckResponse with the status SERVING."""


class Stat(NamedTuple):
    """A description of a file, folder or link, as BuildKit's file transfer has it."""

    path: str
    """Relative, with slashes."""
    mode: int
    """Go's FileMode, whose type bits are not those of Unix."""
    size: int = 0
    mtime: int = 0
    """Nanoseconds since 1970."""
    link: str = ""
    """The target of a symbolic link, or the path of another name of the same file."""
    device: tuple[int, int] = (0, 0)
    xattrs: Mapping[str, bytes] = {}

    def encode(self) -> bytes:
        """The message; owner and group are left out and so are 0. UnicodeEncodeError for a name that is not UTF-8."""
        message = (
            bytes_field(1, self.path.encode())
            + int_field(2, self.mode)
            + int_field(5, self.size)
            + int_field(6, self.mtime)
        )
        if self.link:
            message += bytes_field(7, self.link.encode())
        if self.device != (0, 0):
            message += int_field(8, self.device[0]) + int_field(9, self.device[1])
        for name, value in sorted(self.xattrs.items()):
            message += bytes_field(10, bytes_field(1, name.encode()) + bytes_field(2, value))
        return message


class Packet(NamedTuple):
    """What the receiver of files sends: a request for the file with a number, the end, or an error."""

    type: int
    id: int
    data: bytes


def stat_packet(stat: Stat | None) -> bytes:
    """Describes the next file; None ends the list."""
    return bytes_field(2, stat.encode()) if stat is not None else b""


def data_packet_head(id: int, size: int) -> bytes:
    """A packet with a part of a file, but for the part itself, which is its last field. An empty one ends the file."""
    head = int_field(1, PACKET_DATA) + int_field(3, id)
    return head + length_prefix(4, size) if size else head


def finish_packet() -> bytes:
    return int_field(1, PACKET_FIN)


def error_packet(message: str) -> bytes:
    return int_field(1, PACKET_ERR) + bytes_field(4, message.encode(errors="replace"))


def read_packet(message: bytes) -> Packet:
    """A packet from the receiver of files; raises DecodeError."""
    type, id, data = 0, 0, b""
    for number, value in fields(message):
        if number == 1:
            type = as_int(value)
        elif number == 3:
            id = as_int(value)
        elif number == 4:
            data = as_bytes(value)
    return Packet(type, id, data)


def credentials_response(username: str, secret: str) -> bytes:
    return bytes_field(1, _encoded(username)) + bytes_field(2, _encoded(secret))


def data_message(data: bytes) -> bytes:
    """A BytesMessage, or a GetSecretResponse: both have their data in field 1."""
    return bytes_field(1, data)


def first_bytes(message: bytes) -> bytes:
    """The bytes in field 1: the data of a BytesMessage; raises DecodeError."""
    found = b""
    for number, value in fields(message):
        if number == 1:
            found = as_bytes(value)
    return found


def first_text(message: bytes) -> str:
    """The text in field 1: the host, or the ID, that a request is for; raises DecodeError."""
    found = ""
    for number, value in fields(message):
        if number == 1:
            found = as_text(value)
    return found


def _encoded(text: str) -> bytes:
    # An error would have the whole text in it, which is a secret.
    return text.encode(errors="replace")
