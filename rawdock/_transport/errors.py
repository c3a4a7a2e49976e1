"""What the transport raises, as httpx's own kinds, so that any `httpx.AsyncClient` over it behaves as its users know.

The client turns these into rawdock's errors (`rawdock/_error_mapping.py`).
"""

from __future__ import annotations

import httpx

__all__ = ["BodyFailed", "ConnectionEnded", "Malformed", "OverLimit", "Unreachable"]


class Unreachable(httpx.ConnectError):
    """Nobody answers; the message says what to do about it."""


class ConnectionEnded(httpx.RemoteProtocolError):
    """The connection ended before the answer did."""

    # A request may be repeated only where the peer cannot have begun to act on it.
    nothing_sent = False
    nothing_received = False


class Malformed(httpx.RemoteProtocolError):
    """The answer is not HTTP/1.1 as it should be."""


class OverLimit(Malformed):
    """A part of the answer is larger than its limit."""


class BodyFailed(Exception):
    """The iterator that a request's body comes from raised `error`. Whoever made the request gets `error` as it is."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(repr(error))
        self.error = error
