"""Nodes of a swarm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from .._declare.endpoint import endpoint
from .._declare.params import filters
from .._resource import Resource
from .._types import Filters

if TYPE_CHECKING:
    from ..models import Node, NodeSpec

__all__ = ["Nodes"]


class Nodes(Resource):
    """Nodes of a swarm, by id or name. Raises ServerError (503) on an Engine that is not a swarm manager."""

    __slots__ = ()

    @endpoint("DELETE /nodes/{id}")
    async def delete(self, id: str, *, force: bool = False) -> None:
        """Remove a worker that is down (`docker node rm`), or with `force` any.

        Raises NotFound, and BadRequest for a manager: that has to be demoted before. Route: DELETE /nodes/{id}.
        """
        ...

    @endpoint("POST /nodes/{id}/update")
    async def update(self, id: str, spec: NodeSpec, *, version: int) -> None:
        """Change a node's role, availability or labels (`docker node update`); `spec` replaces the whole specification.

        `version` is the current `version.index`. Raises NotFound, Conflict for a stale version, and BadRequest for
        demoting the last manager. Route: POST /nodes/{id}/update.
        """
        ...

    @endpoint("GET /nodes/{id}")
    async def inspect(self, id: str) -> Node:
        """Everything about a node (`docker node inspect`).

        This Engine's own id is the `swarm.node_id` of `system.info`. Raises NotFound. Route: GET /nodes/{id}.
        """
        ...

    @endpoint("GET /nodes")
    async def list(self, *, filters: Annotated[Filters | None, filters] = None) -> list[Node]:
        """Nodes (`docker node ls`).

        Filters: `id`, `name`, `label`, `node.label`, `membership`, `role`. Route: GET /nodes.
        """
        ...
