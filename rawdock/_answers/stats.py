"""Statistics of a container, once. Podman hides a refusal in a success: an error object, or nothing at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from .._error_mapping import hidden_error
from ..errors import Conflict

if TYPE_CHECKING:
    import httpx

    from ..models import ContainerStats

__all__ = ["stats_of"]


def stats_of(response: httpx.Response) -> ContainerStats:
    """The answer to GET of a container's stats that are no stream."""
    from .._models.codec import decode, loads
    from ..models.stats import ContainerStats

    content = response.content
    if not content.strip():
        raise Conflict("the Engine answered nothing, as Podman does for a container that does not run", status=200)
    data: object = loads(content)
    if type(data) is dict and (error := hidden_error(cast("dict[str, Any]", data))):
        raise error
    return decode(ContainerStats, cast("object", data))
