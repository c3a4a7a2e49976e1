"""The logger `rawdock`.

What concerns one call is on its result, or is its error, and is told here once, as a WARNING. Errors that nobody would
see otherwise are told as an ERROR. What may have been left running, a watch that has lost its events, and cleaning up
that is tried again are WARNINGs too. Each call has one DEBUG line: its operation, status and time; what was sent or
answered is in none, as there may be secrets in it. `warnings.warn` is for mistakes of the program that calls rawdock.
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
