"""What happens on the Engine, as it tells it."""

from __future__ import annotations

from datetime import datetime

import pytest

from rawdock import BadRequest, Docker, ServerError
from rawdock.models import EventMessage, NetworkCreateRequest, VolumeCreateRequest

from .kit import BUSYBOX, OPEN, container, engine_of, has_image, no_image, no_network

NAME = "rawdock-s-events"
LABEL = {"label": f"rawdock-s={NAME}"}
GONE = ("destroy", "remove")  # Docker's word and Podman's


def _moment(event: EventMessage) -> str:
    """When it happened, to the nanosecond, as `since` and `until` take it."""
    return f"{event.time_nano // 10**9}.{event.time_nano % 10**9:09}"


async def _now(docker: Docker) -> datetime:
    """The time by the Engine's clock."""
    moment = (await docker.system.info()).system_time.datetime
    assert moment is not None
    return moment


async def life(docker: Docker) -> None:
    """A container's life, while it goes on; and the same from memory, all of it or a part."""
    engine = await engine_of(docker)
    async with container(docker, NAME, ["sh", "-c", "exit 3"]) as id:
        created = (await docker.containers.inspect(id)).created.datetime
        seen: list[EventMessage] = []
        async with docker.system.events(since=created, filters=LABEL) as events:
            async for event in events:
                seen.append(event)
                if event.action == "create":
                    await docker.containers.start(id)
                elif event.action == "die":
                    await docker.containers.delete(id)
                elif event.action in GONE:
                    break
        actions = [event.action for event in seen]
        known = [action for action in actions if action in ("create", "start", "die", *GONE)]
        assert known == ["create", "start", "die", actions[-1]]
        for event in seen:
            assert event.type == "container"
            assert event.scope == "local"
            assert event.actor.id == id
            assert event.actor.attributes["name"] == NAME
            assert event.actor.attributes["image"] == BUSYBOX
            assert event.actor.attributes["rawdock-s"] == NAME
            assert event.time_nano // 10**9 == event.time
        assert [event.time_nano for event in seen] == sorted(event.time_nano for event in seen)
        start, die = (seen[actions.index(action)] for action in ("start", "die"))
        assert die.actor.attributes["exitCode"] == "3"
        async with docker.system.events(
            since=created, filters={**LABEL, "type": "container", "event": "die"}
        ) as events:
            assert await anext(events) == die
        if engine.can("end with what is past"):
            async with docker.system.events(since=created, until=_moment(seen[-1]), filters=LABEL) as events:
                assert [event async for event in events] == seen
                assert events.finished
            async with docker.system.events(since=_moment(start), until=_moment(die), filters=LABEL) as events:
                assert [event async for event in events] == [start, die]
        else:
            async with docker.system.events(since=created, until=seen[-1].time + 3, filters=LABEL) as events:
                assert [event async for event in events] == seen
                assert events.finished


async def kinds(docker: Docker) -> None:
    """Volumes, networks and images have events too."""
    engine = await engine_of(docker)
    if not await has_image(docker, BUSYBOX):
        await docker.images.pull(BUSYBOX)
    tagged = f"{OPEN}/{NAME}:1"
    await docker.volumes.delete(NAME, force=True)
    await no_network(docker, NAME)
    await no_image(docker, tagged)
    begin = await _now(docker)
    await docker.volumes.create(VolumeCreateRequest(name=NAME))
    await docker.volumes.delete(NAME)
    network = await docker.networks.create(NetworkCreateRequest(name=NAME))
    await docker.networks.delete(NAME)
    await docker.images.tag(BUSYBOX, repo=f"{OPEN}/{NAME}", tag="1")
    await docker.images.delete(tagged)
    wanted = [("volume", "create"), ("volume", "destroy"), ("network", "create"), ("network", "destroy")]
    wanted += [("image", "tag"), ("image", "untag")]
    seen: list[EventMessage] = []
    async with docker.system.events(since=begin, filters={"type": ["volume", "network", "image"]}) as events:
        async for event in events:
            print(event)
            if event.action == "untag":
                break
