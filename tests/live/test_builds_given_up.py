"""A cancelled build ends on the Engine too: no process, no container and no image of it is left."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import anyio
import pytest
from scenarios.cannot import reason
from scenarios.kit import BUSYBOX, OPEN, engine_of, has_image, no_image
from test_live import ENGINES

from rawdock import Built, Docker, StepOutput
from rawdock.streams import Building, Runs

pytestmark = [pytest.mark.live, pytest.mark.anyio, pytest.mark.timeout(120)]
if not ENGINES:
    pytestmark.append(pytest.mark.skip(reason="RAWDOCK_LIVE_ENGINES names no engine (NAME=SOCKET, ...)"))

TAG = f"{OPEN}/rawdock-s-build-given-up:1"


@pytest.fixture(params=ENGINES or [""], ids=lambda entry: entry.partition("=")[0] or "none")
def socket(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    for name in ("DOCKER_API_VERSION", "DOCKER_HOST", "DOCKER_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    return str(request.param).partition("=")[2]


def processes(command: str) -> list[str]:
    """Those of this machine that run the command; an engine's are among them."""
    wanted = command.replace(" ", "\0").encode() + b"\0"
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "cmdline").read_bytes() == wanted:
                found.append(entry.name)
        except OSError:
            continue
    return found


async def until(holds: Callable[[], bool]) -> None:
    with anyio.fail_after(30):
        while not holds():  # noqa: ASYNC110
            await anyio.sleep(0.05)


async def running(build: Building, command: str) -> None:
    """Read on until the command runs, and somebody else can see that."""
    async for change in build:
        if isinstance(change, StepOutput) and "now42" in change.text:
            await until(lambda: bool(processes(command)))
            return
    raise AssertionError("the build came to its end")


@asynccontextmanager
async def engine(socket: str) -> AsyncIterator[Docker]:
    async with Docker(socket) as docker:
        if not await has_image(docker, BUSYBOX):
            await docker.images.pull(BUSYBOX)
        await no_image(docker, TAG)
        yield docker
        await no_image(docker, TAG)


@asynccontextmanager
async def given_up(build: Runs[Building, Built], how: str, command: str) -> AsyncIterator[None]:
    """Start the build, and leave it in one of the ways as soon as the command runs."""
    if how == "left":
        async with build as stream:
            await running(stream, command)
    elif how == "cancelled":
        async with anyio.create_task_group() as tasks:

            async def follow() -> None:
                async with build as stream:
                    async for _ in stream:
                        pass

            tasks.start_soon(follow)
            await until(lambda: bool(processes(command)))
            tasks.cancel_scope.cancel()
    else:
        with anyio.move_on_after(30) as scope:
            async with anyio.create_task_group() as tasks:

                async def deadline() -> None:
                    await until(lambda: bool(processes(command)))
                    scope.deadline = anyio.current_time()

                tasks.start_soon(deadline)
                await build
        assert scope.cancelled_caught
    yield


WAYS = ["left", "cancelled", "deadline"]


def sleep() -> str:
    """A command that nobody else runs: other engines are tested at the same time, on the same machine."""
    return f"sleep {10**6 + random.randrange(10**6)}"


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("builder", ["classic", "buildkit"])
async def test_given_up(socket: str, builder: Literal["classic", "buildkit"], how: str, tmp_path: Path) -> None:
    """Left, cancelled from elsewhere, or at its deadline, with each builder of Docker: nothing runs on."""
    command = sleep()
    (tmp_path / "Dockerfile").write_text(f"FROM {BUSYBOX}\nRUN echo now$((40 + 2)); {command}; echo over\n")
    async with engine(socket) as docker:
        labels = (await engine_of(docker)).labels
        if "podman" in labels:
            pytest.skip("Podman has a builder of its own")
        if builder == "buildkit" and (why := reason(labels, "builds-cancelled")):
            pytest.skip(f"this Engine cannot do it: {why}")
        assert processes(command) == []
        async with given_up(docker.build(tmp_path, tag=TAG, builder=builder, no_cache=True), how, command):
            await until(lambda: processes(command) == [])
        with anyio.fail_after(30):
            while [one for one in await docker.containers.list(all=True) if command in one.command]:  # noqa: ASYNC110
                await anyio.sleep(0.1)
        assert not await has_image(docker, TAG)
        await docker.system.ping()


@pytest.mark.parametrize("how", WAYS)
async def test_given_up_on_podman(socket: str, how: str, tmp_path: Path) -> None:
    """Podman lets the command that runs come to its end, and goes no further. No call of its API ends it earlier: the
    test does that from outside, so as not to wait."""
    command, never = sleep(), sleep()
    (tmp_path / "Dockerfile").write_text(f"FROM {BUSYBOX}\nRUN echo now$((40 + 2)); {command} || true\nRUN {never}\n")
    async with engine(socket) as docker:
        if "podman" not in (await engine_of(docker)).labels:
            pytest.skip("not Podman")
        async with given_up(docker.build(tmp_path, tag=TAG, no_cache=True), how, command):
            left = processes(command)
            for process in left:
                os.kill(int(process), signal.SIGTERM)
            await until(lambda: processes(command) == [])
        with anyio.move_on_after(3):
            await until(lambda: processes(never) != [])
        assert processes(never) == []
        assert not await has_image(docker, TAG)
        await docker.system.ping()
