"""`run` and `execute` on an Engine that fails: whatever happens, wherever it is cancelled, nothing is left behind."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine

import anyio
import httpx
import pytest
from anyio.lowlevel import checkpoint
from cancelling import NATIVE, cancelled_at, descriptors
from fakeengine import MARK, UPGRADED, FakeEngine
from faultserver import Peer, json_answer, serving

from rawdock import (
    ConnectError,
    DecodeError,
    Docker,
    InvalidArgument,
    NotSupported,
    ProcessError,
    RawdockError,
    StillRunning,
    TimedOut,
    TruncatedError,
)

pytestmark = pytest.mark.anyio


async def run(docker: Docker) -> None:
    assert (await docker.run("app:1", ["x"])).exit_code == 3


async def run_fed(docker: Docker) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"part"
            await checkpoint()

    await docker.run("app:1", ["x"], stdin=parts())


async def run_kept(docker: Docker) -> None:
    async with docker.run("app:1", ["x"], remove=False) as running:
        async for _ in running:
            pass


async def execute(docker: Docker) -> None:
    done = await docker.execute("c", ["x"])
    assert (done.exit_code, done.stdout) == (3, b"out")


async def run_limited(docker: Docker) -> None:
    done = await docker.run("app:1", ["x"], output_limit=1, end_at_limit=True)
    assert (done.stdout, done.truncated) == (b"o", True)


async def execute_limited(docker: Docker) -> None:
    done = await docker.execute("c", ["x"], output_limit=1, end_at_limit=True)
    assert (done.stdout, done.truncated) == (b"o", True)


Work = Callable[[Docker], Coroutine[None, None, None]]
Cancel = Callable[[int, Callable[[], Coroutine[None, None, None]]], Awaitable[bool]]


async def sweep(engine: FakeEngine, work: Work, cancel: Cancel) -> int:
    """Cancel at each turn, until it ends before that: nothing is left at the Engine, nor open here."""
    async with serving(engine.answer) as server:
        before = descriptors()
        n, again = 0, True
        while again and n < 150:
            async with Docker(server.path) as docker:
                await docker.system.ping()

                async def once(docker: Docker = docker) -> None:
                    await work(docker)

                again = await cancel(n, once)
            with anyio.fail_after(60):
                while engine.left():
                    await anyio.sleep(0.002)
            n += 1
        with anyio.fail_after(60):
            while descriptors() > before:
                await anyio.sleep(0.002)
    return n


@pytest.mark.parametrize("short", [True, False], ids=["short", "endless"])
@pytest.mark.parametrize("work", [run, run_fed, run_limited, execute, execute_limited])
async def test_cancelled_at_every_checkpoint(work: Work, short: bool) -> None:
    """No container, process or descriptor survives a cancellation at any checkpoint."""
    turns = await sweep(FakeEngine(short=short), work, cancelled_at)
    assert turns > 10


async def test_a_cancelled_container_is_removed_even_without_remove() -> None:
    """With `remove=False` a container is kept only if the call was not cancelled."""
    assert await sweep(FakeEngine(), run_kept, cancelled_at) > 10


@pytest.mark.parametrize("work", [run, run_fed, run_limited, execute, execute_limited])
@pytest.mark.parametrize("way", NATIVE)
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_cancelled_natively_at_every_turn(work: Work, way: str) -> None:
    """By asyncio's own ways, each of which comes once and is not repeated."""
    assert await sweep(FakeEngine(), work, NATIVE[way]) > 10


@pytest.mark.held_clock
async def test_the_answer_to_create_is_lost() -> None:
    """A container whose id was never received is found by its label."""
    engine = FakeEngine()
    engine.lost = "/containers/create"
    engine.containers["other"] = "another's"
    async with serving(engine.answer) as server, Docker(server.path) as docker:
        with pytest.raises(TruncatedError):
            await docker.run("app:1", ["x"])
    assert list(engine.containers) == ["other"]


@pytest.mark.held_clock
async def test_the_engine_dies() -> None:
    """The call fails at once, with a note that the container may still run."""
    engine = FakeEngine()
    async with serving(engine.answer) as server, Docker(server.path) as docker:
        with anyio.fail_after(60), pytest.raises((TruncatedError, ConnectError)) as caught:
            async with docker.run("app:1", ["x"]) as running:
                await anext(running)
                engine.dead = True
                await running.result()
    assert any("may still run" in note for note in caught.value.__notes__)


