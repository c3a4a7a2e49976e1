"""Every example in README and docs/ runs on a real engine and prints what its page shows."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import anyio
import pytest
from pages import README, Example, commands, examples
from scenarios.kit import Engine, engine_of
from test_live import ENGINES, ONE_STORE

from rawdock import Docker, NotFound

pytestmark = [pytest.mark.live, pytest.mark.timeout(180)]
if not ENGINES:
    pytestmark.append(pytest.mark.skip(reason="RAWDOCK_LIVE_ENGINES names no engine (NAME=SOCKET, ...)"))

IMAGE = "busybox:1"
OF_README = [one for one in examples() if one.page == README.name]
OF_PAGES = [one for one in examples() if one.page != README.name]
on_each = pytest.mark.parametrize("entry", ENGINES or [""], ids=lambda entry: entry.partition("=")[0] or "none")


@pytest.fixture(autouse=True, scope="module")
def taken_away() -> Iterator[None]:
    """Remove the image's name at the end. Other tests use the same image under another name, so this never fails."""
    yield
    for entry in ENGINES:
        anyio.run(_without_image, entry.partition("=")[2])


async def _with_image(socket: str) -> Engine:
    """Pull the image, as a reader of README has done before reading the pages in docs/."""
    async with Docker(socket) as docker:
        await docker.images.pull(IMAGE)
        return await engine_of(docker)


async def _without_image(socket: str) -> Engine:
    """Remove the image, as on a new machine."""
    async with Docker(socket) as docker:
        with suppress(NotFound):
            await docker.images.delete(IMAGE, force=True)
        return await engine_of(docker)


def _run(socket: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python with these arguments, in an environment where this is the only Engine."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DOCKER_")}
    environment |= {"DOCKER_HOST": f"unix://{socket}", "PYTHONWARNINGS": "error", "TMPDIR": tempfile.gettempdir()}
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)


def _does_what_its_page_says(example: Example, engine: Engine, socket: str, folder: Path) -> None:
    program = folder / "program.py"
    program.write_text(example.code, encoding="utf-8")
    ran = _run(socket, folder, program.name)
    assert ran.returncode == 0, ran.stderr
    if not engine.labels & example.printed_otherwise_on:
        assert example.fits(ran.stdout), f"printed:\n{ran.stdout}\nbut the page shows:\n{example.printed}"


@on_each
@pytest.mark.parametrize("example", OF_README, ids=lambda one: f"{one.page}-{one.line}")
def test_program_of_readme(entry: str, example: Example, tmp_path: Path) -> None:
    """Each program of README runs unchanged and on its own, on an engine without the image."""
    socket = entry.partition("=")[2]
    engine = anyio.run(_without_image, socket)
    _does_what_its_page_says(example, engine, socket, tmp_path)


@on_each
def test_the_command_that_says_which_engine(entry: str, tmp_path: Path) -> None:
    [command] = [one for one in commands() if one.code == "python -m rawdock\n"]
    ran = _run(entry.partition("=")[2], tmp_path, "-m", "rawdock")
    assert ran.returncode == 0, ran.stderr
    assert command.printed
    assert command.fits(ran.stdout), f"printed:\n{ran.stdout}\nbut the page shows:\n{command.printed}"


@on_each
def test_the_command_that_says_what_is_wrong(entry: str, tmp_path: Path) -> None:
    [command] = [one for one in commands() if one.code == "python -m rawdock doctor\n"]
    ran = _run(entry.partition("=")[2], tmp_path, "-m", "rawdock", "doctor")
    assert ran.returncode == 0, ran.stdout
    assert command.fits(ran.stdout), f"printed:\n{ran.stdout}\nbut the page shows:\n{command.printed}"


@pytest.mark.skipif(not ONE_STORE, reason="examples do not depend on the image store; they run on the other engine")
@pytest.mark.parametrize("entry", ONE_STORE or [""], ids=lambda entry: entry.partition("=")[0] or "none")
@pytest.mark.parametrize("example", OF_PAGES, ids=lambda one: f"{one.page}-{one.line}")
def test_example(entry: str, example: Example, tmp_path: Path) -> None:
    socket = entry.partition("=")[2]
    engine = anyio.run(_with_image, socket)
    if engine.labels & example.not_on:
        pytest.skip("the page says that this engine does not support it")
    _does_what_its_page_says(example, engine, socket, tmp_path)
