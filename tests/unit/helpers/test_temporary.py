"""`temporary` removes what was made in its block, and nothing else."""

from __future__ import annotations

import asyncio
import gc
import logging

import anyio
import httpx
import pytest
from objects_engine import ObjectsEngine

from rawdock import ClosedError, Conflict, Docker, InvalidArgument, ServerError, StillRunning, TruncatedError
from rawdock.helpers.owner import LABEL, new_label, owner_of
from rawdock.helpers.temporary import Temporary
from rawdock.models import ContainerSpec, NetworkCreateRequest, VolumeCreateRequest

SPEC = ContainerSpec(image="app:1")
NETWORK = NetworkCreateRequest(name="n")


def client(engine: ObjectsEngine) -> Docker:
    return Docker(transport=engine.transport)


async def one_of_each(tmp: Temporary) -> None:
    await tmp.volumes.create()
    await tmp.networks.create(NETWORK)
    await tmp.containers.create(SPEC)


@pytest.mark.anyio
async def test_labels_and_order() -> None:
    engine = ObjectsEngine()
    async with client(engine) as docker, docker.temporary(lifetime=60, labels={"job": "7", "a": "b"}) as tmp:
        await one_of_each(tmp)
        named = await tmp.containers.create(SPEC.replace(labels={"a": "c", LABEL: "x"}), name="web")
        labels = engine.containers[named.id]["Labels"]
        owner = owner_of(labels)
        assert owner is not None
        assert (owner.state(), owner.names("web"), owner.names("other")) == ("alive", True, False)
        assert owner.deadline > 0
        assert {key: value for key, value in labels.items() if key != LABEL} == {"job": "7", "a": "c"}
    assert engine.left == []
    kinds = [one.split("/")[1] for one in engine.removals]
    assert kinds[:2] == ["containers", "containers"]
    assert sorted(kinds[2:]) == ["networks", "volumes"]


@pytest.mark.anyio
async def test_what_was_there_before() -> None:
    """A volume that existed is given, and stays; so does one with the label of another block."""
    engine = ObjectsEngine()
    async with client(engine) as docker:
        await docker.volumes.create(VolumeCreateRequest(name="old"))
        await docker.volumes.create(VolumeCreateRequest(name="other", labels={LABEL: new_label("other")}))
        async with docker.temporary() as tmp:
            for name in ("old", "other", "new", "new"):
                await tmp.volumes.create(VolumeCreateRequest(name=name))
    assert engine.left == ["old", "other"]


@pytest.mark.anyio
async def test_made_anew_by_somebody_else() -> None:
    engine = ObjectsEngine()
    async with client(engine) as docker, docker.temporary() as tmp:
        await tmp.volumes.create(VolumeCreateRequest(name="v"))
        await docker.volumes.delete("v")
        await docker.volumes.create(VolumeCreateRequest(name="v"))
    assert engine.left == ["v"]


@pytest.mark.anyio
async def test_removed_in_the_block() -> None:
    engine = ObjectsEngine()
    async with client(engine) as docker, docker.temporary() as tmp:
        await one_of_each(tmp)
        engine.containers.clear()
        engine.networks.clear()
        engine.volumes.clear()


@pytest.mark.anyio
@pytest.mark.held_clock
@pytest.mark.parametrize("ignores_filters", [False, True])
@pytest.mark.parametrize("group", ["containers", "networks", "volumes"])
async def test_a_lost_answer(group: str, ignores_filters: bool) -> None:
    """What was created, although nobody was told, is found by its label; no other object is taken for it."""
    engine = ObjectsEngine()
    async with client(engine) as docker:
        await docker.containers.create(SPEC)
        await docker.networks.create(NETWORK)
        await docker.volumes.create()
        engine.ignores_filters = ignores_filters
        others = engine.left
        lose = f"POST /{group}/create"

        def after(asked: str) -> None:
            if asked == lose:
                raise httpx.ReadError("lost")

        engine.after = after
        async with docker.temporary() as tmp:
            with pytest.raises(TruncatedError):
                await {
                    "containers": lambda: tmp.containers.create(SPEC),
                    "networks": lambda: tmp.networks.create(NETWORK),
                    "volumes": lambda: tmp.volumes.create(),
                }[group]()
            assert len(engine.left) == 4
        assert engine.left == others


