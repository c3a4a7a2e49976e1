"""What a recording is: plain JSON, so that it can be read, compared and edited by hand."""

from __future__ import annotations

import base64
import json
from typing import Any, NotRequired, TypedDict

__all__ = [
    "FORMAT",
    "Binary",
    "Exchange",
    "Piece",
    "RecordedRequest",
    "RecordedResponse",
    "Recording",
    "from_piece",
    "same_body",
    "to_piece",
]

FORMAT = 1


class Binary(TypedDict):
    """Bytes that are not text."""

    base64: str


Piece = str | Binary


class RecordedRequest(TypedDict):
    """What was asked."""

    method: str
    target: str
    """Path and query, with the version."""
    headers: list[str]
    """As `Name: value`."""
    body: Piece


class RecordedResponse(TypedDict):
    """What was answered."""

    status: int
    reason: str
    headers: list[str]
    chunks: list[Piece]
    """As they arrived; one for an answer that was read whole."""
    ended: bool
    """False if the body was left, or broke off, before its end."""
    sent: NotRequired[Piece]
    """What was sent on the connection after it was handed over; not where it became a WebSocket."""


class Exchange(TypedDict):
    """A request and its answer; None if none came."""

    request: RecordedRequest
    response: RecordedResponse | None


class Recording(TypedDict):
    """Exchanges in the order of their requests."""

    format: int
    about: NotRequired[dict[str, str]]
    exchanges: list[Exchange]


def to_piece(data: bytes) -> Piece:
    """Bytes as they stand in a recording. What has NULs is no text: in JSON each would take six bytes."""
    if b"\0" not in data:
        try:
            return data.decode()
        except UnicodeDecodeError:
            pass
    return {"base64": base64.b64encode(data).decode()}


def from_piece(piece: Piece) -> bytes:
    """The bytes again."""
    return piece.encode() if isinstance(piece, str) else base64.b64decode(piece["base64"])


def same_body(one: bytes, other: bytes) -> bool:
    """Whether two bodies say the same; in JSON, order and spaces say nothing."""
    if one == other:
        return True
    try:
        first: Any = json.loads(one)
        second: Any = json.loads(other)
    except ValueError:
        return False
    return bool(first == second)
