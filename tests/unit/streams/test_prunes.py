"""Prunes that send lines, which no Engine of the recordings does: by the changelog of API 1.56 (Engine 29.8.0)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import anyio
import pytest
from faultserver import Peer, serving
from scripted import Exchange, scripted

from rawdock import ClosedError, DecodeError, Docker, Limits, ServerError, StreamError, TruncatedError
from rawdock.models import (
    BuildPruned,
    ContainerSpec,
    ContainersPruned,
    HostConfig,
    ImagesPruned,
    NetworksPruned,
    VolumesPruned,
)
from rawdock.streams import Prunes

pytestmark = pytest.mark.anyio

LINES = [{"id": "c1", "status": "deleted"}, {"id": "c2", "status": "deleted"}]
REPORT = {"ContainersDeleted": ["c1", "c2"], "SpaceReclaimed": 3}
PRUNED = ContainersPruned(containers_deleted=["c1", "c2"], space_reclaimed=3)

# The prune of each resource, its path, a report, and what the report is read into.
ALL: dict[str, tuple[Callable[[Docker], Prunes[Any, Any]], dict[str, Any], Any]] = {
    "containers": (lambda docker: docker.containers.prune(), REPORT, PRUNED),
    "images": (lambda docker: docker.images.prune(), {"SpaceReclaimed": 4}, ImagesPruned(space_reclaimed=4)),
    "networks": (
        lambda docker: docker.networks.prune(),
        {"NetworksDeleted": ["n"]},
        NetworksPruned(networks_deleted=["n"]),
    ),
    "volumes": (lambda docker: docker.volumes.prune(), {"VolumesDeleted": ["v"]}, VolumesPruned(volumes_deleted=["v"])),
    "build": (lambda docker: docker.build.prune(), {"CachesDeleted": ["b"]}, BuildPruned(caches_deleted=["b"])),
}
each = pytest.mark.parametrize("resource", ALL)


def whole(*values: object, kind: str = "application/jsonl", status: str = "200 OK") -> Callable[[Exchange], None]:
    """A server that sends these values, one in each line."""
    body = "".join(json.dumps(value) + "\n" for value in values).encode()

    def answer(exchange: Exchange) -> None:
        exchange.read()
        head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        exchange.send(head.encode() + body)

    return answer


@each
async def test_entered(resource: str) -> None:
    """A prune that is entered asks for lines, and the last one has the report."""
    prune, report, pruned = ALL[resource]
    with scripted(whole(*LINES, {"aux": report})) as server:
        async with Docker(server.address, version="1.56") as docker, prune(docker) as running:
            seen = [(line.id, line.status) async for line in running]
            result = await running.result()
    assert seen == [("c1", "deleted"), ("c2", "deleted"), ("", "")]
    assert result == pruned
    assert [one.target for one in server.exchanges if "version" not in one.target] == [
        f"/v1.56/{resource}/prune?stream=true"
    ]


@each
async def test_awaited(resource: str) -> None:
    """A prune that is awaited does not ask for lines."""
    prune, report, pruned = ALL[resource]
    with scripted(whole(report, kind="application/json")) as server:
        async with Docker(server.address, version="1.56") as docker:
            assert await prune(docker) == pruned
    assert [one.target for one in server.exchanges if "version" not in one.target] == [f"/v1.56/{resource}/prune"]


@each
async def test_an_older_engine(resource: str) -> None:
    """An Engine under 1.56 is not asked for lines; there are none, and then the report."""
    prune, report, pruned = ALL[resource]
    with scripted(whole(report, kind="application/json")) as server:
        async with Docker(server.address, version="1.55") as docker, prune(docker) as running:
            assert [line async for line in running] == []
            assert await running.result() == await running.result() == pruned
    assert [one.target for one in server.exchanges if "version" not in one.target] == [f"/v1.55/{resource}/prune"]


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "text/plain"])
async def test_one_report_all_the_same(kind: str) -> None:
    """An Engine with authorization plugins answers with one report, although it was asked for lines."""
    with scripted(whole(REPORT, kind=kind)) as server:
        async with Docker(server.address, version="1.56") as docker, docker.containers.prune() as running:
            assert [line async for line in running] == []
            assert await running.result() == PRUNED
    assert [one.target for one in server.exchanges if "version" not in one.target] == [
        "/v1.56/containers/prune?stream=true"
    ]


async def test_options_go_along() -> None:
    """Filters and sizes are sent in both ways."""
    with scripted(whole({}, kind="application/json")) as server:
        async with Docker(server.address, version="1.56") as docker:
            prune = docker.build.prune(all=True, keep_storage=7)
            await prune
            async with prune:
                pass
    assert [one.target for one in server.exchanges if "version" not in one.target] == [
        "/v1.56/build/prune?all=true&keep-storage=7",
        "/v1.56/build/prune?all=true&keep-storage=7&stream=true",
    ]


async def test_a_failure_inside() -> None:
    """`errorDetail` is a StreamError after the lines before it, for who iterates and for who wants the result."""
    with scripted(whole(*LINES, {"errorDetail": {"message": "the disk is on fire", "code": 5}})) as server:
        async with Docker(server.address, version="1.56") as docker:
            seen: list[str] = []
            async with docker.containers.prune() as running:
                with pytest.raises(StreamError, match="the disk is on fire") as caught:
                    seen.extend([line.id async for line in running])
                with pytest.raises(StreamError, match="the disk is on fire"):
                    await running.result()
            assert caught.value.code == 5
            assert caught.value.operation == "containers.prune"
            async with docker.containers.prune() as running:
                assert (await anext(running)).id == "c1"
                with pytest.raises(StreamError, match="the disk is on fire"):
                    await running.result()


@pytest.mark.parametrize("kind", ["application/jsonl", "application/json"])
async def test_left_early(kind: str) -> None:
    """A prune that was left has no result."""
    with scripted(whole(*LINES, {"aux": REPORT}, kind=kind)) as server:
        async with Docker(server.address, version="1.56") as docker:
            async with docker.containers.prune() as running:
                pass
            with pytest.raises(ClosedError, match=r"before its (report|end)"):
                await running.result()


@pytest.mark.held_clock
async def test_a_cancelled_read() -> None:
    """A read that is cancelled half way through the report loses nothing."""
    body = json.dumps(REPORT).encode()
    more = anyio.Event()

    async def slow(request: bytes, peer: Peer) -> bytes:
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body[:9])
        await more.wait()
        return body[9:]

    async with (
        serving(slow) as server,
        Docker(server.path, version="1.55") as docker,
        docker.containers.prune() as running,
    ):
        with anyio.move_on_after(1) as scope:
            await running.result()
        assert scope.cancelled_caught
        more.set()
        assert await running.result() == PRUNED


async def test_a_large_report() -> None:
    """A report larger than `Limits.value` is refused, each time it is wanted."""
    with scripted(whole(REPORT, kind="application/json")) as server:
        async with (
            Docker(server.address, version="1.55", limits=Limits(value=20)) as docker,
            docker.containers.prune() as running,
        ):
            for _ in range(2):
                with pytest.raises(DecodeError, match="larger than 20 bytes"):
                    await running.result()


@pytest.mark.parametrize("lines", [[], LINES])
async def test_no_report(lines: list[object]) -> None:
    """Lines that end without the report are a TruncatedError."""
    with scripted(whole(*lines)) as server:
        async with Docker(server.address, version="1.56") as docker, docker.containers.prune() as running:
            with pytest.raises(TruncatedError, match="before the report") as caught:
                await running.result()
            with pytest.raises(TruncatedError, match="before the report"):
                await running.result()
    assert caught.value.operation == "containers.prune"


@pytest.mark.parametrize("body", ["7", '"text"', "[]", "{", "<html>", ""])
@pytest.mark.parametrize("entered", [True, False])
async def test_an_invalid_report(body: str, entered: bool) -> None:
    """What is no report raises a DecodeError with the operation, each time it is wanted."""

    def answer(exchange: Exchange) -> None:
        exchange.read()
        exchange.send(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())

    with scripted(answer) as server:
        async with Docker(server.address, version="1.56") as docker:
            prune = docker.containers.prune()
            if not entered:
                with pytest.raises(DecodeError) as caught:
                    await prune
                assert caught.value.operation == "containers.prune"
                return
            async with prune as running:
                for _ in range(2):
                    with pytest.raises(DecodeError) as caught:
                        await running.result()
                    assert caught.value.operation == "containers.prune"


async def test_an_invalid_report_in_lines() -> None:
    """The same for the report in the last line."""
    with scripted(whole(*LINES, {"aux": [1]})) as server:
        async with Docker(server.address, version="1.56") as docker, docker.containers.prune() as running:
            for _ in range(2):
                with pytest.raises(DecodeError) as caught:
                    await running.result()
    assert caught.value.operation == "containers.prune"


async def test_refused() -> None:
    """An error status is raised when it is entered, and when it is awaited."""
    with scripted(whole({"message": "no"}, kind="application/json", status="500 X")) as server:
        async with Docker(server.address, version="1.56") as docker:
            with pytest.raises(ServerError, match="no"):
                await docker.volumes.prune()
            with pytest.raises(ServerError, match="no"):
                async with docker.volumes.prune():
                    pass


async def test_used_twice() -> None:
    """As for every operation, a call can be used once in each way."""
    with scripted(whole(REPORT, kind="application/json")) as server:
        async with Docker(server.address, version="1.56") as docker:
            prune = docker.containers.prune()
            await prune
            with pytest.raises(RuntimeError, match="entered already"):
                await prune


# What else API 1.56 has got in its release.


async def test_annotation_filter() -> None:
    """The filter of annotations is sent as it is given, as a key or with a value."""
    with scripted(whole([], kind="application/json")) as server:
        async with Docker(server.address, version="1.56") as docker:
            await docker.containers.list(filters={"annotation": ["a.key", "other=value"]})
    (exchange,) = server.exchanges
    assert "filters=%7B%22annotation%22%3A%5B%22a.key%22%2C%22other%3Dvalue%22%5D%7D" in exchange.target


@pytest.mark.parametrize(("umask", "sent"), [(0o027, {"Umask": 23}), (0, {"Umask": 0}), (None, None)])
async def test_umask(umask: int | None, sent: object) -> None:
    """The umask is sent as a number, 0 too, and is absent unless it is given."""
    with scripted(whole({"Id": "x", "Warnings": []}, kind="application/json")) as server:
        async with Docker(server.address, version="1.56") as docker:
            await docker.containers.create(ContainerSpec(image="i", host_config=HostConfig(umask=umask)))
    (exchange,) = server.exchanges
    assert json.loads(exchange.body).get("HostConfig") == sent
