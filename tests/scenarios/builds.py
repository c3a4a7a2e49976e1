"""`images.build` with the classic builder and with BuildKit. Podman has its own builder, and ignores `version`."""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Literal

import pytest

from rawdock import BadRequest, Docker, NotSupported, ServerError, StreamError, Unauthorized, VersionError
from rawdock.models import BuildLine, Ulimit

from .kit import BUSYBOX, OPEN, WITH_PASSWORD, credentials, engine_of, has_image, no_image, tar

REPO = f"{OPEN}/rawdock-s-built"
BUILT, OTHER = f"{REPO}:1", f"{REPO}:2"
FROM = f"FROM {BUSYBOX}\n"
Version = Literal["1", "2"]


def _context(dockerfile: str, **files: bytes) -> bytes:
    return tar({"Dockerfile": dockerfile.encode(), **files})


def _said(lines: list[BuildLine]) -> str:
    """The text of the lines; BuildKit's is inside its base64-encoded records."""
    texts = [base64.b64decode(line.aux).decode(errors="replace") for line in lines if isinstance(line.aux, str)]
    return "".join([line.stream for line in lines] + texts)


@asynccontextmanager
async def _no_images_left(docker: Docker) -> AsyncGenerator[None, None]:
    if not await has_image(docker, BUSYBOX):
        await docker.images.pull(BUSYBOX)
    await no_image(docker, BUILT, OTHER)
    try:
        yield
    finally:
        await no_image(docker, BUILT, OTHER)


async def _built(docker: Docker, version: Version) -> None:
    dockerfile = FROM + "COPY hello /hello\nRUN cat /hello && expr 40 + 2\n"
    async with _no_images_left(docker):
        async with docker.images.build(
            _context(dockerfile, hello=b"world\n"),
            tags=[BUILT, OTHER],
            labels={"rawdock-s": "built"},
            version=version,
            nocache=True,
        ) as build:
            lines = [line async for line in build]
            result = await build.result()
        said = _said(lines)
        assert "world" in said
        assert "42" in said
        found = await docker.images.inspect(BUILT)
        assert result.id.removeprefix("sha256:") == found.id.removeprefix("sha256:")
        assert set(found.repo_tags) == {BUILT, OTHER}
        assert found.config.labels["rawdock-s"] == "built"
        base = await docker.images.inspect(BUSYBOX)
        assert found.root_fs.layers[: len(base.root_fs.layers)] == base.root_fs.layers
        assert len(found.root_fs.layers) > len(base.root_fs.layers)


async def classic(docker: Docker) -> None:
    """Files are copied, the output of commands is reported, and the image has its names, labels and layers."""
    await _built(docker, "1")


async def buildkit(docker: Docker) -> None:
    """The same with BuildKit, which sends base64-encoded records."""
    await _built(docker, "2")


async def arguments(docker: Docker) -> None:
    """Build arguments, one stage of several, and a Dockerfile of another name."""
    dockerfile = b"FROM scratch AS one\nARG A=default\nENV A=$A\nFROM scratch AS two\nENV B=two\n"
    context = tar({"sub/Own": dockerfile})
    async with _no_images_left(docker):
        result = await docker.images.build(
            context, dockerfile="sub/Own", target="one", buildargs={"A": "given"}, tags=[BUILT]
        )
        found = await docker.images.inspect(result.id)
        assert "A=given" in found.config.env
        assert "B=two" not in found.config.env
        async with docker.images.build(
            context, dockerfile="sub/Own", target="one", tags=[OTHER], quiet=True, nocache=True
        ) as build:
            lines = [line async for line in build]
        assert len(lines) == 1, "a quiet build reports only the image's id"
        quiet = await docker.images.inspect(OTHER)
        assert lines[0].stream.strip().removeprefix("sha256:") == quiet.id.removeprefix("sha256:")
        assert "A=default" in quiet.config.env


async def limits(docker: Docker) -> None:
    """Commands in a build get the ulimits, shared memory size and extra hosts that were given."""
    engine = await engine_of(docker)
    hosts = ["rawdock-s-host:192.0.2.7"] if engine.can("accept extra hosts for a build") else None
    files = [Ulimit(name="nofile", soft=77, hard=78)] if engine.can("accept ulimits for a build") else None
    async with _no_images_left(docker):
        async with docker.images.build(
            _context(FROM + "RUN ulimit -n; cat /etc/hosts; df -k /dev/shm\n"),
            version="1",
            nocache=True,
            forcerm=True,
            tags=[BUILT],
            ulimits=files,
            networkmode="none",
            extrahosts=hosts,
            memory=64_000_000,
            shmsize=2 << 20,
        ) as build:
            said = _said([line async for line in build])
        if files:
            assert "77\n" in said
        assert " 2048 " in said
        if hosts:
            assert "192.0.2.7\trawdock-s-host" in said


