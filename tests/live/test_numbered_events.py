"""A watch over restarts of a real Engine: each of many numbered events comes once, or stands in a `Gap`.

It takes a minute and more, so it only runs if RAWDOCK_NUMBERED_EVENTS says how many events, such as 300 or 10000. There
are ten restarts from 10000 on, else two, by turns with TERM and KILL.
"""

from __future__ import annotations

import contextlib
import os
import time
import uuid
from collections import Counter

import anyio
import anyio.to_thread
import pytest
from test_live import ENGINES
from test_restarts import Own
from test_restarts import own as own

from rawdock import Docker, Gap, RawdockError
from rawdock.models import VolumeCreateRequest

pytestmark = [pytest.mark.live, pytest.mark.anyio, pytest.mark.timeout(3600)]
if not ENGINES:
    pytestmark.append(pytest.mark.skip(reason="RAWDOCK_LIVE_ENGINES names no engine (NAME=SOCKET, ...)"))

COUNT = int(os.environ.get("RAWDOCK_NUMBERED_EVENTS", "0"))
if not COUNT:
    pytestmark.append(pytest.mark.skip(reason="long: RAWDOCK_NUMBERED_EVENTS says how many events, such as 10000"))
RESTARTS = 10 if COUNT >= 10_000 else 2
WRITERS = 6


class Numbered:
    """Volumes with numbers as their names, and what has been seen of their creation."""

    def __init__(self, docker: Docker) -> None:
        self.docker = docker
        self.prefix = f"rawdock-s-{uuid.uuid4().hex[:8]}"
        """New names each time: a volume that is there already is not created, and Docker 28.5 tells of no event."""
        self.number = 0
        self.made: dict[str, tuple[int, int]] = {}
        """When each creation was asked for and answered, in nanoseconds; without those that were not answered."""
        self.seen: Counter[str] = Counter()
        self.gaps: list[Gap] = []
        self.ready = anyio.Event()

    async def write(self) -> None:
        while len(self.made) < COUNT:
            await self.create()

    async def create(self) -> str:
        """Create a volume. If the Engine is away, that may have been done or not; there is no event to be sure of."""
        self.number += 1
        name, before = f"{self.prefix}-{self.number}", time.time_ns()
        try:
            await self.docker.volumes.create(VolumeCreateRequest(name=name))
        except RawdockError:
            await anyio.sleep(0.05)
        else:
            self.made[name] = (before, time.time_ns())
            with contextlib.suppress(RawdockError):
                await self.docker.volumes.delete(name)  # a Podman has room for 2,048 volumes and containers
        return name

    async def watch(self) -> None:
        async with self.docker.watch(filters={"type": "volume", "event": "create"}, backoff=(0.02, 0.2)) as watching:
            self.ready.set()
            async for item in watching:
                if isinstance(item, Gap):
                    self.gaps.append(item)
                else:
                    self.seen[item.actor.id or item.actor.attributes["name"]] += 1  # Podman gives no id

    async def restart(self, own: Own) -> None:
        for turn in range(RESTARTS):
            while len(self.made) < COUNT * (turn + 0.5) / RESTARTS:  # noqa: ASYNC110
                await anyio.sleep(0.005)
            await anyio.to_thread.run_sync(own.kill if turn % 2 else own.stop)
            await anyio.to_thread.run_sync(own.start)

    def lost(self) -> list[str]:
        """The volumes whose creation was answered, and neither seen nor in a gap."""
        return [
            f"{name}: {before}-{after}"
            for name, (before, after) in self.made.items()
            if not self.seen[name] and not any(gap.since <= after and gap.until >= before for gap in self.gaps)
        ]


async def test_each_event_once_or_in_a_gap(own: Own) -> None:
    await anyio.to_thread.run_sync(own.start)
    async with Docker(own.socket) as docker:
        numbered = Numbered(docker)
        async with anyio.create_task_group() as watch:
            watch.start_soon(numbered.watch)
            await numbered.ready.wait()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(numbered.restart, own)
                for _ in range(WRITERS):
                    tasks.start_soon(numbered.write)
            with anyio.fail_after(60):
                last = await numbered.create()
                while last not in numbered.seen:  # noqa: ASYNC110
                    await anyio.sleep(0.01)
            watch.cancel_scope.cancel()
    found = sum(numbered.seen[name] == 1 for name in numbered.made)
    print(f"{len(numbered.made)} made, {found} seen once, {len(numbered.gaps)} gaps")
    assert not numbered.lost(), (numbered.lost(), numbered.gaps)
    assert not [name for name, times in numbered.seen.items() if times > 1]
    assert {gap.reason for gap in numbered.gaps} <= {"restart"}  # Podman keeps its events
    assert found >= COUNT * 0.5
