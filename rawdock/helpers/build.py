"""`docker.build`: build an image from a folder, a Dockerfile or an archive, with the same steps for every builder."""

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

# Seconds that an Engine may take to confirm a cancelled build.
_CANCEL_TIMEOUT = 10
_NEEDS_SESSION = {
    "secrets": "secrets are sent on demand",
    "ssh": "an agent is asked on demand",
    "outputs": "the result is sent back",
}


class Builder(Build):
    """Builds images, cancels builds and prunes the build cache.

    Call it to build: `await docker.build("folder", tag="app:1")`. The bare API operation is `images.build`.
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
        """Build an image from a folder, the text of a Dockerfile, or an archive (`docker build`).

        Enter it to follow its steps, or await it for the result. Leaving early cancels the build on the Engine; Podman
        first finishes the command of the current step.

        `context` is the path of a folder, or a tar archive, which may be compressed. Without it the context is empty
        and `dockerfile` is needed. A folder is sent while it is read, without the files that its `.dockerignore`
        excludes; a `Dockerfile.dockerignore` beside the Dockerfile is used instead, if there is one. Symbolic links are
        sent as links. All files belong to root, as with the docker command. `mtime`, in seconds since 1970, is set for
        all files, so that the same folder always gives the same archive. `compress` sends the archive as gzip.

        `dockerfile` is the text of a Dockerfile, `file` the path of one: inside the folder or archive, or an absolute
        path elsewhere. With BuildKit, `COPY .` also copies a Dockerfile that is excluded from the context or is from
        elsewhere; the classic builder and Podman remove it.

        `builder` is `"buildkit"` or `"classic"`; the default is what the Engine's ping says. Podman has a builder of
        its own. `extra_hosts` are `HOST:IP`. Memory is in bytes, CPU periods are in microseconds; BuildKit ignores
        limits of memory and CPU. `registry_config` has the credentials by registry. `buildid` is the id for
        `build.cancel`; the default is a random one. `secrets`, `ssh` and `outputs` need a BuildKit session, which
        rawdock does not have, and are refused.

        Raises InvalidArgument before anything is sent, also for a folder, a Dockerfile or ignore rules that cannot be
        used; FileError if a file cannot be read or shrinks meanwhile; and BuildError, with the step, if the build
        fails. The classic builder answers BadRequest to a Dockerfile with a syntax error. The `id` of the result is
        from the end of the stream, its tags and digests are from an `images.inspect` afterwards. Routes: GET /_ping,
        POST /build, GET /images/{name}/json.
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
    """Check the arguments. `send` is `images.build` with the arguments that are the same for every builder."""
    for name, value in needs_session.items():
        if value is not None:
            raise InvalidArgument(
                f"build: {name} needs a BuildKit session, in which {_NEEDS_SESSION[name]}; rawdock has none: "
                "`docker.session.open` gives the bare connection"
            )
    if builder not in (None, "buildkit", "classic"):
        raise InvalidArgument(f"build: builder is 'buildkit' or 'classic', not {builder!r}")
    tags = [tag] if isinstance(tag, str) else tag
    if tags is not None and not all(tags):
        raise InvalidArgument("build: a tag is empty; omit tag for an image without a name")
    source.check()

    async def connect() -> Building:
        ping = await docker.system.ping()
        podman = bool(ping.libpod_api_version)
        if podman and builder is not None:
            raise InvalidArgument(f"build: Podman has only a builder of its own; builder={builder!r} is not available")
        buildkit = not podman and (builder == "buildkit" or (builder is None and ping.builder_version == "2"))
        context = await source.prepare(engine_applies_dockerignore=not buildkit)
        id = (buildid or random.token_hex(16)) if buildkit else None
        hosts = extra_hosts
        if podman and hosts:
            hosts = [json.dumps(hosts)]  # Docker takes a parameter for each host, Podman one JSON list
        opening = send(
            context.content,
            dockerfile=context.dockerfile,
            tags=tags,
            version=None if podman else "2" if buildkit else "1",
            extrahosts=hosts,
            forcerm=True,  # otherwise the container of a failed step would remain
            buildid=id,
        )

        async def cancel() -> None:
            await _cancel(docker, id)

        try:
            lines = await opening.__aenter__()
        except BaseException as error:
            await _clean_up(context, None if isinstance(error, StatusError) else cancel)
            raise
        return Building(lines, stop=cancel, image_names=lambda image: _names(docker, image))

    return Runs(connect)


async def _clean_up(context: Context, cancel: Callable[[], Awaitable[None]] | None) -> None:
    """Close the files of a build that did not start or was cancelled while its context was sent, and cancel it."""
    await context.aclose()
    if cancel is not None:
        await cancel()


async def _cancel(docker: Operations, id: str | None) -> None:
    """Cancel a BuildKit build by its id, ignoring errors: every builder also ends a build when the Engine notices
    that the connection is closed."""
    if id is None:
        return
    with anyio.CancelScope(shield=True), anyio.move_on_after(_CANCEL_TIMEOUT), suppress(RawdockError):
        await docker.build.cancel(id=id)


async def _names(docker: Operations, image: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The tags and digests of an image; none if it was deleted meanwhile."""
    try:
        inspected = await docker.images.inspect(image)
    except NotFound:
        return (), ()
    return tuple(inspected.repo_tags), tuple(inspected.repo_digests)
