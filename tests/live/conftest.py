"""Fixtures of all live tests.

At the end of a run, each Engine is compared with its state at the start. The run fails if the tests left anything
behind, with a list of it. If RAWDOCK_LIVE_REPORT names a file, the operations that succeeded on each Engine are written
to it, for `scripts/coverage`.

RAWDOCK_LOOPS_BY_TURNS=NAME,NAME saves time: on these Engines each test runs on asyncio or on trio, and not on both.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import pytest
from scenarios.kit import BUSYBOX
from spec.seen import LIVE_API, requested_operation

from rawdock import Conflict, Docker, NotFound, NotSupported

BASE_IMAGES = (BUSYBOX, "busybox:1")

_seen: dict[str, dict[str, set[str]]] = {}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect trio for Engines that differ from another only in their image store: asyncio is enough for them.

    Rootless Engines have a module of their own."""
    live = [item for item in items if item.get_closest_marker("live")]
    left_out = {item for item in live if "trio-" in item.name and "-ctrd" in item.name}
    engines = [entry for entry in os.environ.get("RAWDOCK_LIVE_ENGINES", "").split(",") if entry]
    alone = bool(engines) and all("-rootless=" in entry for entry in engines)
    others = [item for item in live if item.path.name != "test_rootless.py"]
    left_out |= {item for item in others if alone or "-rootless" in item.name}
    by_turns = os.environ.get("RAWDOCK_LOOPS_BY_TURNS", "").split(",")
    for name in {entry.partition("=")[0] for entry in engines} & set(by_turns):
        left_out |= _on_one_loop([item for item in live if name in item.name and item not in left_out])
    if left_out:
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = [item for item in items if item not in left_out]


def _on_one_loop(items: list[pytest.Item]) -> set[pytest.Item]:
    """Of each test that runs on both loops, the one to leave out. Which it is depends on the test's name alone."""
    by_test: dict[str, list[pytest.Item]] = {}
    for item in items:
        by_test.setdefault(re.sub("asyncio|trio", "", item.nodeid), []).append(item)
    return {both[zlib.crc32(test.encode()) % 2] for test, both in by_test.items() if len(both) == 2}


@pytest.fixture(autouse=True, scope="session")
def nothing_left_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail with a list of what the run created on an Engine and did not remove."""
    sockets = dict(entry.split("=", 1) for entry in os.environ.get("RAWDOCK_LIVE_ENGINES", "").split(",") if entry)
    if not any(item.get_closest_marker("live") for item in request.session.items):
        sockets = {}
    before = {name: anyio.run(inventory, socket) for name, socket in sockets.items()}
    yield
    left: list[str] = []
    for name, socket in sockets.items():
        anyio.run(_without_base_images, socket, before[name])
        anyio.run(_without_untagged_images, socket, before[name])
        left += (f"{name}: {one}" for one in sorted(anyio.run(inventory, socket) - before[name]))
    if left:
        pytest.fail("live tests left behind:\n" + "\n".join(left), pytrace=False)


async def inventory(socket: str) -> set[str]:
    """Everything on an Engine that stays until it is removed: containers, images (untagged ones too), networks, ..."""
    async with Docker(socket) as docker:
        found = {f"container {one.names[0]}" for one in await docker.containers.list(all=True)}
        for image in await docker.images.list():
            found |= {f"image {tag}" for tag in image.repo_tags if tag != "<none>:<none>"} or {f"image {image.id}"}
        found |= {f"network {one.name}" for one in await docker.networks.list()}
        found |= {f"volume {one.name}" for one in (await docker.volumes.list()).volumes}
        with suppress(NotSupported):
            found |= {f"plugin {one.name}" for one in await docker.plugins.list()}
        if (await docker.system.info()).swarm.local_node_state not in ("", "inactive"):
            found.add("a swarm")
    return found - {"network docker_gwbridge"}  # Docker keeps this network when it leaves a swarm


async def _without_base_images(socket: str, before: set[str]) -> None:
    """Remove the images that the tests pull and share, unless they existed before."""
    async with Docker(socket) as docker:
        for reference in BASE_IMAGES:
            if not any(one.endswith(reference) for one in before):
                with suppress(NotFound):
                    await docker.images.delete(reference, force=True)


async def _without_untagged_images(socket: str, before: set[str]) -> None:
    """Remove the images without a name that the run made.

    A build that fails, or that takes the name of another image, leaves such images on some Engines."""
    async with Docker(socket) as docker:
        for _ in range(5):  # an image is in use by those that were built on it
            for image in await docker.images.list():
                if f"image {image.id}" in before or any(tag != "<none>:<none>" for tag in image.repo_tags):
                    continue
                with suppress(NotFound, Conflict):
                    await docker.images.delete(image.id, force=True)


@pytest.fixture(autouse=True)
def record_operations(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Record every call that succeeds, under the name of its Engine."""
    if "socket" not in request.fixturenames:
        return
    engine = _seen.setdefault(request.node.callspec.params["socket"].partition("=")[0], {})

    def recording(original: Callable[..., Any]) -> Callable[..., Any]:
        async def call(self: Docker, endpoint: Any, bound: Any, *rest: Any, **more: Any) -> Any:
            result = await original(self, endpoint, bound, *rest, **more)
            headers = [f"{name}: " for name, _ in bound.headers]
            headers += ["Content-Type: "] if bound.content_type else []
            one = requested_operation(endpoint.method, bound.target, headers)
            if one.operation:
                engine.setdefault(one.operation, set()).update(one.parameters)
            return result

        return call

    monkeypatch.setattr(Docker, "call", recording(Docker.call))
    monkeypatch.setattr(Docker, "open", recording(Docker.open))


@pytest.fixture(autouse=True, scope="session")
def report() -> Iterator[None]:
    yield
    path = os.environ.get("RAWDOCK_LIVE_REPORT")
    if not path or not _seen:
        return
    file = Path(path)
    with Path(f"{path}.lock").open("w") as lock:  # several engines are tested at the same time
        fcntl.flock(lock, fcntl.LOCK_EX)
        _add_to(file)


async def _api(socket: str) -> str:
    async with Docker(socket) as docker:
        return (await docker.system.ping()).api_version


def _add_to(file: Path) -> None:
    table: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    sockets = dict(entry.split("=", 1) for entry in os.environ.get("RAWDOCK_LIVE_ENGINES", "").split(",") if entry)
    for engine, seen in _seen.items():
        api = {LIVE_API: [anyio.run(_api, sockets[engine])]}
        table[engine] = api | {key: sorted(seen[key]) for key in sorted(seen)}
    rows = []
    for engine in sorted(table):
        lines = ",\n".join(f"  {json.dumps(key)}: {json.dumps(names)}" for key, names in table[engine].items())
        rows.append(f" {json.dumps(engine)}: {{\n{lines}\n }}")
    file.write_text("{\n" + ",\n".join(rows) + "\n}\n")
