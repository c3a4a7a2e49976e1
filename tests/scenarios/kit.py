"""Helpers and constants of the scenarios."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import zlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import NamedTuple, TypeVar

import anyio

from rawdock import Conflict, Docker, SecretStr, ServerError
from rawdock.models import AuthConfig, ContainerSpec, ExecConfig, SwarmInitRequest
from rawdock.streams import LogStream

from .cannot import reason

OPEN = "127.0.0.1:5000"
WITH_PASSWORD = "127.0.0.1:5001"
FAULTY = "127.0.0.1:5002"
BUSYBOX = f"{OPEN}/busybox:1"
SWARM = "127.0.0.1:2377"
USER, PASSWORD = "ada", "s3cret"
WRONG = "wr0ng"

# Exits at once on SIGTERM, with exit code 7. A shell that only sleeps would have to be killed.
LOOP = ["sh", "-c", "trap 'exit 7' TERM; while :; do sleep 0.1; done"]


class Engine(NamedTuple):
    """Which Engine a client is connected to."""

    labels: frozenset[str]
    """For example `podman` and `podman-5.4`; or `docker`, `docker-28.5`, `docker-ctrd` and `docker-28.5-ctrd`.

    From Docker 29 on, the label has only the first number, as in `docker-29`."""

    api: tuple[int, ...]

    def can(self, step: str) -> bool:
        """Whether the Engine can do this step, according to `cannot.py`."""
        return not reason(self.labels, step)

    def has(self, version: str) -> bool:
        """Whether the Engine supports this API version."""
        return self.api >= tuple(map(int, version.split(".")))


async def engine_of(docker: Docker) -> Engine:
    """Find out which Engine a client is connected to."""
    ping = await docker.system.ping()
    number = ".".join((await docker.system.version()).version.split(".")[:2])
    api = tuple(map(int, ping.api_version.split(".")))
    if ping.libpod_api_version:
        return Engine(frozenset({"podman", f"podman-{number}"}), api)
    if int(number.partition(".")[0]) >= 29:
        number = number.partition(".")[0]
    labels = {"docker", f"docker-{number}"}
    info = await docker.system.info()
    if ["driver-type", "io.containerd.snapshotter.v1"] in info.driver_status:
        labels |= {"docker-ctrd", f"docker-{number}-ctrd"}
    return Engine(frozenset(labels), api)


def credentials(password: str = PASSWORD, *, registry: str = "") -> AuthConfig:
    """Credentials for the registry that requires them."""
    return AuthConfig(username=USER, password=SecretStr(password), serveraddress=registry)


async def has_image(docker: Docker, reference: str) -> bool:
    """Whether the Engine lists the image."""
    images = await docker.images.list(filters={"reference": reference})
    return any(reference in image.repo_tags for image in images)


async def no_image(docker: Docker, *references: str) -> None:
    """Remove images that another run may have left."""
    for reference in references:
        if await has_image(docker, reference):
            await docker.images.delete(reference, force=True)


async def no_container(docker: Docker, *names: str) -> None:
    """Remove containers that an earlier run may have left."""
    for name in names:
        found = await docker.containers.list(all=True, filters={"name": name})
        for container in found:
            if f"/{name}" in container.names:
                await docker.containers.delete(container.id, force=True, volumes=True)


async def no_network(docker: Docker, name: str) -> None:
    """Remove a network that an earlier run may have left."""
    for found in await docker.networks.list(filters={"name": name}):
        if found.name == name:
            await docker.networks.delete(found.id)


async def no_swarm(docker: Docker) -> None:
    """Leave the swarm that an earlier run may have left this Engine in."""
    while True:
        try:
            await docker.swarm.leave(force=True)
        except ServerError as error:
            if error.status == 503:  # not in a swarm
                break
            # Files were left, such as renewed certificates. The next `init` fails on them and removes them.
            with suppress(ServerError):
                await docker.swarm.init(SwarmInitRequest(listen_addr=SWARM))
    with suppress(Conflict):  # in use if there was an ingress network, see `swarm`
        await no_network(docker, "docker_gwbridge")


@asynccontextmanager
async def swarm(docker: Docker, request: SwarmInitRequest | None = None) -> AsyncGenerator[str, None]:
    """A swarm with this Engine as its only node, which it leaves at the end. Yields the node's id.

    The ingress network is deleted at once: no scenario needs it, and with it an Engine takes seconds to leave.
    """
    await no_swarm(docker)
    request = (request or SwarmInitRequest()).replace(listen_addr=SWARM, advertise_addr=SWARM)
    node = await docker.swarm.init(request)
    try:
        await docker.networks.delete("ingress")
        yield node
    finally:
        await no_swarm(docker)


T = TypeVar("T")


async def until(holds: Callable[[T], bool], look: Callable[[], Awaitable[T]]) -> T:
    """Poll until the condition holds, for changes that the Engine has no event for."""
    while not holds(found := await look()):  # noqa: ASYNC110  # waits for the Engine, not for another task
        await anyio.sleep(0.2)
    return found


@asynccontextmanager
async def container(
    docker: Docker, name: str, cmd: list[str] | None = None, **more: object
) -> AsyncGenerator[str, None]:
    """A container that is created but not started, and removed at the end. Yields its id."""
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
    """Enter a stream and leave it at once, to test whether it is refused."""
    async with stream:
        pass


async def output(stream: LogStream) -> tuple[bytes, bytes]:
    """Read the rest of a process's stdout and stderr."""
    out, err = bytearray(), bytearray()
    async for frame in stream:
        (err if frame.stream == "stderr" else out).extend(frame.data)
    return bytes(out), bytes(err)


