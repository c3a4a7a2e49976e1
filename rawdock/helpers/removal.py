"""Removing what helpers made: each by its id, and only if it is still what it was."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Literal

from ..errors import Conflict, NotFound, RawdockError
from .owner import LABEL

if TYPE_CHECKING:
    from .._resources import Operations

__all__ = ["Kind", "is_podman", "remove_container", "remove_network", "remove_volume"]

Kind = Literal["container", "network", "volume"]


async def is_podman(docker: Operations) -> bool:
    """Whether the Engine is Podman; asks if that is not known yet."""
    known = docker.is_podman
    return (await docker.known_engine()).flavour == "podman" if known is None else known


async def remove_container(docker: Operations, id: str) -> None:
    """End a container and remove it with its anonymous volumes. It may be gone, or be going, already."""
    # Podman's forced removal alone would wait for the stop timeout of the container. A container that does not run is
    # an error here; of any other, the removal has one too.
    with suppress(RawdockError):
        await docker.containers.kill(id)
    try:
        await docker.containers.delete(id, force=True, volumes=True)
    except NotFound:
        pass
    except Conflict:
        with suppress(NotFound):
            await docker.containers.wait(id, condition="removed")


async def remove_network(docker: Operations, id: str) -> None:
    """Remove a network. Raises Conflict if a container is connected to it."""
    with suppress(NotFound):
        found = await docker.networks.inspect(id)
        # Podman removes a network with the containers in it if it is given an id, and refuses to by name.
        await docker.networks.delete(found.name if await is_podman(docker) else found.id)


async def remove_volume(docker: Operations, name: str, label: str) -> None:
    """Remove a volume, if it has this label: another may have its name by now."""
    with suppress(NotFound):
        found = await docker.volumes.inspect(name)
        if found.labels.get(LABEL) == label:
            await docker.volumes.delete(found.name)
