"""The scenarios, and facts that only a real Engine shows, on each engine that RAWDOCK_LIVE_ENGINES names.

It is NAME=SOCKET, with commas between; `scripts/test` sets it.
"""

from __future__ import annotations

import os

import anyio
import httpx
import pytest
from scenarios import SCENARIOS
from scenarios.cannot import reason
from scenarios.kit import BUSYBOX, FAULTY, container, engine_of, has_image, no_image
from spec.drift import Drift, harmless_reads

from rawdock import (
    BadRequest,
    Docker,
    InvalidArgument,
    NotFound,
    NotSupported,
    ServerError,
    StreamError,
    VersionError,
)
from rawdock.models import ContainerSpec
from rawdock.testing import Recorder

ENGINES = [entry for entry in os.environ.get("RAWDOCK_LIVE_ENGINES", "").split(",") if entry]
ONE_STORE = [entry for entry in ENGINES if not entry.partition("=")[0].endswith("-ctrd")]
"""The engines without those that differ from another only in their image store, for tests that do not depend on it."""

pytestmark = [pytest.mark.live, pytest.mark.anyio, pytest.mark.timeout(180)]
if not ENGINES:
    pytestmark.append(pytest.mark.skip(reason="RAWDOCK_LIVE_ENGINES names no engine (NAME=SOCKET, ...)"))


@pytest.fixture(params=ENGINES or [""], ids=lambda entry: entry.partition("=")[0] or "none")
def socket(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """An engine's socket, with nothing in the environment that would change how it is spoken to."""
    for name in ("DOCKER_API_VERSION", "DOCKER_HOST", "DOCKER_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    return str(request.param).partition("=")[2]


@pytest.mark.parametrize("name", SCENARIOS)
async def test_scenario(socket: str, name: str) -> None:
    """A scenario passes on a real Engine, on both event loops."""
    async with Docker(socket) as docker:
        engine = await engine_of(docker)
    if why := reason(engine.labels, name):
        pytest.skip(f"this Engine cannot do it: {why}")
    async with Docker(socket) as docker:
        await SCENARIOS[name](docker)


async def test_pull_cancelled_half_way(socket: str) -> None:
    """A pull that is cancelled while layers come leaves no image, and the client can be used on."""
    reference = f"{FAULTY}/slow/fault:1"
    async with Docker(socket) as docker:
        await no_image(docker, reference)
        with anyio.CancelScope() as scope:
            async with docker.images.pull(reference) as pull:
                async for line in pull:
                    if line.status in ("Downloading", "Pulling fs layer"):
                        scope.cancel()
        assert scope.cancelled_caught
        assert not await has_image(docker, reference)
        await anyio.sleep(3)  # long enough for the Engine to finish, had it gone on with the small ones
        assert not await has_image(docker, reference)


async def test_many_at_once(socket: str) -> None:
    """Calls that run side by side share a client and each get their own answer."""
    async with Docker(socket) as docker, container(docker, "rawdock-s-many") as id:
        found: list[str] = []

        async def look(name: str) -> None:
            found.append((await docker.containers.inspect(name)).id)

        async with anyio.create_task_group() as tasks:
            for name in [id, "rawdock-s-many", id[:20]] * 10:
                tasks.start_soon(look, name)
        assert found == [id] * 30


async def test_pinned_versions(socket: str) -> None:
    """A pinned version is spoken as it is; what it does not have is refused before it is sent."""
    async with Docker(socket, version="1.40") as docker:
        assert docker.version == "1.40"
        assert (await docker.system.version()).api_version > "1.40"
        with pytest.raises(VersionError):
            await docker.images.list(shared_size=True)
        with pytest.raises(VersionError):
            await docker.containers.create(ContainerSpec(image=BUSYBOX), platform="linux/amd64")


async def test_too_new_a_version(socket: str) -> None:
    """Docker refuses a version that it does not have, Podman takes any; a pinned one is not negotiated again."""
    async with Docker(socket, version="1.99") as docker:
        if "podman" in (await engine_of_unpinned(socket)):
            assert (await docker.system.version()).version
        else:
            with pytest.raises(BadRequest, match="too new"):
                await docker.system.version()


async def engine_of_unpinned(socket: str) -> frozenset[str]:
    async with Docker(socket) as docker:
        return (await engine_of(docker)).labels


async def test_any_request(socket: str) -> None:
    """What rawdock has no method for goes through `request` and `http`; a route that is not there says so."""
    async with Docker(socket) as docker:
        answer = await docker.request("GET", "/volumes", params={"filters": "{}"})
        assert "Volumes" in answer.json()
        with pytest.raises(NotSupported):
            await docker.request("GET", "/rawdock-s-none")
        async with docker.http as client:
            plain = await client.get("/_ping")
            assert plain.text == "OK"
            assert isinstance(plain, httpx.Response)


async def test_refused_before_sending(socket: str) -> None:
    """An empty id would be another endpoint: nothing leaves but the ping that asks for the version."""
    recorder = Recorder(socket)
    async with Docker(transport=recorder) as docker:
        with pytest.raises(InvalidArgument):
            await docker.containers.inspect("")
    assert {exchange["request"]["target"] for exchange in recorder.recording()["exchanges"]} <= {"/_ping"}


async def test_wait_of_a_created_container(socket: str) -> None:
    """Never started: the default condition is true at once; 0 on Docker, on Podman mostly -1 and at times 0."""
    async with Docker(socket) as docker, container(docker, "rawdock-s-never") as id:
        podman = "podman" in (await engine_of(docker)).labels
        assert (await docker.containers.wait(id)).status_code in ((-1, 0) if podman else (0,))


async def test_wait_left_early(socket: str) -> None:
    """A wait that is given up closes its connection and disturbs nobody."""
    async with Docker(socket) as docker, container(docker, "rawdock-s-left") as id:
        await docker.containers.start(id)
        with anyio.move_on_after(0.3) as scope:
            await docker.containers.wait(id)
        assert scope.cancelled_caught
        assert (await docker.containers.inspect(id)).state.running


async def test_docker_sends_no_field_that_is_not_known(socket: str) -> None:
    """All harmless reads of a Docker Engine on which something is there: no field that no model has."""
    async with Docker(socket) as docker, container(docker, "rawdock-s-drift") as id:
        await docker.containers.start(id)
        drift = Drift()
        async for read in harmless_reads(docker):
            drift.look(read)
        assert {"containers.inspect", "images.inspect", "networks.inspect", "system.info"} <= drift.reads.keys()
        if "docker" in (await engine_of(docker)).labels:
            assert drift.unknown == {}


async def test_a_registry_that_is_not_there(socket: str) -> None:
    """An answer to a pull that never began is an error, not an empty stream."""
    async with Docker(socket) as docker:
        with pytest.raises((ServerError, NotFound, StreamError)):
            await docker.images.pull("127.0.0.1:9/rawdock-s:1")
