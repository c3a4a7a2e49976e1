"""`docker.watch`: events that go on when a connection is lost."""

from __future__ import annotations

from contextlib import AsyncExitStack

import anyio

from rawdock import Docker, Gap
from rawdock.models import EventMessage
from rawdock.streams import Watching

from .kit import BUSYBOX, container, engine_of, has_image

NAME = "rawdock-s-watch"
LABEL = {"label": f"rawdock-s={NAME}"}
GONE = ("destroy", "remove")  # Docker's word and Podman's


async def _up_to(watching: Watching, *actions: str) -> list[EventMessage]:
    """What is told up to one of these; no gap is among it."""
    out: list[EventMessage] = []
    with anyio.fail_after(60):
        async for item in watching:
            assert not isinstance(item, Gap), item
            out.append(item)
            if item.action in actions:
                break
    return out


async def life(docker: Docker) -> None:
    """A container's life, read late; and once more from the middle of it, to the nanosecond and without a gap."""
    async with docker.watch(filters=LABEL, heartbeat=1.0) as watching:
        async with container(docker, NAME, ["true"]) as id:
            await docker.containers.start(id)
            await docker.containers.wait(id)
            await anyio.sleep(3)  # and the heartbeat finds nothing wrong
        seen = await _up_to(watching, *GONE)
    actions = [event.action for event in seen if event.action in ("create", "start", "die", *GONE)]
    assert actions == ["create", "start", "die", seen[-1].action]
    assert {event.actor.id for event in seen} == {id}
    start = next(event for event in seen if event.action == "start")
    since = f"{start.time_nano // 10**9}.{start.time_nano % 10**9:09}"
    async with docker.watch(filters=LABEL, since=since) as watching:
        assert await _up_to(watching, *GONE) == seen[seen.index(start) :]


async def too_far_back(docker: Docker) -> None:
    """From before all that a Docker Engine remembers: the gap comes first. Podman remembers all."""
    docker_engine = "docker" in (await engine_of(docker)).labels
    if not await has_image(docker, BUSYBOX):
        await docker.images.pull(BUSYBOX)
    async with container(docker, NAME), docker.watch(since=1) as watching:
        with anyio.fail_after(60):
            first, second = await anext(watching), await anext(watching)
    assert isinstance(first, Gap) == docker_engine
    assert not isinstance(second, Gap)
    if isinstance(first, Gap):
        assert first.since == 10**9
        assert first.until <= second.time_nano


async def snapshot(docker: Docker) -> None:
    """Containers are listed, and from then on what happens to them is told: no container is in neither."""
    label = f"rawdock-s={NAME}"
    async with container(docker, NAME) as old, docker.watch_containers(label=label) as watching:
        assert [one.id for one in watching.containers] == [old]
        await docker.containers.start(old)
        seen = await _up_to(watching, "start")
        assert seen[-1].actor.id == old
        (listed,) = await watching.list()
        assert listed.state == "running"
        assert watching.containers == [listed]


async def no_hole(docker: Docker) -> None:
    """Containers are made while the list is: each of them is listed, or told of, or both."""
    names = [f"{NAME}-{number}" for number in range(8)]
    made: list[str] = []

    async def make() -> None:
        for name in names:
            id = await stack.enter_async_context(container(docker, name))
            made.append(id)

    found: set[str] = set()
    async with AsyncExitStack() as stack:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(make)
            while len(made) < 2:  # noqa: ASYNC110
                await anyio.sleep(0.01)
            async with docker.watch_containers() as watching:
                found = {one.id for one in watching.containers}
                last = f"/{names[-1]}" in [name for one in watching.containers for name in one.names]
                with anyio.fail_after(60):
                    while not last:
                        item = await anext(watching)
                        assert not isinstance(item, Gap)
                        if item.action == "create":
                            found.add(item.actor.id)
                            last = item.actor.attributes["name"] == names[-1]
        assert len(made) == len(names)
        assert set(made) <= found


for _scenario in (life, too_far_back, snapshot, no_hole):
    _scenario.live_only = True  # type: ignore[attr-defined]  # a watch asks by itself, whenever it needs to
