"""The byte stream under a session, whatever it is made of."""

from __future__ import annotations

from typing import Protocol

__all__ = ["ByteStream"]


class ByteStream(Protocol):
    """Bytes both ways, at the same time. One task reads and one sends."""

    async def receive(self) -> bytes:
        """The next bytes; empty at the end. Raises RawdockError or OSError where the connection is broken."""
        ...

    async def send(self, data: bytes) -> None:
        """Send all of it. Raises RawdockError or OSError where the connection is broken."""
        ...
