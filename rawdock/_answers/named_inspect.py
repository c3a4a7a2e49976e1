"""The answer to the inspection of a container, with the Engine that gave it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import httpx

    from ..models import ContainerInspect

__all__ = ["NamedInspect", "named_inspect_of"]


class NamedInspect(NamedTuple):
    """A container, and whether Podman has it."""

    container: ContainerInspect
    is_podman: bool


def named_inspect_of(response: httpx.Response) -> NamedInspect:
    """The answer to GET /containers/{id}/json."""
    from .._models.codec import decode
    from ..models import ContainerInspect

    return NamedInspect(decode(ContainerInspect, response.content), "libpod-api-version" in response.headers)
