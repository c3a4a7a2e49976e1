"""`docker.build`: a folder, a Dockerfile or an archive becomes an image, in the same steps with every builder."""

from __future__ import annotations

import json
import os
import secrets as random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Literal

import anyio

from .._build.source import Context, Source
from .._streams.faces.build_steps import Building, Built
from .._streams.faces.contexts import Runs
from ..api.build import Build
from ..errors import InvalidArgument, NotFound, RawdockError, StatusError

if TYPE_CHECKING:
    from .._resources import Operations
    from .._streams.faces.builds import BuildStream
    from .._streams.faces.contexts import Opens
    from .._types import Content
    from ..models import AuthConfig, Ulimit

__all__ = ["Builder"]

# How long an Engine may take to confirm that it stops a build.
_STOP_SECONDS = 10
_NEEDS_SESSION = {
    "secrets": "secrets are sent on demand",
    "ssh": "an agent is asked on demand",
    "outputs": "the result is sent back",
}


class Builder(Build):
    """Builds, and what they leave in the cache.

    It is called to build: `await docker.build("folder", tag="app:1")`. The bare operation is `images.build`.
    """

    __slots__ = ("_operations",)

    def __init__(self, client: Operations) -> None:
        super().__init__(client)
        self._operations = client

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
        images = self._operations.images
        return _start(
            self._operations,
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


def _start(
    docker: Operations,
    source: Source,
    *,
    tag: str | list[str] | None,
    builder: Literal["buildkit", "classic"] | None,
    buildid: str | None,
    extra_hosts: list[str] | None,
    needs_session: Mapping[str, object],
    send: Callable[..., Opens[BuildStream]],
) -> Runs[Building, Built]:
    """`send` is `images.build` with all that is the same for every builder."""
    for name, value in needs_session.items():
        if value is not None:
            raise InvalidArgument(
                f"build: {name} needs a session with BuildKit, in which {_NEEDS_SESSION[name]}; rawdock holds none: "
                "`docker.session.open` gives the bare connection"
            )
    if builder not in (None, "buildkit", "classic"):
        raise InvalidArgument(f"build: builder is 'buildkit' or 'classic', not {builder!r}")
    tags = [tag] if isinstance(tag, str) else tag
    if tags is not None and not all(tags):
        raise InvalidArgument("build: a tag is empty; leave tag out for an image without a name")
    source.check()

    async def connect() -> Building:
        ping = await docker.system.ping()
        podman = bool(ping.libpod_api_version)
        if podman and builder is not None:
            raise InvalidArgument(f"build: Podman has a builder of its own, so that builder={builder!r} cannot be had")
        buildkit = not podman and (builder == "buildkit" or (builder is None and ping.builder_version == "2"))
        ready = await source.prepared(engine_applies_dockerignore=not buildkit)
        id = (buildid or random.token_hex(16)) if buildkit else None
        hosts = extra_hosts
        if podman and hosts:
            hosts = [json.dumps(hosts)]  # where Docker wants a parameter for each, Podman wants one list
        opening = send(
            ready.content,
            dockerfile=ready.dockerfile,
            tags=tags,
            version=None if podman else "2" if buildkit else "1",
            extrahosts=hosts,
            forcerm=True,  # a container of a step that failed would stay
            buildid=id,
        )

        async def stop() -> None:
            await _stop(docker, id)

        try:
            lines = await opening.__aenter__()
        except BaseException as error:
            await _given_up(ready, None if isinstance(error, StatusError) else stop)
            raise
        return Building(lines, stop=stop, image_names=lambda image: _names(docker, image))

    return Runs(connect)


async def _given_up(context: Context, stop: Callable[[], Awaitable[None]] | None) -> None:
    """Nothing stays open of a build that did not begin, or was given up while its context was sent."""
    await context.aclose()
    if stop is not None:
        await stop()


async def _stop(docker: Operations, id: str | None) -> None:
    """Tell BuildKit by the build's id. That the connection was closed ends a build too, with every builder, but only
    when the Engine notices; a failure here leaves it at that."""
    if id is None:
        return
    with anyio.CancelScope(shield=True), anyio.move_on_after(_STOP_SECONDS), suppress(RawdockError):
        await docker.build.cancel(id=id)


async def _names(docker: Operations, image: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Tags and digests of an image; none if somebody has deleted it already."""
    try:
        found = await docker.images.inspect(image)
    except NotFound:
        return (), ()
    return tuple(found.repo_tags), tuple(found.repo_digests)
