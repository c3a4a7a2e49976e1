"""Networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from .._declare.endpoint import endpoint, wraps_endpoint
from .._declare.params import filters, query
from .._models.model import since
from .._resource import Resource
from .._streams.faces.contexts import Prunes, Runs
from .._types import Filters

if TYPE_CHECKING:
    from .._streams.faces.prunes import NetworksPruneStream
    from ..models import (
        NetworkConnectRequest,
        NetworkCreated,
        NetworkCreateRequest,
        NetworkDisconnectRequest,
        NetworkInspect,
        NetworksPruned,
        NetworkSummary,
    )

__all__ = ["Networks"]


class Networks(Resource):
    """Networks, by id (also its beginning) or name."""

    __slots__ = ()

    @endpoint("POST /networks/create")
    async def create(self, config: NetworkCreateRequest) -> NetworkCreated:
        """Create a network (`docker network create`).

        Raises Conflict if the name is in use, and Forbidden if a subnet is.
        Engines differ: docs/engines.md. Route: POST /networks/create.
        """
        ...

    @endpoint("POST /networks/{id}/connect")
    async def connect(self, id: str, connection: NetworkConnectRequest) -> None:
        """Connect a container to a network (`docker network connect`).

        Docker under API 1.54 ignores the `mac_address` of `endpoint_config`. Raises NotFound, Conflict if it is
        connected already, and Forbidden if the network does not allow it.
        Engines differ: docs/engines.md. Route: POST /networks/{id}/connect.
        """
        ...

    @endpoint("POST /networks/{id}/disconnect")
    async def disconnect(self, id: str, connection: NetworkDisconnectRequest) -> None:
        """Disconnect a container from a network (`docker network disconnect`).

        Raises NotFound, and ServerError if it is not connected. Route: POST /networks/{id}/disconnect.
        """
        ...

    @endpoint("DELETE /networks/{id}")
    async def delete(self, id: str) -> None:
        """Remove a network (`docker network rm`).

        Raises NotFound, Conflict while a container is connected (given an id, Podman removes it all the same), and
        Forbidden for a network of the Engine's own.
        Route: DELETE /networks/{id}.
        """
        ...

    @endpoint("POST /networks/prune")
    def _prune(
        self,
        *,
        filters: Annotated[Filters | None, filters] = None,
        stream: Annotated[bool, query(if_known=True), since("1.56")] = False,
    ) -> Runs[NetworksPruneStream, NetworksPruned]: ...

    @wraps_endpoint(_prune)
    def prune(self, *, filters: Filters | None = None) -> Prunes[NetworksPruneStream, NetworksPruned]:
        """Delete every network that no container uses (`docker network prune`).

        Await it for the report. Entered, it is asked for a line for each object that it deletes, from API 1.56 on (not
        run on an Engine); other Engines send no lines. Raises StreamError for a failure among them.
        Filters: `until`, `label`. Route: POST /networks/prune.
        """
        return Prunes(lambda stream: self._prune(filters=filters, stream=stream))

    @endpoint("GET /networks/{id}")
    async def inspect(
        self, id: str, *, verbose: bool = False, scope: Literal["swarm", "global", "local"] | None = None
    ) -> NetworkInspect:
        """Everything about a network (`docker network inspect`).

        `verbose` adds the services and tasks of a swarm network; `scope` finds only networks of that scope. Raises
        NotFound. Engines differ: docs/engines.md. Route: GET /networks/{id}.
        """
        ...

    @endpoint("GET /networks")
    async def list(self, *, filters: Annotated[Filters | None, filters] = None) -> list[NetworkSummary]:
        """Networks (`docker network ls`), without the containers in them.

        Filters: `name`, `id`, `driver`, `label`, `scope`, `type` (custom or builtin), `dangling`.
        Engines differ: docs/engines.md. Route: GET /networks.
        """
        ...
