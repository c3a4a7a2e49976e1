"""The helpers that copy files into and out of containers."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

from rawdock import ArchiveError, BadRequest, Conflict, Docker, Forbidden, NotFound, NotSupported, ServerError
from rawdock.models import HostConfig, Mount

from .kit import container, engine_of, executed, output, tar

NONE = "rawdock-s-none"
TIME = 1_700_000_000


def _tree(folder: Path) -> Path:
    """A folder with a file, a symbolic link, a file with two names, and a file with a long name."""
    tree = folder / "tree"
    (tree / "deep" / "er").mkdir(parents=True)
    (tree / "file").write_bytes(b"content\n")
    (tree / "deep" / "script").write_bytes(b"#!/bin/sh\n")
    (tree / "deep" / "link").symlink_to("script")
    os.link(tree / "file", tree / "same")
    (tree / ("é" * 100)).write_bytes(b"long")
    (tree / "file").chmod(0o640)
    (tree / "deep" / "script").chmod(0o755)
    for path in (tree, tree / "deep", tree / "deep" / "er"):
        path.chmod(0o755)
    (tree / ("é" * 100)).chmod(0o644)
    return tree


def _found(folder: Path) -> dict[str, str]:
    """The paths below a folder, with permissions and contents."""
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*")):
        mode = stat.filemode(path.lstat().st_mode)
        what = os.readlink(path) if path.is_symlink() else "" if path.is_dir() else path.read_text()
        found[str(path.relative_to(folder))] = f"{mode} {what}"
    return found


async def there_and_back(docker: Docker) -> None:
    """A tree is copied into a stopped container and back, and is the same, links and permissions included."""
    async with container(docker, "rawdock-s-files") as id:
        with tempfile.TemporaryDirectory() as folder:
            tree = await anyio.to_thread.run_sync(_tree, Path(folder))
            went = await docker.copy_in(id, tree, "/tmp", mtime=TIME)
            assert (went.path, went.members, went.size, went.skipped) == ("/tmp/tree", 8, 22, ())
            back = await docker.copy_out(id, "/tmp/tree", Path(folder, "back"))
            assert (back.path, back.members, back.size, back.skipped) == (os.path.join(folder, "back"), 8, 22, ())
            assert _found(Path(folder, "back")) == _found(tree)
            file, same, deep = [os.stat(f"{folder}/back/{name}") for name in ("file", "same", "deep")]
            assert file == same
            assert (file.st_mtime, deep.st_mtime) == (TIME, TIME)


async def by_the_rules(docker: Docker) -> None:
    """The destination of a copy depends on what exists there, by the rules of `docker cp`."""
    async with container(docker, "rawdock-s-files") as id:
        await docker.containers.put_archive(id, tar({"there": None, "link": "/tmp/there"}), path="/tmp")
        with tempfile.TemporaryDirectory() as folder:
            tree = await anyio.to_thread.run_sync(_tree, Path(folder))
            for source, destination, expected in (
                (f"{tree}/file", "/tmp/there", "/tmp/there/file"),
                (f"{tree}/file", "/tmp/there/other", "/tmp/there/other"),
                (f"{tree}/file", "/tmp/link", "/tmp/there/file"),
                (f"{tree}/deep", "/tmp/there", "/tmp/there/deep"),
                (f"{tree}/deep", "/tmp/new", "/tmp/new"),
                (f"{tree}/deep/.", "/tmp/new", "/tmp/new"),
            ):
                assert (await docker.copy_in(id, source, destination, mtime=TIME)).path == expected
            assert await docker.read_file(id, "/tmp/there/other") == b"content\n"
            assert await docker.read_file(id, "/tmp/new/script") == b"#!/bin/sh\n"
            # Podman says what is wrong, or, if its subprocess ends before it has read all, that a pipe is broken.
            with pytest.raises((BadRequest, ServerError)):
                await docker.copy_in(id, f"{tree}/file", "/tmp/there/deep/script/no", mtime=TIME)
            out = Path(folder, "out")
            await docker.copy_out(id, "/tmp/there/.", out)
            assert sorted(os.listdir(out)) == ["deep", "file", "other"]
            await docker.copy_out(id, "/tmp/there/file", out / "renamed")
            await docker.copy_out(id, "/tmp/there", out)
            assert sorted(os.listdir(out)) == ["deep", "file", "other", "renamed", "there"]
            await docker.copy_out(id, "/tmp/link", out / "followed", follow_link=True)
            assert sorted(os.listdir(out / "followed")) == ["deep", "file", "other"]


async def owned(docker: Docker) -> None:
    """Owner, permissions and time are set as given, and missing folders are created."""
    async with container(docker, "rawdock-s-files") as id:
        await docker.containers.start(id)
        with tempfile.TemporaryDirectory() as folder:
            tree = await anyio.to_thread.run_sync(_tree, Path(folder))
            await docker.copy_in(id, tree / "deep", "/tmp/a/b/deep", parents=True, uid=7, gid=8, mode=0o640, mtime=TIME)
        await docker.write_file(id, "/tmp/a/c/file", b"1", parents=True, uid=7, gid=8, mode=0o4711, mtime=TIME)
        out, _ = await executed(
            docker, id, ["stat", "-c", "%a %u %g %Y", "/tmp/a/b/deep", "/tmp/a/b/deep/script", "/tmp/a/c/file"]
        )
        assert out.decode().splitlines() == [f"750 7 8 {TIME}", f"640 7 8 {TIME}", f"4711 7 8 {TIME}"]
        out, _ = await executed(docker, id, ["stat", "-c", "%a %u %g", "/tmp/a/b", "/tmp/a/c"])
        assert out.decode().splitlines() == ["755 7 8"] * 2


async def owned_by_container(docker: Docker) -> None:
    """`owner="container"` is the user that the Engine starts the container as: a name, and numbers in no file."""
    files = {
        "passwd": b"root:x:0:0::/:/bin/sh\nada:x:1000:2000::/:/bin/sh\n",
        "group": b"root:x:0:\nstaff:x:50:ada\n",
    }
    show = ["sh", "-c", "stat -c %u:%g /tmp/new /tmp/new/file; echo $(id -u):$(id -g)"]
    for user, expected in (("ada", "1000:2000"), ("1234:staff", "1234:50")):
        async with container(docker, "rawdock-s-files", show, user=user) as id:
            await docker.containers.put_archive(id, tar(files), path="/etc")
            if user == "ada":
                with tempfile.TemporaryDirectory() as folder:
                    new = Path(folder, "new")
                    await anyio.Path(new).mkdir()
                    await anyio.Path(new, "file").write_bytes(b"1")
                    await docker.copy_in(id, new, "/tmp", owner="container", mode=0o644, mtime=TIME)
            else:
                await docker.write_file(id, "/tmp/new/file", b"1", parents=True, owner="container", mtime=TIME)
            await docker.containers.start(id)
            await docker.containers.wait(id)
            async with docker.containers.logs(id) as stream:
                out, _ = await output(stream)
            assert out.decode().split() == [expected] * 3
    async with container(docker, "rawdock-s-files", user="ada:nobody-there") as id:
        await docker.containers.put_archive(id, tar(files), path="/etc")
        with pytest.raises(NotFound, match=r"runs as 'ada:nobody-there', and .*(there is no|unknown) group"):
            await docker.write_file(id, "/tmp/file", b"1", owner="container", mtime=TIME)
        with pytest.raises(NotFound):
            await docker.containers.archive_info(id, path="/tmp/file")


async def one(docker: Docker) -> None:
    """`write_file` and `read_file`: bytes, an iterator of parts, and through links to their target."""

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"part\n"

    async with container(docker, "rawdock-s-files") as id:
        await docker.write_file(id, "/tmp/file", b"content\n", mtime=TIME)
        assert await docker.read_file(id, "/tmp/file") == b"content\n"
        info = await docker.containers.archive_info(id, path="/tmp/file")
        assert stat.filemode(info.st_mode) == "-rw-r--r--"
        await docker.containers.put_archive(id, tar({"link": "file", "far": "/tmp/link"}), path="/tmp")
        assert await docker.read_file(id, "/tmp/far") == b"content\n"
        await docker.write_file(id, "/tmp/far", parts(), size=15, mtime=TIME)
        assert await docker.read_file(id, "/tmp/file") == b"part\n" * 3
        assert (await docker.containers.archive_info(id, path="/tmp/link")).is_link
        await docker.write_file(id, "/tmp/empty", b"", mtime=TIME)
        assert await docker.read_file(id, "/tmp/empty") == b""


async def errors(docker: Docker) -> None:
    """Errors: no such container, no such path, and a path that is not a file."""
    engine = await engine_of(docker)
    for call in (docker.read_file(NONE, "/x"), docker.write_file(NONE, "/x", b"", mtime=TIME)):
        with pytest.raises(NotFound, match=NONE):
            await call
    async with container(docker, "rawdock-s-files") as id:
        with pytest.raises(NotFound):
            await docker.read_file(id, "/tmp/none")
        with pytest.raises(ArchiveError, match="is a folder"):
            await docker.read_file(id, "/tmp")
        with pytest.raises(ServerError):
            await docker.write_file(id, "/tmp", b"x", mtime=TIME)
        await docker.write_file(id, "/tmp/file", b"12345", mtime=TIME)
        with pytest.raises(ArchiveError, match="limit is 4"):
            await docker.read_file(id, "/tmp/file", limit=4)
        with pytest.raises((BadRequest, ServerError)):  # see above
            await docker.write_file(id, "/tmp/file/x", b"x", mtime=TIME)
        if engine.can("refuse a missing folder"):
            with pytest.raises(NotFound):
                await docker.write_file(id, "/none/x", b"x", mtime=TIME)
        with tempfile.TemporaryDirectory() as folder:
            tree = await anyio.to_thread.run_sync(_tree, Path(folder))
            with pytest.raises(NotFound, match=NONE):
                await docker.copy_in(NONE, tree, "/tmp", mtime=TIME)
            with pytest.raises(ServerError):
                await docker.copy_in(id, tree, "/tmp/file", mtime=TIME)
            for container_, path in ((NONE, "/tmp"), (id, "/none")):
                with pytest.raises(NotFound):
                    await docker.copy_out(container_, path, folder)
            assert os.listdir(folder) == ["tree"]


async def untrusted(docker: Docker) -> None:
    """Links that point outside the destination are refused, or skipped with `unsafe="skip"`."""
    async with container(docker, "rawdock-s-files") as id:
        files: dict[str, bytes | str | None] = {
            "it": None,
            "it/inside": "file",
            "it/outside": "/etc/passwd",
            "it/up": "..",
            "it/file": b"content\n",
        }
        await docker.containers.put_archive(id, tar(files), path="/tmp")
        with tempfile.TemporaryDirectory() as folder:
            with pytest.raises(ArchiveError, match="outside"):
                await docker.copy_out(id, "/tmp/it", folder)
            copied = await docker.copy_out(id, "/tmp/it", folder, unsafe="skip")
            assert sorted(one.name for one in copied.skipped) == ["it/outside", "it/up"]
            assert sorted(os.listdir(os.path.join(folder, "it"))) == ["file", "inside"]


async def in_memory(docker: Docker) -> None:
    """Files on a tmpfs and the like, which Docker's archives do not reach, are read and written by the shell."""
    docker_engine = "docker" in (await engine_of(docker)).labels
    config = HostConfig(tmpfs={"/scratch": "size=1m"}, mounts=[Mount(type="tmpfs", target="/mounted")])
    data = b"one\n\0two"
    async with container(docker, "rawdock-s-memory", host_config=config) as id:
        if docker_engine:
            with pytest.raises(Conflict, match="start it first"):
                await docker.write_file(id, "/scratch/one", data)
        await docker.containers.start(id)
        for path in ("/scratch/one", "/mounted/one", "/dev/shm/one"):
            await docker.write_file(id, path, data, mode=0o640, uid=7, gid=8, mtime=TIME)
            said, _ = await executed(docker, id, ["stat", "-c", "%a %u:%g %Y %s", path])
            assert said.decode().split() == ["640", "7:8", str(TIME), str(len(data))]
            assert await docker.read_file(id, path) == data
        await executed(docker, id, ["ln", "-s", "/scratch", "/etc/link"])
        await docker.write_file(id, "/etc/link/deep/two", b"2", parents=True, mtime=TIME)
        assert await docker.read_file(id, "/scratch/deep/two") == b"2"
        assert (await docker.read_file(id, "/proc/self/comm")) != b""
        with pytest.raises(NotFound):
            await docker.read_file(id, "/scratch/none")
        with pytest.raises(ArchiveError):
            await docker.read_file(id, "/scratch/deep")
        with pytest.raises(ArchiveError):
            await docker.read_file(id, "/scratch/one", limit=3)
        if docker_engine:
            with tempfile.TemporaryDirectory() as folder:
                places = {
                    "/scratch/one": "/scratch",
                    "/etc/link/deep": "/scratch",
                    "/etc/link/.": "/scratch",
                    "/proc": "/proc",
                }
                for path, place in places.items():
                    with pytest.raises(NotSupported, match=place):
                        await docker.copy_out(id, path, folder)
                    with pytest.raises(NotSupported, match=place):
                        await docker.copy_in(id, folder, path)


