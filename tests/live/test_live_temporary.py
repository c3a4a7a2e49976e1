"""What helpers make is removed: at the end of a block, or by `reap` if its process was killed."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import anyio
import anyio.lowlevel
import pytest
from scenarios.kit import BUSYBOX, LOOP
from test_live import ONE_STORE

from rawdock import Conflict, Docker, NotFound, StillRunning
from rawdock.models import ContainerSpec, HostConfig, Mount, NetworkCreateRequest, VolumeCreateRequest

pytestmark = [pytest.mark.live, pytest.mark.anyio, pytest.mark.timeout(300)]
if not ONE_STORE:
    pytestmark.append(pytest.mark.skip(reason="RAWDOCK_LIVE_ENGINES names no engine (NAME=SOCKET, ...)"))

NAME = "rawdock-s-temporary"


@pytest.fixture(params=ONE_STORE or [""], ids=lambda entry: entry.partition("=")[0] or "none")
def socket(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    for name in ("DOCKER_API_VERSION", "DOCKER_HOST", "DOCKER_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    return str(request.param).partition("=")[2]


@pytest.fixture
async def docker(socket: str, anyio_backend: str) -> AsyncIterator[Docker]:
    async with Docker(socket) as docker:
        await docker.run(BUSYBOX, ["true"])  # the image is there
        yield docker


async def everything(docker: Docker) -> set[str]:
    """All containers, networks and volumes."""
    found = {one.id for one in await docker.containers.list(all=True)}
    found |= {one.id for one in await docker.networks.list()}
    return found | {one.name for one in (await docker.volumes.list()).volumes}


def spec(**host: object) -> ContainerSpec:
    return ContainerSpec(image=BUSYBOX, cmd=LOOP, host_config=HostConfig(**host))  # type: ignore[arg-type]


async def test_a_block(docker: Docker) -> None:
    """Everything is removed in the right order, and an image and a volume that were there before are not."""
    before = await everything(docker)
    old = await docker.volumes.create(VolumeCreateRequest(name=f"{NAME}-old", labels={"is": "old"}))
    try:
        async with docker.temporary(labels={"job": "7"}) as tmp:
            network = await tmp.networks.create(NetworkCreateRequest(name=NAME))
            volume = await tmp.volumes.create()
            assert (await tmp.volumes.create(VolumeCreateRequest(name=old.name))).labels == {"is": "old"}
            mounts = [Mount(type="volume", source=name, target=f"/{name}") for name in (volume.name, old.name)]
            made = await tmp.containers.create(spec(network_mode=NAME, mounts=mounts), name=NAME)
            await tmp.containers.start(made.id)
            assert (await tmp.containers.inspect(NAME)).config.labels["job"] == "7"
            kept = await tmp.run(BUSYBOX, ["echo", "hello"], remove=False)
            assert kept.stdout == b"hello\n"
            running = await tmp.run(BUSYBOX, LOOP).__aenter__()  # left running
            now = await everything(docker)
            assert now - before == {network.id, volume.name, old.name, made.id, kept.id, running.id}
        assert await everything(docker) - before == {old.name}
        await docker.images.inspect(BUSYBOX)
    finally:
        await docker.volumes.delete(old.name)


@pytest.mark.parametrize("how", ["scope", "error", "client"])
async def test_left_early(docker: Docker, socket: str, how: str) -> None:
    before = await everything(docker)
    other = Docker(socket)
    with anyio.CancelScope() as scope:
        try:
            async with other.temporary() as tmp:
                await tmp.networks.create(NetworkCreateRequest(name=NAME))
                for _ in range(3):
                    made = await tmp.containers.create(spec(network_mode=NAME))
                    await tmp.containers.start(made.id)
                if how == "scope":
                    scope.cancel()
                elif how == "error":
                    raise KeyError
                else:
                    await other.aclose()
                await anyio.lowlevel.checkpoint()
        except KeyError:
            assert how == "error"
    await other.aclose()
    assert await everything(docker) == before


async def test_what_is_in_use_is_told(docker: Docker) -> None:
    """A network with somebody else's container in it stays, on Podman too, and the error names it."""
    other = ""
    with pytest.raises(StillRunning, match="temporary: not removed: network ") as caught:  # noqa: PT012
        async with docker.temporary() as tmp:
            network = await tmp.networks.create(NetworkCreateRequest(name=NAME))
            other = (await docker.containers.create(spec(network_mode=NAME))).id
            await docker.containers.start(other)
    assert network.id in str(caught.value)
    assert (await docker.containers.inspect(other)).state.running
    await docker.containers.delete(other, force=True)
    await docker.networks.delete(NAME)


