"""Closing async iterators that may be generators, instead of leaving that to the garbage collector."""

from __future__ import annotations

import anyio

__all__ = ["close_iterator"]


async def close_iterator(iterator: object) -> None:
    """Close an iterator if it can be closed, even if the caller is cancelled."""
    close = getattr(iterator, "aclose", None)
    if close is not None:
        with anyio.CancelScope(shield=True):
            await close()
