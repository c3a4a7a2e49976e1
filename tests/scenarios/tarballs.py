"""Images imported, saved and loaded as tar archives."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator

import pytest

from rawdock import BadRequest, Docker, NotFound, ServerError, StreamError, VersionError
from rawdock.files import FileContent, save_to
from rawdock.models import Platform
from rawdock.streams import Chunks, Opens

from .kit import OPEN, engine_of, has_image, layout, no_image, opened, tar, tiny, untar

REPO = f"{OPEN}/rawdock-s-tiny"
FIRST, SECOND = f"{REPO}:1", f"{REPO}:2"
NONE = "rawdock-s-none:1"


async def _saved(stream: Opens[Chunks]) -> bytes:
    async with stream as archive:
        return await archive.read(100_000)


async def imported(docker: Docker) -> None:
    """An import makes an image from an archive of files, with a name, a message, changes and a platform."""
    await no_image(docker, FIRST)
    try:
        made = await docker.images.import_(
            tar({"hello": b"world"}),
            repo=REPO,
            tag="1",
            message="a message",
            changes=['CMD ["/hello"]', "ENV A=b", "LABEL rawdock-s=imported"],
            platform="linux/arm64",
        )
        assert made.id.startswith("sha256:")
        found = await docker.images.inspect(FIRST)
        assert found.id == made.id
        assert FIRST in found.repo_tags
        assert found.comment == "a message"
        assert found.config.cmd == ["/hello"]
        assert "A=b" in found.config.env
        assert found.config.labels["rawdock-s"] == "imported"
        assert found.os == "linux"
        if (await engine_of(docker)).can("import for a platform"):
            assert found.architecture == "arm64"
        assert len(found.root_fs.layers) == 1
    finally:
        await no_image(docker, FIRST)


async def imported_in_parts(docker: Docker) -> None:
    """An import from an async iterator; without a name, the image has only its id."""

    async def parts() -> AsyncIterator[bytes]:
        archive = tar({"hello": b"parts"})
        for position in range(0, len(archive), 700):
            yield archive[position : position + 700]

    async with docker.images.import_(parts()) as run:
        lines = [line async for line in run]
        made = await run.result()
    assert lines[-1].status == made.id
    try:
        assert (await docker.images.inspect(made.id)).repo_tags == []
    finally:
        await docker.images.delete(made.id)


async def import_errors(docker: Docker) -> None:
    """Errors of an import: an invalid archive, an address that does not answer, an invalid change."""
    before = {image.id for image in await docker.images.list(filters={"dangling": True})}
    with pytest.raises((BadRequest, ServerError, StreamError)):
        await docker.images.import_(b"no archive")
    for image in await docker.images.list(filters={"dangling": True}):
        if image.id not in before:  # containerd's image store keeps an image after the error
            await docker.images.delete(image.id)
    with pytest.raises((ServerError, StreamError), match="refused"):
        await docker.images.import_("http://127.0.0.1:9/archive.tar")
    with pytest.raises((BadRequest, ServerError), match=r"(?i)nothing"):
        await docker.images.import_(tar({"hello": b"world"}), changes=["NOTHING x"])


async def saved_and_loaded(docker: Docker) -> None:
    """A saved image is loaded under its name, with the same content."""
    async with tiny(docker, FIRST) as id:
        archive = await _saved(docker.images.save(FIRST))
        assert "manifest.json" in untar(archive)
        before = await docker.images.inspect(id)
        await no_image(docker, FIRST)
        async with docker.images.load(archive) as load:
            lines = [line async for line in load]
            result = await load.result()
        assert result.images == (FIRST,)
        assert "Loaded image" in lines[-1].stream
        after = await docker.images.inspect(FIRST)
        assert (after.id, after.root_fs) == (before.id, before.root_fs)


async def through_files(docker: Docker) -> None:
    """An image is saved to a file and loaded from it. The uploaded bytes and the progress of the layers are counted."""
    async with tiny(docker, FIRST):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "image.tar")
            async with docker.images.save(FIRST) as archive:
                size = await save_to(path, archive)
            await no_image(docker, FIRST)
            content = FileContent(path)
            async with docker.images.load(content) as load:
                fractions = [load.progress.fraction async for _ in load]
                result = await load.result()
            assert content.count == content.total == size
        assert result.images == (FIRST,)
        assert fractions == sorted(fractions)
        if result.progress.layers:
            assert result.progress.fraction == 1.0
            assert result.progress.current == result.progress.total > 0


async def several(docker: Docker) -> None:
    """Save and load two names of one image in one archive."""
    async with tiny(docker, FIRST):
        await docker.images.tag(FIRST, repo=REPO, tag="2")
        try:
            archive = await _saved(docker.images.save_all([FIRST, SECOND]))
            await no_image(docker, FIRST, SECOND)
            assert set((await docker.images.load(archive, quiet=True)).images) == {FIRST, SECOND}
            assert await has_image(docker, FIRST)
            assert await has_image(docker, SECOND)
        finally:
            await no_image(docker, SECOND)


async def nameless(docker: Docker) -> None:
    """An image saved by its id is loaded without a name."""
    async with tiny(docker, FIRST) as id:
        archive = await _saved(docker.images.save(id))
        await no_image(docker, FIRST)
        assert (await docker.images.load(archive)).images == (id,)
        assert (await docker.images.inspect(id)).repo_tags == []
        await docker.images.delete(id)


async def of_a_platform(docker: Docker) -> None:
    """Save and load one platform, from API 1.48 on; a platform that the image lacks is an error."""
    elsewhere = Platform(os="linux", architecture="s390x")
    if not (await engine_of(docker)).has("1.48"):
        with pytest.raises(VersionError):
            await opened(docker.images.save(FIRST, platform=[elsewhere]))
        with pytest.raises(VersionError):
            await docker.images.load(b"", platform=[elsewhere])
        return
    async with tiny(docker, FIRST):
        found = await docker.images.inspect(FIRST)
        here = Platform(os=found.os, architecture=found.architecture)
        archive = await _saved(docker.images.save(FIRST, platform=[here]))
        assert "manifest.json" in untar(archive)
        assert (await docker.images.load(archive, platform=[here])).images == (FIRST,)
        with pytest.raises(NotFound, match="platform"):
            await opened(docker.images.save(FIRST, platform=[elsewhere]))


async def of_several_platforms(docker: Docker) -> None:
    """Save and load several of an image's platforms at once, from API 1.52 on."""
    name = f"{OPEN}/rawdock-s-platforms:1"
    both = [Platform(os="linux", architecture=one) for one in ("amd64", "arm64")]
    engine = await engine_of(docker)
    if not engine.has("1.48"):
        with pytest.raises(VersionError):
            await opened(docker.images.save(name, platform=both))
        return
    if "docker-ctrd" not in engine.labels:
        with pytest.raises((BadRequest, NotFound, ServerError)):
            await opened(docker.images.save(FIRST, platform=both))
        return
    if not engine.has("1.52"):
        with pytest.raises(BadRequest, match="platform"):
            await opened(docker.images.save(name, platform=both))
        return
    await no_image(docker, name)
    try:
        await docker.images.load(layout(name, ("amd64", "arm64", "s390x")))
        archive = await _saved(docker.images.save(name, platform=both))
        await docker.images.delete(name)
        assert (await docker.images.load(archive, platform=both)).images == (name,)
        (found,) = await docker.images.list(filters={"reference": name}, manifests=True)
        here = {one.image_data.platform.architecture for one in found.manifests if one.available and one.image_data}
        assert here == {"amd64", "arm64"}
        await docker.images.delete(name, platforms=both[1:], force=True)
        (found,) = await docker.images.list(filters={"reference": name}, manifests=True)
        assert [one.image_data.platform for one in found.manifests if one.available and one.image_data] == both[:1]
    finally:
        await no_image(docker, name)


async def errors(docker: Docker) -> None:
    """Errors: a missing image, and data that is not an archive of images."""
    with pytest.raises(NotFound):
        await opened(docker.images.save(NONE))
    with pytest.raises(NotFound):
        await opened(docker.images.save_all([NONE]))
    for wrong in (b"no archive", tar({"hello": b"world"})):
        with pytest.raises((StreamError, ServerError)):
            await docker.images.load(wrong)
