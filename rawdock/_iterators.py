"""Ends what may be a generator: left alone, it would wait for the garbage collector."""

from __future__ import annotations

import anyio

__all__ = ["close_iterator"]


async def close_iterator(iterator: object) -> None:
    """Close an iterator that can be closed, though the caller be cancelled."""
    close = getattr(iterator, "aclose", None)
    if close is not None:
        with anyio.CancelScope(shield=True):
            await close()
