"""Events: what happens in the Engine, one message each."""

from __future__ import annotations

from typing import Annotated

from rawdock._models.model import Model, until, wire


class EventActor(Model):
    """What an event happened to."""

    id: Annotated[str, wire("ID")] = ""
    """An id, or a name where the object has none, as volumes and images."""
    attributes: dict[str, str] = {}
    """Names, labels and more of it, by kind of event, like "exitCode"."""


class EventMessage(Model):
    """Something happened."""

    type: str = ""
    """builder, config, container, daemon, image, network, node, plugin, secret, service or volume."""
    action: str = ""
    """Like "create" or "die"; may go on behind a colon, as "health_status: healthy" and "exec_start: sh"."""
    actor: EventActor = EventActor()
    scope: Annotated[str, wire("scope")] = ""
    """local or swarm."""
    time: Annotated[int, wire("time")] = 0
    """In seconds since 1970."""
    time_nano: Annotated[int, wire("timeNano")] = 0
    """The same in nanoseconds."""
    status: Annotated[str, wire("status"), until("1.52")] = ""
    """As `action`; only of containers and images, like the next."""
    id: Annotated[str, wire("id"), until("1.52")] = ""
    """As that of `actor`."""
    from_: Annotated[str, wire("from"), until("1.52")] = ""
    """The image; only of containers."""
