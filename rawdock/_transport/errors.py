"""The errors of the transport. They are subclasses of httpx's, so that `httpx.AsyncClient` works over it as usual.

The client maps them to rawdock's errors (`rawdock/_error_mapping.py`).
"""

from __future__ import annotations

import httpx

__all__ = ["BodyFailed", "ClosedHere", "ConnectionEnded", "Malformed", "OverLimit", "TlsFileError", "Unreachable"]


class Unreachable(httpx.ConnectError):
    """The Engine cannot be connected to; the message says what to do about it."""


class TlsFileError(Unreachable):
    """A file with certificates or with a key cannot be used."""


class ConnectionEnded(httpx.RemoteProtocolError):
    """The connection ended before the answer did."""

    # A request may be repeated only if the peer cannot have begun to act on it.
    nothing_sent = False
    nothing_received = False


class ClosedHere(ConnectionEnded):
    """The connection was closed on this side, with its stream or its client, while somebody used it."""

    def __init__(self) -> None:
        super().__init__("it was closed on this side, with its stream or its client, while it was used")


class Malformed(httpx.RemoteProtocolError):
    """The answer is not valid HTTP/1.1."""


class OverLimit(Malformed):
    """A part of the answer is larger than its limit."""


class BodyFailed(Exception):
    """The caller's iterator over the body of a request raised `error`, which is raised to the caller unchanged."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(repr(error))
        self.error = error
