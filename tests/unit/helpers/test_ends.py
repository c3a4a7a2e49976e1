"""The event loop ends, the client is closed, the Engine goes away: what was begun is ended, or somebody is told."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import subprocess
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any

import anyio
import pytest
import uvloop
from fakeengine import FakeEngine, in_a_thread
from faultserver import Peer, Server, json_answer, serving

from rawdock import ClosedError, Docker, StillRunning, TruncatedError

Work = Callable[[Docker], Awaitable[object]]
Run = Callable[[Coroutine[Any, Any, None]], None]


async def run(docker: Docker) -> object:
    return await docker.run("app:1", ["x"])


async def run_entered(docker: Docker) -> object:
    async with docker.run("app:1", ["x"]) as running:
        async for _ in running:
            pass
        return None


async def execute(docker: Docker) -> object:
    return await docker.execute("c", ["x"])


def messages(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.name == "rawdock"]


async def until_running(engine: FakeEngine, count: int) -> None:
    while len(engine.containers) + sum(one.running for one in engine.executions.values()) < count:
        await asyncio.sleep(0.002)


# The end of the event loop. The clients here are not closed before it.


@contextlib.contextmanager
def unclosed() -> Iterator[Callable[[str], Docker]]:
    """Makes clients, and closes their sockets after the end of their event loop."""
    made: list[Docker] = []

    def make(path: str) -> Docker:
        made.append(Docker(path))
        return made[-1]

    yield make
    for docker in made:
        pool: Any = docker._transport.pool  # type: ignore[attr-defined]
        for connection in pool._open:
            connection.close()


@pytest.mark.parametrize("loop", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
@pytest.mark.parametrize("work", [run, run_entered, execute])
def test_the_loop_ends(work: Work, loop: Run, caplog: pytest.LogCaptureFixture) -> None:
    """All tasks are cancelled, those that clean up too: everything is ended all the same."""
    engine = FakeEngine()

    async def main(path: str) -> None:
        docker = client(path)
        for task in [asyncio.ensure_future(work(docker)) for _ in range(4)]:
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
        await until_running(engine, 4)

    with unclosed() as client, in_a_thread(engine) as server, caplog.at_level(logging.WARNING, "rawdock"):
        loop(main(server.path))
        assert not engine.left()
    assert messages(caplog) == []


@pytest.mark.parametrize("turns", range(1, 60, 6))
@pytest.mark.parametrize("work", [run, execute])
def test_the_loop_ends_at_any_turn(work: Work, turns: int) -> None:
    engine = FakeEngine()

    async def main(path: str) -> None:
        docker = client(path)
        task = asyncio.ensure_future(work(docker))
        for _ in range(turns):
            await asyncio.sleep(0.0005)
        task.cancel()  # and again, with all others, as this returns

    with unclosed() as client, in_a_thread(engine) as server:
        asyncio.run(main(server.path))
        assert not engine.left()


def test_the_loop_ends_on_an_engine_that_hangs(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Patience ends, and the logger is told what may still run, as there is nobody to raise an error to."""
    monkeypatch.setattr("rawdock.helpers.completion.IDLE_WAIT", 0.1)
    engine = FakeEngine()
    engine.mute = "/kill"

    async def main(path: str) -> None:
        task = asyncio.ensure_future(run(client(path)))
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        await until_running(engine, 1)

    with unclosed() as client, in_a_thread(engine) as server, caplog.at_level(logging.WARNING, "rawdock"):
        asyncio.run(main(server.path))
        (name,) = engine.containers
        assert messages(caplog) == [f"container {name} may still run: it could not be ended, or not in time"]
        engine.containers.clear()


def interrupted(program: str, server: Server, *arguments: str) -> str:
    """Run a program that interrupts itself; gives its error output."""
    command = [sys.executable, "-c", program, server.path, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50)
    assert "KeyboardInterrupt" in done.stderr
    return done.stderr