async def executed(docker: Docker, id: str, cmd: list[str], **more: object) -> tuple[bytes, bytes]:
    """Run a command in a running container; return its stdout and stderr."""
    config = ExecConfig(cmd=cmd, attach_stdout=True, attach_stderr=True, **more)  # type: ignore[arg-type]
    async with docker.exec.start((await docker.exec.create(id, config)).id) as process:
        return await output(process)


def tar(files: Mapping[str, bytes | str | None], mode: int = 0o644) -> bytes:
    """A tar archive, the same on every run. Values: bytes for a file, None for a folder, str for a link's target."""
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
        end = archive.offset + 2 * tarfile.BLOCKSIZE  # without tarfile's padding to 10240 bytes
    return out.getvalue()[:end]


def gzipped(data: bytes) -> bytes:
    """Gzip format without compression, so that the bytes do not depend on zlib's version."""
    block = b"\x01" + len(data).to_bytes(2, "little") + (len(data) ^ 0xFFFF).to_bytes(2, "little") + data
    return b"\x1f\x8b\x08" + bytes(7) + block + zlib.crc32(data).to_bytes(4, "little") + len(data).to_bytes(4, "little")


def untar(archive: bytes) -> dict[str, bytes | str | None]:
    """The members of a tar archive, in the form that `tar` takes."""
    out: dict[str, bytes | str | None] = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as members:
        for member in members:
            content = members.extractfile(member) if member.isfile() else None
            out[member.name] = content.read() if content else member.linkname if member.issym() else None
    return out


PROVENANCE = "https://slsa.dev/provenance/v1"
_OCI = "application/vnd.oci.image"


def layout(reference: str, architectures: Iterable[str], *, attested: bool = False) -> bytes:
    """An archive of an image for several architectures, in the layout of OCI, with an attestation for each if asked."""
    blobs: dict[str, bytes] = {}

    def blob(content: object, kind: str, **more: object) -> dict[str, object]:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        digest = hashlib.sha256(data).hexdigest()
        blobs[f"blobs/sha256/{digest}"] = data
        return {"mediaType": kind, "digest": f"sha256:{digest}", "size": len(data), **more}

    def manifest(architecture: str, os: str, layer: dict[str, object], **more: object) -> dict[str, object]:
        root_fs = {"type": "layers", "diff_ids": [layer["digest"]]}
        config = {"architecture": architecture, "os": os, "config": {"Cmd": ["/hello"]}, "rootfs": root_fs}
        kind = f"{_OCI}.manifest.v1+json"
        made = {"schemaVersion": 2, "mediaType": kind, "layers": [layer]}
        made["config"] = blob(config, f"{_OCI}.config.v1+json")
        return blob(made, kind, platform={"architecture": architecture, "os": os}, **more)

    manifests: list[dict[str, object]] = []
    for architecture in architectures:
        image = manifest(architecture, "linux", blob(tar({"hello": architecture.encode()}), f"{_OCI}.layer.v1.tar"))
        manifests.append(image)
        if attested:
            statement = {
                "_type": "https://in-toto.io/Statement/v1",
                "subject": [{"name": reference, "digest": {"sha256": str(image["digest"]).partition(":")[2]}}],
                "predicateType": PROVENANCE,
                "predicate": {"made": f"for {architecture}"},
            }
            notes = {"in-toto.io/predicate-type": PROVENANCE}
            layer = blob(statement, "application/vnd.in-toto+json", annotations=notes)
            about = {
                "vnd.docker.reference.type": "attestation-manifest",
                "vnd.docker.reference.digest": image["digest"],
            }
            manifests.append(manifest("unknown", "unknown", layer, annotations=about))
    kind = f"{_OCI}.index.v1+json"
    names = {"io.containerd.image.name": reference, "org.opencontainers.image.ref.name": reference.rpartition(":")[2]}
    index = blob({"schemaVersion": 2, "mediaType": kind, "manifests": manifests}, kind, annotations=names)
    top = {"schemaVersion": 2, "mediaType": kind, "manifests": [index]}
    files = {"oci-layout": b'{"imageLayoutVersion": "1.0.0"}', "index.json": json.dumps(top).encode()}
    return tar({**files, "blobs": None, "blobs/sha256": None, **blobs})


@asynccontextmanager
async def tiny(
    docker: Docker, reference: str, files: Mapping[str, bytes | str | None] | None = None
) -> AsyncGenerator[str, None]:
    """A tiny image that is imported, and removed at the end. Yields its id."""
    await no_image(docker, reference)
    repo, _, version = reference.rpartition(":")
    made = await docker.images.import_(tar(files or {"hello": b"world"}), repo=repo, tag=version)
    try:
        yield made.id
    finally:
        await no_image(docker, reference)