@pytest.mark.anyio
@pytest.mark.held_clock
async def test_perhaps_created() -> None:
    """That nothing is found is no proof that nothing will come."""
    engine = ObjectsEngine()

    def before(asked: str) -> int | None:
        if asked == "POST /containers/create":
            raise httpx.ReadError("lost")
        return None

    engine.before = before
    async with client(engine) as docker:
        with pytest.raises(TruncatedError) as caught:
            async with docker.temporary() as tmp:
                await tmp.containers.create(SPEC, name="web")
    (note,) = caught.value.__notes__
    assert note.startswith("temporary: not removed: a container web with the label rawdock.run=")


@pytest.mark.anyio
async def test_refused() -> None:
    """What the Engine refuses was not made: nobody looks for it."""
    engine = ObjectsEngine()
    engine.before = lambda asked: 409 if asked.endswith("create") else None
    async with client(engine) as docker, docker.temporary() as tmp:
        with pytest.raises(Conflict):
            await tmp.containers.create(SPEC)
    assert [one for one in engine.asked if "create" not in one and "ping" not in one] == []


@pytest.mark.anyio
async def test_in_use(caplog: pytest.LogCaptureFixture) -> None:
    """The rest is removed, and what is left is told."""
    engine = ObjectsEngine()
    engine.before = lambda asked: 409 if asked == "DELETE /volumes/v" else None
    async with client(engine) as docker:
        with pytest.raises(StillRunning) as caught:  # noqa: PT012
            async with docker.temporary() as tmp:
                await one_of_each(tmp)
                await tmp.volumes.create(VolumeCreateRequest(name="v"))
        assert "not removed: volume v: " in str(caught.value)
        with pytest.raises(KeyError) as other:  # noqa: PT012
            async with docker.temporary() as tmp:
                await tmp.volumes.create(VolumeCreateRequest(name="w"))
                engine.before = lambda asked: 409 if asked.startswith("DELETE") else None
                raise KeyError
    assert "not removed: volume w: " in other.value.__notes__[0]
    assert engine.left == ["v", "w"]
    assert len([one for one in caplog.records if "was not removed" in one.getMessage()]) == 2


@pytest.mark.anyio
@pytest.mark.held_clock
async def test_the_engine_is_started_anew() -> None:
    """As long as nobody answers, the removal is tried again."""
    engine = ObjectsEngine()
    refused = 0

    def before(asked: str) -> int | None:
        nonlocal refused
        if asked.startswith("DELETE") and refused < 7:
            refused += 1
            raise httpx.ConnectError("nobody")
        return None

    engine.before = before
    async with client(engine) as docker, docker.temporary() as tmp:
        await one_of_each(tmp)
    assert engine.left == []
    assert refused == 7


@pytest.mark.anyio
@pytest.mark.held_clock
async def test_the_engine_is_gone() -> None:
    engine = ObjectsEngine()

    def before(asked: str) -> int | None:
        raise httpx.ConnectError("nobody")

    async with client(engine) as docker:
        with pytest.raises(StillRunning, match="container c103: the Engine did not answer in time"):  # noqa: PT012
            async with docker.temporary() as tmp:
                await one_of_each(tmp)
                engine.before = before


@pytest.mark.anyio
async def test_after_the_block() -> None:
    engine = ObjectsEngine()
    async with client(engine) as docker:
        async with docker.temporary() as tmp:
            late = tmp.run("app:1")
        for call in (tmp.volumes.create, lambda: tmp.containers.create(SPEC), lambda: tmp.networks.create(NETWORK)):
            with pytest.raises(ClosedError, match="has ended"):
                await call()
        with pytest.raises(ClosedError, match="has ended"):
            await late
    assert "POST" not in " ".join(engine.asked)


