"""Contexts: what is in the archive of a folder, files that change while it is sent, and what does not go together."""

from __future__ import annotations

import gzip
import io
import os
import stat
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawdock import Docker, FileError, InvalidArgument
from rawdock._build.context import archive_of
from rawdock._build.ignore import Rules
from rawdock._build.source import Source
from rawdock._threads import Batches


def members(data: bytes) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        return {member.name: member for member in archive}


def content(data: bytes, name: str) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        file = archive.extractfile(name)
        assert file is not None
        return file.read()


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_attributes_of_files(tmp_path: Path) -> None:
    """Modes and whole seconds are kept; the owner is root."""
    script = tmp_path / "run.sh"
    script.write_bytes(b"#!/bin/sh\n")
    if os.getuid() == 0:
        os.chown(script, 12, 34)
    script.chmod(0o4751)
    os.utime(script, ns=(1, 1_700_000_000_987_654_321))
    (tmp_path / "folder").mkdir(mode=0o700)
    found = members(b"".join(archive_of(str(tmp_path))))
    assert list(found) == ["folder", "run.sh"]
    assert (found["run.sh"].mode, found["folder"].mode) == (0o4751, 0o700)
    assert found["run.sh"].mtime == 1_700_000_000
    assert {(one.uid, one.gid, one.uname, one.gname) for one in found.values()} == {(0, 0, "", "")}


def test_the_same_folder_is_the_same_archive(tmp_path: Path) -> None:
    """With `mtime`, neither the times of files nor their order on disk change the archive."""
    archives: list[bytes] = []
    for place, names in (("one", ["b", "a", "c"]), ("two", ["c", "b", "a"])):
        for name in names:
            file = tmp_path / place / "deep" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(name)
            file.chmod(0o644)
            os.utime(file, (len(archives), len(archives)))
        archives.append(b"".join(archive_of(str(tmp_path / place), mtime=7)))
    assert archives[0] == archives[1]
    assert {member.mtime for member in members(archives[0]).values()} == {7}


