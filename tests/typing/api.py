"""The public API as type checkers see it. Read by mypy and pyright, never run.

A line that must be an error carries the ignore that proves it: an unused ignore fails the check.
"""

from __future__ import annotations

from typing import assert_type

import rawdock
from rawdock.models import (
    Committed,
    ContainerCreated,
    ContainerInspect,
    ContainerSpec,
    ContainerSummary,
    HostConfig,
    Ping,
    PullLine,
    SystemInfo,
    WaitResponse,
)
from rawdock.progress import Progress


async def answers(docker: rawdock.Docker) -> None:
    assert_type(await docker.system.ping(), Ping)
    assert_type(await docker.system.info(), SystemInfo)
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
    async for _ in docker.images.pull("busybox"):  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues, reportUnknownVariableType]
        pass


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
