"""Images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from .. import _auth
from .._declare.endpoint import endpoint, wraps_endpoint
from .._declare.params import (
    content,
    filters,
    header,
    image_name,
    json_list,
    json_texts,
    model_list,
    nonempty_texts,
    query,
    upload_body,
)
from .._models.model import since
from .._reference import parse_reference
from .._resource import Resource
from .._shown import shown
from .._streams.faces.contexts import Opens, Prunes, Runs
from .._types import Content, Filters
from ..errors import InvalidArgument

if TYPE_CHECKING:
    from .._streams.faces.builds import BuildResult, BuildStream
    from .._streams.faces.downloads import Chunks
    from .._streams.faces.loads import ImportResult, ImportStream, LoadResult, LoadStream
    from .._streams.faces.prunes import ImagesPruneStream
    from .._streams.faces.pulls_and_pushes import PullResult, PullStream, PushResult, PushStream
    from ..models import (
        AttestationStatement,
        AuthConfig,
        HistoryItem,
        ImageDeleted,
        ImageInspect,
        ImageSearchResult,
        ImagesPruned,
        ImageSummary,
        Platform,
        Ulimit,
    )

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
        auth_config: Annotated[
            AuthConfig | None, header("X-Registry-Auth", _auth.encode_auth), _auth.found_for("from_image")
        ] = None,
    ) -> Runs[PullStream, PullResult]: ...

    @wraps_endpoint(_create)
    def pull(
        self,
        reference: str,
        *,
        all_tags: bool = False,
        platform: str | None = None,
        auth_config: AuthConfig | None = None,
    ) -> Runs[PullStream, PullResult]:
        """Pull an image from its registry (`docker pull`).

        Enter it to follow its lines, with the `progress` so far, or await it for the result. Leaving early
        cancels the pull on the Engine. `reference` is `[registry[:port]/]name[:tag][@digest]`; without tag and digest
        it means `latest`. `all_tags` pulls every tag of a name that has none. `platform` is `os[/arch[/variant]]`; the
        default is `DOCKER_DEFAULT_PLATFORM`, or the Engine's. Without `auth_config`, the credentials are used that the
        docker command would use: docs/registries.md.

        Raises NotFound if there is no such image, or none for the platform, Unauthorized for missing and wrong
        credentials, RateLimited if the registry refuses more for now, and StreamError for a failure during the pull.
        Engines differ: docs/engines.md. Route: POST /images/create.
        """
        parsed = parse_reference(reference)
        config = self._client.command_config
        platform = config.platform(platform) if config is not None else platform
        if not all_tags:
            return self._create(parsed.pulled, platform=platform, auth_config=_auth.for_registry(auth_config, parsed))
        if parsed.tag or parsed.digest:
            raise InvalidArgument(
                f"images.pull: {shown(reference)} names one image; leave its tag out to pull all tags"
            )
        return self._create(parsed.name, platform=platform, auth_config=_auth.for_registry(auth_config, parsed))

    @endpoint("POST /images/{name}/push")
    def _push(
        self,
        name: Annotated[str, image_name],
        *,
        tag: str | None = None,
        platform: Annotated[Platform | None, query(), since("1.46")] = None,
        auth_config: Annotated[
            AuthConfig | None, header("X-Registry-Auth", _auth.encode_auth), _auth.found_for_push("name")
        ],
    ) -> Runs[PushStream, PushResult]: ...

    @wraps_endpoint(_push)
    def push(
        self,
        reference: str,
        *,
        all_tags: bool = False,
        platform: Platform | None = None,
        auth_config: AuthConfig | None = None,
    ) -> Runs[PushStream, PushResult]:
        """Push an image to the registry in its name (`docker push`).

        Enter it to follow its lines, or await it for the result with the manifest's digest. Leaving early cancels the
        push on the Engine. Without a tag it means `latest`; `all_tags` pushes every tag of the name. `platform` selects
        one of a multi-platform image. Without `auth_config`, the credentials are used that the docker command would
        use: docs/registries.md.

        Raises NotFound if there is no such image here, Unauthorized for missing and wrong credentials, RateLimited as a
        pull, and StreamError for a failure during the transfer.
        Engines differ: docs/engines.md. Route: POST /images/{name}/push.
        """
        parsed = parse_reference(reference)
        if parsed.digest:
            raise InvalidArgument(f"images.push: {shown(reference)} has a digest; a push takes a name and a tag")
        if all_tags and parsed.tag:
            raise InvalidArgument(f"images.push: {shown(reference)} names one tag; leave it out to push all tags")
        return self._push(
            parsed.name,
            tag=None if all_tags else parsed.tag or "latest",
            platform=platform,
            auth_config=_auth.for_registry(auth_config, parsed),
        )

    @endpoint("GET /images/{name}/json")
    async def inspect(
        self,
        name: Annotated[str, image_name],
        *,
        manifests: Annotated[bool, since("1.48")] = False,
        platform: Annotated[Platform | None, query(), since("1.49")] = None,
    ) -> ImageInspect:
        """An image by id or reference (`docker image inspect`): its configuration, layers, and where they are stored.

        `manifests` adds those of every platform; `platform` shows one of them, and does not go with `manifests`.
        Raises NotFound. Engines differ: docs/engines.md. Route: GET /images/{name}/json.
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
        """Add a name to an image (`docker tag`); `repo` without a tag of its own, `tag` is `latest` if left out.

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
        Engines differ: docs/engines.md. Route: DELETE /images/{name}.
        """
        ...

    @endpoint("POST /images/prune")
    def _prune(
        self,
        *,
        filters: Annotated[Filters | None, filters] = None,
        stream: Annotated[bool, query(if_known=True), since("1.56")] = False,
    ) -> Runs[ImagesPruneStream, ImagesPruned]: ...

    @wraps_endpoint(_prune)
    def prune(self, *, filters: Filters | None = None) -> Prunes[ImagesPruneStream, ImagesPruned]:
        """Delete unused images (`docker image prune`): untagged ones, or with the filter `dangling=False` all unused.

        Await it for the report. Entered, it is asked for a line for each object that it deletes, from API 1.56 on (not
        run on an Engine); other Engines send no lines. Raises StreamError for a failure among them.
        With containerd's image store an image whose tag a BuildKit build has taken is gone at once, not left untagged
        (Docker 28.5, 29.8). Engines differ: docs/engines.md. Route: POST /images/prune.
        """
        return Prunes(lambda stream: self._prune(filters=filters, stream=stream))

    @endpoint("POST /images/create")
    def _import(
        self,
        from_src: str,
        archive: Annotated[Content | None, content] = None,
        *,
        repo: str | None = None,
        tag: str | None = None,
        message: str | None = None,
        changes: list[str] | None = None,
        platform: str | None = None,
    ) -> Runs[ImportStream, ImportResult]: ...

    @wraps_endpoint(_import)
    def import_(
        self,
        source: Content | str,
        *,
        repo: str | None = None,
        tag: str | None = None,
        message: str | None = None,
        changes: list[str] | None = None,
        platform: str | None = None,
    ) -> Runs[ImportStream, ImportResult]:
        """Create an image of one layer from a tar archive (`docker import`), or from a URL that the Engine fetches.

        Enter it to follow its lines, or await it for the new image's id. `changes` are Dockerfile lines such as
        `CMD ["sh"]`. Raises ServerError if it is not an archive, StreamError for a failure during the transfer.
        Route: POST /images/create.
        """
        url, archive = (
            (source, None) if isinstance(source, str) else ("-", upload_body("images.import_: source", source))
        )
        if not url:
            raise InvalidArgument("images.import_: source: may not be empty; give an archive or a URL")
        return self._import(url, archive, repo=repo, tag=tag, message=message, changes=changes, platform=platform)

    @endpoint("POST /images/load")
    def load(
        self,
        archive: Annotated[Content, content],
        *,
        quiet: Annotated[bool, query(always=True)] = False,
        platform: Annotated[list[Platform] | None, query("platform", json_texts), since("1.48")] = None,
    ) -> Runs[LoadStream, LoadResult]:
        """Load images from an archive made by `save` (`docker load`).

        Enter it to follow its lines, or await it for the names; `quiet` omits the progress. `platform` selects some of
        a multi-platform image; more than one needs API 1.52. Raises StreamError if it is not such an archive (Podman:
        ServerError). Engines differ: docs/engines.md. Route: POST /images/load.
        """
        ...

    @endpoint("GET /images/{name}/get")
    def save(
        self,
        name: Annotated[str, image_name],
        *,
        platform: Annotated[list[Platform] | None, query("platform", json_texts), since("1.48")] = None,
    ) -> Opens[Chunks]:
        """Save an image with its layers and names as a tar archive (`docker save`), as a stream.

        Enter it. `platform` selects some
        of a multi-platform image; more than one needs API 1.52. Raises NotFound.
        Route: GET /images/{name}/get.
        """
        ...

    @endpoint("GET /images/get")
    def save_all(
        self,
        names: Annotated[list[str], query("names", nonempty_texts)],
        *,
        platform: Annotated[list[Platform] | None, query("platform", json_texts), since("1.48")] = None,
    ) -> Opens[Chunks]:
        """Save several images as one tar archive (`docker save`), with shared layers only once.

        Enter it. See `save`. Raises NotFound. Route: GET /images/get.
        """
        ...

    @endpoint("POST /build")
    def build(
        self,
        context: Annotated[Content | None, content] = None,
        *,
        dockerfile: str | None = None,
        tags: Annotated[list[str] | None, query("t")] = None,
        remote: str | None = None,
        version: Literal["1", "2"] | None = None,
        target: str | None = None,
        buildargs: dict[str, str] | None = None,
        labels: dict[str, str] | None = None,
        platform: str | None = None,
        pull: str | None = None,
        nocache: bool = False,
        cachefrom: Annotated[list[str] | None, query("cachefrom", json_list)] = None,
        outputs: str | None = None,
        quiet: Annotated[bool, query("q")] = False,
        rm: bool = True,
        forcerm: bool = False,
        squash: bool = False,
        networkmode: str | None = None,
        extrahosts: list[str] | None = None,
        memory: int | None = None,
        memswap: int | None = None,
        cpushares: int | None = None,
        cpusetcpus: str | None = None,
        cpusetmems: str | None = None,
        cpuperiod: int | None = None,
        cpuquota: int | None = None,
        shmsize: int | None = None,
        ulimits: Annotated[list[Ulimit] | None, query("ulimits", model_list)] = None,
        cgroupparent: str | None = None,
        securityopt: list[str] | None = None,
        isolation: str | None = None,
        session: str | None = None,
        buildid: str | None = None,
        registry_config: Annotated[
            dict[str, AuthConfig] | None, header("X-Registry-Config", _auth.encode_auths), _auth.all_found
        ] = None,
    ) -> Runs[BuildStream, BuildResult]:
        """Build an image from a tar archive with a Dockerfile and the files it needs (`docker build`).

        Enter it to follow its lines, or await it for the image's id. Leaving early cancels the build on the Engine.
        `context` may be compressed; `remote` is a URL that the Engine fetches instead. `version="2"` builds with
        BuildKit, `"1"` with the classic builder. `dockerfile` is its path in the archive. `buildargs` with None as
        value are taken from the Engine's environment. `registry_config` has credentials by registry; the default is all
        that config.json and the environment have, but not for BuildKit, which takes them from a session. `extrahosts`
        are `HOST:IP`. Memory is in bytes, CPU periods in microseconds. `buildid` is for `build.cancel`.

        Raises StreamError for a failure during the transfer. The classic builder raises BadRequest for an
        invalid Dockerfile, and ServerError for a missing Dockerfile or an invalid archive; BuildKit and Podman send
        their answer before they check. Engines differ: docs/engines.md. Route: POST /build.
        """
        ...

    @endpoint("GET /images/search")
    async def search(
        self, term: str, *, limit: int | None = None, filters: Annotated[Filters | None, filters] = None
    ) -> list[ImageSearchResult]:
        """Search Docker Hub, or the registry that `term` begins with, if that supports search (`docker search`).

        `limit` is from 1 to 100. Filters: `is-official`, `stars`. Raises ServerError or NotFound as the registry
        answers, BadRequest if it does not. Engines differ: docs/engines.md. Route: GET /images/search.
        """
        ...

    @endpoint("GET /images/{name}/attestations", since="1.55")
    async def attestations(
        self,
        name: Annotated[str, image_name],
        *,
        platform: Annotated[Platform | None, query()] = None,
        type: list[str] | None = None,
        statement: bool = False,
    ) -> list[AttestationStatement]:
        """List the attestations of an image, about how it was built and what is in it; `statement` adds the statements.

        `type` selects predicate types. Needs containerd's image store. Raises NotFound.
        Engines differ: docs/engines.md. Route: GET /images/{name}/attestations.
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
        """List images (`docker images`).

        `all` adds intermediate ones. `shared_size` makes the Engine compute the size of shared layers, which takes
        time. `identity` needs `manifests`. Raises NotSupported if Podman answers with nothing, as for `digests`.
        Engines differ: docs/engines.md. Route: GET /images/json.
        """
        ...
