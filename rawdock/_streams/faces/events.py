"""The Engine's events, as they happen."""

from __future__ import annotations

from typing import Any, ClassVar

from ...models.events import EventMessage
from .json_lines import Lines

__all__ = ["EventStream"]


class EventStream(Lines[EventMessage]):
    """What happens on the Engine, as it happens."""

    line_type: ClassVar[type[Any]] = EventMessage
