"""Sandboxes: many containers at once, without network and with limits, that run commands with limited output."""

from __future__ import annotations

import anyio
import pytest
from scenarios.cannot import reason
from scenarios.kit import BUSYBOX, engine_of, no_image
from test_live import ONE_STORE

from rawdock import Docker, TimedOut
from rawdock.models import ContainerSpec, HostConfig

pytestmark = [pytest.mark.live, pytest.mark.anyio, pytest.mark.timeout(300)]
if not ONE_STORE:
    pytestmark.append(pytest.mark.skip(reason="RAWDOCK_LIVE_ENGINES names no engine for this (NAME=SOCKET, ...)"))

LIMITS = HostConfig(network_mode="none", memory=64 << 20, pids_limit=32, cap_drop=["ALL"], init=True)
LABEL = "rawdock-s-sandbox"
SPEC = ContainerSpec(host_config=LIMITS, working_dir="/box", labels={LABEL: "yes"})
# Writes a result that differs in each sandbox, starts two background processes, and writes output without end.
STEP = b"read n < given; echo $((n * n)) > result; sleep 301 & setsid sleep 302 & yes"
# `(bomb)` is the only process that the shell itself starts: at the limit, a shell that cannot fork exits with an error.
BOMB = ["sh", "-c", "bomb() { bomb | bomb & }; (bomb) & while :; do :; done"]


async def step(docker: Docker, box: str, number: int) -> None:
    """Write files, run a command that never ends, cancel it, and read its result; none of its processes is left."""
    await docker.write_file(box, "/box/given", b"%d\n" % number)
    await docker.write_file(box, "/box/step.sh", STEP)
    with anyio.CancelScope() as scope:
        async with docker.execute(box, ["sh", "step.sh"], output_limit=20) as execution:
            assert (await anext(execution)).data.startswith(b"y\n")
            scope.cancel()
            await execution.result()
    assert scope.cancelled_caught
    assert not execution.may_still_run
    assert await docker.read_file(box, "/box/result") == b"%d\n" % number**2
    left = await docker.execute(box, ["sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"])
    assert b"sleep 30" not in left.stdout


async def _need_limits(docker: Docker) -> None:
    if why := reason((await engine_of(docker)).labels, "set limits"):
        pytest.skip(f"this Engine cannot do it: {why}")


@pytest.fixture(params=ONE_STORE or [""], ids=lambda entry: entry.partition("=")[0] or "none")
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """The engine's name and socket."""
    for name in ("DOCKER_API_VERSION", "DOCKER_HOST", "DOCKER_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    name, _, socket = str(request.param).partition("=")
    return name, socket


async def test_many_sandboxes(engine: tuple[str, str], anyio_backend: str) -> None:
    """Concurrent sandboxes (a hundred on one engine and loop, eight on others) do not mix, and all are removed."""
    name, socket = engine
    count = 100 if (name, anyio_backend) == ("docker-28.5", "asyncio") else 8
    ready = anyio.Event()
    up = 0

    async def sandbox(number: int) -> None:
        nonlocal up
        async with docker.run(BUSYBOX, ["sleep", "600"], spec=SPEC) as box:
            up += 1
            if up == count:
                ready.set()
            await ready.wait()
            await step(docker, box.id, number)

    async with Docker(socket) as docker:
        await _need_limits(docker)
        await docker.run(BUSYBOX, ["true"])
        async with anyio.create_task_group() as tasks:
            for number in range(count):
                tasks.start_soon(sandbox, number)
        assert await docker.containers.list(all=True, filters={"label": LABEL}) == []


async def test_forked_from_a_snapshot(engine: tuple[str, str]) -> None:
    """Several sandboxes start from the commit of another one, independent of each other."""
    snapshot = "rawdock-s-sandbox:1"
    async with Docker(engine[1]) as docker:
        await _need_limits(docker)
        await no_image(docker, snapshot)
        async with docker.run(BUSYBOX, ["sleep", "600"], spec=SPEC) as box:
            await docker.write_file(box.id, "/box/memory", b"learnt")
            await docker.containers.commit(box.id, repo="rawdock-s-sandbox", tag="1")
        try:
            results: list[bytes] = []

            async def fork(number: int) -> None:
                say = ["sh", "-c", f"echo {number} >> memory; cat memory"]
                done = await docker.run(snapshot, say, spec=SPEC, pull="never")
                results.append(done.check().stdout)

            async with anyio.create_task_group() as tasks:
                for number in range(4):
                    tasks.start_soon(fork, number)
            assert sorted(results) == [b"learnt%d\n" % number for number in range(4)]
        finally:
            await docker.images.delete(snapshot, force=True)


async def test_a_fork_bomb(engine: tuple[str, str]) -> None:
    """At the process limit, a command is ended from outside or reported as still running; the sandbox is removed."""
    async with Docker(engine[1]) as docker:
        await _need_limits(docker)
        async with docker.run(BUSYBOX, ["sleep", "600"], spec=SPEC) as box:
            with pytest.raises(TimedOut) as caught:
                await docker.execute(box.id, BOMB, timeout=1)
            if not caught.value.may_still_run:
                done = await docker.execute(box.id, ["echo", "alive"])
                assert done.stdout == b"alive\n"
        assert await docker.containers.list(all=True, filters={"label": LABEL}) == []


async def test_two_hundred_runs(engine: tuple[str, str], anyio_backend: str) -> None:
    """No run loses its exit code or output to a race, including the half that the Engine itself removes."""
    name, socket = engine
    count = 200 if (name, anyio_backend) == ("docker-28.5", "asyncio") else 24
    few = anyio.CapacityLimiter(6)

    async def one(number: int) -> None:
        host = HostConfig(auto_remove=number % 2 == 1, network_mode="none")
        spec = ContainerSpec(host_config=host, labels={LABEL: "yes"})
        async with few:
            done = await docker.run(BUSYBOX, ["sh", "-c", f"echo {number}; exit {number % 100}"], spec=spec)
        assert (done.exit_code, done.stdout, done.stderr) == (number % 100, b"%d\n" % number, b"")

    async with Docker(socket) as docker:
        await docker.run(BUSYBOX, ["true"])
        async with anyio.create_task_group() as tasks:
            for number in range(count):
                tasks.start_soon(one, number)
        assert await docker.containers.list(all=True, filters={"label": LABEL}) == []


async def test_output_without_end_is_ended(engine: tuple[str, str]) -> None:
    """`yes` and its like: the result comes, with as much as was asked for, and nothing of them is left."""
    async with Docker(engine[1]) as docker:
        done = await docker.run(BUSYBOX, ["yes"], output_limit=100_000, end_at_limit=True)
        assert (done.exit_code, done.stdout, done.truncated) == (137, b"y\n" * 50_000, True)
        assert not done.not_removed
        async with docker.run(BUSYBOX, ["sleep", "600"]) as box:
            many = ["sh", "-c", "yes & yes >&2 & yes"]
            done = await docker.execute(box.id, many, output_limit=100_000, end_at_limit=True)
            # Or 1: Docker 20.10 closes their output, and `yes` says so.
            assert (done.exit_code in (1, 137), done.truncated) == (True, True)
            assert done.error.startswith("its output went over")
            assert 100_000 in (len(done.stdout), len(done.stderr))
            left = await docker.execute(box.id, ["sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"])
            assert b"yes" not in left.stdout
