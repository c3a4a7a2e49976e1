"""Services of a swarm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from .. import _auth
from .._declare.endpoint import endpoint
from .._declare.params import filters, header, query, tail
from .._models.model import since
from .._resource import Resource
from .._streams.faces.logs import detect_log_format
from .._types import Filters, Moment

if TYPE_CHECKING:
    from .._streams.faces.logs import Logs
    from ..models import AuthConfig, Service, ServiceCreated, ServiceSpec, ServiceUpdated

__all__ = ["Services"]


async def _has_tty(services: Services, *, id: str, **_: object) -> bool:
    spec = (await services.inspect(id)).spec.task_template.container_spec
    return spec is not None and spec.tty


class Services(Resource):
    """Services of a swarm, by id (also its beginning) or name.

    Raises ServerError (503) on an Engine that is not a swarm manager.
    """

    __slots__ = ()

    @endpoint("POST /services/create")
    async def create(
        self,
        spec: ServiceSpec,
        *,
        auth_config: Annotated[
            AuthConfig | None, header("X-Registry-Auth", _auth.encode_auth), _auth.found_for_service
        ] = None,
    ) -> ServiceCreated:
        """Create a service (`docker service create`).

        `auth_config` is for nodes that have to pull the image; the default are the credentials that the docker command
        would use with `--with-registry-auth`: docs/registries.md. Raises Conflict if the name is in use. Route:
        POST /services/create.
        """
        ...

    @endpoint("POST /services/{id}/update")
    async def update(
        self,
        id: str,
        spec: ServiceSpec,
        *,
        version: int,
        registry_auth_from: Literal["spec", "previous-spec"] | None = None,
        rollback: Literal["previous"] | None = None,
        auth_config: Annotated[
            AuthConfig | None, header("X-Registry-Auth", _auth.encode_auth), _auth.found_for_service
        ] = None,
    ) -> ServiceUpdated:
        """Change a service (`docker service update`); `spec` replaces the whole specification.

        `version` is the current `version.index`. `rollback` restores the specification before the last update.
        `registry_auth_from` says whose credentials are used where `auth_config` gives none; without it, and without a
        `rollback`, those that `create` would use. Raises NotFound, Conflict
        for a stale version, and NotSupported for another name. Route: POST /services/{id}/update.
        """
        ...

    @endpoint("DELETE /services/{id}")
    async def delete(self, id: str) -> None:
        """Remove a service (`docker service rm`); its containers end a little later.

        Raises NotFound. Route: DELETE /services/{id}.
        """
        ...

    @endpoint("GET /services/{id}/logs", prepare=detect_log_format(_has_tty))
    def logs(
        self,
        id: str,
        *,
        follow: bool = False,
        stdout: Annotated[bool, query(always=True)] = True,
        stderr: Annotated[bool, query(always=True)] = True,
        since: Moment | None = None,
        timestamps: bool = False,
        tail: Annotated[int | Literal["all"] | None, query("tail", tail)] = None,
        details: bool = False,
    ) -> Logs:
        """The output of all tasks of a service (`docker service logs`), as it comes from the nodes.

        Enter it to read the output as it comes, or enter `.entries()` to read it line by line. `follow` goes on with
        what is still to come. `tail` is for each task. `details` puts the task's labels before each line, its task and
        node among them; entries hold them apart from the line. Raises NotFound. Route: GET /services/{id}/logs.
        """
        ...

    @endpoint("GET /services/{id}")
    async def inspect(self, id: str, *, insert_defaults: bool = False) -> Service:
        """Everything about a service (`docker service inspect`).

        `insert_defaults` fills in omitted settings. Raises NotFound. Route: GET /services/{id}.
        """
        ...

    @endpoint("GET /services")
    async def list(
        self,
        *,
        filters: Annotated[Filters | None, filters] = None,
        status: Annotated[bool, since("1.41")] = False,
    ) -> list[Service]:
        """Services (`docker service ls`); `status` adds how many of their tasks run.

        Filters: `id`, `name`, `label`, `mode`. Route: GET /services.
        """
        ...
