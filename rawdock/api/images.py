"""Images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from .. import _auth
from .._endpoint import Resource, built_on, endpoint
from .._model import since
from .._params import Filters, filters, header, image_name, json_texts, query
from .._reference import parse_reference
from .._streams.opens import Runs
from ..errors import InvalidArgument

if TYPE_CHECKING:
    from .._streams.transfers import PullResult, PullStream, PushResult, PushStream
    from ..models import AuthConfig, HistoryItem, ImageDeleted, ImageInspect, ImagesPruned, ImageSummary, Platform

__all__ = ["Images"]


class Images(Resource):
    """Images: pull, push, list, inspect, delete, ..."""

    __slots__ = ()

    @endpoint("POST /images/create")
    def _create(
        self,
        from_image: str,
        *,
        platform: str | None = None,
        auth_config: Annotated[AuthConfig | None, header("X-Registry-Auth", _auth.encoded)] = None,
    ) -> Runs[PullStream, PullResult]: ...

    @built_on(_create)
    def pull(
        self,
        reference: str,
        *,
        all_tags: bool = False,
        platform: str | None = None,
        auth_config: AuthConfig | None = None,
    ) -> Runs[PullStream, PullResult]:
        """Pull an image from its registry (`docker pull`).

        Enter it to follow its lines, with `progress` folded from them, or await it for the result. Leaving early
        cancels the pull on the Engine. `reference` is `[registry[:port]/]name[:tag][@digest]`; without tag and digest
        it means `latest`. `all_tags` pulls every tag of a name that has none. `platform` is `os[/arch[/variant]]`.

        Raises NotFound where there is no such image, StreamError for what fails on the way. Route: POST /images/create.
        """
        parsed = parse_reference(reference)
        if not all_tags:
            return self._create(parsed.pulled, platform=platform, auth_config=_auth.for_registry(auth_config, parsed))
        if parsed.tag or parsed.digest:
            raise InvalidArgument(f"images.pull: {reference!r} names one image; leave its tag out to pull all tags")
        return self._create(parsed.name, platform=platform, auth_config=_auth.for_registry(auth_config, parsed))

    @endpoint("POST /images/{name}/push")
    def _push(
        self,
        name: Annotated[str, image_name],
        *,
        tag: str | None = None,
        platform: Annotated[Platform | None, query(), since("1.46")] = None,
        auth_config: Annotated[AuthConfig, header("X-Registry-Auth", _auth.encoded)],
    ) -> Runs[PushStream, PushResult]: ...

    @built_on(_push)
    def push(
        self,
        reference: str,
        *,
        all_tags: bool = False,
        platform: Platform | None = None,
        auth_config: AuthConfig | None = None,
    ) -> Runs[PushStream, PushResult]:
        """Push an image to the registry that its name says (`docker push`).

        Enter it to follow its lines, or await it for the result with the manifest's digest. Leaving early cancels the
        push on the Engine. Without a tag it means `latest`; `all_tags` pushes every tag of the name. `platform` picks
        one of a multi-platform image.

        Raises StreamError for what fails on the way. Route: POST /images/{name}/push.
        """
        parsed = parse_reference(reference)
        if parsed.digest:
            raise InvalidArgument(f"images.push: {reference!r} has a digest; a push takes a name and a tag")
        if all_tags and parsed.tag:
            raise InvalidArgument(f"images.push: {reference!r} names one tag; leave it out to push all tags")
        return self._push(
            parsed.name,
            tag=None if all_tags else parsed.tag or "latest",
            platform=platform,
            auth_config=_auth.for_registry(auth_config, parsed) or _auth.nobody(),
        )

    @endpoint("GET /images/{name}/json")
    async def inspect(
        self,
        name: Annotated[str, image_name],
        *,
        manifests: Annotated[bool, since("1.48")] = False,
        platform: Annotated[Platform | None, query(), since("1.49")] = None,
    ) -> ImageInspect:
        """An image by id or reference (`docker image inspect`): its configuration, layers, and where they are kept.

        `manifests` adds those of every platform; `platform` shows one of them, and does not go with `manifests`.
        Raises NotFound. Route: GET /images/{name}/json.
        """
        ...

    @endpoint("GET /images/{name}/history")
    async def history(
        self,
        name: Annotated[str, image_name],
        *,
        platform: Annotated[Platform | None, query(), since("1.48")] = None,
    ) -> list[HistoryItem]:
        """The steps that made an image, the newest first (`docker history`).

        Raises NotFound. Route: GET /images/{name}/history.
        """
        ...

    @endpoint("POST /images/{name}/tag")
    async def tag(self, name: Annotated[str, image_name], *, repo: str, tag: str | None = None) -> None:
        """Give an image another name (`docker tag`); `repo` without a tag of its own, `tag` is `latest` if left out.

        Raises NotFound. Route: POST /images/{name}/tag.
        """
        ...

    @endpoint("DELETE /images/{name}")
    async def delete(
        self,
        name: Annotated[str, image_name],
        *,
        force: bool = False,
        noprune: bool = False,
        platforms: Annotated[list[Platform] | None, query("platforms", json_texts), since("1.50")] = None,
    ) -> list[ImageDeleted]:
        """Remove a name, and the image with its last one (`docker rmi`); layers that another image uses stay.

        `noprune` keeps untagged parents. `platforms` removes only these of a multi-platform image. The answer says
        what was untagged and what was deleted. Raises NotFound, and Conflict while a container uses it.
        Route: DELETE /images/{name}.
        """
        ...

    @endpoint("POST /images/prune")
    async def prune(self, *, filters: Annotated[Filters | None, filters] = None) -> ImagesPruned:
        """Delete unused images (`docker image prune`): untagged ones, or with the filter `dangling=False` all unused.

        Route: POST /images/prune.
        """
        ...

    @endpoint("GET /images/json")
    async def list(
        self,
        *,
        all: bool = False,
        filters: Annotated[Filters | None, filters] = None,
        shared_size: Annotated[bool, query("shared-size"), since("1.42")] = False,
        digests: bool = False,
        manifests: Annotated[bool, since("1.47")] = False,
        identity: Annotated[bool, since("1.54")] = False,
    ) -> list[ImageSummary]:
        """Images (`docker images`).

        `all` adds intermediate ones. `shared_size` has the Engine add up shared layers, which takes time. `identity`
        needs `manifests`. Route: GET /images/json.
        """
        ...
