"""The logger `rawdock`.

What concerns one call is on its result, or is its error, and is told here once, as a WARNING. Errors that nobody would
see otherwise are told as an ERROR. `warnings.warn` is for mistakes of the program that calls rawdock.
"""

from __future__ import annotations

import logging

__all__ = ["log", "warn_once"]

log = logging.getLogger("rawdock")


def warn_once(told: set[str] | None, key: str, text: str) -> None:
    """A WARNING, unless the same `key` was told before; `told` is the client's memory of that."""
    if told is not None:
        if key in told:
            return
        told.add(key)
    log.warning("%s", text)
