"""Checkpoints of containers (CRIU). The Engine serves them without documenting them, in experimental mode only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._declare.endpoint import endpoint
from .._resource import Resource

if TYPE_CHECKING:
    from ..models import Checkpoint, CheckpointCreateRequest

__all__ = ["Checkpoints"]


class Checkpoints(Resource):
    """Checkpoints of a container: the memory of its processes, kept on the Engine's disk.

    An Engine that is not in experimental mode has none of this and raises NotSupported or NotFound.
    """

    __slots__ = ()

    @endpoint("POST /containers/{id}/checkpoints")
    async def create(self, id: str, request: CheckpointCreateRequest) -> None:
        """Save the state of a running container (`docker checkpoint create`); it ends if `exit` is set.

        Raises NotFound, and ServerError if CRIU fails. Undocumented by the Engine.
        Route: POST /containers/{id}/checkpoints.
        """
        ...

    @endpoint("DELETE /containers/{id}/checkpoints/{checkpoint}")
    async def delete(self, id: str, checkpoint: str, *, dir: str | None = None) -> None:
        """Delete a checkpoint (`docker checkpoint rm`); `dir` is the folder given at its creation.

        Undocumented by the Engine. Route: DELETE /containers/{id}/checkpoints/{checkpoint}.
        """
        ...

    @endpoint("GET /containers/{id}/checkpoints")
    async def list(self, id: str, *, dir: str | None = None) -> list[Checkpoint]:
        """Checkpoints of a container (`docker checkpoint ls`).

        Raises NotFound. Undocumented by the Engine. Route: GET /containers/{id}/checkpoints.
        """
        ...
