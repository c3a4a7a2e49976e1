"""The format of recordings: plain JSON, so that they can be read, compared and edited by hand."""

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
    """Bytes that are not UTF-8 text."""

    base64: str


Piece = str | Binary


class RecordedRequest(TypedDict):
    """A request."""

    method: str
    target: str
    """Path and query, with the version."""
    headers: list[str]
    """As `Name: value`."""
    body: Piece


class RecordedResponse(TypedDict):
    """The answer to a request."""

    status: int
    reason: str
    headers: list[str]
    chunks: list[Piece]
    """The parts of the body as they arrived; a single one for an answer that was not streamed."""
    ended: bool
    """Whether the body was read to its end; False if it was left or broke off before."""
    sent: NotRequired[Piece]
    """What was sent on a hijacked connection (attach, exec); not for a WebSocket."""


class Exchange(TypedDict):
    """A request and its answer; None if there was no answer."""

    request: RecordedRequest
    response: RecordedResponse | None


class Recording(TypedDict):
    """Exchanges in the order of their requests."""

    format: int
    about: NotRequired[dict[str, str]]
    exchanges: list[Exchange]


def to_piece(data: bytes) -> Piece:
    """Encode bytes for a recording. Bytes with NULs are not written as text: in JSON each NUL would take six bytes."""
    if b"\0" not in data:
        try:
            return data.decode()
        except UnicodeDecodeError:
            pass
    return {"base64": base64.b64encode(data).decode()}


def from_piece(piece: Piece) -> bytes:
    """Decode bytes of a recording."""
    return piece.encode() if isinstance(piece, str) else base64.b64decode(piece["base64"])


def same_body(one: bytes, other: bytes) -> bool:
    """Whether two bodies are equal, or are equal as JSON."""
    if one == other:
        return True
    try:
        first: Any = json.loads(one)
        second: Any = json.loads(other)
    except ValueError:
        return False
    return bool(first == second)
