"""`docker.watch` and `docker.watch_containers`: events that continue after a lost connection."""

from __future__ import annotations

from contextlib import AsyncExitStack
from itertools import groupby

import anyio
import pytest

from rawdock import Docker, Gap, NotSupported
from rawdock.models import EventMessage
from rawdock.streams import Watching

from .kit import BUSYBOX, container, engine_of, executed, has_image, opened

NAME = "rawdock-s-watch"
LABEL = {"label": f"rawdock-s={NAME}"}
GONE = ("destroy", "remove")  # the action in Docker's and in Podman's events


async def _up_to(watching: Watching, *actions: str) -> list[EventMessage]:
    """The events up to the first with one of these actions, without gaps."""
    out: list[EventMessage] = []
    with anyio.fail_after(60):
        async for item in watching:
            assert not isinstance(item, Gap), item
            out.append(item)
            if item.action in actions:
                break
    return out


async def life(docker: Docker) -> None:
    """The events of a container, read late; and the same events from an exact time on, without a gap."""
    async with docker.watch(filters=LABEL, heartbeat=1.0) as watching:
        async with container(docker, NAME, ["true"]) as id:
            await docker.containers.start(id)
            await docker.containers.wait(id)
            await anyio.sleep(3)  # several heartbeats, which must not report a gap
        seen = await _up_to(watching, *GONE)
    actions = [event.action for event in seen if event.action in ("create", "start", "die", *GONE)]
    assert actions == ["create", "start", "die", seen[-1].action]
    assert {event.actor.id for event in seen} == {id}
    start = next(event for event in seen if event.action == "start")
    since = f"{start.time_nano // 10**9}.{start.time_nano % 10**9:09}"
    async with docker.watch(filters=LABEL, since=since) as watching:
        assert await _up_to(watching, *GONE) == seen[seen.index(start) :]


async def too_far_back(docker: Docker) -> None:
    """With `since` before the events that Docker remembers, a gap comes first. Podman remembers all events."""
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
    """`watch_containers` lists the containers, then yields their events."""
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
    """Containers created during the listing are in the list, or in an event, or in both."""
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


async def in_either_word(docker: Docker) -> None:
    """Filters may have Docker's words or Podman's; `docker_action` has Docker's."""
    docker_engine = "docker" in (await engine_of(docker)).labels
    for words in (["start", "exec_die", "destroy"], ["start", "exec_died", "remove"]):
        async with docker.watch(filters={**LABEL, "event": words}) as watching:
            async with container(docker, NAME) as id:
                await docker.containers.start(id)
                await executed(docker, id, ["true"])
            seen = await _up_to(watching, *GONE)
        # Podman may tell twice that a command has ended.
        actions = [action for action, _ in groupby(event.docker_action for event in seen)]
        assert actions == ["start", "exec_die", "destroy"]
    watch = docker.watch(filters={**LABEL, "event": "top"})
    if not docker_engine:
        with pytest.raises(NotSupported, match="top"):
            await opened(watch)
        return
    async with container(docker, NAME) as id, watch as watching:
        await docker.containers.start(id)
        await docker.containers.top(id)
        assert [event.docker_action for event in await _up_to(watching, "top")] == ["top"]


for _scenario in (life, too_far_back, snapshot, no_hole, in_either_word):
    _scenario.live_only = True  # type: ignore[attr-defined]  # a watch sends requests of its own, at varying times
