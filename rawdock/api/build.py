"""The builder and its cache."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from .._declare.endpoint import endpoint
from .._declare.params import filters, query
from .._models.model import since
from .._resource import Resource
from .._types import Filters

if TYPE_CHECKING:
    from ..models import BuildPruned

__all__ = ["Build"]


class Build(Resource):
    """Running builds, and what builds leave in the cache. The operation that builds is `images.build`."""

    __slots__ = ()

    @endpoint("POST /build/prune")
    async def prune(
        self,
        *,
        all: bool = False,
        filters: Annotated[Filters | None, filters] = None,
        keep_storage: Annotated[int | None, query("keep-storage")] = None,
        reserved_space: Annotated[int | None, query("reserved-space"), since("1.48")] = None,
        max_used_space: Annotated[int | None, query("max-used-space"), since("1.48")] = None,
        min_free_space: Annotated[int | None, query("min-free-space"), since("1.48")] = None,
    ) -> BuildPruned:
        """Delete what builds have cached (`docker builder prune`).

        `all` takes what is still of use too. Spaces are in bytes: how much to keep in any case, how much the cache may
        use at most, how much of the disk should be free; `keep_storage` is the old word for the first. Filters:
        `until`, `id`, `parent`, `type`, `description`, `inuse`, `shared`, `private`. Route: POST /build/prune.
        """
        ...

    @endpoint("POST /build/cancel")
    async def cancel(self, *, id: Annotated[str, query("id")]) -> None:
        """End a build that runs with BuildKit; `id` is what it was given as `images.build(buildid=...)`.

        Succeeds also if there is no such build. Undocumented by the Engine. Route: POST /build/cancel.
        """
        ...