INTERRUPTED = """
import asyncio, signal, sys
import uvloop
from rawdock import Docker


async def main():
    loop = asyncio.get_running_loop()
    docker = Docker(sys.argv[1])
    async with docker.execute("c", ["x"]) as execution:
        await anext(execution)
        loop.call_soon(signal.raise_signal, signal.SIGINT)
        loop.call_later(0.05, signal.raise_signal, signal.SIGINT)
        await execution.result()

(uvloop if sys.argv[2] == "uvloop" else asyncio).run(main())
"""


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_interrupted_twice(loop: str) -> None:
    """The second Ctrl-C comes while the command of the first is being ended."""
    engine = FakeEngine()
    engine.busy = 0.5
    with in_a_thread(engine) as server:
        interrupted(INTERRUPTED, server, loop)
        assert not engine.left()


ABANDONED = """
import asyncio, signal, sys
import uvloop
from rawdock import Docker

async def follow(runs):
    async with runs as process:
        await anext(process)
        up.release()
        await process.result()

async def main():
    global up
    up = asyncio.Semaphore(0)
    docker = Docker(sys.argv[1])
    runs = [docker.run("app:1", ["x"]), docker.execute("c", ["x"]), docker.run("app:1", ["x"])]
    tasks = [asyncio.ensure_future(follow(one)) for one in runs]
    for _ in tasks:
        await up.acquire()
    asyncio.get_running_loop().call_later(0.2, signal.raise_signal, signal.SIGINT)
    return tasks

(uvloop if sys.argv[2] == "uvloop" else asyncio).run(main())
"""


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_interrupted_while_the_loop_is_closed(loop: str) -> None:
    """asyncio then abandons every task, those too that end a command: the logger is told at the end of the program."""
    engine = FakeEngine()
    engine.mute = "/kill"
    engine.busy = 60
    with in_a_thread(engine) as server:
        said = interrupted(ABANDONED, server, loop)
        running = [f"exec {name} in container c" for name, one in engine.executions.items() if not one.ends_others]
        for place in [*(f"container {name}" for name in engine.containers), *running]:
            assert said.count(f"{place} may still run") == 1, said
        assert len(engine.containers) == 2
        assert len(running) == 1
        engine.dead = True


ON_TRIO = """
import signal, sys, threading, time
import anyio, trio
from rawdock import Docker

async def follow(runs):
    async with runs as process:
        await anext(process)
        up.release()
        await process.result()

async def main():
    global up
    up = anyio.Semaphore(0)
    docker = Docker(sys.argv[1])
    delays = [float(delay) for delay in sys.argv[2:]]
    async with trio.open_nursery() as nursery:
        for runs in (docker.run("app:1", ["x"]), docker.execute("c", ["x"]), docker.execute("c", ["x"])):
            nursery.start_soon(follow, runs)
        for _ in range(3):
            await up.acquire()
        threading.Thread(target=interrupt, args=(delays,), daemon=True).start()

def interrupt(delays):
    for delay in delays:
        time.sleep(delay)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

trio.run(main)
"""


@pytest.mark.parametrize("delays", [["0"], ["0", "0.1"], ["0", "0.02", "0.05", "0.1"]], ids=["once", "twice", "four"])
def test_interrupted_on_trio(delays: list[str]) -> None:
    """trio waits for what cleans up, however often Ctrl-C comes; one that hits the cleanup itself is told of."""
    engine = FakeEngine()
    engine.busy = 0.2
    with in_a_thread(engine) as server:
        said = interrupted(ON_TRIO, server, *delays)
        assert "Task exception" not in said
        left = [*engine.containers, *(name for name, one in engine.executions.items() if one.running)]
        assert [name for name in left if f" {name} " not in said] == [], said
        if len(delays) == 1:
            assert not left
        engine.dead = True


def test_an_interrupt_of_the_cleanup_is_raised_once() -> None:
    """The event loop raises it. Raised again by the task that waits, it would end the closing of the loop."""
    from rawdock.helpers import completion

    begun = 0

    async def work() -> int:
        nonlocal begun
        begun += 1
        await asyncio.sleep(0)
        if begun == 1:
            raise KeyboardInterrupt
        return begun

    async def main(*, repeatable: bool) -> int:
        return await completion.run_to_completion(work, repeatable=repeatable)

    loop = asyncio.new_event_loop()
    task = loop.create_task(main(repeatable=True))
    with pytest.raises(KeyboardInterrupt):
        loop.run_until_complete(task)
    assert loop.run_until_complete(task) == 2
    begun = 0
    task = loop.create_task(main(repeatable=False))
    with pytest.raises(KeyboardInterrupt):
        loop.run_until_complete(task)
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(task)
    loop.close()


