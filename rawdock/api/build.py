"""The builder and its cache."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from .._declare.endpoint import endpoint, wraps_endpoint
from .._declare.params import filters, query
from .._models.model import since
from .._resource import Resource
from .._streams.faces.contexts import Prunes, Runs
from .._types import Filters

if TYPE_CHECKING:
    from .._streams.faces.prunes import BuildPruneStream
    from ..models import BuildPruned

__all__ = ["Build"]


class Build(Resource):
    """Running builds and the build cache. The operation that builds is `images.build`."""

    __slots__ = ()

    @endpoint("POST /build/prune")
    def _prune(
        self,
        *,
        all: bool = False,
        filters: Annotated[Filters | None, filters] = None,
        keep_storage: Annotated[int | None, query("keep-storage")] = None,
        reserved_space: Annotated[int | None, query("reserved-space"), since("1.48")] = None,
        max_used_space: Annotated[int | None, query("max-used-space"), since("1.48")] = None,
        min_free_space: Annotated[int | None, query("min-free-space"), since("1.48")] = None,
        stream: Annotated[bool, query(if_known=True), since("1.56")] = False,
    ) -> Runs[BuildPruneStream, BuildPruned]: ...

    @wraps_endpoint(_prune)
    def prune(
        self,
        *,
        all: bool = False,
        filters: Filters | None = None,
        keep_storage: int | None = None,
        reserved_space: int | None = None,
        max_used_space: int | None = None,
        min_free_space: int | None = None,
    ) -> Prunes[BuildPruneStream, BuildPruned]:
        """Delete unused build cache (`docker builder prune`).

        `all` also deletes cache that may still be used. Sizes are in bytes: how much cache to keep in any case, how
        much it may use at most, and how much of the disk should be free; `keep_storage` is the old name of the first.
        Await it for the report. Entered, it is asked for a line for each object that it deletes, from API 1.56 on (not
        run on an Engine); other Engines send no lines. Raises StreamError for a failure among them.
        Filters: `until`, `id`, `parent`, `type`, `description`, `inuse`, `shared`, `private`. Route: POST /build/prune.
        """
        return Prunes(
            lambda stream: self._prune(
                all=all,
                filters=filters,
                keep_storage=keep_storage,
                reserved_space=reserved_space,
                max_used_space=max_used_space,
                min_free_space=min_free_space,
                stream=stream,
            )
        )

    @endpoint("POST /build/cancel")
    async def cancel(self, *, id: Annotated[str, query("id")]) -> None:
        """Cancel a running BuildKit build; `id` is the one given to `images.build(buildid=...)`.

        Succeeds also if there is no such build. Undocumented by the Engine. Route: POST /build/cancel.
        """
        ...
