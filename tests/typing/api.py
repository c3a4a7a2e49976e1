"""The public API as type checkers see it. Read by mypy and pyright, never run.

A line that must be an error carries the ignore that proves it: an unused ignore fails the check.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import assert_type

import rawdock
from rawdock.api.volumes import Volumes
from rawdock.models import (
    ArchiveStat,
    AuthConfig,
    BuildPruned,
    Committed,
    ContainerCreated,
    ContainerInspect,
    ContainerSpec,
    ContainersPruned,
    ContainerSummary,
    EventMessage,
    ExecConfig,
    HostConfig,
    NodeSpec,
    Ping,
    PullLine,
    Secret,
    SwarmInitRequest,
    SystemInfo,
    Volume,
    WaitResponse,
)
from rawdock.progress import Progress
from rawdock.streams import (
    Building,
    BuildResult,
    ContainerWatching,
    Duplex,
    Frame,
    LogEntries,
    LogEntry,
    LogStream,
    ProcessStream,
)


async def answers(docker: rawdock.Docker) -> None:
    assert_type(await docker.system.ping(), Ping)
    assert_type(await docker.system.info(), SystemInfo)
    spec = ContainerSpec(image="busybox")
    assert_type(spec.replace(cmd=["true"]), ContainerSpec)
    assert_type(rawdock.decode(ContainerInspect, b"{}", complete=True), ContainerInspect)
    assert_type(await docker.containers.prune(), ContainersPruned)
    async with docker.build.prune(all=True) as prune:
        assert_type([line.status async for line in prune], list[str])
        assert_type(await prune.result(), BuildPruned)
    created = await docker.containers.create(ContainerSpec(image="busybox", cmd=["true"]), name="job")
    assert_type(created, ContainerCreated)
    assert_type(await docker.containers.start(created.id), bool)
    info = await docker.containers.inspect(created.id)
    assert_type(info, ContainerInspect)
    assert_type(info.state.running, bool)
    assert_type(
        await docker.containers.list(all=True, filters={"label": ["a=b"], "status": "running"}), list[ContainerSummary]
    )
    assert_type(await docker.containers.wait(created.id, condition="next-exit"), WaitResponse)
    assert_type(await docker.containers.commit(created.id, repo="job"), Committed)
    assert_type(await docker.containers.delete(created.id), None)


async def streams(docker: rawdock.Docker) -> None:
    async with docker.images.pull("busybox") as pull:
        async for line in pull:
            assert_type(line, PullLine)
            assert_type(pull.progress, Progress)
    result = await docker.images.pull("busybox")
    assert_type(result.digest, str)
    docker.images.pull("busybox")  # type: ignore[unused-awaitable]
    docker.run("busybox")  # type: ignore[unused-awaitable]
    asyncio.run(docker.run("busybox"))
    task = asyncio.create_task(docker.images.pull("busybox"))
    assert_type((await task).digest, str)
    async with asyncio.TaskGroup() as group:
        assert_type(await group.create_task(docker.containers.wait("web")), WaitResponse)
    await docker.containers.logs("web")  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues]
    async for _ in docker.images.pull("busybox"):  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues, reportUnknownVariableType]
        pass


async def every_kind_of_stream(docker: rawdock.Docker) -> None:
    async with docker.containers.logs("web", tail="all", since=datetime.now(UTC)) as logs:
        assert_type(logs, LogStream)
        async for frame in logs:
            assert_type(frame, Frame)
            assert_type(frame.data, bytes)
        async for text in logs.text():
            assert_type(text.text, str)
    async with docker.services.logs("web", timestamps=True).entries(json=True) as lines:
        assert_type(lines, LogEntries)
        async for line in lines:
            assert_type(line, LogEntry)
            assert_type(line.time, rawdock.Timestamp | None)
            assert_type(line.may_begin_inside, bool)
    done = (await docker.run("app:1", ["x"])).check()
    assert_type(done, rawdock.RunResult)
    assert_type(done.warnings, tuple[str, ...])
    assert_type(done.oom_killed, bool | None)
    assert_type(done.not_removed, str)
    assert_type((await docker.execute("web", ["x"], tty=True)).error, str)
    await docker.wait_healthy("web", restarts=3)
    async with docker.containers.stats("web") as stats:
        async for usage in stats.usage():
            assert_type(usage, rawdock.Usage)
            assert_type(usage.cpu_percent, float | None)
    async with docker.watch(since=datetime.now(UTC), heartbeat=30) as watching:
        async for item in watching:
            assert_type(item, EventMessage | rawdock.Gap)
    async with docker.watch_containers(label="a=b") as following:
        assert_type(following, ContainerWatching)
        assert_type(following.containers, list[ContainerSummary])
        assert_type(await following.list(), list[ContainerSummary])
    created = await docker.exec.create("web", ExecConfig(cmd=["sh"]))
    async with docker.exec.start(created.id) as process:
        assert_type(process, ProcessStream)
        await process.send(b"x")
        await process.send("x")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert_type((await docker.exec.inspect(created.id)).exit_code, int | None)
    async with docker.system.events(filters={"type": "container"}) as events:
        async for event in events:
            assert_type(event, EventMessage)
    async with docker.containers.archive("web", path="/etc") as archive:
        assert_type(archive.stat, ArchiveStat)
        assert_type(await anext(archive), bytes)
    assert_type(await docker.images.build(b"", tags=["a:1"]), BuildResult)
    async with docker.images.build(b"", version="2") as build:
        assert_type(await build.result(), BuildResult)
    assert_type(await docker.build("folder", tag="a:1"), rawdock.Built)
    async with docker.build(dockerfile="FROM scratch", builder="buildkit") as steps:
        assert_type(steps, Building)
        async for change in steps:
            assert_type(change, rawdock.BuildChange)
            if isinstance(change, rawdock.StepOutput):
                assert_type(change.step, rawdock.Step)
                assert_type(change.data, bytes)
        assert_type(await steps.result(), rawdock.Built)
    assert_type(await docker.build.cancel(id="x"), None)
    token = rawdock.EnvSecret("TOKEN")
    given = docker.build(
        "folder", secrets={"a": b"", "b": Path("file"), "c": token}, ssh={"default": True, "b": "socket"}
    )
    assert_type(await given, rawdock.Built)
    docker.build(remote="https://git.test/a.git", output=Path("out"), output_type="oci", tag="a:1")  # type: ignore[unused-awaitable]
    docker.build("folder", context_transfer="tar")  # type: ignore[unused-awaitable]
    docker.build("folder", secrets={"a": "text"})  # type: ignore[dict-item, unused-awaitable]  # pyright: ignore[reportArgumentType]
    docker.build("folder", ssh={"default": False})  # type: ignore[dict-item, unused-awaitable]  # pyright: ignore[reportArgumentType]
    docker.build("folder", output_type="local")  # type: ignore[arg-type, unused-awaitable]  # pyright: ignore[reportArgumentType]
    docker.build("folder", builder="other")  # type: ignore[arg-type, unused-awaitable]  # pyright: ignore[reportArgumentType]
    docker.build(5)  # type: ignore[arg-type, unused-awaitable]  # pyright: ignore[reportArgumentType]
    docker.images.build(b"", version="3")  # type: ignore[arg-type, unused-awaitable]  # pyright: ignore[reportArgumentType]
    docker.images.load("a path")  # type: ignore[arg-type, unused-awaitable]  # pyright: ignore[reportArgumentType]
    async with docker.session.open(uuid="1") as duplex:
        assert_type(duplex, Duplex)


async def every_resource(docker: rawdock.Docker) -> None:
    assert_type(docker.volumes, Volumes)
    assert_type((await docker.volumes.list()).volumes, list[Volume])
    assert_type(await docker.swarm.init(SwarmInitRequest(listen_addr="127.0.0.1")), str)
    swarm = await docker.swarm.inspect()
    assert_type(swarm.join_tokens.worker, rawdock.SecretStr)
    assert_type(await docker.secrets.list(), list[Secret])
    await docker.nodes.update("self", NodeSpec(role="manager"))  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    print(docker.network)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownArgumentType]
    AuthConfig(username="ada", password=rawdock.SecretStr("hidden"))
    AuthConfig(password="shown")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def models() -> None:
    spec = ContainerSpec(image="busybox", host_config=HostConfig(memory=64 << 20, pids_limit=10))
    ContainerCreated()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    ContainerSpec(imag="busybox")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    ContainerSpec(image=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    ContainerSpec(image="busybox", cmd="sleep 1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    spec.image = "other"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


async def wrong(docker: rawdock.Docker) -> None:
    await docker.containers.inspect()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await docker.containers.stop("x", 5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await docker.containers.wait("x", condition="never")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
