"""Files are read and written in threads: however one is cancelled, each thread is waited for, or it is told."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import anyio
import pytest
from cancelling import open_files
from faultserver import Peer, json_answer, serving
from tar_archives import archive, info

from rawdock import Docker, FileError
from rawdock._tar.unpack import Unpacker
from rawdock._threads import Batches, FileWork
from rawdock.files import FileContent, save_to

pytestmark = pytest.mark.anyio

PODMAN = b"HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nLibpod-Api-Version: 5.4.2\r\nContent-Length: 2\r\n\r\nOK"
# The folder `d`, in base64 of JSON.
HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n"
    b"X-Docker-Container-Path-Stat: eyJuYW1lIjoiZCIsInNpemUiOjAsIm1vZGUiOjIxNDc0ODQxNDF9\r\n\r\n"
)

Limit = Callable[[float, Callable[[], Coroutine[Any, Any, object]]], Coroutine[Any, Any, None]]


async def by_scope(seconds: float, work: Callable[[], Coroutine[Any, Any, object]]) -> None:
    with anyio.move_on_after(seconds):
        await work()


async def by_timeout(seconds: float, work: Callable[[], Coroutine[Any, Any, object]]) -> None:
    try:
        async with asyncio.timeout(seconds):
            await work()
    except TimeoutError:
        pass


async def by_task(seconds: float, work: Callable[[], Coroutine[Any, Any, object]]) -> None:
    task = asyncio.create_task(work())
    _, pending = await asyncio.wait({task}, timeout=seconds)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        assert pending


async def by_wait_for(seconds: float, work: Callable[[], Coroutine[Any, Any, object]]) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(work(), seconds)


NATIVE = [by_timeout, by_task, by_wait_for]


class Running:
    """Counts the calls of a function that run in a thread at the moment."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.now = 0
        self.calls = 0
        self._function = function
        self._lock = threading.Lock()

    def __get__(self, instance: object, owner: type) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            with self._lock:
                self.now += 1
                self.calls += 1
            try:
                time.sleep(0.002)
                return self._function(instance, *arguments)
            finally:
                with self._lock:
                    self.now -= 1

        return call


def ways() -> list[Any]:
    return [
        *(pytest.param(by_scope, name, id=f"{name}-scope") for name in ("asyncio", "trio")),
        *(pytest.param(way, "asyncio", id=f"asyncio-{way.__name__}") for way in NATIVE),
    ]


