"""`reap` removes what belongs to processes that are gone, and never anything else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from objects_engine import ObjectsEngine

from rawdock import ConnectError, Docker, InvalidArgument, Reaped, ServerError
from rawdock.helpers import owner as owner_module
from rawdock.helpers.owner import LABEL, new_label, owner_of
from rawdock.models import ContainerSpec, NetworkCreateRequest, VolumeCreateRequest

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
HOST, BOOT, NAMESPACE, PROCESS, START, DEADLINE, NAME = range(1, 8)


@pytest.fixture(scope="module")
def ended() -> str:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return str(process.pid)


def label(**changed: str) -> str:
    """A label of this process with some of its parts replaced."""
    parts = new_label().split(".", 7)
    for name, value in changed.items():
        parts[{"host": 1, "boot": 2, "namespace": 3, "process": 4, "start": 5, "deadline": 6, "name": 7}[name]] = value
    return ".".join(parts)


def engine_with(text: str, name: str = "") -> ObjectsEngine:
    """One object of each kind with this label."""
    engine = ObjectsEngine()
    labels = {LABEL: text}
    container = {"Id": "c1", "Name": f"/{name or 'c1'}", "Labels": labels, "Config": {"Labels": labels}, "Image": "i"}
    engine.containers["c1"] = container
    engine.networks["n1"] = {"Id": "n1", "Name": name or "n1", "Labels": labels}
    engine.volumes[name or "v1"] = {"Name": name or "v1", "Labels": labels}
    engine.images["i"] = {}
    return engine


async def reap(engine: ObjectsEngine, *, dry_run: bool = False) -> Reaped:
    async with Docker(transport=engine.transport) as docker:
        return await docker.reap(dry_run=dry_run)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"process": "ended"}, "owner gone"),
        ({"start": "1"}, "owner gone"),  # the number is of another process by now
        ({}, None),
        ({"deadline": "1"}, None),  # its process is there and knows best
        ({"host": "0123456789ab", "process": "ended"}, None),
        ({"boot": "0123456789ab", "process": "ended"}, None),
        ({"namespace": "5", "process": "ended"}, None),
        ({"namespace": "0", "process": "ended"}, None),
        ({"start": "0", "process": "ended"}, None),
        ({"process": "99999999999999999999"}, None),
        ({"host": "0123456789ab", "deadline": "1"}, "deadline over"),
        ({"boot": "0", "deadline": "1"}, "deadline over"),
        ({"boot": "0", "deadline": "99999999999"}, None),
    ],
)
async def test_owners(changed: dict[str, str], why: str | None, ended: str) -> None:
    changed = {key: ended if value == "ended" else value for key, value in changed.items()}
    engine = engine_with(label(**changed))
    dry = await reap(engine, dry_run=True)
    assert engine.removals == []
    reaped = await reap(engine)
    assert reaped == dry
    if why is None:
        assert (len(engine.left), reaped.removed, reaped.kept) == (3, (), 3)
        return
    assert [(one.kind, one.why, one.problem) for one in reaped.removed] == [
        ("container", why, ""),
        ("network", why, ""),
        ("volume", why, ""),
    ]
    assert engine.left == []
    assert (reaped.left, reaped.kept) == ((), 0)


@pytest.mark.anyio
@pytest.mark.parametrize("text", ["", "x", "0123456789abcdef", "0123456789abcdef.0.0.0.1.1", f"{'9' * 400}"])
async def test_other_labels(text: str) -> None:
    """What was not written here is not ours, whoever has written it."""
    engine = engine_with(text)
    assert await reap(engine) == Reaped(removed=(), left=(), kept=0)
    assert len(engine.left) == 3


@pytest.mark.anyio
async def test_of_another_name(ended: str) -> None:
    """Renamed, or inherited: the label names another object."""
    engine = engine_with(label(process=ended, name="web"), "shop")
    assert (await reap(engine)).kept == 3
    assert len(engine.left) == 3
    assert len((await reap(engine_with(label(process=ended, name="web"), "web"))).removed) == 3


@pytest.mark.anyio
async def test_inherited(ended: str) -> None:
    """From the image, also if that is gone: then nobody knows."""
    text = label(process=ended)
    engine = engine_with(text)
    engine.images["i"] = {LABEL: text}
    reaped = await reap(engine)
    assert (engine.left, reaped.kept, reaped.left) == (["c1"], 1, ())
    del engine.images["i"]
    reaped = await reap(engine)
    assert (engine.left, reaped.kept) == (["c1"], 0)
    assert "its image is gone" in reaped.left[0].problem
    engine.images["i"] = {LABEL: label(process=ended)}  # an image of another container: the label was replaced
    assert [one.id for one in (await reap(engine)).removed] == ["c1"]


@pytest.mark.anyio
async def test_an_engine_that_ignores_filters(ended: str) -> None:
    engine = engine_with(label(process=ended))
    engine.ignores_filters = True
    async with Docker(transport=engine.transport) as docker:
        await docker.containers.create(ContainerSpec(image="a"))
        await docker.networks.create(NetworkCreateRequest(name="n"))
        await docker.volumes.create(VolumeCreateRequest(name="v"))
        reaped = await docker.reap()
    assert len(reaped.removed) == 3
    assert len(engine.left) == 3


@pytest.mark.anyio
@pytest.mark.parametrize("lie", [{"Id": "other", "Name": "other"}, {"Labels": {}}])
async def test_an_engine_that_lies(lie: dict[str, Any], ended: str) -> None:
    """What the list says is not what the inspection says: nothing is removed, and that is told."""
    engine = engine_with(label(process=ended))
    real = engine.answer

    async def answer(request: httpx.Request) -> httpx.Response:
        said = await real(request)
        path = request.url.path
        if (request.method == "GET" and path.rpartition("/")[2] in ("n1", "v1")) or path.endswith("/c1/json"):
            value = said.json() | lie | {"Config": lie}
            return httpx.Response(200, json=value)
        return said

    engine.transport = httpx.MockTransport(answer)
    reaped = await reap(engine)
    assert [one.kind for one in reaped.left] == ["container", "network", "volume"]
    assert all("another" in one.problem for one in reaped.left)
    assert engine.removals == []
    assert reaped.removed == ()


@pytest.mark.anyio
@pytest.mark.held_clock
async def test_the_engine_is_started_anew(ended: str) -> None:
    """While nobody answers it is tried again, and what was not answered in time is told."""
    engine = engine_with(label(process=ended))
    refused = 0

    def before(asked: str) -> int | None:
        nonlocal refused
        if asked == "DELETE /networks/n1" or (asked == "DELETE /containers/c1" and refused < 3):
            refused += 1
            raise httpx.ConnectError("nobody")
        return None

    engine.before = before
    reaped = await reap(engine)
    assert [one.kind for one in reaped.removed] == ["container", "volume"]
    assert [(one.kind, one.problem) for one in reaped.left] == [("network", "the Engine did not answer in time")]
    assert engine.left == ["n1"]


@pytest.mark.anyio
async def test_nothing_is_begun_if_a_list_fails(ended: str) -> None:
    engine = engine_with(label(process=ended))
    engine.before = lambda asked: 500 if asked == "GET /volumes" else None
    with pytest.raises(ServerError):
        await reap(engine)
    assert engine.removals == []

    def nobody(asked: str) -> int | None:
        raise httpx.ConnectError("nobody")

    engine.before = nobody
    with pytest.raises(ConnectError):
        await reap(engine)


@pytest.mark.anyio
async def test_gone_meanwhile(ended: str) -> None:
    """What somebody else removes is neither removed nor left."""
    engine = engine_with(label(process=ended))

    def before(asked: str) -> int | None:
        if asked == "GET /volumes/v1":
            engine.volumes.clear()
        return None

    engine.before = before
    reaped = await reap(engine)
    assert [one.kind for one in reaped.removed] == ["container", "network"]
    assert (reaped.left, reaped.kept) == ((), 0)


@pytest.mark.anyio
async def test_two_at_once(ended: str) -> None:
    """What one of them removes, the other one does not say that it has removed."""
    engine = engine_with(label(process=ended))
    found: list[Reaped] = []

    async def one() -> None:
        found.append(await reap(engine))

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(one)
    removed = sorted(item.kind for reaped in found for item in reaped.removed)
    assert removed == ["container", "network", "volume"]
    assert not [item for reaped in found for item in reaped.left]


@pytest.mark.anyio
async def test_wrong_arguments() -> None:
    with pytest.raises(InvalidArgument, match="reap: dry_run: expected bool"):
        await reap(ObjectsEngine(), dry_run="yes")  # type: ignore[arg-type]


def test_a_process_that_nobody_waited_for() -> None:
    """It has ended, although its number is still taken."""
    child = os.fork()
    if not child:
        os._exit(0)
    try:
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
        start = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[19]
        found = owner_of({LABEL: label(process=str(child), start=start)})
        assert found is not None
        assert found.state() == "gone"
    finally:
        os.waitpid(child, 0)


def test_a_process_that_may_not_be_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of another user, where `/proc` shows only one's own: it is there."""
    found = owner_of({LABEL: label(start="1")})
    assert found is not None
    assert found.state() == "gone"

    def forbidden(process: int, number: int) -> None:
        raise PermissionError

    monkeypatch.setattr(owner_module.os, "kill", forbidden)
    monkeypatch.setattr(owner_module, "_fields", lambda process: [])
    assert found.state() == "alive"
