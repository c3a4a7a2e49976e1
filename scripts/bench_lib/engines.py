"""The Engine under the clients: a fake one in a process of its own, or a container on a real one."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["container_on", "fake_engine"]

HERE = Path(__file__).resolve().parent


@contextmanager
def fake_engine() -> Iterator[str]:
    """Give its socket."""
    with tempfile.TemporaryDirectory(prefix="rawdock-bench-") as folder:
        path = f"{folder}/s"
        with subprocess.Popen([sys.executable, HERE / "fake_engine.py", path], stdout=subprocess.PIPE) as server:
            assert server.stdout is not None
            server.stdout.readline()
            try:
                yield path
            finally:
                server.terminate()


@contextmanager
def container_on(path: str) -> Iterator[str]:
    """Make a container of any image that is there, give its id, and remove it."""
    import anyio

    import rawdock
    from rawdock.models import ContainerSpec

    async def make() -> str:
        async with rawdock.Docker(path) as docker:
            images = await docker.images.list()
            if not images:
                sys.exit(f"the Engine at {path} has no image: pull one first")
            return (await docker.containers.create(ContainerSpec(image=images[0].id, cmd=["true"]))).id

    async def remove(name: str) -> None:
        async with rawdock.Docker(path) as docker:
            await docker.containers.delete(name, force=True)

    name = anyio.run(make)
    try:
        yield name
    finally:
        anyio.run(remove, name)
