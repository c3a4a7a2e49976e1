"""The swarm as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import models
from .._declare.endpoint import endpoint
from .._resource import Resource

if TYPE_CHECKING:
    from ..models import SwarmInitRequest, SwarmJoinRequest, SwarmSpec, SwarmUnlockRequest, UnlockKey

__all__ = ["Swarm"]


class Swarm(Resource):
    """The swarm that this Engine is in. If it is in none or is not a manager, most calls raise ServerError (503)."""

    __slots__ = ()

    @endpoint("POST /swarm/init", secret=True)
    async def init(self, request: SwarmInitRequest) -> str:
        """Create a swarm with this Engine as its manager (`docker swarm init`); the result is the node's id.

        Raises ServerError if it is in a swarm already. Route: POST /swarm/init.
        """
        ...

    @endpoint("POST /swarm/join", secret=True)
    async def join(self, request: SwarmJoinRequest) -> None:
        """Join a swarm (`docker swarm join`).

        Raises ServerError if this Engine is in one already, or cannot join. Route: POST /swarm/join.
        """
        ...

    @endpoint("POST /swarm/leave")
    async def leave(self, *, force: bool = False) -> None:
        """Leave the swarm (`docker swarm leave`); a manager needs `force`. May take ten seconds.

        Raises ServerError if it is in no swarm. Route: POST /swarm/leave.
        """
        ...

    @endpoint("POST /swarm/update", secret=True)
    async def update(
        self,
        spec: SwarmSpec,
        *,
        version: int,
        rotate_worker_token: bool = False,
        rotate_manager_token: bool = False,
        rotate_manager_unlock_key: bool = False,
    ) -> None:
        """Change the settings of the swarm (`docker swarm update`), or its tokens and unlock key.

        `version` is the current `version.index`; `spec` replaces the whole specification. Raises
        Conflict for a stale version. Route: POST /swarm/update.
        """
        ...

    @endpoint("GET /swarm/unlockkey")
    async def unlock_key(self) -> UnlockKey:
        """The key that unlocks a restarted manager (`docker swarm unlock-key`); empty unless `auto_lock_managers`.

        Route: GET /swarm/unlockkey.
        """
        ...

    @endpoint("POST /swarm/unlock", secret=True)
    async def unlock(self, request: SwarmUnlockRequest) -> None:
        """Unlock a manager that was restarted (`docker swarm unlock`).

        Raises Conflict if it is not locked. Route: POST /swarm/unlock.
        """
        ...

    @endpoint("GET /swarm")
    async def inspect(self) -> models.Swarm:
        """The swarm: its settings, version and join tokens.

        Route: GET /swarm.
        """
        ...