@pytest.mark.anyio
async def test_the_client_is_closed() -> None:
    engine = ObjectsEngine()
    docker = client(engine)
    async with docker.temporary() as tmp:
        await one_of_each(tmp)
        await docker.aclose()
        assert engine.left == []
    with pytest.raises(ClosedError):
        await docker.temporary().__aenter__()


@pytest.mark.anyio
@pytest.mark.parametrize("turns", range(0, 40, 3))
async def test_cancelled(turns: int) -> None:
    """At any moment, while three tasks create at the same time."""
    engine = ObjectsEngine()
    async with client(engine) as docker, anyio.create_task_group() as tasks:

        async def block() -> None:
            async with docker.temporary() as tmp, anyio.create_task_group() as own:
                for _ in range(3):
                    own.start_soon(one_of_each, tmp)

        tasks.start_soon(block)
        for _ in range(turns):
            await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    assert engine.left == []


@pytest.mark.parametrize("turns", range(0, 40, 3))
def test_task_cancel(turns: int) -> None:
    """asyncio's own, twice: the second one comes while everything is being removed."""
    engine = ObjectsEngine()

    async def block(docker: Docker) -> None:
        async with docker.temporary() as tmp:
            await one_of_each(tmp)
            await asyncio.sleep(60)

    async def main() -> None:
        async with client(engine) as docker:
            task = asyncio.create_task(block(docker))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            for _ in range(3):
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert engine.left == []

    asyncio.run(main())


def test_the_loop_ends() -> None:
    """A task that nobody waits for is cancelled by `asyncio.run`, and removes everything first."""
    engine = ObjectsEngine()

    async def block(docker: Docker) -> None:
        async with docker.temporary() as tmp:
            await one_of_each(tmp)
            ready.set()
            await asyncio.sleep(60)

    async def main() -> None:
        global ready
        ready = asyncio.Event()
        kept.append(asyncio.create_task(block(client(engine))))
        await ready.wait()

    kept: list[asyncio.Task[None]] = []
    asyncio.run(main())
    assert engine.left == []
    assert len(engine.removals) == 3


ready: asyncio.Event


def test_thrown_away(caplog: pytest.LogCaptureFixture) -> None:
    """A coroutine that is thrown away can wait for nothing; that is told."""
    engine = ObjectsEngine()

    async def main() -> None:
        docker = client(engine)
        generator = docker.temporary()
        tmp = await generator.__aenter__()
        await one_of_each(tmp)
        await generator.__aexit__(GeneratorExit, GeneratorExit(), None)
        assert len(engine.left) == 3
        await docker.aclose()

    with caplog.at_level(logging.WARNING, "rawdock"):
        asyncio.run(main())
        gc.collect()
    assert len([one for one in caplog.records if "was not removed" in one.getMessage()]) == 3


@pytest.mark.anyio
async def test_wrong_arguments() -> None:
    engine = ObjectsEngine()
    async with client(engine) as docker:
        for lifetime in (-1, "60", float("nan"), True):
            with pytest.raises(InvalidArgument, match=r"temporary: lifetime: .* is not a number of seconds"):
                docker.temporary(lifetime=lifetime)  # type: ignore[arg-type]
        with pytest.raises(InvalidArgument, match="temporary: labels"):
            docker.temporary(labels={"a": 1})  # type: ignore[dict-item]
        async with docker.temporary() as tmp:
            with pytest.raises(InvalidArgument, match="expected ContainerSpec, got dict"):
                await tmp.containers.create({"image": "a"})  # type: ignore[arg-type]
            with pytest.raises(InvalidArgument, match="expected NetworkCreateRequest, got str"):
                await tmp.networks.create("n")  # type: ignore[arg-type]
            with pytest.raises(InvalidArgument, match="expected VolumeCreateRequest, got str"):
                await tmp.volumes.create("v")  # type: ignore[arg-type]
            with pytest.raises(InvalidArgument, match=r"labels"):
                await tmp.containers.create(SPEC.replace(labels={"a": 1}))
            engine.before = lambda asked: 500
            with pytest.raises(ServerError):
                await tmp.volumes.create()
    assert engine.left == []