@pytest.mark.held_clock
async def test_a_command_that_cannot_be_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a shell and without local processes StillRunning is raised, also on cancellation."""
    monkeypatch.setattr("rawdock.helpers.end_command._PAUSES", (0.0, 0.01))
    engine = FakeEngine(shell=False)
    async with serving(engine.answer) as server, Docker(server.path) as docker:
        with pytest.raises(StillRunning) as caught, anyio.move_on_after(0.2):
            await docker.execute("c", ["x"])
        assert caught.value.may_still_run
        with pytest.raises(TimedOut, match="may still run") as late:
            await docker.execute("c", ["x"], timeout=0.2)
        assert (late.value.may_still_run, late.value.stdout) == (True, b"out")
        with pytest.raises(LookupError) as other:
            async with docker.execute("c", ["x"]) as execution:
                raise LookupError("the caller's own")
        assert execution.may_still_run
        assert any("may still run" in note for note in other.value.__notes__)
        assert engine.left()


@pytest.mark.held_clock
async def test_create_is_not_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cancelled create is waited for with a time limit; the container is then found by its label."""
    monkeypatch.setattr("rawdock.helpers.completion.IDLE_WAIT", 0.2)
    engine = FakeEngine()
    engine.mute = "/containers/create"
    engine.containers["other"] = "another's"
    async with serving(engine.answer) as server, Docker(server.path) as docker:
        with anyio.move_on_after(0.2) as scope:
            await docker.run("app:1", ["x"])
        assert scope.cancelled_caught
        assert list(engine.containers) == ["other"]


@pytest.mark.held_clock
async def test_a_busy_engine_gets_more_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many commands are cancelled at once and all are ended, although the last one takes longer than the idle limit."""
    monkeypatch.setattr("rawdock.helpers.completion.IDLE_WAIT", 0.4)
    engine = FakeEngine()
    engine.busy = 0.1

    async def given_up() -> None:
        with anyio.move_on_after(0.2):
            await docker.execute("c", ["x"])

    async with serving(engine.answer) as server, Docker(server.path) as docker:
        async with anyio.create_task_group() as tasks:
            for _ in range(12):
                tasks.start_soon(given_up)
        assert not engine.left()


@pytest.mark.held_clock
async def test_one_that_hangs_is_not_waited_for_with_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that is never ended is reported, although the Engine ends others meanwhile."""
    monkeypatch.setattr("rawdock.helpers.completion.IDLE_WAIT", 0.4)
    monkeypatch.setattr("rawdock.helpers.completion.MAX_WAIT", 1.0)
    engine = FakeEngine()

    async def others() -> None:
        while True:
            with pytest.raises(TimedOut):
                await docker.execute("c", ["x"], timeout=0.1)

    async with serving(engine.answer) as server, Docker(server.path) as docker:
        async with anyio.create_task_group() as tasks:
            with pytest.raises(StillRunning), anyio.fail_after(60):
                async with docker.execute("c", ["x"]) as execution:
                    await anext(execution)
                    engine.stuck.add(execution.id)
                    tasks.start_soon(others)
            tasks.cancel_scope.cancel()
        engine.stuck.clear()


@pytest.mark.held_clock
async def test_processes_are_ended_from_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """On this machine, processes that no shell can end are found by their marker in /proc."""
    engine = FakeEngine(shell=False)
    asked: list[tuple[str, int, str]] = []

    def end(mark: str, pid: int, container: str) -> bool:
        asked.append((mark, pid, container))
        for one in engine.executions.values():
            if one.mark == mark and not one.ends_others:
                one.end(137)
        return True

    monkeypatch.setattr("rawdock.helpers.end_command.end_local_processes", end)
    async with serving(engine.answer) as server, Docker(server.path) as docker:
        with anyio.move_on_after(0.2) as scope:
            await docker.execute("c", ["x"])
    assert scope.cancelled_caught
    assert not engine.left()
    assert asked[0][0].startswith(MARK)
    assert asked[0][1:] == (7, "c")


async def test_output_without_end() -> None:
    """Output over the default limit is an error, and the container is removed."""
    engine = FakeEngine()

    async def talking(request: bytes, peer: Peer) -> bytes | None:
        if b"/attach" not in request:
            return await engine.answer(request, peer)
        await peer.send(UPGRADED)
        while engine.containers:
            await peer.send(b"\2\0\0\0\0\x10\0\0" + bytes(0x100000))
        return None

    async with serving(talking) as server, Docker(server.path) as docker:
        with pytest.raises(DecodeError, match="output_limit"):
            await docker.run("app:1", ["x"])
        assert not engine.left()


