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
    """The Engine itself: version, settings, disk usage, events, registry login."""

    __slots__ = ()

    @endpoint("GET /_ping", versioned=False, answer=ping_of)
    async def ping(self) -> Ping:
        """Ping the Engine; the headers of the answer describe it.

        Route: GET /_ping, without a version.
        """
        ...

    @endpoint("HEAD /_ping", versioned=False, answer=ping_of)
    async def ping_head(self) -> Ping:
        """Ping the Engine with a HEAD request.

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
        """The Engine's settings, its machine, and the number of its objects; `docker_root_dir` is its data folder.

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

        `type` limits it to some of them. From API 1.52 on there are totals too, and `verbose` leaves out the lists of
        older versions, whose objects the totals have as well (Docker 29.8). `all_images`, `images_size` and the like
        of the answer read whichever came. Engines differ: docs/engines.md. Route: GET /system/df.
        """
        ...

    @endpoint("POST /auth", secret=True)
    async def auth(self, auth_config: AuthConfig) -> AuthResponse:
        """Check credentials with their registry (`docker login`); they are not stored, neither here nor on the Engine.

        Raises Unauthorized for wrong ones. Route: POST /auth.
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
        """Follow the events of the Engine (`docker events`): first the past ones from `since` on, then new ones.

        Enter it. It ends at `until`, or never; Podman sends nothing if that is in the past. The Engine remembers its
        last 256 events. Filters: `type`, `event`, `container`, `image`, `network`, `volume`, `label`, and more. Route:
        GET /events.
        Engines differ: docs/engines.md.
        """
        ...
