"""Connections that were handed over, to speak another protocol on."""

from __future__ import annotations

from .downloads import Chunks
from .items import Sends

__all__ = ["Duplex"]


class Duplex(Chunks, Sends):
    """A connection that was handed over: bytes both ways."""