def test_links_are_links(tmp_path: Path) -> None:
    """No link is followed out of the folder; a second hard link is archived as a link."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    folder = tmp_path / "context"
    folder.mkdir()
    (folder / "file").write_text("secret")
    (folder / "out").symlink_to(outside)
    (folder / "out-file").symlink_to("../outside/secret")
    os.link(folder / "file", folder / "second")
    data = b"".join(archive_of(str(folder)))
    found = members(data)
    assert set(found) == {"file", "out", "out-file", "second"}
    assert found["out"].issym()
    assert found["out"].linkname == str(outside)
    assert found["out-file"].linkname == "../outside/secret"
    assert found["second"].islnk()
    assert found["second"].linkname == "file"
    assert data.count(b"secret") == 2, "the content of the file, and the target of a link"


def test_pipes_and_sockets(tmp_path: Path) -> None:
    """A pipe is sent as a pipe without blocking; a socket is left out."""
    import socket

    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(tmp_path / "socket"))
        found = members(b"".join(archive_of(str(tmp_path))))
    assert set(found) == {"pipe"}
    assert found["pipe"].isfifo()


@pytest.mark.skipif(os.getuid() != 0, reason="only root makes devices")
def test_a_device_is_not_read(tmp_path: Path) -> None:
    os.mknod(tmp_path / "zero", 0o600 | stat.S_IFCHR, os.makedev(1, 5))
    found = members(b"".join(archive_of(str(tmp_path))))
    assert found["zero"].ischr()
    assert (found["zero"].devmajor, found["zero"].devminor) == (1, 5)


def test_long_names_large_files_and_odd_names(tmp_path: Path) -> None:
    """Names of any length and bytes, and a size that the plain header has no room for."""
    deep = tmp_path.joinpath(*["d" * 90] * 4)
    deep.mkdir(parents=True)
    (deep / ("f" * 120)).write_text("deep")
    (tmp_path / "é ü").write_text("odd")
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(9 << 30)
    parts = archive_of(str(tmp_path))
    beginning = b""
    while b"sparse" not in beginning:
        beginning += next(parts)
    parts.close()
    assert b"9663676416" in beginning, "the size, in a header of its own"
    (tmp_path / "sparse").unlink()
    data = b"".join(archive_of(str(tmp_path)))
    assert content(data, "/".join(["d" * 90] * 4 + ["f" * 120])) == b"deep"
    assert content(data, "é ü") == b"odd"


# Files that change while they are sent (failure mode 63).


def until_head_of(parts: Any, name: bytes) -> list[bytes]:
    sent = [next(parts)]
    while name not in sent[-1][:200]:
        sent.append(next(parts))
    return sent


def test_a_file_that_grows_is_sent_as_announced(tmp_path: Path) -> None:
    """The archive is valid although a log file grows meanwhile."""
    log = tmp_path / "log"
    log.write_bytes(b"a" * 600_000)
    (tmp_path / "next").write_bytes(b"next")
    parts = archive_of(str(tmp_path))
    sent = until_head_of(parts, b"log")
    with log.open("ab") as file:
        file.write(b"b" * 100_000)
    data = b"".join([*sent, *parts])
    assert content(data, "log") == b"a" * 600_000
    assert content(data, "next") == b"next"


@pytest.mark.parametrize("left", [0, 1, 300_000, 599_999])
def test_a_file_that_shrinks_is_an_error(tmp_path: Path, left: int) -> None:
    """The archive cannot be completed; the error names the file and both sizes."""
    log = tmp_path / "sub" / "log"
    log.parent.mkdir()
    log.write_bytes(b"a" * 600_000)
    parts = archive_of(str(tmp_path))
    until_head_of(parts, b"sub/log")
    os.truncate(log, left)
    with pytest.raises(FileError, match=rf"sub/log shrank from 600000 to {left} bytes .*;.* \.dockerignore") as caught:
        b"".join(parts)
    assert caught.value.path == str(log)


def test_a_file_that_vanishes_is_left_out(tmp_path: Path) -> None:
    """A file that was listed and then removed is left out."""
    for name in "abc":
        (tmp_path / name).write_text(name)
    parts = archive_of(str(tmp_path))
    sent = until_head_of(parts, b"a")
    (tmp_path / "b").unlink()
    assert list(members(b"".join([*sent, *parts]))) == ["a", "c"]


def test_a_folder_that_becomes_a_link_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even if it becomes a link between its stat and its opening."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("secret")
    folder = tmp_path / "context"
    (folder / "sub").mkdir(parents=True)
    real = os.open

    def swapped(path: Any, *more: Any, **given: Any) -> int:
        if path == "sub":
            (folder / "sub").rmdir()
            (folder / "sub").symlink_to(tmp_path / "outside")
        return real(path, *more, **given)

    monkeypatch.setattr(os, "open", swapped)
    assert b"secret" not in b"".join(archive_of(str(folder)))
    assert (folder / "sub").is_symlink()


@pytest.mark.parametrize("becomes", ["link", "pipe"])
def test_a_file_that_becomes_something_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, becomes: str) -> None:
    """A link is not followed, and a pipe does not block."""
    file = tmp_path / "file"
    file.write_text("x")
    real = os.open

    def swapped(path: Any, *more: Any, **given: Any) -> int:
        if path == "file":
            file.unlink()
            file.symlink_to("/etc/hostname") if becomes == "link" else os.mkfifo(file)
        return real(path, *more, **given)

    monkeypatch.setattr(os, "open", swapped)
    with pytest.raises(FileError, match="file"):
        b"".join(archive_of(str(tmp_path)))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed").write_text("x")
    real = os.open

    def refusing(path: Any, *more: Any, **given: Any) -> int:
        if path == "closed":
            raise PermissionError(13, "Permission denied")
        return real(path, *more, **given)

    monkeypatch.setattr(os, "open", refusing)
    before = open_files()
    with pytest.raises(FileError, match=r"closed cannot be read: Permission denied; a \.dockerignore can"):
        b"".join(archive_of(str(tmp_path)))
    assert open_files() == before
    assert members(b"".join(archive_of(str(tmp_path), Rules(["closed"])))) == {}
    with pytest.raises(FileError, match=r"none cannot be read: No such file or directory$"):
        b"".join(archive_of(str(tmp_path / "none")))


# Sending.


@pytest.mark.anyio
async def test_memory_use_is_small(tmp_path: Path) -> None:
    """A folder of many megabytes is sent in parts of some hundred kilobytes, and of many files not one by one."""
    with (tmp_path / "large").open("wb") as file:
        file.truncate(20 << 20)
    for number in range(300):
        (tmp_path / f"small-{number}").write_bytes(b"x")
    sizes = [len(part) async for part in Batches(archive_of(str(tmp_path)))]
    assert sum(sizes) > 20 << 20
    assert max(sizes) < 1 << 20
    assert len(sizes) < 120


@pytest.mark.anyio
async def test_compressed(tmp_path: Path) -> None:
    (tmp_path / "zeros").write_bytes(bytes(3 << 20))
    plain = b"".join(archive_of(str(tmp_path)))
    parts = [part async for part in Batches(archive_of(str(tmp_path)), compress=True)]
    assert sum(map(len, parts)) < 100_000
    assert gzip.decompress(b"".join(parts)) == plain


@pytest.mark.anyio
async def test_a_context_that_is_closed_early(tmp_path: Path) -> None:
    """No file stays open, wherever the reading stops."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").write_bytes(bytes(2 << 20))
    before = open_files()
    context = Batches(archive_of(str(tmp_path)))
    await anext(context)
    assert open_files() > before
    await context.aclose()
    assert open_files() == before
    with pytest.raises(StopAsyncIteration):
        await anext(context)


