"""Copying the files of containers as tar archives."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from rawdock import BadRequest, Docker, NotFound, ServerError
from rawdock.models import ContainerSpec, HostConfig

from .kit import OPEN, container, engine_of, gzipped, no_container, opened, tar, tiny, untar

NONE = "rawdock-s-none"
FILES: dict[str, bytes | str | None] = {
    "folder": None,
    "folder/file": b"content\n",
    "folder/link": "file",
    "folder/script": b"#!/bin/sh\n",
}
FOLDER, LINK = 1 << 31, 1 << 27


async def _archive(docker: Docker, id: str, path: str) -> dict[str, bytes | str | None]:
    async with docker.containers.archive(id, path=path) as archive:
        return untar(await archive.read(100_000))


async def copied(docker: Docker) -> None:
    """A folder, a file and a link are copied in and out unchanged; the container need not run."""
    async with container(docker, "rawdock-s-archive") as id:
        await docker.containers.put_archive(id, tar(FILES), path="/tmp")
        assert await _archive(docker, id, "/tmp/folder") == FILES
        async with docker.containers.archive(id, path="/tmp/folder/file") as archive:
            assert archive.stat.name == "file"
            assert archive.stat.size == 8
            assert untar(await archive.read(100_000)) == {"file": b"content\n"}
        await docker.containers.put_archive(id, tar({"file": b"new"}), path="/tmp/folder")
        assert await _archive(docker, id, "/tmp/folder/file") == {"file": b"new"}


async def told(docker: Docker) -> None:
    """`archive_info` reports a path's size, mode and time, and the target of a link."""
    async with container(docker, "rawdock-s-archive") as id:
        await docker.containers.put_archive(id, tar(FILES, mode=0o640), path="/tmp")
        file = await docker.containers.archive_info(id, path="/tmp/folder/file")
        assert (file.name, file.size, file.mode) == ("file", 8, 0o640)
        assert file.mtime == "1970-01-01T00:00:00Z"
        folder = await docker.containers.archive_info(id, path="/tmp/folder")
        assert (folder.name, folder.mode) == ("folder", FOLDER | 0o755)
        link = await docker.containers.archive_info(id, path="/tmp/folder/link")
        assert link.mode & LINK
        assert not link.mode & FOLDER
        assert link.link_target == "/tmp/folder/file"


async def in_parts(docker: Docker) -> None:
    """An upload may be compressed, and may be given as an async iterator of parts."""
    archive = gzipped(tar({"file": b"content"}))

    async def parts() -> AsyncIterator[bytes]:
        for position in range(0, len(archive), 500):
            yield archive[position : position + 500]

    async with container(docker, "rawdock-s-archive") as id:
        await docker.containers.put_archive(id, parts(), path="/tmp")
        assert await _archive(docker, id, "/tmp/file") == {"file": b"content"}


async def replaced(docker: Docker) -> None:
    """A file replaces a folder of the same name, unless `no_overwrite_dir_non_dir` is set."""
    async with container(docker, "rawdock-s-archive") as id:
        await docker.containers.put_archive(id, tar({"it": None}), path="/tmp")
        with pytest.raises(ServerError):
            await docker.containers.put_archive(id, tar({"it": b"1"}), path="/tmp", no_overwrite_dir_non_dir=True)
        assert (await docker.containers.archive_info(id, path="/tmp/it")).mode & FOLDER
        await docker.containers.put_archive(id, tar({"it": b"1"}), path="/tmp")
        assert not (await docker.containers.archive_info(id, path="/tmp/it")).mode & FOLDER


async def exported(docker: Docker) -> None:
    """An export has all files of a container, including those copied into it."""
    name = "rawdock-s-archive"
    await no_container(docker, name)
    async with tiny(docker, f"{OPEN}/rawdock-s-tiny:1"):
        created = await docker.containers.create(
            ContainerSpec(image=f"{OPEN}/rawdock-s-tiny:1", cmd=["/hello"]), name=name
        )
        try:
            await docker.containers.put_archive(created.id, tar({"added": b"more"}), path="/")
            async with docker.containers.export(created.id) as export:
                files = untar(await export.read(100_000))
            assert files["hello"] == b"world"
            assert files["added"] == b"more"
        finally:
            await no_container(docker, name)


async def errors(docker: Docker) -> None:
    """Errors: no such container or path, and archives that cannot be unpacked."""
    engine = await engine_of(docker)
    archive = tar({"file": b"content"})
    with pytest.raises(NotFound):
        await docker.containers.archive_info(NONE, path="/")
    with pytest.raises(NotFound, match=NONE):
        await opened(docker.containers.archive(NONE, path="/"))
    with pytest.raises(NotFound, match=NONE):
        await docker.containers.put_archive(NONE, archive, path="/")
    with pytest.raises(NotFound, match=NONE):
        await opened(docker.containers.export(NONE))
    async with container(docker, "rawdock-s-archive") as id:
        with pytest.raises(NotFound):
            await docker.containers.archive_info(id, path="/none")
        with pytest.raises(NotFound):
            await opened(docker.containers.archive(id, path="/none"))
        with pytest.raises(BadRequest):
            await docker.containers.archive_info(id, path="")
        await docker.containers.put_archive(id, archive, path="/tmp")
        with pytest.raises(BadRequest, match="not a directory"):
            await docker.containers.put_archive(id, archive, path="/tmp/file")
        with pytest.raises(ServerError):
            await docker.containers.put_archive(id, b"no archive" * 100, path="/tmp")
        if engine.can("refuse a missing folder"):
            with pytest.raises(NotFound):
                await docker.containers.put_archive(id, archive, path="/none/there")
        else:
            await docker.containers.put_archive(id, archive, path="/none/there")
            assert await _archive(docker, id, "/none/there/file") == {"file": b"content"}


async def read_only(docker: Docker) -> None:
    """Nothing is unpacked into a container with a read-only root filesystem."""
    engine = await engine_of(docker)
    async with container(docker, "rawdock-s-archive", host_config=HostConfig(readonly_rootfs=True)) as id:
        if engine.can("refuse writes to a read-only container"):
            with pytest.raises(BadRequest, match="read-only"):
                await docker.containers.put_archive(id, tar({"file": b"content"}), path="/tmp")
        else:
            await docker.containers.put_archive(id, tar({"file": b"content"}), path="/tmp")
