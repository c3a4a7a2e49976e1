"""Docker and Podman that run as a user without privileges, where `scripts/engines` has them (names with `-rootless`).

Their control groups are closed to that user, as without systemd, so that no limit works and nothing is measured.
"""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.request
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import anyio
import pytest
from engine_network import in_network
from scenarios import SCENARIOS
from scenarios.kit import BUSYBOX
from test_live import ENGINES
from test_reach import Own

from rawdock import BadRequest, ContainerEnded, Docker, LimitsDropped, NotFound
from rawdock.models import ContainerSpec

ROOTLESS = [entry for entry in ENGINES if entry.partition("=")[0].endswith("-rootless")]

pytestmark = [pytest.mark.live, pytest.mark.anyio, pytest.mark.timeout(180)]
if not ROOTLESS:
    pytestmark.append(pytest.mark.skip(reason="RAWDOCK_LIVE_ENGINES names no rootless engine"))

OF_ROOT = [Path("/var/run/docker.sock"), Path("/run/podman/podman.sock")]
NAME = "rawdock-s-rootless"
WEB = ["sh", "-c", "sleep 0.5; echo hello > /index.html; exec httpd -f -p 80 -h /"]


@pytest.fixture(params=ROOTLESS or [""], ids=lambda entry: entry.partition("=")[0] or "none")
def own(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Own:
    for name in ("DOCKER_API_VERSION", "DOCKER_HOST", "DOCKER_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    return Own(request.param)


@pytest.fixture
async def docker(own: Own, anyio_backend: str) -> AsyncIterator[Docker]:
    async with Docker(own.socket) as docker:
        await docker.ensure_image(BUSYBOX)
        yield docker


@pytest.mark.parametrize("anyio_backend", ["asyncio"])  # their recordings run on trio too
@pytest.mark.parametrize("name", [name for name in SCENARIOS if name.startswith("rootless-")])
async def test_scenario(docker: Docker, name: str) -> None:
    """What is another thing there, as on docs/engines.md."""
    await SCENARIOS[name](docker)


async def test_what_it_is(own: Own, docker: Docker) -> None:
    """`engine` says it, and `doctor` in words, with what does not work."""
    engine = await docker.engine()
    assert engine.rootless
    assert own.name.startswith(engine.flavour)
    assert engine.cgroup_version == "2"
    without = engine.cgroup_driver == "none"
    assert without is (engine.flavour == "docker")  # Podman does not say it
    environment = {**os.environ, "DOCKER_HOST": f"unix://{own.socket}", "PYTHONPATH": os.pathsep.join(sys.path)}
    for flags in ([], ["--json"]):
        done = await anyio.run_process([sys.executable, "-m", "rawdock", "doctor", *flags], env=environment)
        said = done.stdout.decode()
        if flags:
            assert json.loads(said)["engine"]["rootless"] is True
        else:
            assert "rootless, the Engine's image store" in said
            assert ("no limit of memory, CPU or processes works here" in said) is without


@pytest.mark.skipif(any(map(Path.exists, OF_ROOT)), reason="this machine has an Engine of root, which goes first")
async def test_it_is_found(own: Own, anyio_backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any setting, by XDG_RUNTIME_DIR, where there is no socket of root."""
    place = tmp_path / ("podman/podman.sock" if own.name.startswith("podman") else "docker.sock")
    place.parent.mkdir(exist_ok=True)
    place.symlink_to(own.socket)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    async with Docker() as docker:
        assert docker.address == f"unix://{place}"
        assert (await docker.engine()).rootless


async def test_images(own: Own, docker: Docker, tmp_path: Path) -> None:
    """Loaded, pulled, built by each builder that there is, and removed."""
    await docker.images.delete(BUSYBOX, force=True)
    loaded = (own.base / "images/busybox-1.tar").read_bytes()
    await docker.images.load(loaded)
    await docker.images.pull(BUSYBOX)
    (tmp_path / "given").write_text("given\n")
    text = f"FROM {BUSYBOX}\nCOPY given /given\nRUN cat /given /given > /made && id -u >> /made\n"
    for builder in ("classic", "buildkit") if not docker.is_podman else (None,):
        built = await docker.build(tmp_path, dockerfile=text, tag=f"{NAME}:1", builder=builder, no_cache=True)
        assert (await docker.run(built.id, ["cat", "/made"])).stdout == b"given\ngiven\n0\n"
        await docker.images.delete(built.id, force=True)


async def test_a_container(docker: Docker, tmp_path: Path) -> None:
    """Commands as different users, input to its end, files and folders in both directions."""
    data = os.urandom(1 << 20)
    (tmp_path / "in").mkdir()
    (tmp_path / "in/file").write_bytes(data)
    async with docker.run(BUSYBOX, ["sleep", "600"]) as box:
        assert (await docker.execute(box.id, ["id", "-u"])).stdout == b"0\n"
        assert (await docker.execute(box.id, ["id", "-u"], user="1000:1000")).stdout == b"1000\n"
        assert (await docker.execute(box.id, ["sh", "-c", "cat; echo end"], stdin=data)).stdout == data + b"end\n"
        await docker.copy_in(box.id, tmp_path / "in", "/root/in", uid=1000, gid=1000)
        listed = await docker.execute(box.id, ["stat", "-c", "%u %s", "/root/in/file"])
        assert listed.stdout == b"1000 %d\n" % len(data)
        await docker.copy_out(box.id, "/root/in", tmp_path / "out")
        assert (tmp_path / "out/file").read_bytes() == data
        await docker.write_file(box.id, "/root/small", b"small")
        assert await docker.read_file(box.id, "/root/small") == b"small"
    done = await docker.run(BUSYBOX, ["sh", "-c", "cat; exit 3"], stdin=data)
    assert (done.exit_code, done.stdout) == (3, data)


def get(url: str) -> bytes:
    for _ in range(20):  # on a busy machine Podman's proxy may take long to notice that nobody listens
        with suppress(OSError), urllib.request.urlopen(url, timeout=30) as answer:
            content: bytes = answer.read()
            return content
        time.sleep(0.1)
    raise AssertionError(f"{url} does not answer")


async def test_a_published_port(own: Own, docker: Docker) -> None:
    """It is where `published` says: on the machine, although the container's network is the user's own."""
    async with docker.temporary() as tmp:
        web = await tmp.containers.create(ContainerSpec.of(BUSYBOX, WEB, ports=["127.0.0.1::80"]))
        await tmp.containers.start(web.id)
        address = await docker.published(web.id, 80)
        assert address.host == "127.0.0.1"
        with in_network(own.network):
            with anyio.fail_after(60):
                await docker.wait_port(web.id, 80, outside=True)
            assert get(f"http://{address}/index.html") == b"hello\n"
        await docker.containers.kill(web.id)
        with pytest.raises(ContainerEnded):
            await docker.published(web.id, 80)


PROGRAM = f"""
import anyio, os, sys
from rawdock import Docker
from rawdock.models import NetworkCreateRequest

async def main():
    async with Docker(sys.argv[1]) as docker, docker.temporary() as tmp:
        network = await tmp.networks.create(NetworkCreateRequest(name="{NAME}"))
        async with tmp.run("{BUSYBOX}", ["sleep", "600"]) as box:
            print(box.id, flush=True)
            os._exit(1)

anyio.run(main)
"""


async def test_reap(own: Own, docker: Docker) -> None:
    """What a program left that was killed is found and removed, and nothing else."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    words = [sys.executable, "-c", PROGRAM, own.socket]
    async with docker.run(BUSYBOX, ["sleep", "600"]) as mine:
        done = await anyio.run_process(words, env=environment, check=False)
        left = done.stdout.decode().strip()
        try:
            assert (await docker.containers.inspect(left)).state.running
            reaped = await docker.reap()
            assert {one.kind for one in reaped.removed} == {"container", "network"}
            assert reaped.left == ()
            with pytest.raises(NotFound):
                await docker.containers.inspect(left)
            assert (await docker.containers.inspect(mine.id)).state.running
        finally:
            with suppress(NotFound):
                await docker.containers.delete(left, force=True)
            with suppress(NotFound):
                await docker.networks.delete(NAME)


async def test_limits(docker: Docker) -> None:
    """Without `strict_limits` Docker warns and Podman is silent. A limit of CPUs is refused by Docker."""
    done = await docker.run(ContainerSpec.of(BUSYBOX, ["true"], memory=64 << 20))
    assert bool(done.warnings) is not docker.is_podman
    processors = ContainerSpec.of(BUSYBOX, ["true"], cpus=0.5)
    if docker.is_podman:
        with pytest.raises(LimitsDropped, match="nano_cpus"):
            await docker.run(processors, strict_limits=True)
    else:
        with pytest.raises(BadRequest, match="NanoCPUs"):
            await docker.run(processors)