@given(st.lists(st.integers(0, 3000), max_size=6))
def test_any_sizes_make_a_whole_archive(sizes: list[int]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        for number, size in enumerate(sizes):
            Path(place, str(number)).write_bytes(bytes([number]) * size)
        data = b"".join(archive_of(place, added={"more": b"m" * sum(sizes)}))
    assert len(data) % 512 == 0
    wanted = {str(number): bytes([number]) * size for number, size in enumerate(sizes)}
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        found = {one.name: file.read() for one in archive if (file := archive.extractfile(one))}
    assert found == wanted | {"more": b"m" * sum(sizes)}


# What is given.


async def prepare(
    *given: Any, engine_applies_dockerignore: bool = False
) -> tuple[dict[str, tarfile.TarInfo], bytes, str | None]:
    source = Source(*given, *[None, None, None, False][len(given) - 1 :])
    source.check()
    context = await source.prepare(engine_applies_dockerignore=engine_applies_dockerignore)
    content = context.content
    data = content if isinstance(content, bytes) else b"".join([part async for part in content])
    return members(data), data, context.dockerfile


@pytest.mark.anyio
async def test_a_dockerfile_as_text(tmp_path: Path) -> None:
    """Alone it is all that is sent; with a folder it goes along under a name of its own, which is taken away again by
    an Engine that can."""
    found, data, name = await prepare(None, "FROM scratch\n")
    assert name is None
    assert list(found) == ["Dockerfile"]
    assert content(data, "Dockerfile") == b"FROM scratch\n"
    (tmp_path / "Dockerfile").write_text("other")
    found, data, name = await prepare(tmp_path, b"FROM scratch\n")
    assert name is not None
    assert set(found) == {"Dockerfile", name}
    assert content(data, name) == b"FROM scratch\n"
    found, data, again = await prepare(tmp_path, "FROM scratch\n", engine_applies_dockerignore=True)
    assert again == name
    assert content(data, ".dockerignore").split() == [b".dockerignore", name.encode()]
    (tmp_path / ".dockerignore").write_text("x")
    found, data, again = await prepare(tmp_path, "FROM scratch\n", engine_applies_dockerignore=True)
    assert content(data, ".dockerignore").split() == [b"x", name.encode()]


@pytest.mark.anyio
async def test_where_the_dockerfile_is(tmp_path: Path) -> None:
    """Inside the folder, by a relative or absolute path; elsewhere, by an absolute path."""
    folder = tmp_path / "context"
    (folder / "sub").mkdir(parents=True)
    (folder / "dockerfile").write_text("lower")
    (folder / "sub" / "Other").write_text("other")
    (tmp_path / "Elsewhere").write_text("elsewhere")
    assert (await prepare(folder))[2] == "dockerfile"
    assert (await prepare(folder, None, "sub/Other"))[2] == "sub/Other"
    assert (await prepare(folder, None, folder / "sub" / "Other"))[2] == "sub/Other"
    _, data, name = await prepare(folder, None, tmp_path / "Elsewhere")
    assert name is not None
    assert content(data, name) == b"elsewhere"
    for wrong in ("../Elsewhere", "none", "sub"):
        with pytest.raises(InvalidArgument, match=wrong):
            await prepare(folder, None, wrong)
    (folder / "Dockerfile").symlink_to("../Elsewhere")
    with pytest.raises(InvalidArgument, match="is outside"):
        await prepare(folder)


@pytest.mark.anyio
async def test_folders_and_rules_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="does not exist"):
        await prepare(tmp_path / "none")
    (tmp_path / "Dockerfile").write_text("x")
    with pytest.raises(InvalidArgument, match="is not a folder"):
        await prepare(tmp_path / "Dockerfile")
    (tmp_path / ".dockerignore").write_text("a[\n")
    with pytest.raises(InvalidArgument, match=r"build: the rule 'a\['"):
        await prepare(tmp_path)