@pytest.mark.parametrize(("limit", "anyio_backend"), ways())
async def test_copy_out_is_cancelled(
    limit: Limit, anyio_backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No thread writes on, no incomplete file remains, and no descriptor is closed under a thread."""
    feeding = Running(Unpacker.feed)
    monkeypatch.setattr(Unpacker, "feed", feeding)
    files = [info(f"d/f{number}", size=400_000) for number in range(40)]
    whole = archive(info("d", tarfile.DIRTYPE), *files, content=bytes(400_000))

    async def answer(request: bytes, peer: Peer) -> bytes | None:
        return HEAD % len(whole) + whole

    async with serving(answer, ping=PODMAN) as server, Docker(server.path) as docker:
        for number in range(12):
            target = tmp_path / str(number)
            target.mkdir()

            async def copy(target: Path = target) -> object:
                return await docker.copy_out("c", "/d", target)

            await limit(number * 0.004, copy)
            assert feeding.now == 0
            assert open_files(target) == []
            assert all(file.stat().st_size == 400_000 for file in target.rglob("f*"))
            assert not list(target.rglob("*.part"))
    assert feeding.calls


@pytest.mark.parametrize(("limit", "anyio_backend"), ways())
async def test_copy_in_is_cancelled(limit: Limit, anyio_backend: str, tmp_path: Path) -> None:
    """The caller sees its own cancellation, and neither a generator that runs already nor an open file."""
    for number in range(30):
        (tmp_path / f"f{number}").write_bytes(bytes(300_000))

    async def answer(request: bytes, peer: Peer) -> bytes | None:
        if request.startswith(b"HEAD"):
            return json_answer(b"", b"404 Not Found")
        await peer.rest_of_chunks()
        return b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

    async with serving(answer, ping=PODMAN) as server, Docker(server.path) as docker:

        async def copy() -> object:
            return await docker.copy_in("c", tmp_path, "/d")

        for number in range(12):
            await limit(number * 0.002, copy)
            assert open_files(tmp_path) == []


async def fed(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def test_a_thread_that_cannot_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A pipe that nobody writes to: patience ends, it is told, and the files are closed once the thread ends."""
    monkeypatch.setattr("rawdock._threads.PATIENCE", 0.05)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    parts = aiter(FileContent(pipe))
    with caplog.at_level(logging.WARNING, "rawdock"), anyio.fail_after(30):
        with anyio.move_on_after(0.05) as scope:
            await anext(parts)
        await parts.aclose()  # type: ignore[attr-defined]
    assert scope.cancelled_caught
    (record,) = caplog.records
    assert record.getMessage() == f"reading {pipe}: a thread waits for the files for 0.05 s and is left alone"
    with pipe.open("wb"):  # now it ends
        pass
    with anyio.fail_after(30):
        while open_files(tmp_path):  # noqa: ASYNC110
            await anyio.sleep(0.001)


LEFT_ALONE = """
import logging, os, sys
import anyio
import rawdock._threads
from rawdock.files import FileContent

logging.basicConfig(level=logging.WARNING)
rawdock._threads.PATIENCE = 0.05

async def main():
    parts = aiter(FileContent(sys.argv[2]))
    with anyio.move_on_after(0.05):
        await anext(parts)
    await parts.aclose()

anyio.run(main, backend=sys.argv[1])
print("end")
"""


async def test_a_thread_that_is_left_alone_at_the_end_of_the_program(tmp_path: Path, anyio_backend: str) -> None:
    """The interpreter does not wait for it, and there is no traceback."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    program = [sys.executable, "-W", "error", "-X", "dev", "-c", LEFT_ALONE, anyio_backend, str(pipe)]
    with anyio.fail_after(60):
        done = await anyio.run_process(program)
    errors = done.stderr.decode()
    assert (done.returncode, done.stdout) == (0, b"end\n"), errors
    assert errors.count("\n") == 1, errors
    assert "is left alone" in errors


async def test_closing_behind_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """What closes the files never runs beside the work on them."""
    monkeypatch.setattr("rawdock._threads.PATIENCE", 0.02)
    go = threading.Event()
    done: list[str] = []

    def work() -> None:
        go.wait(30)
        done.append("work")

    files = FileWork("x")
    with anyio.move_on_after(0.02):
        await files.run(work)
    await files.close(lambda: done.append("close"))
    assert done == []
    go.set()
    with anyio.fail_after(30):
        while len(done) < 2:  # noqa: ASYNC110
            await anyio.sleep(0.001)
    assert done == ["work", "close"]


async def test_closing_while_cancelled() -> None:
    """A cancellation before the thread begins does not keep the files open."""
    done: list[str] = []
    with anyio.CancelScope() as scope:
        scope.cancel()
        await FileWork("x").close(lambda: done.append("close"))
    assert done == ["close"]


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_closing_while_natively_cancelled(anyio_backend: str) -> None:
    for turns in range(6):
        done: list[str] = []
        task = asyncio.create_task(FileWork("x").close(lambda done=done: done.append("close")))  # type: ignore[misc]
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        assert done == (["close"] if turns else [])


async def test_a_closed_upload_ends() -> None:
    pieces = Batches(piece for piece in [b"a"])
    await pieces.aclose()
    await pieces.aclose()
    assert [part async for part in pieces] == []


async def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(FileError):
        await save_to(tmp_path / "none" / "file", fed(b"x"))


FORKED = """
import asyncio, os, sys
from rawdock._threads import run_in_thread

assert asyncio.run(run_in_thread(os.getpid)) == os.getpid()
child = os.fork()
if not child:
    os._exit(0 if asyncio.run(run_in_thread(os.getpid)) == os.getpid() else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_after_a_fork() -> None:
    """A child has none of its parent's threads, and must not give its work to them."""
    program = [sys.executable, "-W", "ignore", "-c", FORKED]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run(program, timeout=50, env=environment, check=False).returncode == 0
