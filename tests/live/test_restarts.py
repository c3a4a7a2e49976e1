"""Tests that kill a real Engine and start it again: a separate one, beside the engine of the other tests.

It has its own folder, and uses the root folder and the images that `scripts/engines` has set up for the tested engine.
For engines that do not come from `scripts/engines`, these tests are skipped.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import anyio
import anyio.to_thread
import pytest
from pages import PROJECT
from scenarios.kit import BUSYBOX, LOOP, container
from test_live import ENGINES

from rawdock import ConnectError, Docker, Gap, RawdockError, TruncatedError
from rawdock.models import ContainerSpec, EventMessage, ExecConfig
from rawdock.streams import Watching

pytestmark = [pytest.mark.live, pytest.mark.anyio, pytest.mark.timeout(180)]
if not ENGINES:
    pytestmark.append(pytest.mark.skip(reason="RAWDOCK_LIVE_ENGINES names no engine (NAME=SOCKET, ...)"))


class Own:
    """An Engine that these tests may kill."""

    def __init__(self, name: str, base: Path) -> None:
        self._name = name
        self._base = base
        self.socket = str(base / "state" / name / "docker.sock")

    def _run(self, verb: str) -> None:
        command = [sys.executable, str(PROJECT / "scripts" / "engines"), "--base", str(self._base), verb, self._name]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr

    def start(self) -> None:
        self._run("start")

    def kill(self) -> None:
        self._run("kill")

    def stop(self) -> None:
        self._run("stop")

    def wipe(self) -> None:
        self._run("wipe")

    async def restart(self) -> None:
        await anyio.to_thread.run_sync(self.kill)
        await anyio.to_thread.run_sync(self.start)


@pytest.fixture(scope="module", params=ENGINES or [""], ids=lambda entry: entry.partition("=")[0] or "none")
def own(request: pytest.FixtureRequest) -> Iterator[Own]:
    name, _, socket = str(request.param).partition("=")
    if name.endswith("-ctrd"):
        pytest.skip("tested already on the same Engine without containerd's image store")
    base = Path(socket).parents[2] if socket.endswith(f"/state/{name}/docker.sock") else Path("/nowhere")
    if os.geteuid() != 0 or not (base / "roots").is_dir() or not base.is_relative_to(tempfile.gettempdir()):
        pytest.skip("not an engine of scripts/engines, which alone may be killed")
    with tempfile.TemporaryDirectory(prefix="rdk") as folder:
        for shared in ("roots", "images"):
            (Path(folder) / shared).symlink_to(base / shared)
        engine = Own(name, Path(folder))
        try:
            engine.start()
            yield engine
        finally:
            engine.wipe()


async def _prepared(own: Own, docker: Docker) -> None:
    await anyio.to_thread.run_sync(own.start)  # if an earlier test left it killed
    await docker.images.pull(BUSYBOX)


async def _until(watching: Watching, action: str, id: str) -> list[EventMessage | Gap]:
    """The items up to and including this event."""
    out: list[EventMessage | Gap] = []
    with anyio.fail_after(60):
        async for item in watching:
            out.append(item)
            if isinstance(item, EventMessage) and (item.action, item.actor.id) == (action, id):
                break
    return out


async def test_a_watch_goes_on_over_a_restart(own: Own) -> None:
    """After a restart, the watch yields one gap, and then each new event once."""
    async with Docker(own.socket) as docker:
        await _prepared(own, docker)
        async with (
            docker.watch(filters={"type": "container"}, backoff=(0.05, 0.2)) as watching,
            container(docker, "rawdock-s-restart") as first,
        ):
            await docker.containers.start(first)
            before = await _until(watching, "start", first)
            assert not any(isinstance(item, Gap) for item in before)
            await own.restart()
            created = await docker.containers.create(ContainerSpec(image=BUSYBOX, cmd=LOOP), name="rawdock-s-again")
            after = await _until(watching, "create", created.id)
            await docker.containers.delete(created.id)
            (gap,) = [item for item in after if isinstance(item, Gap)]
            assert gap.reason == "restart"
            last = before[-1]
            assert isinstance(last, EventMessage)
            assert last.time_nano - 2 * 10**9 <= gap.since <= last.time_nano < gap.until
            assert not [item for item in after if item in before]
            assert len([item for item in after if not isinstance(item, Gap) and item.action == "create"]) == 1


async def test_a_watch_tells_at_once_that_its_engine_is_gone(own: Own) -> None:
    """While the Engine is down, and once more when it is back; so too if it only lost the connection."""
    async with Docker(own.socket) as docker:
        await _prepared(own, docker)
        async with (
            docker.watch(filters={"type": "container"}, backoff=(0.05, 0.2), tell_lost=True) as watching,
            container(docker, "rawdock-s-gone") as id,
        ):
            (event,) = await _until(watching, "create", id)
            assert isinstance(event, EventMessage)
            await anyio.to_thread.run_sync(own.kill)
            with anyio.fail_after(60):
                lost = await anext(watching)
            assert isinstance(lost, Gap)
            assert (lost.reason, lost.until) == ("lost", None)
            assert lost.since <= event.time_nano
            assert not watching.connected
            with pytest.raises(ConnectError):
                await docker.system.ping()
            await anyio.to_thread.run_sync(own.start)
            created = await docker.containers.create(ContainerSpec(image=BUSYBOX, cmd=LOOP), name="rawdock-s-again")
            after = await _until(watching, "create", created.id)
            await docker.containers.delete(created.id)
            # Podman keeps its events over a restart, in a file.
            assert [item.reason for item in after if isinstance(item, Gap)] in (["restart"], ["resumed"])
            assert isinstance(after[0], Gap)


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_containers_listed_again_behind_a_gap(own: Own) -> None:
    """After a gap, a new list shows that the kill ended the container, for which there was no event."""
    async with Docker(own.socket) as docker:
        await _prepared(own, docker)
        async with (
            container(docker, "rawdock-s-restart") as id,
            docker.watch_containers(label="rawdock-s=rawdock-s-restart", backoff=(0.05, 0.2)) as watching,
        ):
            await docker.containers.start(id)
            assert [one.id for one in watching.containers] == [id]
            await _until(watching, "start", id)
            await own.restart()
            with anyio.fail_after(60):
                while not isinstance(await anext(watching), Gap):
                    pass
            (found,) = await watching.list()
            assert found.id == id
            assert found.state != "running"


@pytest.mark.parametrize("anyio_backend", ["trio"])
async def test_whatever_is_open_ends_when_its_engine_is_killed(own: Own) -> None:
    """Every open stream ends soon and with an error, except the output of an exec, which may end without one."""
    async with Docker(own.socket) as docker:
        await _prepared(own, docker)
        async with container(docker, "rawdock-s-killed", ["sh", "-c", "echo begun; sleep 300"]) as id:
            await docker.containers.start(id)
            ended: dict[str, RawdockError | None] = {}
            ready: list[str] = []

            async def read(name: str, follow: Callable[[Callable[[], None]], Awaitable[object]]) -> None:
                try:
                    await follow(lambda: ready.append(name))
                except RawdockError as error:
                    ended[name] = error
                else:
                    ended[name] = None

            async def logs(begun: Callable[[], None]) -> None:
                async with docker.containers.logs(id, follow=True) as stream:
                    async for _ in stream:
                        begun()

            async def entries(begun: Callable[[], None]) -> None:
                async with docker.containers.logs(id, follow=True).entries() as stream:
                    async for _ in stream:
                        begun()

            async def stats(begun: Callable[[], None]) -> None:
                async with docker.containers.stats(id) as stream:
                    async for _ in stream:
                        begun()

            async def events(begun: Callable[[], None]) -> None:
                async with docker.system.events(since=1) as stream:
                    async for _ in stream:
                        begun()

            async def watch(begun: Callable[[], None]) -> None:
                async with docker.watch(since=1, attempts=0) as stream:
                    async for _ in stream:
                        begun()

            async def wait(begun: Callable[[], None]) -> None:
                async with docker.containers.wait(id) as waiting:
                    begun()
                    await waiting.result()

            async def executed(begun: Callable[[], None]) -> None:
                made = await docker.exec.create(id, ExecConfig(cmd=["sh", "-c", "echo a; cat"], attach_stdout=True))
                async with docker.exec.start(made.id) as process:
                    async for _ in process:
                        begun()

            followers = {"logs": logs, "entries": entries, "stats": stats, "events": events, "watch": watch}
            followers |= {"wait": wait, "exec": executed}
            async with anyio.create_task_group() as tasks:
                for name, follow in followers.items():
                    tasks.start_soon(read, name, follow)
                with anyio.fail_after(30):
                    while set(ready) != set(followers):  # noqa: ASYNC110
                        await anyio.sleep(0.05)
                await anyio.to_thread.run_sync(own.kill)
                with anyio.fail_after(20):
                    while set(ended) != set(followers):  # noqa: ASYNC110
                        await anyio.sleep(0.05)
            closed_only = {"exec"}
            for name, error in ended.items():
                assert isinstance(error, (TruncatedError, ConnectError)) or (name in closed_only and error is None), (
                    name
                )
            with pytest.raises(ConnectError):
                await docker.system.ping()
            await anyio.to_thread.run_sync(own.start)
            assert (await docker.containers.inspect(id)).id == id
