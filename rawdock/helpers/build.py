"""`docker.build`: a folder, a Dockerfile or an archive becomes an image, in the same steps with every builder."""

from __future__ import annotations

import json
import secrets as random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Literal

import anyio

from .._build.source import Context, Source
from .._streams.building import Building, Built
from .._streams.opens import Runs
from ..errors import InvalidArgument, NotFound, RawdockError, StatusError

if TYPE_CHECKING:
    from .. import Docker
    from .._streams.opens import Opens
    from .._streams.works import BuildStream

__all__ = ["build"]

# How long an Engine may take to confirm that it stops a build.
_STOP_SECONDS = 10
_NEEDS_SESSION = {
    "secrets": "secrets are sent on demand",
    "ssh": "an agent is asked on demand",
    "outputs": "the result is sent back",
}

Builder = Literal["buildkit", "classic"]


def build(
    docker: Docker,
    source: Source,
    *,
    tag: str | list[str] | None,
    builder: Builder | None,
    buildid: str | None,
    extra_hosts: list[str] | None,
    needs_session: Mapping[str, object],
    send: Callable[..., Opens[BuildStream]],
) -> Runs[Building, Built]:
    """See `rawdock.api.build.Build.__call__`. `send` is `images.build` with all that is the same for every builder."""
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
        ready = await source.prepared(reads_rules=not buildkit)
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
        return Building(lines, stop=stop, look=lambda image: _names(docker, image))

    return Runs(connect)


async def _given_up(context: Context, stop: Callable[[], Awaitable[None]] | None) -> None:
    """Nothing stays open of a build that did not begin, or was given up while its context was sent."""
    await context.aclose()
    if stop is not None:
        await stop()


async def _stop(docker: Docker, id: str | None) -> None:
    """Tell BuildKit by the build's id. That the connection was closed ends a build too, with every builder, but only
    when the Engine notices; a failure here leaves it at that."""
    if id is None:
        return
    with anyio.CancelScope(shield=True), anyio.move_on_after(_STOP_SECONDS), suppress(RawdockError):
        await docker.build.cancel(id=id)


async def _names(docker: Docker, image: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Tags and digests of an image; none if somebody has deleted it already."""
    try:
        found = await docker.images.inspect(image)
    except NotFound:
        return (), ()
    return tuple(found.repo_tags), tuple(found.repo_digests)
