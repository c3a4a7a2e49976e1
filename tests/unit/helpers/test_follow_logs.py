"""Where logs are read to, and what is asked again."""

from __future__ import annotations

import json
from typing import Any

import anyio
import httpx
import pytest

from rawdock import ClosedError, Docker, InvalidArgument, LogGap, LogLine, Timestamp
from rawdock._streams.split.log_lines import LogEntry
from rawdock.helpers.chosen import chooses
from rawdock.helpers.log_position import LogPosition, read_mark, written_mark


def entry(time: int, text: str, stream: Any = "stdout") -> LogEntry:
    return LogEntry(stream, text.encode(), Timestamp(f"2026-01-01T00:00:{time:02}Z"))


def test_lines_with_the_same_time() -> None:
    """Podman gives whole seconds: what was read is told by how many lines of the last one were."""
    position = LogPosition()
    lines = [entry(1, "a"), entry(2, "b"), entry(2, "b"), entry(2, "c"), entry(3, "d")]
    assert position.resume() is None
    assert [position.accept(one) for one in lines[:3]] == [[one] for one in lines[:3]]
    since = position.resume()
    assert since is not None
    assert int(since) == (lines[1].time or Timestamp("")).nanoseconds // 10**9
    assert [position.accept(one) for one in lines[1:]] == [[], [], [lines[3]], [lines[4]]]
    assert position.is_whole


def test_streams_have_their_own() -> None:
    """A line of stderr that the Engine wrote later, although it is older, is not lost."""
    position = LogPosition()
    assert position.accept(entry(5, "a"))
    position.resume()
    assert position.accept(entry(4, "late", "stderr"))
    assert not position.accept(entry(5, "a"))
    assert position.accept(entry(5, "a"))
    assert position.is_whole


def test_what_is_not_kept() -> None:
    position = LogPosition()
    position.accept(entry(1, "a"))
    position.resume()
    assert position.accept(entry(9, "z"))
    assert not position.is_whole


def test_what_is_not_kept_of_the_same_second() -> None:
    """A rotated log begins with another line of that second, which must not be taken for the one that was read."""
    position = LogPosition()
    position.accept(entry(1, "a"))
    position.accept(entry(1, "b"))
    position.resume()
    new = [entry(1, "x"), entry(1, "y"), entry(1, "z")]
    assert [position.accept(one) for one in new] == [[], new[:2], [new[2]]]
    assert not position.is_whole
    position.resume()
    assert [position.accept(one) for one in new[1:]] == [[], []]
    assert position.rest() == []  # there are fewer of them by now, but the last one is among them
    assert position.is_whole


def test_marks() -> None:
    position = LogPosition()
    for _ in range(3):
        position.accept(entry(1, "a"))
    mark = written_mark({"c1": position, "c2": LogPosition()})
    assert read_mark(mark)["c1"].places == position.places
    assert written_mark(read_mark(mark)) == mark


@pytest.mark.parametrize(
    "mark",
    [
        "", "{}", "[]", "null", '{"version":2,"read":{}}', '{"version":1,"read":[]}', '{"version":1,"read":{"c":1}}',
        '{"version":1,"read":{"c":{"stdout":[1,1]}}}', '{"version":1,"read":{"c":{"stdout":[1,-1,1]}}}',
        '{"version":1,"read":{"c":{"stdout":["1",1,1]}}}', "[" * 100_000, 7, b"{}",
    ],
)  # fmt: skip
def test_wrong_marks(mark: Any) -> None:
    with pytest.raises(InvalidArgument, match=r"follow_logs: mark: .* is not the `mark` of logs"):
        Docker("/x").follow_logs("c", mark=mark)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "give either a container or filters"),
        ({"container": "c", "filters": {}}, "give either a container or filters"),
        ({"container": ""}, "container is empty"),
        ({"filters": ["a"]}, "follow_logs: filters"),
        ({"container": "c", "since": "yesterday"}, "follow_logs: since"),
        ({"container": "c", "stdout": 1}, "stdout: expected bool"),
        ({"container": "c", "stdout": False, "stderr": False}, "nothing to follow"),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        Docker("/x").follow_logs(**arguments)