@pytest.mark.held_clock
async def test_output_beyond_its_limit() -> None:
    """As much as was asked for is kept, and what comes behind it is read and dropped."""
    engine = FakeEngine()

    async def talking(request: bytes, peer: Peer) -> bytes | None:
        if b"/attach" not in request:
            return await engine.answer(request, peer)
        await peer.send(UPGRADED + (b"\2\0\0\0\0\x10\0\0" + bytes(0x100000)) * 20)
        await engine.run_while(lambda: bool(engine.containers))
        return None

    async with serving(talking) as server, Docker(server.path) as docker:
        with pytest.raises(TimedOut) as caught:
            await docker.run("app:1", ["x"], output_limit=5, timeout=5)
        assert caught.value.stderr == bytes(5)
        assert not engine.left()


@pytest.mark.parametrize("work", [run_limited, execute_limited])
async def test_a_process_is_ended_at_its_output_limit(work: Work) -> None:
    """It would run for ever otherwise. Nothing of it is left."""
    engine = FakeEngine()
    async with serving(engine.answer) as server, Docker(server.path) as docker:
        with anyio.fail_after(60):
            await work(docker)
        assert not engine.left()
        async with docker.run("app:1", ["x"], output_limit=3, end_at_limit=True) as running:
            with anyio.move_on_after(0.05):
                await running.result()
            assert engine.left(), "as many bytes as the limit are not over it"


async def test_a_container_ended_at_its_output_limit_is_kept_without_remove() -> None:
    """It is only killed then."""
    engine = FakeEngine()
    killed: list[bytes] = []

    async def noting(request: bytes, peer: Peer) -> bytes | None:
        head = request.partition(b"\r\n")[0]
        if b"/kill" in head:
            killed.append(head)
            engine.short = True  # its attach and its wait end
        return await engine.answer(request, peer)

    async with serving(noting) as server, Docker(server.path) as docker:
        done = await docker.run("app:1", ["x"], output_limit=1, end_at_limit=True, remove=False)
        assert (done.id, done.truncated, len(killed)) == ("c1", True, 1)
    assert list(engine.containers) == ["c1"]


@pytest.mark.held_clock
async def test_a_process_over_its_limit_that_cannot_be_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """The result would say that it has ended."""
    monkeypatch.setattr("rawdock.helpers.end_command._PAUSES", (0.0, 0.01))
    async with serving(FakeEngine(shell=False).answer) as server, Docker(server.path) as docker:
        with pytest.raises(StillRunning, match="over output_limit"):
            await docker.execute("c", ["x"], output_limit=1, end_at_limit=True)


@pytest.mark.parametrize(
    ("arguments", "options", "words"),
    [
        (("", ["x"]), {}, "image is empty"),
        (("app:1", ["x"]), {"pull": "sometimes"}, "pull"),
        (("app:1", ["x"]), {"timeout": -1}, "timeout"),
        (("app:1", ["x"]), {"timeout": float("nan")}, "timeout"),
        (("app:1", ["x"]), {"output_limit": -1}, "output_limit"),
        (("app:1", ["x"]), {"output_limit": 5, "end_at_limit": 1}, "end_at_limit: expected bool"),
        (("app:1", ["x"]), {"end_at_limit": True}, "give output_limit"),
        (("app:1", ["x"]), {"stdin": "text"}, "stdin"),
        (("app:1", "echo hi"), {}, "cmd"),
    ],
)
async def test_wrong_arguments(arguments: tuple[str, list[str]], options: dict[str, str], words: str) -> None:
    """Invalid arguments are refused before anything is sent."""
    engine = FakeEngine()
    async with serving(engine.answer) as server, Docker(server.path) as docker:
        with pytest.raises(InvalidArgument, match=words):
            await docker.run(*arguments, **options)  # type: ignore[arg-type]
        assert set(server.requests) <= {b"GET /_ping"}


async def test_started_twice() -> None:
    """One call is one process."""
    engine = FakeEngine(short=True)
    async with serving(engine.answer) as server, Docker(server.path) as docker:
        one = docker.run("app:1", ["x"])
        await one
        with pytest.raises(RuntimeError, match="already"):
            await one


