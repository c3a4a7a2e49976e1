"""Every example in docs/ does on a real engine what its page says."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import anyio
import pytest
from pages import Example, examples
from scenarios.kit import BUSYBOX, Engine, engine_of, has_image
from test_live import ONE_STORE

from rawdock import Docker

pytestmark = [pytest.mark.live, pytest.mark.timeout(180)]
if not ONE_STORE:
    pytestmark.append(pytest.mark.skip(reason="RAWDOCK_LIVE_ENGINES names no engine for this (NAME=SOCKET, ...)"))


async def _prepared(socket: str) -> Engine:
    """The examples' image is there, as it is for whoever reads the pages in their order."""
    async with Docker(socket) as docker:
        if not await has_image(docker, BUSYBOX):
            await docker.images.pull(BUSYBOX)
        return await engine_of(docker)


@pytest.mark.parametrize("entry", ONE_STORE or [""], ids=lambda entry: entry.partition("=")[0] or "none")
@pytest.mark.parametrize("example", examples(), ids=lambda one: f"{one.page}-{one.line}")
def test_example(entry: str, example: Example, tmp_path: Path) -> None:
    socket = entry.partition("=")[2]
    engine = anyio.run(_prepared, socket)
    if engine.labels & example.not_on:
        pytest.skip("the page says that this engine cannot do it")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DOCKER_")}
    environment |= {"DOCKER_HOST": f"unix://{socket}", "PYTHONWARNINGS": "error", "TMPDIR": tempfile.gettempdir()}
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    ran = subprocess.run(
        [sys.executable, "-c", example.code], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )
    assert ran.returncode == 0, ran.stderr
    assert example.fits(ran.stdout), f"printed:\n{ran.stdout}\nand the page says:\n{example.printed}"