async def in_memory_beside_a_read_only_root(docker: Docker) -> None:
    """A tmpfs can be written where nothing else can."""
    config = HostConfig(readonly_rootfs=True, tmpfs={"/scratch": "size=1m"})
    async with container(docker, "rawdock-s-memory", host_config=config) as id:
        await docker.containers.start(id)
        await docker.write_file(id, "/scratch/one", b"1", mtime=TIME)
        assert await docker.read_file(id, "/scratch/one") == b"1"
        with pytest.raises((BadRequest, Forbidden, ServerError)):
            await docker.write_file(id, "/etc/one", b"1", mtime=TIME)


async def large(docker: Docker) -> None:
    """A file larger than any buffer, copied in and out."""
    async with container(docker, "rawdock-s-files") as id:
        with tempfile.TemporaryDirectory() as folder:
            data = os.urandom(1 << 20) * 40
            source, back = anyio.Path(folder, "large"), anyio.Path(folder, "back")
            await source.write_bytes(data)
            await docker.copy_in(id, source, "/tmp/large")
            await docker.copy_out(id, "/tmp/large", back)
            assert await back.read_bytes() == data
            assert await docker.read_file(id, "/tmp/large") == data
            await docker.write_file(id, "/tmp/again", data)
            assert await docker.read_file(id, "/tmp/again") == data


large.live_only = True  # type: ignore[attr-defined]
