"""The Engine that the clients are connected to: a fake one in its own process, or a container on a real one."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engines_lib.certificates import make_certificates

__all__ = ["container_on", "fake_engine"]

HERE = Path(__file__).resolve().parent


@contextmanager
def fake_engine() -> Iterator[str]:
    """Start a fake Engine. Yields its socket."""
    with tempfile.TemporaryDirectory(prefix="rawdock-bench-") as folder:
        path = f"{folder}/s"
        certificates = [f"{folder}/tls"] if make_certificates(Path(folder) / "tls") else []
        command = [sys.executable, str(HERE / "fake_engine.py"), path, *certificates]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
            assert server.stdout is not None
            server.stdout.readline()
            try:
                yield path
            finally:
                server.terminate()


@contextmanager
def container_on(path: str) -> Iterator[str]:
    """Run a container from the first image on the Engine that has `sleep`, and remove it at the end. Yields its name.

    The name ends with the image's id, from which `sizes.image` gets the image for further containers.
    """
    import anyio

    import rawdock
    from rawdock.models import ContainerSpec

    async def make() -> str:
        async with rawdock.Docker(path) as docker:
            for image in await docker.images.list():
                name = f"rawdock-bench-{os.getpid()}-{image.id.removeprefix('sha256:')}"
                await docker.containers.create(ContainerSpec(image=image.id, cmd=["sleep", "100000"]), name=name)
                try:
                    await docker.containers.start(name)
                except rawdock.RawdockError:
                    await docker.containers.delete(name, force=True)
                else:
                    return name
            sys.exit(f"the Engine at {path} has no image with a shell: pull busybox first")

    async def remove(name: str) -> None:
        async with rawdock.Docker(path) as docker:
            await docker.containers.delete(name, force=True)

    name = anyio.run(make)
    try:
        yield name
    finally:
        anyio.run(remove, name)
