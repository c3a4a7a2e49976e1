"""Files as bodies of uploads, downloads as files, and the bytes counted on the way."""

from __future__ import annotations

import os
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest
from bodies import body_of
from cancelling import open_files
from faultserver import Peer, json_answer, serving

from rawdock import Docker, FileError, InvalidArgument, ServerError, TruncatedError
from rawdock.files import Counted, FileContent, save_to

pytestmark = pytest.mark.anyio

LOADED = b'{"stream":"Loaded image: app:1\\n"}\n'


async def parts(*data: bytes) -> AsyncIterator[bytes]:
    for one in data:
        yield one


async def test_a_file_is_sent(tmp_path: Path) -> None:
    """A file is sent unchanged, in blocks, counted; and can be sent again."""
    data = os.urandom((5 << 20) // 2)
    (tmp_path / "images.tar").write_bytes(data)
    bodies: list[bytes] = []

    async def answer(request: bytes, peer: Peer) -> bytes:
        bodies.append(await body_of(request, peer))
        return json_answer(LOADED)

    content = FileContent(tmp_path / "images.tar")
    seen: list[float | None] = []
    content.on_count = lambda: seen.append(content.fraction)
    assert (content.count, content.total, content.fraction) == (0, len(data), 0.0)
    async with serving(answer) as server, Docker(server.path) as docker:
        for _ in range(2):
            assert (await docker.images.load(content)).images == ("app:1",)
            assert content.count == len(data)
            assert not open_files(tmp_path)
    assert bodies == [data, data]
    assert seen == [0.4, 0.8, 1.0] * 2
    assert repr(content) == f"<FileContent {tmp_path}/images.tar {len(data)} of {len(data)}>"


async def test_no_such_file(tmp_path: Path) -> None:
    """A missing file is an error before anything is sent; one that vanishes later is an error too."""
    for path in (tmp_path / "none", tmp_path, "\0"):
        with pytest.raises(InvalidArgument, match="FileContent"):
            FileContent(path)
    (tmp_path / "gone").write_bytes(b"x")
    content = FileContent(tmp_path / "gone")
    (tmp_path / "gone").unlink()

    async def answer(request: bytes, peer: Peer) -> bytes | None:
        await anyio.sleep_forever()
        return None

    async with serving(answer) as server, Docker(server.path) as docker:
        with pytest.raises(FileError, match="No such file") as caught:
            await docker.images.load(content)
    assert caught.value.path == str(tmp_path / "gone")


@pytest.mark.parametrize("how", ["cancelled", "refused"])
async def test_a_file_is_closed_after_a_partial_upload(tmp_path: Path, how: str) -> None:
    (tmp_path / "images.tar").write_bytes(bytes(8 << 20))
    begun = anyio.Event()

    async def answer(request: bytes, peer: Peer) -> bytes | None:
        begun.set()
        if how == "cancelled":
            await anyio.sleep_forever()
        return json_answer(b'{"message":"no"}', b"500 Error").replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")

    content = FileContent(tmp_path / "images.tar")
    async with serving(answer) as server, Docker(server.path) as docker:
        if how == "refused":
            with pytest.raises(ServerError, match="no"):
                await docker.images.load(content)
        else:
            async with anyio.create_task_group() as tasks:

                async def load() -> None:
                    await docker.images.load(content)

                tasks.start_soon(load)
                await begun.wait()
                tasks.cancel_scope.cancel()
            assert content.count < 8 << 20
        assert not open_files(tmp_path)


async def test_a_download_is_saved(tmp_path: Path) -> None:
    """The download is written completely, and its bytes are counted."""
    data = os.urandom(3 << 20)

    async def answer(request: bytes, peer: Peer) -> bytes:
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(data) + data

    async with serving(answer) as server, Docker(server.path) as docker:
        async with docker.images.save("app:1") as archive:
            counted = Counted(archive)
            assert await save_to(tmp_path / "app.tar", counted) == len(data)
        assert (counted.count, counted.total, counted.fraction) == (len(data), None, None)
    assert (tmp_path / "app.tar").read_bytes() == data
    assert os.listdir(tmp_path) == ["app.tar"]


async def test_a_download_that_breaks_off(tmp_path: Path) -> None:
    """No part of it remains, and the old file stays."""
    (tmp_path / "app.tar").write_bytes(b"old")

    async def answer(request: bytes, peer: Peer) -> bytes | None:
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4000000\r\n\r\n" + bytes(3_000_000))
        return None

    async with serving(answer) as server, Docker(server.path) as docker:
        async with docker.images.save("app:1") as archive:
            with pytest.raises(TruncatedError):
                await save_to(tmp_path / "app.tar", archive)
        assert not open_files(tmp_path)
    assert os.listdir(tmp_path) == ["app.tar"]
    assert (tmp_path / "app.tar").read_bytes() == b"old"


async def test_a_download_that_is_cancelled(tmp_path: Path) -> None:
    begun = anyio.Event()

    async def forever() -> AsyncIterator[bytes]:
        while True:
            yield bytes(1 << 19)
            if os.listdir(tmp_path):
                begun.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(save_to, tmp_path / "app.tar", forever())
        await begun.wait()
        tasks.cancel_scope.cancel()
    assert os.listdir(tmp_path) == []
    assert not open_files(tmp_path)


async def test_destinations_that_cannot_be_written(tmp_path: Path) -> None:
    """A missing folder, and a folder in the place of the file."""
    for path, why in ((tmp_path / "none" / "file", "No such file"), (tmp_path, "is a folder")):
        with pytest.raises(FileError, match=why):
            await save_to(path, Counted(Never()))
    assert os.listdir(tmp_path) == []


class Never:
    """Parts that may not be read."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        raise AssertionError("it was begun before the file could be opened")


async def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error has the system's message, and no file remains."""

    class Full:
        def write(self, data: object) -> int:
            raise OSError(28, "No space left on device")

        def close(self) -> None:
            pass

    monkeypatch.setattr("rawdock.files.open", lambda *_, **__: Full(), raising=False)
    with pytest.raises(FileError, match=r"app\.tar cannot be written: No space left"):
        await save_to(tmp_path / "app.tar", Counted(Once(b"x")))
    assert os.listdir(tmp_path) == []


class Once:
    def __init__(self, *data: bytes) -> None:
        self.data = list(data)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if not self.data:
            raise StopAsyncIteration
        return self.data.pop(0)


async def test_files_are_read_and_written_in_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = threading.get_ident()
    threads: set[int] = set()
    real = open

    def watched(*arguments: object, **more: object) -> object:
        threads.add(threading.get_ident())
        return real(*arguments, **more)  # type: ignore[call-overload]

    monkeypatch.setattr("rawdock.files.open", watched, raising=False)
    await save_to(tmp_path / "one", parts(b"1", b"2"))
    await save_to(tmp_path / "two", FileContent(tmp_path / "one"))
    assert (tmp_path / "two").read_bytes() == b"12"
    assert threads
    assert here not in threads
