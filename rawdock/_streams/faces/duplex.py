"""Upgraded connections, for other protocols."""

from __future__ import annotations

from .downloads import Chunks
from .items import Sender

__all__ = ["Duplex"]


class Duplex(Chunks, Sender):
    """An upgraded connection: bytes in both directions."""
