"""A program that has no file descriptor left: modules that were not loaded yet cannot be, and that is told."""

from __future__ import annotations

import subprocess
import sys

import pytest

_PROGRAM = """
import asyncio, os, resource, sys
import anyio
import rawdock
from rawdock import Docker, RawdockError

BACKEND = sys.argv[1]
seen = set()


def printed(error):
    str(error).encode()
    seen.add(type(error).__name__)


async def use(call):
    try:
        result = call()
        if hasattr(result, "__aenter__"):
            async with result:
                pass
        else:
            await result
    except RawdockError as error:
        printed(error)


async def main():
    # An own limit, so that the machine's does not matter; then every descriptor is taken.
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    taken = []
    docker = Docker("/nowhere/docker.sock", version="1.51")
    try:
        while True:
            taken.append(os.open("/", os.O_RDONLY))
    except OSError:
        pass
    for _ in range(12):
        for name in ("system.ping", "containers.list", "images.list", "volumes.list", "system.events"):
            group, verb = name.split(".")
            await use(lambda: getattr(getattr(docker, group), verb)())
        await use(lambda: docker.run("a"))
        await use(lambda: docker.execute("a", ["b"]))
        await use(lambda: docker.watch())
        await use(lambda: docker.copy_out("a", "/b", "/c"))
        await use(lambda: docker.build(dockerfile="FROM a"))
        await use(lambda: docker.request("GET", "/info"))
        os.close(taken.pop())
    for one in taken:
        os.close(one)


anyio.run(main, backend=BACKEND)
print(*sorted(seen))
"""


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_without_descriptors(backend: str) -> None:
    """With 0 descriptors, 1, 2, ...: every error is rawdock's, and when there are enough, only nobody answers."""
    ended = subprocess.run(
        [sys.executable, "-c", _PROGRAM, backend], check=False, capture_output=True, text=True, timeout=50
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert ended.stdout.split() == ["ConnectError", "FileError"]
