"""The Engine's events."""

from __future__ import annotations

import json

import pytest

from rawdock import Docker, InvalidArgument, ServerError, decode
from rawdock.models import EventMessage, NetworkCreateRequest, VolumeCreateRequest

from .kit import BUSYBOX, OPEN, container, engine_of, has_image, no_image, no_network, opened

NAME = "rawdock-s-events"
LABEL = {"label": f"rawdock-s={NAME}"}
GONE = ("destroy", "remove")  # the action in Docker's and in Podman's events


def _moment(event: EventMessage) -> str:
    """The exact time of an event, in the form that `since` and `until` take."""
    return f"{event.time_nano // 10**9}.{event.time_nano % 10**9:09}"


async def life(docker: Docker) -> None:
    """The events of a container, first as they happen, then all or some of them from the Engine's history."""
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
        if engine.can("end with past events"):
            async with docker.system.events(since=created, until=_moment(seen[-1]), filters=LABEL) as events:
                assert [event async for event in events] == seen
                assert events.finished
            async with docker.system.events(since=_moment(start), until=_moment(die), filters=LABEL) as events:
                assert [event async for event in events] == [start, die]
        else:
            async with docker.system.events(since=created, until=seen[-1].time + 3, filters=LABEL) as events:
                again = [event async for event in events]
            assert again == seen
            assert events.finished


async def as_json_lines(docker: Docker) -> None:
    """From API 1.52 on events are lines of JSON by name too; their fields are the same as before."""
    engine = await engine_of(docker)
    begin = (await docker.system.info()).system_time.datetime
    await docker.volumes.create(VolumeCreateRequest(name=NAME))
    await docker.volumes.delete(NAME)
    async with docker.system.events(since=begin, filters={"volume": NAME}) as events:
        seen = [await anext(events), await anext(events)]
    assert [event.action in ("create", *GONE) for event in seen] == [True, True]
    until = str(seen[-1].time + (0 if engine.can("end with past events") else 3) + 1)
    answer = await docker.request(
        "GET",
        "/events",
        params={"since": str(seen[0].time), "until": until, "filters": json.dumps({"volume": {NAME: True}})},
    )
    kind = answer.headers["content-type"].partition(";")[0]
    assert kind == ("application/jsonl" if engine.has("1.52") else "application/json")
    lines = [decode(EventMessage, line) for line in answer.text.splitlines()]
    assert [line for line in lines if line.time_nano >= seen[0].time_nano] == seen


async def kinds(docker: Docker) -> None:
    """Volumes, networks and images have events too."""
    if not await has_image(docker, BUSYBOX):
        await docker.images.pull(BUSYBOX)
    tagged = f"{OPEN}/{NAME}:1"
    await docker.volumes.delete(NAME, force=True)
    await no_network(docker, NAME)
    await no_image(docker, tagged)
    begin = (await docker.system.info()).system_time.datetime
    await docker.volumes.create(VolumeCreateRequest(name=NAME))
    await docker.volumes.delete(NAME)
    network = await docker.networks.create(NetworkCreateRequest(name=NAME))
    await docker.networks.delete(NAME)
    await docker.images.tag(BUSYBOX, repo=f"{OPEN}/{NAME}", tag="1")
    await docker.images.delete(tagged)
    seen: list[EventMessage] = []
    async with docker.system.events(since=begin, filters={"type": ["volume", "network", "image"]}) as events:
        async for event in events:
            seen.append(event)
            if event.action == "untag":
                break
    volumes, networks, images = (
        [event for event in seen if event.type == kind] for kind in ("volume", "network", "image")
    )
    assert [event.action in ("create", *GONE) for event in volumes[-2:]] == [True, True]
    assert NAME in (volumes[-2].actor.id, volumes[-2].actor.attributes.get("name"))
    assert [event.actor.id for event in networks if event.action in ("create", *GONE)][-2:] == [network.id] * 2
    assert NAME in networks[-2].actor.attributes.values()
    assert images[-2].action == "tag"
    assert images[-2].actor.attributes["name"] == tagged


async def errors(docker: Docker) -> None:
    """Errors: an invalid time, which is not sent, and on Podman an unknown filter."""
    with pytest.raises(InvalidArgument, match="nonsense"):
        await opened(docker.system.events(since="nonsense", until=1))
    if (await engine_of(docker)).can("ignore unknown filters of events"):
        async with docker.system.events(until=1, filters={"nonsense": "1"}) as events:
            assert [event async for event in events] == []
    else:
        with pytest.raises(ServerError, match="nonsense"):
            await opened(docker.system.events(until=1, filters={"nonsense": "1"}))
