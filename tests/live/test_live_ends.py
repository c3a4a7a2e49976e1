"""The event loop ends, or the client is closed, while many commands run on a real Engine: nothing is left untold."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
from typing import Any

import anyio
import pytest
from scenarios.kit import BUSYBOX, LOOP, container
from test_live import ENGINES

from rawdock import ClosedError, Docker, NotFound

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]
if not ENGINES:
    pytestmark.append(pytest.mark.skip(reason="RAWDOCK_LIVE_ENGINES names no engine (NAME=SOCKET, ...)"))

COUNT = 10
"""Of each: containers of `run`, and commands of `execute`."""

PROGRAM = f"""
import asyncio, logging, signal, sys
import uvloop
from rawdock import Docker

logging.basicConfig(level=logging.WARNING)
address, loop, how = sys.argv[1:]

async def run(docker):
    async with docker.run({BUSYBOX!r}, ["sh", "-c", "echo up; sleep 600"]) as running:
        await anyone(running)

async def execute(docker):
    async with docker.execute("rawdock-s-ends", ["sh", "-c", "echo up; sleep 600"]) as execution:
        await anyone(execution)

async def anyone(process):
    await anext(process)
    up.release()
    await process.result()

async def main():
    global up
    up = asyncio.Semaphore(0)
    docker = Docker(address)
    tasks = [asyncio.ensure_future(work(docker)) for work in (run, execute) for _ in range({COUNT})]
    for _ in tasks:
        await up.acquire()
    if how != "ends":
        asyncio.get_running_loop().call_soon(signal.raise_signal, signal.SIGINT)
        asyncio.get_running_loop().call_later(float(how), signal.raise_signal, signal.SIGINT)
        await asyncio.gather(*tasks)

(uvloop if loop == "uvloop" else asyncio).run(main())
"""


async def labelled(address: str) -> list[str]:
    async with Docker(address) as docker:
        return [one.id for one in await docker.containers.list(all=True, filters={"label": "rawdock.run"})]


async def commands(docker: Docker) -> list[list[str]]:
    found = (await docker.containers.top("rawdock-s-ends")).processes
    return [one for one in found if "sh -c echo up; sleep 600" in " ".join(one)]


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize("how", ["ends", "0.3", "0.7", "1.3"])
@pytest.mark.parametrize("entry", ENGINES)
async def test_the_loop_ends(entry: str, loop: str, how: str, anyio_backend: str) -> None:
    """`how` is the seconds between two Ctrl-C. The second may hit asyncio while it closes the loop, and that abandons
    every task: then the logger has told of each that is left."""
    address = entry.partition("=")[2]
    async with Docker(address) as docker, container(docker, "rawdock-s-ends", LOOP):
        await docker.containers.start("rawdock-s-ends")
        program = [sys.executable, "-c", PROGRAM, address, loop, how]
        done: Any = await anyio.to_thread.run_sync(
            lambda: subprocess.run(program, capture_output=True, text=True, timeout=200)
        )
        assert ("KeyboardInterrupt" in done.stderr) is (how != "ends"), done.stderr
        containers, left = await labelled(address), await commands(docker)
        told = set(re.findall(r"WARNING:rawdock:(?:container|exec) (\w+).* may still run", done.stderr))
        running = [one for one in told - {*containers} if await is_running(docker, one)]
        for id in containers:
            with contextlib.suppress(NotFound):  # the Engine may have gone on with a removal that was given up
                await docker.containers.delete(id, force=True)
        assert told >= {*containers}, done.stderr
        assert len(left) <= len(running), done.stderr
        if how == "ends":
            assert not told, done.stderr
            assert not left


async def is_running(docker: Docker, id: str) -> bool:
    try:
        return (await docker.exec.inspect(id)).running
    except NotFound:
        return False


@pytest.mark.anyio
@pytest.mark.parametrize("entry", ENGINES)
async def test_the_client_is_closed(entry: str, anyio_backend: str) -> None:
    address = entry.partition("=")[2]
    up = anyio.Semaphore(0)
    async with Docker(address) as docker, container(docker, "rawdock-s-ends", LOOP):
        await docker.containers.start("rawdock-s-ends")
        other = Docker(address)

        async def run() -> None:
            with pytest.raises(ClosedError):  # noqa: PT012
                async with other.run(BUSYBOX, ["sh", "-c", "echo up; sleep 600"]) as running:
                    await anext(running)
                    up.release()
                    await running.result()

        async def execute() -> None:
            with pytest.raises(ClosedError):  # noqa: PT012
                async with other.execute("rawdock-s-ends", ["sh", "-c", "echo up; sleep 600"]) as execution:
                    await anext(execution)
                    up.release()
                    await execution.result()

        async with anyio.create_task_group() as tasks:
            for _ in range(COUNT):
                tasks.start_soon(run)
                tasks.start_soon(execute)
            for _ in range(2 * COUNT):
                await up.acquire()
            await other.aclose()
        assert await labelled(address) == []
        assert await commands(docker) == []