class LogEngine:
    """A container whose log breaks off after some bytes, each time it is asked for."""

    def __init__(self, log: list[bytes], *pieces: int) -> None:
        self.log = log
        self._pieces = list(pieces)
        self.asked: list[str] = []
        self.removed = False
        self.transport = httpx.MockTransport(self.answer)

    async def answer(self, request: httpx.Request) -> httpx.Response:
        headers = {"api-version": "1.51", "content-type": "application/json"}
        path = request.url.path.removeprefix("/v1.51")
        if path == "/containers/c/json":
            if self.removed:
                return httpx.Response(404, json={"message": "no"}, headers=headers)
            value = {"Id": "c", "Name": "/web", "State": {"Status": "exited", "ExitCode": 1}, "Config": {}}
            return httpx.Response(200, json=value, headers=headers)
        if path == "/containers/c/logs":
            self.asked.append(request.url.params.get("since", ""))
            frames = [b"\1\0\0\0" + len(one).to_bytes(4, "big") + one for one in self.log]
            headers["content-type"] = "application/vnd.docker.multiplexed-stream"
            return httpx.Response(200, content=self._body(b"".join(frames)), headers=headers)
        if path == "/events":
            return httpx.Response(200, content=self._nothing(), headers=headers)
        return httpx.Response(200, json={"SystemTime": "2026-01-01T00:00:00Z"}, headers=headers)

    async def _body(self, data: bytes) -> Any:
        if not self._pieces:
            self.removed = True
            yield data
            return
        yield data[: self._pieces.pop(0)]
        raise httpx.ReadError("broken")

    async def _nothing(self) -> Any:
        await anyio.sleep_forever()
        yield b""


def line(second: int, text: str) -> bytes:
    return b"2026-01-01T00:00:%02d.5Z %s\n" % (second, text.encode())


@pytest.mark.anyio
@pytest.mark.held_clock
@pytest.mark.parametrize("broken", range(1, 150, 7))
async def test_broken_off_anywhere(broken: int) -> None:
    """Each line once and whole, wherever the answer breaks off; the reader goes on from there."""
    log = [line(1, "one"), line(1, "two"), line(1, "two"), line(20, "three"), line(21, "four")]
    engine = LogEngine(log, broken, broken + 20, 0)
    async with Docker(transport=engine.transport, version="1.51") as docker:
        async with docker.follow_logs("c") as logs:
            items = [item async for item in logs]
            mark = logs.mark
        with pytest.raises(ClosedError):
            await anext(logs)
    assert [one.text for one in items if isinstance(one, LogLine)] == ["one", "two", "two", "three", "four"]
    assert not [one for one in items if isinstance(one, LogGap)]
    assert len(engine.asked) == 4
    assert json.loads(mark)["read"] == {}  # it was removed


@pytest.mark.anyio
@pytest.mark.held_clock
async def test_removed_while_it_was_lost() -> None:
    engine = LogEngine([line(1, "one")], 1000)

    async def answer(request: httpx.Request) -> httpx.Response:
        said = await engine.answer(request)
        engine.removed = engine.removed or bool(engine.asked)
        return said

    docker = Docker(transport=httpx.MockTransport(answer), version="1.51")
    async with docker, docker.follow_logs("c") as logs:
        items = [item async for item in logs]
    assert isinstance(items[0], LogLine)
    assert isinstance(items[1], LogGap)
    assert (items[1].reason, items[1].name, items[1].since) == ("removed", "web", items[0].entry.time.nanoseconds)  # type: ignore[union-attr]


@pytest.mark.anyio
@pytest.mark.held_clock
@pytest.mark.parametrize("server", ["Libpod/5.4.2 (linux)", "Docker/28.5.2 (linux)"])
@pytest.mark.parametrize("read_before", range(5))
@pytest.mark.parametrize("given", range(4))
async def test_stops_following_too_early(server: str, read_before: int, given: int) -> None:
    """Podman, of a container that ends in that moment, and Engines that are stopped: the answer ends as a whole one.

    What it has not given is read without following: each line comes once, and no gap is told.
    """
    log = [line(1, "one"), line(1, "two"), line(1, "two"), line(20, "three")]
    if given >= read_before and server.startswith("Docker"):
        log = log[:given]  # it ends only with the container
    position = LogPosition()
    for one in log[:read_before]:
        time, text = one.decode().split()
        position.accept(LogEntry("stdout", text.encode(), Timestamp(time)))
    engine = LogEngine(log)

    async def answer(request: httpx.Request) -> httpx.Response:
        engine.log = log[:given] if request.url.params.get("follow") else log
        said = await engine.answer(request)
        if request.url.path.endswith("/logs"):
            engine.removed = "follow" not in request.url.params or engine.log == log
            said = httpx.Response(200, content=said.stream, headers=said.headers)
        said.headers["server"] = server
        return said

    docker = Docker(transport=httpx.MockTransport(answer))
    async with docker, docker.follow_logs("c", mark=written_mark({"c": position})) as logs:
        items = [item async for item in logs]
    assert [one.text for one in items if isinstance(one, LogLine)] == ["one", "two", "two", "three"][
        read_before : len(log)
    ]
    assert not [one for one in items if isinstance(one, LogGap)]


ATTRIBUTES = {"name": "web-1", "image": "app:1", "shop": "yes", "empty": ""}