async def _fails(docker: Docker, version: Version) -> None:
    failing = _context(FROM + "RUN echo before; exit 3\n")
    seen: list[BuildLine] = []

    async def follow() -> None:
        async with docker.images.build(failing, version=version, tags=[BUILT], nocache=True, forcerm=True) as build:
            async for line in build:
                seen.append(line)  # noqa: PERF401  # keep the lines before the error

    async with _no_images_left(docker):
        with pytest.raises(StreamError, match="3") as caught:
            await follow()
        assert caught.value.code in (3, None), "only the classic builder reports the exit code as a number"
        assert "before" in _said(seen)
        assert not await has_image(docker, BUILT)
    for wrong in (
        _context("FROM scratch\nNONSENSE\n"),
        _context(""),
        tar({"hello": b"world"}),
        _context("FROM scratch\nCOPY none /\n"),
        _context(f"FROM {OPEN}/rawdock-s-none:1\n"),
    ):
        with pytest.raises((BadRequest, ServerError, StreamError)):
            await docker.images.build(wrong, version=version, forcerm=True)


async def fails(docker: Docker) -> None:
    """A failing command ends the build with its exit code; a wrong Dockerfile is reported as an error."""
    await _fails(docker, "1")


async def buildkit_fails(docker: Docker) -> None:
    """The same with BuildKit."""
    await _fails(docker, "2")


async def refused(docker: Docker) -> None:
    """Errors: an invalid Dockerfile, a missing stage, an invalid name, and data that is not an archive."""
    engine = await engine_of(docker)
    kind = BadRequest if engine.can("refuse a bad Dockerfile at once") else StreamError
    with pytest.raises(kind, match="NONSENSE"):
        await docker.images.build(_context("FROM scratch\nNONSENSE x\n"), version="1")
    with pytest.raises((BadRequest, StreamError), match="none"):
        await docker.images.build(_context("FROM scratch AS one\nENV A=b\n"), version="1", target="none")
    with pytest.raises(BadRequest, match="invalid reference"):
        await docker.images.build(_context("FROM scratch\nENV A=b\n"), version="1", tags=["NOT A NAME"])
    with pytest.raises(ServerError):
        await docker.images.build(b"no archive", version="1")


async def with_credentials(docker: Docker) -> None:
    """The base image may be in a registry that requires credentials."""
    reference = f"{WITH_PASSWORD}/busybox:1"
    context = _context(f"FROM {reference}\nENV A=b\n")
    right = {WITH_PASSWORD: credentials(registry=WITH_PASSWORD)}
    await no_image(docker, reference)
    async with _no_images_left(docker):
        try:
            with pytest.raises(Unauthorized):
                await docker.images.build(context, version="1", tags=[BUILT])
            assert not await has_image(docker, BUILT)
            await docker.images.build(context, version="1", tags=[BUILT], registry_config=right)
            assert await has_image(docker, BUILT)
        finally:
            await no_image(docker, BUILT, reference)


async def cancelled(docker: Docker) -> None:
    """`build.cancel` ends a BuildKit build by its id. Podman does not support it."""
    engine = await engine_of(docker)
    if not engine.can("cancel a build"):
        with pytest.raises(NotSupported):
            await docker.build.cancel(id="rawdock-s-build")
        return
    await docker.build.cancel(id="rawdock-s-none")
    context = _context(FROM + "RUN echo now$((40 + 2)); sleep 100\n")

    async def follow() -> None:
        async with docker.images.build(
            context, version="2", nocache=True, tags=[BUILT], buildid="rawdock-s-build"
        ) as build:
            async for line in build:
                if "now42" in _said([line]):
                    await docker.build.cancel(id="rawdock-s-build")

    async with _no_images_left(docker):
        with pytest.raises(StreamError, match="cancel"):
            await follow()
        assert not await has_image(docker, BUILT)


async def pruned(docker: Docker) -> None:
    """`build.prune` removes BuildKit's cache and reports its size. Podman does not support it."""
    engine = await engine_of(docker)
    if not engine.can("prune the build cache"):
        with pytest.raises(NotSupported):
            await docker.build.prune()
        return
    async with _no_images_left(docker):
        await docker.images.build(_context("FROM scratch\nCOPY hello /\n", hello=b"world"), version="2", tags=[BUILT])
    kept = await docker.build.prune(filters={"until": "24h"})
    assert kept.space_reclaimed >= 0
    result = await docker.build.prune(all=True)
    assert result.caches_deleted
    assert result.space_reclaimed > 0
    again = await docker.build.prune(all=True, keep_storage=1 << 30)
    assert (again.caches_deleted, again.space_reclaimed) == ([], 0)
    if engine.has("1.48"):
        spaces = await docker.build.prune(reserved_space=1 << 30, max_used_space=1 << 31, min_free_space=1)
        assert spaces.caches_deleted == []
    else:
        with pytest.raises(VersionError):
            await docker.build.prune(reserved_space=1 << 30)
    with pytest.raises(BadRequest, match="nonsense"):
        await docker.build.prune(filters={"nonsense": "1"})
