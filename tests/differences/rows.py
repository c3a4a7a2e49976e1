"""A row of docs/engines.md: a behaviour, and how it is read from the recording of an Engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from .heard import Heard

NOT_ASKED = ""


class Row(NamedTuple):
    """A behaviour that differs between Engines."""

    what: str
    """What is asked of the Engine, in words."""
    scenario: str
    """The scenario of tests/scenarios that asks it."""
    says: Callable[[Heard], str]
    """What this Engine does, in words, read from its recording; NOT_ASKED if the scenario leaves it out there.

    Raises LookupError if the recording has nothing of it: no cell is made of nothing.
    """
    rawdock: str
    """What rawdock makes of it."""


class Table(NamedTuple):
    """The rows of one subject."""

    subject: str
    rows: tuple[Row, ...]
