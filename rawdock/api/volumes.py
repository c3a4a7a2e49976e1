"""Volumes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from .._declare.endpoint import endpoint
from .._declare.params import filters
from .._resource import Resource
from .._types import Filters

if TYPE_CHECKING:
    from ..models import Volume, VolumeCreateRequest, VolumeList, VolumesPruned, VolumeUpdate

__all__ = ["Volumes"]


class Volumes(Resource):
    """Volumes, by name."""

    __slots__ = ()

    @endpoint("POST /volumes/create")
    async def create(self, config: VolumeCreateRequest | None = None) -> Volume:
        """Create a volume (`docker volume create`), with a random name if none is given.

        If a volume of that name exists, it is returned unchanged. Route: POST /volumes/create.
        """
        ...

    @endpoint("DELETE /volumes/{name}")
    async def delete(self, name: str, *, force: bool = False) -> None:
        """Remove a volume (`docker volume rm`); with `force` also one whose driver is gone, or that does not exist.

        Raises NotFound, and Conflict while a container uses it. Route: DELETE /volumes/{name}.
        """
        ...

    @endpoint("POST /volumes/prune")
    async def prune(self, *, filters: Annotated[Filters | None, filters] = None) -> VolumesPruned:
        """Delete volumes that no container uses (`docker volume prune`).

        From API 1.42 on only those without a name of their own, or all with the filter `all=True`; before, all.
        Filters: `label`, `all`. Route: POST /volumes/prune.
        """
        ...

    @endpoint("PUT /volumes/{name}", since="1.42")
    async def update(self, name: str, update: VolumeUpdate, *, version: int) -> None:
        """Change a cluster volume (`docker volume update`); only its availability can be changed.

        `name` must be the `cluster_volume.id`, as Engines do not find it by its name here. `version` is the
        current `cluster_volume.version.index`. Raises NotFound, Conflict for a stale version, and ServerError (503)
        without a swarm. Route: PUT /volumes/{name}.
        """
        ...

    @endpoint("GET /volumes/{name}")
    async def inspect(self, name: str) -> Volume:
        """A volume (`docker volume inspect`).

        Raises NotFound. Route: GET /volumes/{name}.
        """
        ...

    @endpoint("GET /volumes")
    async def list(self, *, filters: Annotated[Filters | None, filters] = None) -> VolumeList:
        """Volumes (`docker volume ls`), and warnings about drivers that did not answer.

        Filters: `name`, `driver`, `label`, `dangling`. Route: GET /volumes.
        """
        ...
