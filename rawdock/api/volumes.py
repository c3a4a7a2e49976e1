"""Volumes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from .._declare.adapted import adapt, volume_prune_filters
from .._declare.endpoint import endpoint, wraps_endpoint
from .._declare.params import filters, query
from .._models.model import since
from .._resource import Resource
from .._streams.faces.contexts import Prunes, Runs
from .._types import Filters

if TYPE_CHECKING:
    from .._streams.faces.prunes import VolumesPruneStream
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
    def _prune(
        self,
        *,
        filters: Annotated[Filters | None, filters, adapt(volume_prune_filters)] = None,
        stream: Annotated[bool, query(if_known=True), since("1.56")] = False,
    ) -> Runs[VolumesPruneStream, VolumesPruned]: ...

    @wraps_endpoint(_prune)
    def prune(self, *, filters: Filters | None = None) -> Prunes[VolumesPruneStream, VolumesPruned]:
        """Delete volumes that no container uses (`docker volume prune`).

        Only those without a name of their own, or all with the filter `all=True`. Docker below API 1.42 and Podman
        below 6 would delete all in any case: there it is NotSupported without that filter.
        Await it for the report. Entered, it is asked for a line for each object that it deletes, from API 1.56 on (not
        run on an Engine); other Engines send no lines. Raises StreamError for a failure among them.
        Filters: `label`, `all`. Engines differ: docs/engines.md. Route: POST /volumes/prune.
        """
        return Prunes(lambda stream: self._prune(filters=filters, stream=stream))

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

        Filters: `name`, `driver`, `label`, `dangling`. Engines differ: docs/engines.md. Route: GET /volumes.
        """
        ...
