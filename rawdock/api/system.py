"""The Engine itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from .._answers.ping import ping_of
from .._declare.endpoint import endpoint
from .._declare.params import filters, query
from .._models.model import since
from .._resource import Resource
from .._streams.faces.contexts import Opens
from .._types import Filters, Moment

if TYPE_CHECKING:
    from .._streams.faces.events import EventStream
    from ..models import AuthConfig, AuthResponse, DataUsage, Ping, SystemInfo, SystemVersion

__all__ = ["System"]


class System(Resource):
    """What the Engine is, and what it uses."""

    __slots__ = ()

    @endpoint("GET /_ping", versioned=False, answer=ping_of)
    async def ping(self) -> Ping:
        """Ask whether the Engine is there; its headers say what it is.

        Route: GET /_ping, without a version.
        """
        ...

    @endpoint("HEAD /_ping", versioned=False, answer=ping_of)
    async def ping_head(self) -> Ping:
        """Ask whether the Engine is there, without a body in the answer.

        Route: HEAD /_ping, without a version.
        """
        ...

    @endpoint("GET /version")
    async def version(self) -> SystemVersion:
        """Versions of the Engine and of its components.

        Route: GET /version.
        """
        ...

    @endpoint("GET /info")
    async def info(self) -> SystemInfo:
        """The Engine's settings, its machine, and how much it holds; `docker_root_dir` is where it keeps its data.

        Route: GET /info.
        """
        ...

    @endpoint("GET /system/df")
    async def data_usage(
        self,
        *,
        type: Annotated[
            list[Literal["container", "image", "volume", "build-cache"]] | None, query("type"), since("1.42")
        ] = None,
        verbose: Annotated[bool, since("1.52")] = False,
    ) -> DataUsage:
        """Disk use of images, containers, volumes and build cache (`docker system df`); may take minutes.

        `type` asks for some of them only. From API 1.52 the objects themselves come only with `verbose`, beside the
        sums that are new there. Route: GET /system/df.
        """
        ...

    @endpoint("POST /auth", secret=True)
    async def auth(self, auth_config: AuthConfig) -> AuthResponse:
        """Try credentials at their registry (`docker login`); nothing is kept, here or on the Engine.

        Raises Unauthorized for wrong ones; older Engines say ServerError. Route: POST /auth.
        """
        ...

    @endpoint("GET /events")
    def events(
        self,
        *,
        since: Moment | None = None,
        until: Moment | None = None,
        filters: Annotated[Filters | None, filters] = None,
    ) -> Opens[EventStream]:
        """What happens on the Engine (`docker events`): first what it remembers since `since`, then as it happens.

        Enter it. It ends at `until`, or never; Podman tells nothing if that is past. The Engine remembers its last 256
        events. Filters: `type`, `event`, `container`, `image`, `network`, `volume`, `label`, and more.
        Route: GET /events.
        """
        ...
