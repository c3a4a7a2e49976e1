"""Which Engine a client uses: the address, where it comes from, and what TLS needs there."""

from __future__ import annotations

from .address import DEFAULT_SOCKET, Address
from .find import find_address
from .parse import parse_address

__all__ = ["DEFAULT_SOCKET", "Address", "find_address", "parse_address"]