async def parts() -> AsyncIterator[bytes]:
    yield b""


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({}, "give a folder"),
        ({"context": "x", "dockerfile": "FROM x", "file": "y"}, "not both"),
        ({"context": b"tar", "dockerfile": "FROM x"}, "contains its Dockerfile"),
        ({"context": b"tar", "compress": True}, "unchanged"),
        ({"context": parts(), "mtime": 0}, "unchanged"),
        ({"context": 5}, "not int"),
        ({"context": "x", "tag": ""}, "tag is empty"),
        ({"context": "x", "tag": ["a", ""]}, "tag is empty"),
        ({"context": "x", "builder": "nonsense"}, "builder is"),
        ({"context": "x", "secrets": ["id=a"]}, r"secrets needs a BuildKit session.*session\.open"),
        ({"context": "x", "ssh": "default"}, "ssh needs a BuildKit session"),
        ({"context": "x", "outputs": "type=local,dest=out"}, "outputs needs a BuildKit session"),
    ],
)
def test_invalid_arguments(given: dict[str, Any], why: str) -> None:
    """Invalid arguments are refused before any connection: there is no Engine here."""
    with pytest.raises(InvalidArgument, match=why):
        Docker("/nowhere").build(**given)


def test_build_is_callable_and_still_a_resource() -> None:
    docker = Docker("/nowhere")
    assert callable(docker.build)
    assert docker.build.prune.__name__ == "prune"


@pytest.mark.anyio
async def test_waiting_for_a_batch_can_be_cancelled(tmp_path: Path) -> None:
    """A deadline ends it at the end of the batch, and it can be closed then."""
    (tmp_path / "file").write_bytes(bytes(1 << 20))
    context = Batches(archive_of(str(tmp_path)))
    before = open_files()
    with anyio.CancelScope() as scope:
        scope.cancel()
        async for _ in context:
            pass
    await context.aclose()
    assert scope.cancelled_caught
    assert open_files() == before
