"""The filters of a watch, in the words of the Engine that is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, cast

from .._declare.params import filter_value
from .._event_words import DOCKER_ONLY, DOCKER_WORDS, HEALTH, podman_words
from .._shown import shown
from ..errors import NotSupported

if TYPE_CHECKING:
    from .._types import Filters
    from ..models import EventMessage

__all__ = ["EventFilters"]

_DOCKERS_OWN = {"remove"}
"""Podman's words that Docker has too, for other objects."""


class EventFilters:
    """Which events are wanted. Actions may be named in Docker's words or in Podman's, on either Engine."""

    def __init__(self, method: str, filters: Filters | None) -> None:
        self._method = method
        self._filters = filters
        given = (filters or {}).get("event", [])
        self._actions = [
            filter_value(f"{method}: filters['event']", one)
            for one in cast("list[object]", given if isinstance(given, list) else [given])
        ]

    def sent(self, docker: bool) -> Filters | None:
        """The filters for Docker, or for Podman. Raises NotSupported for an action that Podman has no event for."""
        if not self._actions:
            return self._filters
        words = [word for action in self._actions for word in (_for_docker if docker else self._for_podman)(action)]
        return {**cast("Mapping[str, list[str]]", self._filters), "event": list(dict.fromkeys(words))}

    def _for_podman(self, action: str) -> list[str]:
        if action.partition(":")[0] in DOCKER_ONLY:
            raise NotSupported(f"{self._method}: filters: Podman has no event {shown(action)}", status=501)
        return podman_words(action)

    def test(self, docker: bool) -> Callable[[EventMessage], bool]:
        """Tells whether an event is wanted of those that the Engine sends. Podman knows no results of health checks."""
        results = {action for action in self._actions if action.startswith(f"{HEALTH}: ")}
        if docker or not results or HEALTH in self._actions:
            return lambda event: True
        return lambda event: event.action != HEALTH or event.docker_action in results


def _for_docker(action: str) -> list[str]:
    words = [theirs for (_, ours), theirs in DOCKER_WORDS.items() if ours == action]
    return [action, *words] if action in _DOCKERS_OWN else words[:1] or [action]