def test_the_cleanup_itself_is_interrupted() -> None:
    """What ends the task of a cleanup is not the end of the cleanup."""
    from rawdock.helpers import completion

    begun = 0

    async def work() -> int:
        nonlocal begun
        begun += 1
        if begun == 1:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
        await asyncio.sleep(0)
        return begun

    async def main() -> None:
        assert await completion.run_to_completion(work, repeatable=True) == 2

    asyncio.run(main())
    begun = 0

    async def once() -> None:
        await completion.run_to_completion(work)

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(once())
    assert begun == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_coroutine_that_is_thrown_away(caplog: pytest.LogCaptureFixture) -> None:
    """A loop that is closed without a word leaves no task to do anything: the logger is told."""
    engine = FakeEngine()

    async def main(path: str) -> None:
        begun = asyncio.Event()

        async def follow() -> None:
            async with Docker(path).run("app:1", ["x"]) as running:
                await anext(running)
                begun.set()
                await running.result()

        tasks.append(asyncio.ensure_future(follow()))
        await begun.wait()
        await asyncio.sleep(0)

    tasks: list[asyncio.Task[None]] = []
    with in_a_thread(engine) as server, caplog.at_level(logging.WARNING, "rawdock"):
        loop = asyncio.new_event_loop()
        loop.run_until_complete(main(server.path))
        loop.close()
        tasks.clear()
        gc.collect()
        (name,) = engine.containers
        assert f"container {name} may still run: it could not be ended, or not in time" in messages(caplog)
        engine.containers.clear()


# The end of the client.


@pytest.mark.anyio
@pytest.mark.parametrize("work", [run, run_entered, execute])
async def test_the_client_is_closed(work: Work) -> None:
    """What runs is ended before the connections are closed, and who waits for it gets a ClosedError."""
    engine = FakeEngine()
    errors: list[Exception] = []

    async def begin() -> None:
        try:
            await work(docker)
        except Exception as error:
            errors.append(error)

    async with serving(engine.answer) as server:
        docker = Docker(server.path)
        async with anyio.create_task_group() as tasks:
            for _ in range(4):
                tasks.start_soon(begin)
            with anyio.fail_after(60):
                while not engine.left():
                    await anyio.sleep(0.002)
                async with anyio.create_task_group() as closing:  # by two at once
                    closing.start_soon(docker.aclose)
                    closing.start_soon(docker.aclose)
            assert not engine.left()
        assert [type(error) for error in errors] == [ClosedError] * 4
        with pytest.raises(ClosedError):
            await work(docker)
        await docker.aclose()


@pytest.mark.anyio
async def test_closed_while_nobody_reads() -> None:
    """A process that was entered and left alone is ended by the client; its next use is a ClosedError."""
    engine = FakeEngine()
    async with serving(engine.answer) as server:
        docker = Docker(server.path)
        async with docker.run("app:1", ["x"]) as running, docker.execute("c", ["x"]) as execution:
            assert await anext(running) == ("stdout", b"out")
            with anyio.fail_after(60):
                await docker.aclose()
            assert not engine.left()
            for process in (running, execution):
                with pytest.raises(ClosedError):
                    await anext(process)
                with pytest.raises(ClosedError):
                    await process.result()


@pytest.mark.anyio
async def test_closed_at_every_checkpoint() -> None:
    """Wherever a process is in its start."""
    engine = FakeEngine()
    async with serving(engine.answer) as server:
        for n in range(0, 60, 3):
            docker = Docker(server.path)
            await docker.system.ping()
            async with anyio.create_task_group() as tasks:

                async def begin(docker: Docker = docker) -> None:
                    with pytest.raises(ClosedError):
                        await docker.run("app:1", ["x"])

                tasks.start_soon(begin)
                for _ in range(n):
                    await anyio.lowlevel.checkpoint()
                with anyio.fail_after(60):
                    await docker.aclose()
                assert not engine.left()


