"""The same refusal has the same class on every Engine, whatever its status and its words."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from rawdock import BadRequest, Conflict, Docker, Forbidden, NotFound, NotSupported, RateLimited, Unauthorized
from rawdock.models import (
    ContainerSpec,
    HostConfig,
    NetworkConnectRequest,
    NetworkCreateRequest,
    PortBinding,
)

from .kit import BUSYBOX, FAULTY, OPEN, WITH_PASSWORD, WRONG, container, credentials, engine_of, no_image, no_network

NAME = "rawdock-s-refusals"
OTHER = "rawdock-s-others"
TAKEN = "18977"
LIMITED = f"{FAULTY}/manifest429/fault:1"


def _published(port: str) -> dict[str, object]:
    binding = PortBinding(host_ip="127.0.0.1", host_port=port)
    return {
        "exposed_ports": {"80/tcp": {}},
        "host_config": HostConfig(port_bindings={"80/tcp": [binding]}),
    }


@asynccontextmanager
async def _network(docker: Docker) -> AsyncGenerator[str, None]:
    await no_network(docker, NAME)
    created = await docker.networks.create(NetworkCreateRequest(name=NAME))
    try:
        yield created.id
    finally:
        await no_network(docker, NAME)


async def commands(docker: Docker) -> None:
    """BadRequest: a command that is missing, also in the path, and one that is a folder or below a file."""
    for command in ("/rawdock-s-none", "rawdock-s-none", "/etc", "/etc/passwd/rawdock-s-none"):
        async with container(docker, NAME, [command]) as id:
            with pytest.raises(BadRequest) as caught:
                await docker.containers.start(id)
            assert caught.value.operation == "containers.start"
            assert command in caught.value.message


async def networks(docker: Docker) -> None:
    """Conflict: a network that is connected already, or that a container uses. Forbidden: the Engine's own network."""
    async with _network(docker) as id, container(docker, NAME, host_config=HostConfig(network_mode=NAME)) as member:
        await docker.containers.start(member)
        with pytest.raises(Conflict):
            await docker.networks.connect(id, NetworkConnectRequest(container=member))
        with pytest.raises(Conflict, match=NAME):
            await docker.networks.delete(NAME)
    with pytest.raises(Forbidden):
        await docker.networks.delete("bridge")


async def names(docker: Docker) -> None:
    """Conflict: a name that another container has, for a new one and for a rename."""
    async with container(docker, NAME), container(docker, OTHER) as other:
        with pytest.raises(Conflict):
            await docker.containers.create(ContainerSpec(image=BUSYBOX), name=NAME)
        with pytest.raises(Conflict):
            await docker.containers.rename(other, name=NAME)


async def ports(docker: Docker) -> None:
    """Conflict: a port that another container has, or another process of the machine."""
    async with (
        container(docker, NAME, **_published(TAKEN)) as first,
        container(docker, OTHER, **_published(TAKEN)) as other,
    ):
        await docker.containers.start(first)
        with pytest.raises(Conflict):
            await docker.containers.start(other)
    serve = ["sh", "-c", f"httpd -p 127.0.0.1:{TAKEN}; echo serving; exec sleep 1000"]
    async with (
        container(docker, NAME, serve, host_config=HostConfig(network_mode="host")) as first,
        container(docker, OTHER, **_published(TAKEN)) as other,
    ):
        await docker.containers.start(first)
        async with docker.containers.logs(first, stdout=True, follow=True) as logs:
            await anext(aiter(logs))  # it listens
        with pytest.raises(Conflict):
            await docker.containers.start(other)


async def states(docker: Docker) -> None:
    """Conflict: the processes of a container that does not run, and resuming one that is not paused."""
    async with container(docker, NAME) as id:
        with pytest.raises(Conflict):
            await docker.containers.top(id)
        await docker.containers.start(id)
        with pytest.raises(Conflict):
            await docker.containers.unpause(id)


async def limits(docker: Docker) -> None:
    """RateLimited: the registry says that there were too many requests."""
    engine = await engine_of(docker)
    with pytest.raises(RateLimited) as caught:
        await docker.images.pull(LIMITED)
    assert caught.value.operation == "images.pull"
    assert caught.value.retry_after is None
    if engine.can("inspect images in registries"):
        with pytest.raises(RateLimited):
            await docker.distribution.inspect(LIMITED)


async def no_credentials(docker: Docker) -> None:
    """Unauthorized: a pull and a push without credentials, and with wrong ones."""
    reference = f"{WITH_PASSWORD}/rawdock-s-refused"
    await no_image(docker, f"{reference}:1")
    await docker.images.pull(BUSYBOX)
    await docker.images.tag(BUSYBOX, repo=reference, tag="1")
    try:
        for given in (None, credentials(WRONG)):
            with pytest.raises(Unauthorized):
                await docker.images.pull(f"{WITH_PASSWORD}/busybox:1", auth_config=given)
            with pytest.raises(Unauthorized) as caught:
                await docker.images.push(f"{reference}:1", auth_config=given)
            assert not caught.value.message.startswith("{")
    finally:
        await no_image(docker, f"{reference}:1")


async def platforms(docker: Docker) -> None:
    """NotFound: an image that is not there for the platform."""
    with pytest.raises(NotFound) as caught:
        await docker.images.pull(f"{OPEN}/multi:1", platform="linux/s390x")
    assert "s390x" in caught.value.message


async def silences(docker: Docker) -> None:
    """NotSupported, with a hint: Podman sends nothing where it should send a list."""
    if (await engine_of(docker)).can("list digests"):
        assert BUSYBOX in [tag for one in await docker.images.list(digests=True) for tag in one.repo_tags]
        return
    with pytest.raises(NotSupported, match="leave out digests") as caught:
        await docker.images.list(digests=True)
    assert caught.value.status == 200


async def names_of_results(docker: Docker) -> None:
    """Podman before 6 writes the names of search results in another case; they are read all the same."""
    if "podman" not in (await engine_of(docker)).labels:
        return  # it searches only registries of the first version
    (found, *_) = await docker.images.search(f"{OPEN}/busybox")
    assert found.name == f"{OPEN}/busybox"
    assert found.star_count == 0
