"""`lines()` of a running process: whole lines, each with the time when it came, so that nobody follows the logs."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime

import anyio
import pytest
from fakeengine import UPGRADED, FakeEngine
from faultserver import Peer, json_answer, serving

from rawdock import DecodeError, Docker, TimedOut
from rawdock._streams.faces import output_lines
from rawdock._streams.split.log_lines import LineJoiner, LogEntry
from rawdock.models import ContainerSpec
from rawdock.streams import Execution, Running

pytestmark = pytest.mark.anyio


TTY = ContainerSpec(tty=True)


def frame(stream: int, data: bytes) -> bytes:
    return bytes((stream, 0, 0, 0)) + len(data).to_bytes(4) + data


class Talking(FakeEngine):
    """A process that writes each of `pieces` when the one before was read."""

    def __init__(self, *pieces: bytes, tty: bool = False) -> None:
        super().__init__(short=True)
        self.tty = tty
        self.pieces = pieces
        self.go_on = anyio.Semaphore(1)

    async def answer(self, request: bytes, peer: Peer) -> bytes | None:
        if b"/attach" in request or b"/exec/e1/start" in request:
            if b"/exec/" in request:
                self.executions["e1"].end(0)
            await peer.send(UPGRADED.replace(b"multiplexed", b"raw") if self.tty else UPGRADED)
            for piece in self.pieces:
                await self.go_on.acquire()
                await peer.send(piece)
            return None
        if self.tty and request.startswith(b"GET /v1.51/containers/"):
            return json_answer(b'{"Id":"c1","Config":{"Tty":true}}')
        return await super().answer(request, peer)


Work = Callable[[Docker], AbstractAsyncContextManager[Running | Execution]]


@asynccontextmanager
async def by_run(docker: Docker) -> AsyncIterator[Running]:
    async with docker.run("app:1", ["x"]) as running:
        yield running


@asynccontextmanager
async def by_execute(docker: Docker) -> AsyncIterator[Execution]:
    async with docker.execute("c", ["x"]) as execution:
        yield execution


@pytest.mark.parametrize("work", [by_run, by_execute])
async def test_each_line_has_its_time(work: Work) -> None:
    """A line has the time of its beginning, and lines that came together have the same."""
    engine = Talking(frame(1, b"one\ntw"), frame(2, b"no\n"), frame(1, b"o\nthree\nfour\n") + frame(1, b"end"))
    times: list[int] = []
    async with serving(engine.answer) as server, Docker(server.path) as docker:
        before = time.time_ns()
        async with work(docker) as process:
            lines = process.lines(timestamps=True)
            found = [await anext(lines)]
            times.append(time.time_ns())
            engine.go_on.release()
            found.append(await anext(lines))
            times.append(time.time_ns())
            engine.go_on.release()
            found += [line async for line in lines]
            times.append(time.time_ns())
    assert [(line.stream, line.text) for line in found] == [
        ("stdout", "one"), ("stderr", "no"), ("stdout", "two"), ("stdout", "three"), ("stdout", "four"),
        ("stdout", "end"),
    ]  # fmt: skip
    stamps = [line.time and line.time.nanoseconds for line in found]
    one, no, two, three, four, end = (stamp or 0 for stamp in stamps)
    assert before <= one <= times[0] <= no <= times[1] <= three <= times[2]
    assert two == one
    assert three == four == end
    assert found[0].time is not None
    assert isinstance(found[0].time.datetime, datetime)


async def test_without_times() -> None:
    engine = Talking(frame(1, b"one\n"))
    async with serving(engine.answer) as server, Docker(server.path) as docker, docker.run("app:1", ["x"]) as running:
        assert [line async for line in running.lines()] == [LogEntry("stdout", b"one")]
        result = await running.result()
    assert (result.exit_code, result.stdout) == (3, b"")


async def test_under_a_terminal() -> None:
    """The carriage return is the terminal's."""
    engine = Talking(b"one\r\ntwo\r", b"\nthree\r\n", tty=True)
    engine.go_on.release()
    async with (
        serving(engine.answer) as server,
        Docker(server.path) as docker,
        docker.run("app:1", spec=TTY) as running,
    ):
        assert [line.text async for line in running.lines()] == ["one", "two", "three"]


async def test_an_error_comes_after_the_lines() -> None:
    engine = Talking(frame(1, b"one\ntwo") + b"\7\7\7\7\7\7\7\7")
    async with serving(engine.answer) as server, Docker(server.path) as docker, docker.run("app:1", ["x"]) as running:
        lines = running.lines()
        assert [(await anext(lines)).text for _ in range(2)] == ["one", "two"]
        for _ in range(2):
            with pytest.raises(DecodeError):
                await anext(lines)


async def test_lines_until_the_timeout() -> None:
    engine = FakeEngine()
    async with (
        serving(engine.answer) as server,
        Docker(server.path) as docker,
        docker.run("app:1", ["x"], timeout=0.2) as running,
    ):
        lines = running.lines(timestamps=True)
        assert (await anext(lines)).text == "out"
        with pytest.raises(TimedOut):
            await anext(lines)
    assert not engine.left()


async def test_cancelled_between_two_pieces_of_a_line() -> None:
    """A line is whole, also if the read of its end was cancelled before."""
    engine = Talking(frame(1, b"on"), frame(1, b"e\n"))
    async with serving(engine.answer) as server, Docker(server.path) as docker, docker.run("app:1", ["x"]) as running:
        lines = running.lines()
        with anyio.move_on_after(0.2) as scope:
            await anext(lines)
        assert scope.cancelled_caught
        engine.go_on.release()
        assert (await anext(lines)).text == "one"


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_lines_do_not_depend_on_the_pieces(size: int) -> None:
    data = b"one\n\ntwo\n" + b"x" * 50 + b"\nrest"
    joiner = LineJoiner(tty=False)
    out: list[LogEntry] = []
    for start in range(0, len(data), size):
        joiner.add("stdout", data[start : start + size], None, out)
    assert [line.data for line in out + joiner.unfinished_lines()] == data.split(b"\n")
    assert joiner.unfinished_lines() == []


def test_the_time_is_like_an_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output_lines.time, "time_ns", lambda: 1_700_000_000_000_000_007)
    stamp = output_lines._now()
    assert stamp == "2023-11-14T22:13:20.000000007Z"
    assert stamp.nanoseconds == 1_700_000_000_000_000_007
