"""An image that several want at once, and a port that is reached from outside."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime

import anyio
import pytest
from engine_network import in_network_of
from scenarios.kit import BUSYBOX, OPEN
from test_live import ONE_STORE

from rawdock import ContainerEnded, Docker, InvalidArgument, NotFound
from rawdock.models import ContainerSpec, HostConfig, PortBinding

pytestmark = [pytest.mark.live, pytest.mark.anyio, pytest.mark.timeout(180)]
if not ONE_STORE:
    pytestmark.append(pytest.mark.skip(reason="RAWDOCK_LIVE_ENGINES names no engine (NAME=SOCKET, ...)"))


@pytest.fixture(params=ONE_STORE or [""], ids=lambda entry: entry.partition("=")[0] or "none")
def socket(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    for name in ("DOCKER_API_VERSION", "DOCKER_HOST", "DOCKER_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    return str(request.param).partition("=")[2]


async def test_ensure_image(socket: str, anyio_backend: str) -> None:
    """Ten want it at once, and one of them is cancelled."""
    async with Docker(socket) as docker:
        await docker.ensure_image(BUSYBOX)
        with pytest.raises(NotFound):
            await docker.ensure_image(f"{OPEN}/nothing:1")
        with pytest.raises(NotFound):
            await docker.ensure_image("nothing:1", pull="never")
        ids: list[str] = []

        async def want(scope: anyio.CancelScope) -> None:
            with scope:
                ids.append((await docker.ensure_image(BUSYBOX, pull="always")).id)

        async with anyio.create_task_group() as tasks:
            scopes = [anyio.CancelScope() for _ in range(10)]
            for scope in scopes:
                tasks.start_soon(want, scope)
            await anyio.lowlevel.checkpoint()
            scopes[0].cancel()
        assert len(ids) == 9
        assert len(set(ids)) == 1


WEB = ["sh", "-c", "sleep 0.5; echo hello > /index.html; exec httpd -f -p 80 -h /"]


@pytest.fixture
def inside(socket: str) -> Iterator[None]:
    with in_network_of(socket):
        yield


def get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as answer:
        content: bytes = answer.read()
        return content


async def test_published(socket: str, inside: None, anyio_backend: str) -> None:
    async with Docker(socket) as docker, docker.temporary() as tmp:
        await docker.ensure_image(BUSYBOX)
        host = HostConfig(port_bindings={"80/tcp": [PortBinding(host_ip="127.0.0.1")]})
        spec = ContainerSpec(image=BUSYBOX, cmd=WEB, exposed_ports={"80/tcp": {}, "81/tcp": {}}, host_config=host)
        web = await tmp.containers.create(spec)
        with pytest.raises(ContainerEnded, match="does not run"):
            await docker.published(web.id, 80)
        await tmp.containers.start(web.id)
        address = await docker.published(web.id, 80)
        assert address.host == "127.0.0.1"
        assert address.port > 1023
        with anyio.fail_after(60):
            await docker.wait_port(web.id, 80, outside=True)
        assert get(f"http://{address}/index.html") == b"hello\n"
        with pytest.raises(InvalidArgument, match=r"does not publish 81/tcp \(it publishes: '80/tcp'\)"):
            await docker.wait_port(web.id, 81, outside=True)


async def test_nobody_listens(socket: str, inside: None, anyio_backend: str) -> None:
    """That the Engine's proxy accepts connections does not mean that anybody listens."""
    async with Docker(socket) as docker, docker.temporary() as tmp:
        await docker.ensure_image(BUSYBOX)
        host = HostConfig(port_bindings={"80/tcp": [PortBinding(host_ip="127.0.0.1")]})
        spec = ContainerSpec(image=BUSYBOX, cmd=["sleep", "60"], exposed_ports={"80/tcp": {}}, host_config=host)
        box = await tmp.containers.create(spec)
        await tmp.containers.start(box.id)
        with anyio.move_on_after(2) as scope:
            await docker.wait_port(box.id, 80, outside=True)
        assert scope.cancelled_caught
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(docker.containers.kill, box.id)
            with pytest.raises(ContainerEnded):
                await docker.wait_port(box.id, 80, outside=True)


async def test_small_ones(socket: str, anyio_backend: str) -> None:
    """The size of a terminal, a time in a filter, and whether a watch is connected."""
    async with Docker(socket) as docker, docker.temporary() as tmp:
        await docker.ensure_image(BUSYBOX)
        box = await tmp.containers.create(ContainerSpec.of(BUSYBOX, ["sleep", "60"]))
        await tmp.containers.start(box.id)
        if docker.version != "1.41":  # which cannot be told the size of a terminal
            size = await docker.execute(box.id, ["stty", "size"], tty=True, size=(33, 111))
            assert size.text == "33 111\r\n"
        old = datetime(2000, 1, 1, tzinfo=UTC)
        assert (await docker.containers.prune(filters={"until": old})).containers_deleted == []
        async with docker.watch() as watching:
            with anyio.fail_after(30):
                while not watching.connected:  # noqa: ASYNC110 - the head of the answer is no event
                    await anyio.sleep(0.01)
        assert not watching.connected
