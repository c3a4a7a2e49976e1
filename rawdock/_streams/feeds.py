"""Streams of JSON objects that end when the Engine or the caller ends them: events and statistics."""

from __future__ import annotations

from typing import Any, ClassVar

from .._border import hidden_error
from ..models.events import EventMessage
from ..models.stats import ContainerStats
from .lines import Lines

__all__ = ["EventStream", "StatsStream"]


class EventStream(Lines[EventMessage]):
    """What happens on the Engine, as it happens."""

    line_type: ClassVar[type[Any]] = EventMessage


class StatsStream(Lines[ContainerStats]):
    """What a container uses, about once a second."""

    line_type: ClassVar[type[Any]] = ContainerStats

    def _look(self, items: list[Any]) -> None:
        for index, line in enumerate(items):
            if line.extra and (error := hidden_error(line.extra)):
                self._failure = error
                del items[index:]
                return
