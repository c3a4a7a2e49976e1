"""`published` and `ensure_image` without an Engine."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import anyio
import httpx
import pytest

from rawdock import ContainerEnded, Docker, InvalidArgument, NotFound, Published, StreamError

Binding = tuple[str, str]


def engine_of(bindings: list[Binding], *, mode: str = "bridge", running: bool = True) -> httpx.MockTransport:
    ports = {"80/tcp": [{"HostIp": ip, "HostPort": port} for ip, port in bindings] or None, "81/udp": None}
    value = {
        "Id": "c",
        "State": {"Running": running, "Status": "running" if running else "exited", "ExitCode": 3},
        "HostConfig": {"NetworkMode": mode},
        "NetworkSettings": {"Ports": ports},
    }
    return httpx.MockTransport(lambda request: httpx.Response(200, json=value, headers={"api-version": "1.51"}))


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("address", "bindings", "expected"),
    [
        ("/x", [("0.0.0.0", "8080"), ("::", "8080")], ["127.0.0.1:8080", "[::1]:8080"]),
        ("/x", [("", "8080")], ["127.0.0.1:8080"]),  # Podman
        ("/x", [("::", "8081"), ("10.0.0.1", "8080")], ["10.0.0.1:8080", "[::1]:8081"]),
        ("/x", [("127.0.0.1", "1")], ["127.0.0.1:1"]),
        ("tcp://far:2375", [("0.0.0.0", "8080"), ("::", "8080")], ["far:8080"]),
        ("tcp://far:2375", [("127.0.0.1", "1"), ("10.0.0.1", "2")], ["10.0.0.1:2"]),
        ("tcp://[fd00::1]:2375", [("0.0.0.0", "8080")], ["[fd00::1]:8080"]),
        ("tcp://127.0.0.1:2375", [("127.0.0.1", "1")], ["127.0.0.1:1"]),
        ("tcp://localhost:2375", [("::1", "1")], ["[::1]:1"]),
    ],
)
async def test_addresses(address: str, bindings: list[Binding], expected: list[str]) -> None:
    async with Docker(address, transport=engine_of(bindings)) as docker:
        found = await docker.published("c", 80)
    assert [str(one) for one in (found, *found.others)] == expected


@pytest.mark.anyio
async def test_of_another_machine() -> None:
    """As seen from a container with the socket, the machine has another name; in its network there are no bindings."""
    async with Docker("/x", transport=engine_of([("0.0.0.0", "8080")])) as docker:
        assert await docker.published("c", 80, host="gateway") == Published("gateway", 8080)
    async with Docker("/x", transport=engine_of([], mode="host")) as docker:
        assert await docker.published("c", 80) == Published("127.0.0.1", 80)


@pytest.mark.anyio
async def test_not_published() -> None:
    async with Docker("tcp://far:1", transport=engine_of([("127.0.0.1", "8080")])) as docker:
        with pytest.raises(InvalidArgument, match=r"bound to '127\.0\.0\.1:8080', which cannot be reached"):
            await docker.published("c", 80)
        with pytest.raises(InvalidArgument, match=r"does not publish 81/udp \(it publishes: '80/tcp'\); create it"):
            await docker.published("c", 81, protocol="udp")
        for wrong in (0, 65536, "80", True):
            with pytest.raises(InvalidArgument, match="is not a port"):
                await docker.published("c", wrong)  # type: ignore[arg-type]
    async with Docker("/x", transport=engine_of([], running=False)) as docker:
        with pytest.raises(ContainerEnded, match="it is exited") as caught:
            await docker.wait_port("c", 80, outside=True)
    assert caught.value.exit_code == 3


class Registry:
    """An Engine that pulls as soon as it may."""

    def __init__(self) -> None:
        self.pulls = 0
        self.given_up = 0
        self.may_pull = anyio.Event()
        self.has_image = False
        self.line: dict[str, Any] = {"status": "done"}
        self.transport = httpx.MockTransport(self.answer)

    async def answer(self, request: httpx.Request) -> httpx.Response:
        headers = {"api-version": "1.51", "content-type": "application/json"}
        if request.method == "GET":
            value, status = ({"Id": "i", "Os": "linux"}, 200) if self.has_image else ({"message": "no"}, 404)
            return httpx.Response(status, json=value, headers=headers)
        self.pulls += 1
        try:
            await self.may_pull.wait()
        except BaseException:
            self.given_up += 1
            raise
        self.has_image = "error" not in self.line
        return httpx.Response(200, content=json.dumps(self.line).encode(), headers=headers)


async def until(holds: Callable[[], bool]) -> None:
    while not holds():
        await anyio.lowlevel.checkpoint()


@pytest.mark.anyio
async def test_one_pull_for_all() -> None:
    """The first one is cancelled; the others get the image by the same pull."""
    registry = Registry()
    ids: list[str] = []
    async with Docker(transport=registry.transport, version="1.51") as docker:

        async def want() -> None:
            ids.append((await docker.ensure_image("a:1")).id)

        async with anyio.create_task_group() as tasks:
            with anyio.CancelScope() as scope:
                async with anyio.create_task_group() as first:
                    first.start_soon(want)
                    await until(lambda: registry.pulls == 1)
                    for _ in range(5):
                        tasks.start_soon(want)
                    await anyio.wait_all_tasks_blocked()
                    scope.cancel()
            registry.may_pull.set()
        assert (ids, registry.pulls, registry.given_up) == (["i"] * 5, 1, 0)
        assert (await docker.ensure_image("a:1")).id == "i"
        assert registry.pulls == 1
        await docker.ensure_image("a:1", pull="always")
        assert registry.pulls == 2


@pytest.mark.anyio
async def test_the_last_one_ends_it() -> None:
    registry = Registry()
    async with Docker(transport=registry.transport, version="1.51") as docker:
        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(docker.ensure_image, "a:1")
            await until(lambda: registry.pulls == 1)
            tasks.cancel_scope.cancel()
        assert registry.given_up == 1
        registry.may_pull.set()
        await docker.ensure_image("a:1")  # another pull, not the one that was ended
        assert registry.pulls == 2


@pytest.mark.anyio
async def test_errors_come_to_all() -> None:
    registry = Registry()
    registry.line = {"error": "no space", "errorDetail": {"message": "no space"}}
    registry.may_pull.set()
    failed = 0
    async with Docker(transport=registry.transport, version="1.51") as docker:

        async def want() -> None:
            nonlocal failed
            with pytest.raises(StreamError, match="no space"):
                await docker.ensure_image("a:1")
            failed += 1

        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(want)
        assert failed == 3
        with pytest.raises(NotFound):
            await docker.ensure_image("a:1", pull="never")
        with pytest.raises(InvalidArgument, match="ensure_image: pull: 'newest' is not one of"):
            await docker.ensure_image("a:1", pull="newest")  # type: ignore[arg-type]
        with pytest.raises(InvalidArgument, match="reference is empty"):
            await docker.ensure_image("")
