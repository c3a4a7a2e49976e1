"""Removing what helpers made: each by its id, and only if it is still what it was."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Literal

from ..errors import Conflict, NotFound, RawdockError
from .owner import LABEL

if TYPE_CHECKING:
    from .._resources import Operations

__all__ = ["Kind", "delete_container", "labelled", "remove", "remove_container"]

Kind = Literal["container", "network", "volume"]


async def labelled(docker: Operations, kind: Kind, label: str) -> list[tuple[str, str, Mapping[str, str]]]:
    """Id, name and labels of what has a label, which is a name, or `name=value`; the id of a volume is its name."""
    filters = {"label": label}
    if kind == "container":
        containers = await docker.containers.list(all=True, filters=filters)
        return [(one.id, one.names[0].lstrip("/") if one.names else "", one.labels) for one in containers]
    if kind == "network":
        return [(one.id, one.name, one.labels) for one in await docker.networks.list(filters=filters)]
    return [(one.name, one.name, one.labels) for one in (await docker.volumes.list(filters=filters)).volumes]


async def remove(docker: Operations, kind: Kind, id: str, label: str) -> bool:
    """Remove an object, or raise the Engine's error. False if it was gone, or going, already."""
    if kind == "container":
        return await remove_container(docker, id)
    if kind == "network":
        return await _remove_network(docker, id)
    return await _remove_volume(docker, id, label)


async def _is_podman(docker: Operations) -> bool:
    """Whether the Engine is Podman; asks if that is not known yet."""
    known = docker.is_podman
    return (await docker.known_engine()).flavour == "podman" if known is None else known


async def remove_container(docker: Operations, id: str) -> bool:
    """End a container and remove it with its anonymous volumes. False if it was gone, or going, already."""
    # Podman's forced removal alone would wait for the stop timeout of the container. A container that does not run is
    # an error here; of any other, the removal has one too.
    with suppress(RawdockError):
        await docker.containers.kill(id)
    return await delete_container(docker, id)


async def delete_container(docker: Operations, id: str) -> bool:
    """Remove a container with its anonymous volumes. False if it was gone, or going, already."""
    try:
        await docker.containers.delete(id, force=True, volumes=True)
    except NotFound:
        return False
    except Conflict:
        with suppress(NotFound):
            await docker.containers.wait(id, condition="removed")
        return False
    return True


async def _remove_network(docker: Operations, id: str) -> bool:
    """Remove a network. Raises Conflict if a container is connected to it."""
    with suppress(NotFound):
        found = await docker.networks.inspect(id)
        # Podman removes a network with the containers in it if it is given an id, and refuses to by name.
        await docker.networks.delete(found.name if await _is_podman(docker) else found.id)
        return True
    return False


async def _remove_volume(docker: Operations, name: str, label: str) -> bool:
    """Remove a volume, if it has this label: another may have its name by now."""
    with suppress(NotFound):
        found = await docker.volumes.inspect(name)
        if found.labels.get(LABEL) == label:
            await docker.volumes.delete(found.name)
            return True
    return False
