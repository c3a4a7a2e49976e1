"""Files and progress as type checkers see them. Read by mypy and pyright, never run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import assert_type

import rawdock
from rawdock.bars import counting, show
from rawdock.files import Counted, FileContent, save_to
from rawdock.streams import LoadResult, PullResult, PushResult


async def copies(docker: rawdock.Docker) -> None:
    copied = await docker.copy_in("c", Path("src"), "/tmp", uid=None, gid=None, mode=0o644)
    assert_type(copied, rawdock.Copied)
    assert_type(copied.skipped, tuple[rawdock.Skipped, ...])
    assert_type(await docker.copy_out("c", "/tmp/src", "back", unsafe="skip", max_size=None), rawdock.Copied)
    await docker.copy_out("c", "/tmp/src", "back", unsafe="never")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert_type(await docker.read_file("c", "/etc/hosts"), bytes)
    await docker.write_file("c", "/etc/hosts", "text")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    info = await docker.containers.archive_info("c", path="/")
    assert_type(info.st_mode, int)
    assert_type(info.is_folder, bool)


async def counted(docker: rawdock.Docker, parts: AsyncIterator[bytes]) -> None:
    content = FileContent("images.tar")
    assert_type(content.total, int | None)
    loaded = await docker.images.load(content)
    assert_type(loaded, LoadResult)
    async with docker.images.save("busybox") as archive:
        assert_type(await save_to(Path("busybox.tar"), Counted(archive)), int)
    with counting(content, "images.tar"):
        await docker.images.import_(Counted(parts, total=5))


async def bars(docker: rawdock.Docker) -> None:
    async with docker.images.pull("busybox") as pull:
        assert_type(await show(pull), PullResult)
    async with docker.images.push("busybox") as push:
        assert_type(await show(push), PushResult)
    async with docker.images.load(b"") as load:
        assert_type(await show(load), LoadResult)
    async with docker.system.events() as events:
        await show(events)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
