"""One sample of the statistics of a container. Podman may send an error, or nothing, with a status of success."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from .._error_mapping import hidden_error
from ..errors import Conflict

if TYPE_CHECKING:
    import httpx

    from ..models import ContainerStats

__all__ = ["stats_of"]


def stats_of(response: httpx.Response) -> ContainerStats:
    """The answer to GET of the stats of a container, without streaming."""
    from .._models.codec import decode, loads
    from ..models.stats import ContainerStats

    content = response.content
    if not content.strip():
        raise Conflict("the answer is empty, as Podman's is for a container that is not running", status=200)
    data: object = loads(content)
    if type(data) is dict and (error := hidden_error(cast("dict[str, Any]", data), "containers.stats_once")):
        raise error
    return decode(ContainerStats, cast("object", data))
