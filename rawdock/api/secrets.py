"""Secrets of a swarm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from .._declare.endpoint import endpoint
from .._declare.params import filters
from .._resource import Resource
from .._types import Filters

if TYPE_CHECKING:
    from ..models import IdResponse, Secret, SecretSpec

__all__ = ["Secrets"]


class Secrets(Resource):
    """Secrets of a swarm, by id or name. Raises ServerError (503) on an Engine that is not a swarm manager."""

    __slots__ = ()

    @endpoint("POST /secrets/create", secret=True)
    async def create(self, spec: SecretSpec) -> IdResponse:
        """Create a secret (`docker secret create`).

        Raises Conflict if the name is in use. Route: POST /secrets/create.
        """
        ...

    @endpoint("POST /secrets/{id}/update", secret=True)
    async def update(self, id: str, spec: SecretSpec, *, version: int) -> None:
        """Change a secret's labels, the only part that can be changed; `spec` replaces the whole specification.

        `version` is the current `version.index`. Raises NotFound, and Conflict for a stale version. Route:
        POST /secrets/{id}/update.
        """
        ...

    @endpoint("DELETE /secrets/{id}")
    async def delete(self, id: str) -> None:
        """Remove a secret (`docker secret rm`).

        Raises NotFound, and BadRequest while a service uses it. Route: DELETE /secrets/{id}.
        """
        ...

    @endpoint("GET /secrets/{id}")
    async def inspect(self, id: str) -> Secret:
        """A secret (`docker secret inspect`), without its content.

        Raises NotFound. Route: GET /secrets/{id}.
        """
        ...

    @endpoint("GET /secrets")
    async def list(self, *, filters: Annotated[Filters | None, filters] = None) -> list[Secret]:
        """Secrets (`docker secret ls`).

        Filters: `id`, `name`, `names`, `label`. Route: GET /secrets.
        """
        ...