@pytest.mark.anyio
@pytest.mark.held_clock
@pytest.mark.parametrize("how", ["aclose", "block", "error", "cancelled"])
async def test_closed_on_an_engine_that_hangs(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One StillRunning lists what is left, and never takes the place of the block's own error."""
    monkeypatch.setattr("rawdock.helpers.completion.IDLE_WAIT", 0.2)
    engine = FakeEngine()
    engine.mute = "/kill"
    left: list[str] = []

    async def begin() -> None:
        with pytest.raises(ClosedError) as caught:
            await docker.run("app:1", ["x"])
        left.extend(caught.value.__notes__)

    async with serving(engine.answer) as server, anyio.create_task_group() as tasks:
        docker = Docker(server.path)

        async def use() -> None:
            for _ in range(2):
                tasks.start_soon(begin)
            while len(engine.containers) < 2:
                await anyio.sleep(0.002)
            await anyio.sleep(0.1)

        if how == "error":
            with pytest.raises(LookupError) as raised:
                async with docker:
                    await use()
                    raise LookupError("mine")
            text = raised.value.__notes__[0]
        else:
            with pytest.raises(StillRunning) as caught, anyio.CancelScope() as scope:
                if how == "aclose":
                    await use()
                    await docker.aclose()
                else:
                    async with docker:
                        await use()
                        if how == "cancelled":
                            scope.cancel()
                            await anyio.sleep_forever()
            text = str(caught.value)
        assert sorted(f"container {name}" in text for name in engine.containers) == [True, True]
        engine.containers.clear()
    assert len(left) == 2


@pytest.mark.anyio
async def test_a_watch_is_closed_with_its_client() -> None:
    async def answer(request: bytes, peer: Peer) -> bytes | None:
        if b"/info" in request:
            return json_answer(b'{"ID":"i","SystemTime":"2026-01-01T00:00:00Z"}')
        await peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        await anyio.sleep_forever()
        return None

    async def follow() -> None:
        with pytest.raises(ClosedError):
            await anext(watching)

    async with serving(answer) as server:
        docker = Docker(server.path)
        with anyio.fail_after(60):
            async with docker.watch() as watching, anyio.create_task_group() as tasks:
                tasks.start_soon(follow)
                await anyio.wait_all_tasks_blocked()
                await docker.aclose()
            with pytest.raises(ClosedError):
                await docker.watch().__aenter__()


@pytest.mark.anyio
@pytest.mark.parametrize("how", ["stream", "client"])
@pytest.mark.parametrize("reading", [True, False], ids=["waiting", "between"])
async def test_a_stream_closed_by_another_task(how: str, reading: bool) -> None:
    """The loop of its reader ends with a ClosedError, neither quietly nor as if the connection had broken."""

    async def answer(request: bytes, peer: Peer) -> bytes | None:
        await peer.send(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n14\r\n{"status":"waiting"}\r\n')
        await anyio.sleep_forever()
        return None

    got = anyio.Event()
    closed = anyio.Event()

    async def read() -> None:
        with pytest.raises(ClosedError):
            async for _ in stream:
                got.set()
                if not reading:
                    await closed.wait()

    async with serving(answer) as server:
        docker = Docker(server.path)
        opening = docker.images.pull("app:1")
        stream = await opening.__aenter__()
        with anyio.fail_after(60):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(read)
                await got.wait()
                if reading:
                    await anyio.wait_all_tasks_blocked()
                await (stream if how == "stream" else docker).aclose()
                closed.set()
        await opening.__aexit__(None, None, None)
        await docker.aclose()


@pytest.mark.anyio
async def test_a_call_interrupted_by_closing() -> None:
    async def answer(request: bytes, peer: Peer) -> bytes | None:
        await anyio.sleep_forever()
        return None

    async def call() -> None:
        with pytest.raises(ClosedError):
            await docker.containers.list()

    async with serving(answer) as server:
        docker = Docker(server.path)
        await docker.system.ping()
        with anyio.fail_after(60):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(call)
                await anyio.wait_all_tasks_blocked()
                await docker.aclose()


# The Engine goes away.


@pytest.mark.anyio
@pytest.mark.held_clock
@pytest.mark.parametrize("work", [run, execute])
async def test_the_engine_is_away_for_a_while(work: Work, caplog: pytest.LogCaptureFixture) -> None:
    """Cleaning up is tried until the Engine answers again."""
    engine = FakeEngine()
    refused = 0

    async def answer(request: bytes, peer: Peer) -> bytes | None:
        nonlocal refused
        is_cleanup = request.startswith(b"DELETE") or (engine.executions and b"/containers/c/exec" in request)
        if is_cleanup and refused < 8:
            refused += 1
            return json_answer(b"no backend", b"503 Service Unavailable") if refused % 2 else None
        return await engine.answer(request, peer)

    async with serving(answer) as server, Docker(server.path) as docker:
        with caplog.at_level(logging.WARNING, "rawdock"), anyio.move_on_after(1) as scope:
            await work(docker)
        assert scope.cancelled_caught
        assert not engine.left()
    assert refused == 8
    assert len([one for one in messages(caplog) if "is tried again" in one]) == 1


@pytest.mark.anyio
@pytest.mark.held_clock
async def test_created_after_all(caplog: pytest.LogCaptureFixture) -> None:
    """The answer to a create is lost, and the container is there only some time later."""
    engine = FakeEngine()
    looks = 0

    async def answer(request: bytes, peer: Peer) -> bytes | None:
        nonlocal looks
        if b"/containers/create" in request:
            requests.append(request)
            return None
        if b"/containers/json" in request:
            looks += 1
            if looks == 4:
                await engine.answer(requests[0], peer)
        return await engine.answer(request, peer)

    requests: list[bytes] = []
    async with serving(answer) as server, Docker(server.path) as docker:
        with pytest.raises(TruncatedError):
            await docker.run("app:1", ["x"])
        assert not engine.left()
        assert looks == 4


@pytest.mark.anyio
@pytest.mark.held_clock
async def test_perhaps_created(caplog: pytest.LogCaptureFixture) -> None:
    """That nothing is found is no proof that nothing will come: that is told, with the label to look for."""
    engine = FakeEngine()

    async def answer(request: bytes, peer: Peer) -> bytes | None:
        return None if b"/containers/create" in request else await engine.answer(request, peer)

    async with serving(answer) as server, Docker(server.path) as docker:
        with caplog.at_level(logging.WARNING, "rawdock"), pytest.raises(TruncatedError) as caught:
            await docker.run("app:1", ["x"])
    (note,) = caught.value.__notes__
    assert note.startswith("a container of app:1 with the label rawdock.run=")
    assert [one.partition("=")[0] for one in messages(caplog)] == [note.partition("=")[0]]


@pytest.mark.anyio
@pytest.mark.held_clock
async def test_removed_after_a_restart() -> None:
    """The Engine goes away between the end of the command and its removal."""
    engine = FakeEngine(short=True)
    refused = 0

    async def answer(request: bytes, peer: Peer) -> bytes | None:
        nonlocal refused
        if request.startswith(b"DELETE") and refused < 3:
            refused += 1
            return None
        return await engine.answer(request, peer)

    async with serving(answer) as server, Docker(server.path) as docker:
        done = await docker.run("app:1", ["x"])
        assert (done.exit_code, done.not_removed, refused) == (3, "", 3)
        assert not engine.left()


@pytest.mark.anyio
@pytest.mark.held_clock
async def test_not_removed_by_an_engine_that_hangs() -> None:
    engine = FakeEngine(short=True)

    async def answer(request: bytes, peer: Peer) -> bytes | None:
        if request.startswith(b"DELETE"):
            await anyio.sleep_forever()
        return await engine.answer(request, peer)

    async with serving(answer) as server, Docker(server.path) as docker:
        done = await docker.run("app:1", ["x"])
        (name,) = engine.containers
        assert done.exit_code == 3
        assert done.not_removed == f"container {name} was not removed: the Engine did not answer in time"