PROGRAM = f"""
import asyncio, sys
from rawdock import Docker
from rawdock.models import *

async def main(address, mark, count):
    async with Docker(address) as docker, docker.temporary(labels={{"rawdock-s-mark": mark}}) as tmp:
        network = await tmp.networks.create(NetworkCreateRequest(name=mark))
        volume = await tmp.volumes.create(VolumeCreateRequest(name=mark))
        host = HostConfig(network_mode=mark, binds=[mark + ":/data"])
        async def box(number):
            async with tmp.run({BUSYBOX!r}, ["sleep", "600"], spec=ContainerSpec(host_config=host)) as running:
                up.release()
                await running.result()
        up = asyncio.Semaphore(0)
        tasks = [asyncio.ensure_future(box(number)) for number in range(count)]
        for _ in tasks:
            await up.acquire()
        print("up", flush=True)
        await asyncio.to_thread(sys.stdin.read)
        for task in tasks:
            task.cancel()

asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
"""


@contextmanager
def another_process(socket: str, mark: str, count: int) -> Iterator[subprocess.Popen[str]]:
    words = [sys.executable, "-c", PROGRAM, socket, mark, str(count)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "up\n"
            yield process
        finally:
            process.kill()


async def test_a_killed_process(docker: Docker, socket: str, anyio_backend: str) -> None:
    """What a killed process has left is reaped, and nothing of a living one or of anybody else is touched."""
    before = await everything(docker)
    with another_process(socket, f"{NAME}-alive", 2) as alive:
        with another_process(socket, f"{NAME}-killed", 20) as killed:
            killed.send_signal(signal.SIGKILL)
            killed.wait()
        theirs = {one.id for one in await docker.containers.list(filters={"label": f"rawdock-s-mark={NAME}-alive"})}
        mine = await docker.containers.create(spec())  # without a label
        assert len(theirs) == 2
        dry = await docker.reap(dry_run=True)
        assert len(dry.removed) == 22
        now = await everything(docker)
        reaped = await docker.reap()
        assert {one.id for one in reaped.removed} == {one.id for one in dry.removed}
        assert sorted({one.kind for one in reaped.removed}) == ["container", "network", "volume"]
        assert {one.why for one in reaped.removed} == {"owner gone"}
        assert not reaped.left
        assert reaped.kept == 4
        assert await everything(docker) == now - {one.id for one in reaped.removed}
        assert theirs == {one.id for one in await docker.containers.list()}
        again = await docker.reap()
        assert (again.removed, again.left, again.kept) == ((), (), 4)
        await docker.containers.delete(mine.id)
        assert alive.stdin is not None
        alive.stdin.close()
        assert alive.wait(60) == 0
    assert await everything(docker) == before


def output_of(*words: str, **environment: str) -> str:
    """What Python prints to stdout. It exits with 0 and has nothing to say on stderr."""
    environment["PYTHONPATH"] = ":".join(sys.path)
    done = subprocess.run([sys.executable, *words], env=environment, capture_output=True, text=True, timeout=100)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


async def test_an_inherited_label(docker: Docker, socket: str) -> None:
    """A container of an image that was made of a container with a label has the label, and is not reaped."""
    # Its process has ended.
    label = output_of("-c", "from rawdock.helpers.owner import new_label; print(new_label())").strip()
    labelled = ContainerSpec(image=BUSYBOX, cmd=["true"], labels={"rawdock.run": label})
    original = await docker.containers.create(labelled)
    image = await docker.containers.commit(original.id, repo=NAME)
    copy = await docker.containers.create(ContainerSpec(image=NAME, cmd=["true"]))
    try:
        assert (await docker.containers.inspect(copy.id)).config.labels["rawdock.run"] == label
        reaped = await docker.reap()
        assert [one.id for one in reaped.removed] == [original.id]
        assert reaped.kept == 1
        await docker.containers.inspect(copy.id)
        with pytest.raises(NotFound):
            await docker.containers.inspect(original.id)
    finally:
        await docker.containers.delete(copy.id)
        with pytest.raises(NotFound):
            await docker.containers.delete(original.id)
        await docker.images.delete(image.id, force=True)


async def test_what_cannot_be_reaped_is_told(docker: Docker, socket: str) -> None:
    """A volume that somebody else uses stays and is in `left`; later it is reaped."""
    with another_process(socket, NAME, 1) as killed:
        killed.send_signal(signal.SIGKILL)
        killed.wait()
    user = await docker.containers.create(spec(binds=[f"{NAME}:/data"]))
    reaped = await docker.reap()
    assert [(one.kind, one.name) for one in reaped.left] == [("volume", NAME)]
    assert reaped.left[0].problem
    with pytest.raises(Conflict):
        await docker.volumes.delete(NAME)
    await docker.containers.delete(user.id)
    assert [one.name for one in (await docker.reap()).removed] == [NAME]


async def test_the_command(docker: Docker, socket: str, anyio_backend: str) -> None:
    with another_process(socket, NAME, 1) as killed:
        killed.send_signal(signal.SIGKILL)
        killed.wait()
    host = f"unix://{socket}"
    line = f"removed: volume {NAME} (owner gone)"
    assert f"would be {line}" in output_of("-m", "rawdock", "reap", "--dry-run", DOCKER_HOST=host)
    assert line in output_of("-m", "rawdock", "reap", DOCKER_HOST=host)
    assert output_of("-m", "rawdock", "reap", DOCKER_HOST=host) == "nothing to remove\n"
