"""The events of the Engine, as they happen."""

from __future__ import annotations

from typing import Any, ClassVar

from ...models.events import EventMessage
from .json_lines import Lines

__all__ = ["EventStream"]


class EventStream(Lines[EventMessage]):
    """Iterate to get the events of the Engine, as they happen."""

    line_type: ClassVar[type[Any]] = EventMessage
