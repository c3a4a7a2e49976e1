"""Uploads that a real Engine refuses or answers early: its answer is read even if the connection was reset."""

from __future__ import annotations

import contextlib
import io
import tarfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from scenarios.kit import engine_of, no_image
from test_live import ENGINES

import rawdock
from rawdock import Docker

pytestmark = [pytest.mark.live, pytest.mark.anyio, pytest.mark.timeout(120)]
if not ENGINES:
    pytestmark.append(pytest.mark.skip(reason="RAWDOCK_LIVE_ENGINES names no engine (NAME=SOCKET, ...)"))

TAG = "rawdock-s-upload:1"
SIZE = 8 << 20


@pytest.fixture(params=ENGINES or [""], ids=lambda entry: entry.partition("=")[0] or "none")
def socket(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    for name in ("DOCKER_API_VERSION", "DOCKER_HOST", "DOCKER_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    return str(request.param).partition("=")[2]


async def parts() -> AsyncIterator[bytes]:
    for _ in range(SIZE // 65_536):
        yield bytes(65_536)


REFUSED: dict[str, Callable[[Docker, Any], Awaitable[object]]] = {
    "images.import_": lambda docker, body: docker.images.import_(body, repo="FOO BAR"),
    "containers.put_archive": lambda docker, body: docker.containers.put_archive("nobody-has-this", body, path="/"),
    "images.load": lambda docker, body: docker.images.load(body),
    "images.build": lambda docker, body: docker.images.build(body, version="1"),
}


@pytest.mark.parametrize("operation", REFUSED)
@pytest.mark.parametrize("kept", [False, True], ids=["fresh", "kept"])
@pytest.mark.parametrize("form", ["one piece", "parts"])
async def test_a_refusal_is_read(socket: str, operation: str, kept: bool, form: str) -> None:
    """Eight MiB that the Engine has no use for: the error is the Engine's own, and never a broken pipe."""
    async with Docker(socket) as docker:
        if kept:
            await docker.system.ping()
        with anyio.fail_after(60), pytest.raises(rawdock.RawdockError) as caught:
            await REFUSED[operation](docker, bytes(SIZE) if form == "one piece" else parts())
        assert isinstance(caught.value, (rawdock.StatusError, rawdock.StreamError))


@pytest.mark.parametrize("version", ["1", "2"])
async def test_builds_come_through(socket: str, tmp_path: Path, version: Any) -> None:
    """Builds of a folder and of an archive, by either builder, one behind the other on kept connections."""
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    (tmp_path / "data").write_bytes(bytes(range(256)) * 8000)
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.GNU_FORMAT) as tar:
        tar.add(tmp_path, ".")
    async with Docker(socket) as docker:
        podman = "podman" in (await engine_of(docker)).labels
        builder: Any = None if podman else {"1": "classic", "2": "buildkit"}[version]
        made: set[str] = set()
        await no_image(docker, TAG)
        try:
            for number in range(5):
                (tmp_path / "number").write_text(str(number))
                with anyio.fail_after(60):
                    made.add((await docker.build(tmp_path, tag=TAG, builder=builder)).id)
                    made.add((await docker.images.build(archive.getvalue(), version=version)).id)
            assert len(made) == 6  # the archive's is the same each time
        finally:
            for image in made:
                # With containerd's store a build takes the image away that had its tag before.
                with contextlib.suppress(rawdock.NotFound):
                    await docker.images.delete(image, force=True)
