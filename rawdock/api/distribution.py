"""Images in registries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from .. import _auth
from .._declare.endpoint import endpoint
from .._declare.params import header, image_name
from .._resource import Resource

if TYPE_CHECKING:
    from ..models import AuthConfig, DistributionInspect

__all__ = ["Distribution"]


class Distribution(Resource):
    """Images in registries, as the Engine sees them."""

    __slots__ = ()

    @endpoint("GET /distribution/{name}/json")
    async def inspect(
        self,
        name: Annotated[str, image_name],
        *,
        auth_config: Annotated[
            AuthConfig | None, header("X-Registry-Auth", _auth.encode_auth), _auth.found_for("name")
        ] = None,
    ) -> DistributionInspect:
        """Ask a registry for an image's digest and platforms, without pulling it.

        Without `auth_config`, the credentials are used that the docker command would use: docs/registries.md.
        Raises NotFound, Unauthorized, Forbidden or RateLimited as the registry answers.
        Route: GET /distribution/{name}/json.
        """
        ...
