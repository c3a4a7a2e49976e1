"""The builder and its cache."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal

from .._endpoint import Resource, endpoint
from .._model import since
from .._params import filters, query
from .._types import Filters

if TYPE_CHECKING:
    from .._streams.building import Building, Built
    from .._streams.opens import Runs
    from .._types import Content
    from ..models import AuthConfig, BuildPruned, Ulimit

__all__ = ["Build"]


class Build(Resource):
    """Builds, and what they leave in the cache.

    It is called to build: `await docker.build("folder", tag="app:1")`. The bare operation is `images.build`.
    """

    __slots__ = ()

    def __call__(
        self,
        context: str | os.PathLike[str] | Content | None = None,
        *,
        dockerfile: str | bytes | None = None,
        file: str | os.PathLike[str] | None = None,
        tag: str | list[str] | None = None,
        target: str | None = None,
        build_args: Mapping[str, str] | None = None,
        labels: Mapping[str, str] | None = None,
        platform: str | None = None,
        pull: bool = False,
        no_cache: bool = False,
        cache_from: list[str] | None = None,
        network: str | None = None,
        extra_hosts: list[str] | None = None,
        memory: int | None = None,
        memory_swap: int | None = None,
        cpu_shares: int | None = None,
        cpu_period: int | None = None,
        cpu_quota: int | None = None,
        cpuset_cpus: str | None = None,
        cpuset_mems: str | None = None,
        shm_size: int | None = None,
        ulimits: list[Ulimit] | None = None,
        cgroup_parent: str | None = None,
        security_opt: list[str] | None = None,
        builder: Literal["buildkit", "classic"] | None = None,
        registry_config: dict[str, AuthConfig] | None = None,
        buildid: str | None = None,
        mtime: int | None = None,
        compress: bool = False,
        secrets: object = None,
        ssh: object = None,
        outputs: object = None,
    ) -> Runs[Building, Built]:
        """Build an image from a folder, a Dockerfile's text or an archive (`docker build`).

        Enter it to follow its steps, or await it for what it came to. Leaving early stops the build on the Engine;
        Podman lets the command of the step that runs come to its end first.

        `context` is the path of a folder, or a tar archive, which may be compressed. Without one `dockerfile` is all
        there is. A folder is sent while it is walked: without what its `.dockerignore` leaves out, or the file that is
        named after the Dockerfile (`Dockerfile.dockerignore`) where there is one; links are sent as links. All files
        are root's, as with the docker command. `mtime`, in seconds since 1970, is the time of all files: the same
        folder is then always the same archive. `compress` sends it as gzip.

        `dockerfile` is the text of one, `file` the path of one: in the folder or the archive, or a whole path from
        elsewhere. With BuildKit, a Dockerfile that is left out of the context, or is from elsewhere, can still be seen
        by `COPY .`; the classic builder and Podman take it away.

        `builder` is `"buildkit"` or `"classic"`; without it, what the Engine's ping says. Podman has its own.
        `extra_hosts` are `HOST:IP`. Memory is in bytes, CPU periods are in microseconds; BuildKit does not heed limits
        of memory and CPU. `registry_config` has credentials by registry. `buildid` is for `build.cancel`; one is made
        up if there is none. `secrets`, `ssh` and `outputs` need a session with BuildKit: they are refused.

        Raises InvalidArgument before anything is sent, also for a folder, a Dockerfile or rules that cannot be used;
        FileError if a file cannot be read, or gets shorter meanwhile; BuildError, which has the step, for a build that
        fails. A Dockerfile with an error in it is a BadRequest of the classic builder. Source of `id`, tags and
        digests: the end of the stream, and an `images.inspect` behind it. Routes: GET /_ping, POST /build,
        GET /images/{name}/json.
        """
        from .._build.source import Source
        from ..helpers.build import build

        images = self._client.images
        return build(
            self._client,
            Source(context, dockerfile, file, mtime, compress),
            tag=tag,
            builder=builder,
            buildid=buildid,
            extra_hosts=extra_hosts,
            needs_session={"secrets": secrets, "ssh": ssh, "outputs": outputs},
            send=partial(
                images.build,
                target=target,
                buildargs=dict(build_args) if build_args else None,
                labels=dict(labels) if labels else None,
                platform=platform,
                pull="1" if pull else None,
                nocache=no_cache,
                cachefrom=cache_from,
                networkmode=network,
                memory=memory,
                memswap=memory_swap,
                cpushares=cpu_shares,
                cpuperiod=cpu_period,
                cpuquota=cpu_quota,
                cpusetcpus=cpuset_cpus,
                cpusetmems=cpuset_mems,
                shmsize=shm_size,
                ulimits=ulimits,
                cgroupparent=cgroup_parent,
                securityopt=security_opt,
                registry_config=registry_config,
            ),
        )

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
