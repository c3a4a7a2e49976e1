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
    """Running builds and the build cache. The operation that builds is `images.build`."""

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
        """Delete unused build cache (`docker builder prune`).

        `all` also deletes cache that may still be used. Sizes are in bytes: how much cache to keep in any case, how
        much it may use at most, and how much of the disk should be free; `keep_storage` is the old name of the first.
        Filters: `until`, `id`, `parent`, `type`, `description`, `inuse`, `shared`, `private`. Route: POST /build/prune.
        """
        ...

    @endpoint("POST /build/cancel")
    async def cancel(self, *, id: Annotated[str, query("id")]) -> None:
        """Cancel a running BuildKit build; `id` is the one given to `images.build(buildid=...)`.

        Succeeds also if there is no such build. Undocumented by the Engine. Route: POST /build/cancel.
        """
        ...
