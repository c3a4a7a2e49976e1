"""Plugins that the Engine manages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from .. import _auth
from .._declare.endpoint import endpoint
from .._declare.params import content, filters, header, image_name, json_body, query
from .._resource import Resource
from .._streams.faces.contexts import Runs
from .._types import Content, Filters

if TYPE_CHECKING:
    from .._streams.faces.pulls_and_pushes import PluginPullStream, PullResult, PushResult, PushStream
    from ..models import AuthConfig, Plugin, PluginPrivilege

__all__ = ["Plugins"]


class Plugins(Resource):
    """Plugins that the Engine manages, by name (`vendor/plugin:tag`) or id."""

    __slots__ = ()

    @endpoint("GET /plugins/privileges")
    async def get_privileges(
        self,
        *,
        remote: str,
        auth_config: Annotated[
            AuthConfig | None, header("X-Registry-Auth", _auth.encode_auth), _auth.found_for("remote")
        ] = None,
    ) -> list[PluginPrivilege]:
        """List the privileges that a plugin needs; they are given to `pull` as consent.

        `remote` is its reference. The list is also empty if the registry fails or does not have the plugin. Raises
        ServerError if it is not a plugin. Route: GET /plugins/privileges.
        """
        ...

    @endpoint("POST /plugins/pull")
    def pull(
        self,
        privileges: Annotated[list[PluginPrivilege], json_body],
        *,
        remote: str,
        name: str | None = None,
        auth_config: Annotated[
            AuthConfig | None, header("X-Registry-Auth", _auth.encode_auth), _auth.found_for("remote")
        ] = None,
    ) -> Runs[PluginPullStream, PullResult]:
        """Install a plugin from its registry (`docker plugin install`), disabled.

        `privileges` must be the result of `get_privileges`. `name` is the local name. Enter it to follow its
        lines, or await it. Raises Conflict if the name is in use, StreamError for missing privileges and for a
        failure during the pull, and NotFound or ServerError where the registry does not have it.
        Route: POST /plugins/pull.
        """
        ...

    @endpoint("POST /plugins/{name}/enable")
    async def enable(
        self, name: Annotated[str, image_name], *, timeout: Annotated[int, query(always=True)] = 0
    ) -> None:
        """Start a plugin (`docker plugin enable`); `timeout` in seconds is for each call to it, 0 sets no limit.

        Raises NotFound, Conflict if it is enabled, and ServerError if it does not start. Route:
        POST /plugins/{name}/enable.
        """
        ...

    @endpoint("POST /plugins/{name}/disable")
    async def disable(self, name: Annotated[str, image_name], *, force: bool = False) -> None:
        """Stop a plugin (`docker plugin disable`); with `force` also one in use.

        Raises NotFound, and Conflict if it is disabled. Route: POST /plugins/{name}/disable.
        """
        ...

    @endpoint("POST /plugins/{name}/upgrade")
    def upgrade(
        self,
        name: Annotated[str, image_name],
        privileges: Annotated[list[PluginPrivilege], json_body],
        *,
        remote: str,
        auth_config: Annotated[
            AuthConfig | None, header("X-Registry-Auth", _auth.encode_auth), _auth.found_for("remote")
        ] = None,
    ) -> Runs[PluginPullStream, PullResult]:
        """Replace a disabled plugin by another version of it (`docker plugin upgrade`).

        See `pull`. Raises NotFound, StreamError for a failure during the transfer. Route: POST /plugins/{name}/upgrade.
        """
        ...

    @endpoint("POST /plugins/create")
    async def create(self, archive: Annotated[Content, content], *, name: str) -> None:
        """Create a plugin (`docker plugin create`) from a tar archive with `config.json` and the folder `rootfs`.

        Raises Conflict if the name is in use, or if an installed plugin has the very same files. Route:
        POST /plugins/create.
        """
        ...

    @endpoint("POST /plugins/{name}/push")
    def push(
        self,
        name: Annotated[str, image_name],
        *,
        auth_config: Annotated[
            AuthConfig | None, header("X-Registry-Auth", _auth.encode_auth), _auth.found_for("name")
        ] = None,
    ) -> Runs[PushStream, PushResult]:
        """Push a plugin to the registry in its name (`docker plugin push`).

        Enter it to follow its lines, or await it. Raises NotFound, StreamError for a failure during the transfer.
        Route: POST /plugins/{name}/push.
        """
        ...

    @endpoint("POST /plugins/{name}/set")
    async def set(self, name: Annotated[str, image_name], settings: Annotated[list[str], json_body]) -> None:
        """Change settings of a disabled plugin (`docker plugin set`), each as `KEY=VALUE`.

        Raises NotFound, and ServerError for a setting that cannot be changed. Route: POST /plugins/{name}/set.
        """
        ...

    @endpoint("DELETE /plugins/{name}")
    async def delete(self, name: Annotated[str, image_name], *, force: bool = False) -> None:
        """Remove a plugin (`docker plugin rm`), with `force` also an enabled one.

        Raises NotFound, and Conflict while it is enabled. Route: DELETE /plugins/{name}.
        """
        ...

    @endpoint("GET /plugins/{name}/json")
    async def inspect(self, name: Annotated[str, image_name]) -> Plugin:
        """Everything about a plugin (`docker plugin inspect`).

        Raises NotFound. Route: GET /plugins/{name}/json.
        """
        ...

    @endpoint("GET /plugins")
    async def list(self, *, filters: Annotated[Filters | None, filters] = None) -> list[Plugin]:
        """Plugins (`docker plugin ls`).

        Filters: `capability`, `enabled`. Route: GET /plugins.
        """
        ...
