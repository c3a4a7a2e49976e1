"""Configs of a swarm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from .._declare.endpoint import endpoint
from .._declare.params import filters
from .._resource import Resource
from .._types import Filters

if TYPE_CHECKING:
    from ..models import Config, ConfigSpec, IdResponse

__all__ = ["Configs"]


class Configs(Resource):
    """Configs of a swarm, by id or name. Raises ServerError (503) on an Engine that is not a swarm manager."""

    __slots__ = ()

    @endpoint("POST /configs/create")
    async def create(self, spec: ConfigSpec) -> IdResponse:
        """Create a config (`docker config create`).

        Raises Conflict if the name is in use. Route: POST /configs/create.
        """
        ...

    @endpoint("POST /configs/{id}/update")
    async def update(self, id: str, spec: ConfigSpec, *, version: int) -> None:
        """Change a config's labels, the only part that can be changed; `spec` replaces the whole specification.

        `version` is the current `version.index`. Raises NotFound, and Conflict for a stale version. Route:
        POST /configs/{id}/update.
        """
        ...

    @endpoint("DELETE /configs/{id}")
    async def delete(self, id: str) -> None:
        """Remove a config (`docker config rm`).

        Raises NotFound, and BadRequest while a service uses it. Route: DELETE /configs/{id}.
        """
        ...

    @endpoint("GET /configs/{id}")
    async def inspect(self, id: str) -> Config:
        """A config (`docker config inspect`), with its content.

        Raises NotFound. Route: GET /configs/{id}.
        """
        ...

    @endpoint("GET /configs")
    async def list(self, *, filters: Annotated[Filters | None, filters] = None) -> list[Config]:
        """Configs (`docker config ls`).

        Filters: `id`, `name`, `label`. Route: GET /configs.
        """
        ...