@pytest.mark.parametrize(
    ("filters", "chosen"),
    [
        ({}, True),
        ({"label": "shop"}, True),
        ({"label": "empty="}, True),
        ({"label": ["shop=yes", "empty"]}, True),
        ({"label": ["shop=yes", "other"]}, False),
        ({"label": "shop=no"}, False),
        ({"label": "shop=y*"}, None),  # Podman's own
        ({"label": ["shop=y*", "other"]}, False),
        ({"name": "web"}, None),
        ({"name": "db"}, False),
        ({"name": ["db", "web"]}, None),
        ({"name": "^db$"}, None),
        ({"id": "c1"}, None),
        ({"id": "c2"}, False),
        ({"status": "running"}, None),
        ({"status": "running", "label": "other"}, False),
        ({"label": "shop", "name": "db"}, False),
    ],
)
def test_whether_filters_choose_what_an_event_is_about(filters: dict[str, Any], chosen: bool | None) -> None:
    assert chooses(filters, "c1", ATTRIBUTES) is chosen


class ShortLived:
    """An Engine on which containers were started and removed, before anybody could look at them."""

    def __init__(self, *events: dict[str, str]) -> None:
        self.events = events
        self.asked: list[str] = []
        self.there: set[str] = set()

    async def answer(self, request: httpx.Request) -> httpx.Response:
        headers = {"api-version": "1.51", "content-type": "application/json"}
        path = request.url.path.removeprefix("/v1.51")
        if path == "/events":
            return httpx.Response(200, content=self._told("until" not in request.url.params), headers=headers)
        if path.startswith("/containers"):
            self.asked.append(path)
        if path == "/containers/json":
            return httpx.Response(200, json=[], headers=headers)
        if path.endswith("/json") and path.split("/")[2] in self.there:
            return httpx.Response(200, json={"Id": path.split("/")[2]}, headers=headers)
        if path == "/info":
            return httpx.Response(200, json={"SystemTime": "2026-01-01T00:00:00Z"}, headers=headers)
        return httpx.Response(200 if path == "/_ping" else 404, json={"message": "no"}, headers=headers)

    async def _told(self, all: bool) -> Any:
        for number, attributes in enumerate(self.events if all else ()):
            actor = {"ID": attributes["id"], "Attributes": attributes}
            event = {"Type": "container", "Action": "start", "Actor": actor, "timeNano": 2 * 10**18 + number}
            yield json.dumps(event).encode() + b"\n"
        if all:
            await anyio.sleep_forever()


@pytest.mark.anyio
@pytest.mark.held_clock
async def test_started_and_removed_before_it_was_read() -> None:
    """What it wrote is not known, and that is told; not of those that the filters do not choose."""
    engine = ShortLived({"id": "a", "name": "one", "x": "1"}, {"id": "b", "name": "two"}, {"id": "c", "x": "2"})
    docker = Docker(transport=httpx.MockTransport(engine.answer), version="1.51")
    async with docker, docker.follow_logs(filters={"label": "x"}) as logs:
        found = [await anext(logs), await anext(logs)]
    assert {(one.id, one.name, one.reason) for one in found if isinstance(one, LogGap)} == {
        ("a", "one", "removed"),
        ("c", "", "removed"),
    }
    assert "/containers/b/json" not in engine.asked
    assert engine.asked.count("/containers/json") == 1, "the events say enough"


@pytest.mark.anyio
@pytest.mark.held_clock
async def test_what_only_the_engine_can_choose() -> None:
    """One that is still there and not listed is not chosen; of one that is gone nobody knows."""
    engine = ShortLived({"id": "there", "name": "one"}, {"id": "gone", "name": "two"})
    engine.there = {"there"}
    docker = Docker(transport=httpx.MockTransport(engine.answer), version="1.51")
    async with docker, docker.follow_logs(filters={"health": "healthy"}) as logs:
        assert await anext(logs) == LogGap("gone", "two", "removed", 0)
    assert "/containers/there/json" in engine.asked


@pytest.mark.anyio
@pytest.mark.held_clock
async def test_removed_between_two_readers() -> None:
    """A container of the mark that is gone: what it wrote after the mark is missed, and it is not in the next mark."""
    position = LogPosition()
    position.note(entry(5, "five"))
    mark = written_mark({"gone": position, "there": position})
    engine = ShortLived()
    engine.there = {"there"}  # and the filters do not choose it any more
    docker = Docker(transport=httpx.MockTransport(engine.answer), version="1.51")
    async with docker, docker.follow_logs(filters={"label": "x"}, mark=mark) as logs:
        assert await anext(logs) == LogGap("gone", "", "removed", position.reached)
        assert set(json.loads(logs.mark)["read"]) == {"there"}