async def test_check() -> None:
    """`check()` raises for an exit code other than 0, with the end of the output."""
    engine = FakeEngine(short=True)
    async with serving(engine.answer) as server, Docker(server.path) as docker:
        done = await docker.execute("c", ["x"])
        with pytest.raises(ProcessError, match="exit code 3: out") as caught:
            done.check()
        assert isinstance(caught.value, RawdockError)
        assert (caught.value.exit_code, caught.value.stdout, caught.value.stderr) == (3, b"out", b"")


async def test_no_exit_code() -> None:
    """A command that does not run and has no exit code has not succeeded: nobody knows."""
    engine = FakeEngine(short=True)

    async def answer(request: bytes, peer: Peer) -> bytes | None:
        if b"GET /v1.51/exec/" in request:
            return json_answer(b'{"ID":"e1","ContainerID":"c","Running":false,"ExitCode":null,"Pid":7}')
        if b"GET /v1.51/containers/c/json" in request:
            return json_answer(b'{"Id":"c","State":{"Status":"running","Running":true}}')
        if b"/top" in request:
            return json_answer(b'{"Titles":["PID"],"Processes":[["1"]]}')
        return await engine.answer(request, peer)

    async with serving(answer) as server, Docker(server.path) as docker:
        with pytest.raises(DecodeError, match="knows no exit code"):
            await docker.execute("c", ["x"])


async def test_the_exit_code_comes_late() -> None:
    engine = FakeEngine(short=True)
    asked = 0

    async def answer(request: bytes, peer: Peer) -> bytes | None:
        nonlocal asked
        if b"GET /v1.51/exec/" in request:
            asked += 1
            code = b"null" if asked < 3 else b"4"
            return json_answer(b'{"ID":"e1","ContainerID":"c","Running":false,"ExitCode":%b,"Pid":7}' % code)
        return await engine.answer(request, peer)

    async with serving(answer) as server, Docker(server.path) as docker:
        assert (await docker.execute("c", ["x"])).exit_code == 4


@pytest.mark.parametrize("stdin", [None, b"in"])
async def test_a_transport_without_a_two_way_stream(stdin: bytes | None) -> None:
    """httpx's own transport upgrades, but gives no body: that is no command without output that has succeeded."""
    engine = FakeEngine()
    async with serving(engine.answer) as server:
        other = httpx.AsyncHTTPTransport(uds=server.path)
        async with Docker(transport=other) as docker:
            with anyio.fail_after(60), pytest.raises(NotSupported, match="two-way stream"):
                await docker.run("app:1", ["cat"], stdin=stdin)
            assert not engine.containers


async def test_input_through_a_transport_that_cannot_send() -> None:
    """Without an upgrade the output can be read; but input that cannot be sent is an error and not dropped."""
    engine = FakeEngine(short=True)

    class Refusing(httpx.AsyncBaseTransport):
        def __init__(self, path: str) -> None:
            self.inner = httpx.AsyncHTTPTransport(uds=path)

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            request.headers.pop("upgrade", None)
            request.headers.pop("connection", None)
            return await self.inner.handle_async_request(request)

        async def aclose(self) -> None:
            await self.inner.aclose()

    async def answer(request: bytes, peer: Peer) -> bytes | None:
        if b"/attach" in request:
            await peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.multiplexed-stream\r\n\r\n")
            await engine.run_while(lambda: bool(engine.containers))
            return None
        return await engine.answer(request, peer)

    engine.short = False
    async with serving(answer) as server, Docker(transport=Refusing(server.path)) as docker:
        with anyio.fail_after(60), pytest.raises(NotSupported, match="two-way stream"):
            await docker.run("app:1", ["cat"], stdin=b"in")
        assert not engine.containers


async def test_an_empty_input_ends_once_the_command_runs() -> None:
    """Docker loses an end that comes before the process, and then the command waits for ever."""
    engine = FakeEngine()
    asked = 0

    async def answer(request: bytes, peer: Peer) -> bytes | None:
        nonlocal asked
        if b"GET /v1.51/exec/" in request:
            asked += 1
            if asked < 3:
                return json_answer(b'{"ID":"e1","ContainerID":"c","Running":true,"Pid":%d}' % (asked == 2))
        return await engine.answer(request, peer)

    async with (
        serving(answer) as server,
        Docker(server.path) as docker,
        docker.execute("c", ["cat"], stdin=b"") as execution,
    ):
        await anext(execution)
        with anyio.fail_after(60):
            while asked < 2:
                await anyio.sleep(0.001)
        engine.executions["e1"].end(0)
        await execution.result()
    assert asked >= 2
