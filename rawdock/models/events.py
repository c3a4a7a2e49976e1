"""Events of the Engine."""

from __future__ import annotations

from typing import Annotated

from rawdock._event_words import DOCKER_WORDS, HEALTH
from rawdock._models.model import Model, until, wire


class EventActor(Model):
    """The object of an event."""

    id: Annotated[str, wire("ID")] = ""
    """The id of the object, or the name of a volume or an image."""
    attributes: dict[str, str] = {}
    """The name, the labels and more, depending on the event, like "exitCode"."""


class EventMessage(Model):
    """An event."""

    type: str = ""
    """builder, config, container, daemon, image, network, node, plugin, secret, service or volume."""
    action: str = ""
    """Like "create" or "die"; may have more text after a colon, as "health_status: healthy" and "exec_start: sh".

    Podman has words of its own: see `docker_action`, and docs/engines.md.
    """
    actor: EventActor = EventActor()
    scope: Annotated[str, wire("scope")] = ""
    """local or swarm."""
    time: Annotated[int, wire("time")] = 0
    """In seconds since 1970."""
    time_nano: Annotated[int, wire("timeNano")] = 0
    """The same in nanoseconds."""
    status: Annotated[str, wire("status"), until("1.52")] = ""
    """The same as `action`; this and the next only for containers and images."""
    id: Annotated[str, wire("id"), until("1.52")] = ""
    """The same as `actor.id`."""
    from_: Annotated[str, wire("from"), until("1.52")] = ""
    """The image; only of containers."""

    @property
    def docker_action(self) -> str:
        """The action in Docker's word, whichever Engine sent it: for Podman's "remove" it is "destroy"."""
        if self.action == HEALTH and (result := self.extra.get("HealthStatus")):
            return f"{HEALTH}: {result}"
        return DOCKER_WORDS.get((self.type, self.action), self.action)
