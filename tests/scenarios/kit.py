"""What scenarios have in common."""

from __future__ import annotations

import io
import tarfile
import zlib
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import NamedTuple

from rawdock import Docker
from rawdock.models import ContainerSpec, ExecConfig
from rawdock.streams import LogStream

from .cannot import reason

OPEN = "127.0.0.1:5000"
WITH_PASSWORD = "127.0.0.1:5001"
FAULTY = "127.0.0.1:5002"
BUSYBOX = f"{OPEN}/busybox:1"
USER, PASSWORD = "ada", "s3cret"

# Ends at once on SIGTERM with a code of its own; a shell that only sleeps would have to be killed.
LOOP = ["sh", "-c", "trap 'exit 7' TERM; while :; do sleep 0.1; done"]


class Engine(NamedTuple):
    """Who answers."""

    labels: frozenset[str]
    """As `podman` and `podman-5.4`, or `docker`, `docker-28.5` and `docker-ctrd`."""

    api: tuple[int, ...]

    def can(self, step: str) -> bool:
        """Whether `cannot` knows nothing against it."""
        return not reason(self.labels, step)

    def has(self, version: str) -> bool:
        """Whether the API is as new as this."""
        return self.api >= tuple(map(int, version.split(".")))


async def engine_of(docker: Docker) -> Engine:
    """Who answers, as its answers tell."""
    ping = await docker.system.ping()
    number = ".".join((await docker.system.version()).version.split(".")[:2])
    api = tuple(map(int, ping.api_version.split(".")))
    if ping.libpod_api_version:
        return Engine(frozenset({"podman", f"podman-{number}"}), api)
    labels = {"docker", f"docker-{number}"}
    info = await docker.system.info()
    if ["driver-type", "io.containerd.snapshotter.v1"] in info.driver_status:
        labels.add("docker-ctrd")
    return Engine(frozenset(labels), api)


async def has_image(docker: Docker, reference: str) -> bool:
    """Whether a list has it."""
    images = await docker.images.list(filters={"reference": reference})
    return any(reference in image.repo_tags for image in images)


async def no_image(docker: Docker, *references: str) -> None:
    """Take images away that an earlier run, or another one, may have left."""
    for reference in references:
        if await has_image(docker, reference):
            await docker.images.delete(reference, force=True)


async def no_container(docker: Docker, *names: str) -> None:
    """Take containers away that an earlier run may have left."""
    for name in names:
        found = await docker.containers.list(all=True, filters={"name": name})
        for container in found:
            if f"/{name}" in container.names:
                await docker.containers.delete(container.id, force=True, volumes=True)


async def no_network(docker: Docker, name: str) -> None:
    """Take a network away that an earlier run may have left."""
    for found in await docker.networks.list(filters={"name": name}):
        if found.name == name:
            await docker.networks.delete(found.id)


@asynccontextmanager
async def container(docker: Docker, name: str, cmd: list[str] | None = None, **more: object) -> AsyncIterator[str]:
    """A container that is created, not started, and goes at the end; gives its id."""
    if not await has_image(docker, BUSYBOX):
        await docker.images.pull(BUSYBOX)
    await no_container(docker, name)
    spec = ContainerSpec(image=BUSYBOX, cmd=cmd or LOOP, labels={"rawdock-s": name}, stop_timeout=1, **more)  # type: ignore[arg-type]
    created = await docker.containers.create(spec, name=name)
    try:
        yield created.id
    finally:
        await no_container(docker, name)


async def opened(stream: AbstractAsyncContextManager[object]) -> None:
    """Enter a stream and leave it: for what is refused at once."""
    async with stream:
        pass


async def output(stream: LogStream) -> tuple[bytes, bytes]:
    """All that a process still writes: stdout and stderr."""
    out, err = bytearray(), bytearray()
    async for frame in stream:
        (err if frame.stream == "stderr" else out).extend(frame.data)
    return bytes(out), bytes(err)


async def executed(docker: Docker, id: str, cmd: list[str], **more: object) -> tuple[bytes, bytes]:
    """What a command in a running container writes: stdout and stderr."""
    config = ExecConfig(cmd=cmd, attach_stdout=True, attach_stderr=True, **more)  # type: ignore[arg-type]
    async with docker.exec.start((await docker.exec.create(id, config)).id) as process:
        return await output(process)


def tar(files: Mapping[str, bytes | str | None], mode: int = 0o644) -> bytes:
    """A tar archive, the same on every run: a file for bytes, a folder for None, a link to what a text says."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.mode = mode
            if content is None:
                member.type, member.mode = tarfile.DIRTYPE, 0o755
            elif isinstance(content, str):
                member.type, member.linkname = tarfile.SYMTYPE, content
            else:
                member.size = len(content)
            archive.addfile(member, io.BytesIO(content) if isinstance(content, bytes) else None)
        end = archive.offset + 2 * tarfile.BLOCKSIZE  # and not filled up to ten thousand bytes
    return out.getvalue()[:end]


def gzipped(data: bytes) -> bytes:
    """As gzip, but stored as it is: what compresses better writes other bytes by its version."""
    block = b"\x01" + len(data).to_bytes(2, "little") + (len(data) ^ 0xFFFF).to_bytes(2, "little") + data
    return b"\x1f\x8b\x08" + bytes(7) + block + zlib.crc32(data).to_bytes(4, "little") + len(data).to_bytes(4, "little")


def untar(archive: bytes) -> dict[str, bytes | str | None]:
    """What is in a tar archive, as `tar` takes it."""
    out: dict[str, bytes | str | None] = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as members:
        for member in members:
            content = members.extractfile(member) if member.isfile() else None
            out[member.name] = content.read() if content else member.linkname if member.issym() else None
    return out


@asynccontextmanager
async def tiny(
    docker: Docker, reference: str, files: Mapping[str, bytes | str | None] | None = None
) -> AsyncIterator[str]:
    """An image of a few bytes, made here, that goes at the end; gives its id."""
    await no_image(docker, reference)
    repo, _, version = reference.rpartition(":")
    made = await docker.images.import_(tar(files or {"hello": b"world"}), repo=repo, tag=version)
    try:
        yield made.id
    finally:
        await no_image(docker, reference)
