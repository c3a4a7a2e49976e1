"""Calls that open a stream behave like coroutines: where they are given, and where they are forgotten."""

from __future__ import annotations

import asyncio
import inspect
import warnings
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx
import pytest
import trio

from rawdock import Docker
from rawdock.streams import Opens, Runs

END = b'{"StatusCode":3}'


def answer(request: httpx.Request) -> httpx.Response:
    if request.url.path.endswith("/wait"):
        return httpx.Response(200, content=END)
    if request.url.path.endswith("/prune"):
        return httpx.Response(200, json={"ContainersDeleted": ["a"], "SpaceReclaimed": 5})
    return httpx.Response(200, content=b"")


def docker() -> Docker:
    return Docker(transport=httpx.MockTransport(answer), version="1.41")


CALLS: dict[str, Callable[[Docker], Any]] = {
    "build": lambda docker: docker.build(dockerfile="FROM scratch"),
    "build.prune": lambda docker: docker.build.prune(),
    "containers.prune": lambda docker: docker.containers.prune(),
    "containers.wait of 'web'": lambda docker: docker.containers.wait("web"),
    "execute of 'web'": lambda docker: docker.execute("web", ["id"]),
    "images.build": lambda docker: docker.images.build(b""),
    "images.import_": lambda docker: docker.images.import_(b""),
    "images.load": lambda docker: docker.images.load(b""),
    "images.prune": lambda docker: docker.images.prune(),
    "images.pull of 'busybox:1'": lambda docker: docker.images.pull("busybox:1"),
    "images.push of 'busybox'": lambda docker: docker.images.push("busybox"),
    "networks.prune": lambda docker: docker.networks.prune(),
    "run of 'busybox:1'": lambda docker: docker.run("busybox:1", ["id"]),
    "volumes.prune": lambda docker: docker.volumes.prune(),
}
ENTERED: dict[str, Callable[[Docker], Any]] = {
    "containers.archive of 'web'": lambda docker: docker.containers.archive("web", path="/"),
    "containers.attach of 'web'": lambda docker: docker.containers.attach("web"),
    "containers.logs of 'web'": lambda docker: docker.containers.logs("web"),
    "containers.stats of 'web'": lambda docker: docker.containers.stats("web"),
    "follow_logs of 'web'": lambda docker: docker.follow_logs("web"),
    "system.events": lambda docker: docker.system.events(),
    "temporary": lambda docker: docker.temporary(),
    "watch": lambda docker: docker.watch(),
    "watch_containers": lambda docker: docker.watch_containers(),
}


@pytest.mark.parametrize("name", CALLS)
def test_one_that_is_never_awaited_warns(name: str) -> None:
    made = CALLS[name](docker())
    assert isinstance(made, Coroutine)
    assert isinstance(made, Runs)
    assert repr(made) == f"<{name}, not entered>"
    with pytest.warns(RuntimeWarning, match=f"^{name} was never awaited: nothing was sent; await it, or enter it with"):
        made = None


@pytest.mark.parametrize("name", ENTERED)
def test_one_that_is_never_entered_warns(name: str) -> None:
    made = ENTERED[name](docker())
    assert isinstance(made, Opens)
    assert not isinstance(made, Coroutine)
    assert repr(made) == f"<{name}, not entered>"
    with pytest.warns(RuntimeWarning, match=f"^{name} was never entered: nothing was sent; enter it with"):
        made = None


def test_entries_of_logs_that_are_never_entered_warn_once() -> None:
    made = docker().containers.logs("web").entries()
    assert repr(made) == "<containers.logs of 'web', not entered>"
    with pytest.warns(RuntimeWarning, match="never entered") as caught:
        made = None
    assert len(caught) == 1


@pytest.mark.parametrize("name", [*CALLS, *ENTERED])
def test_iterating_without_entering_says_how(name: str) -> None:
    async def main() -> None:
        call = name.partition(" ")[0]
        with pytest.raises(TypeError, match=f"must be entered before it is iterated over: `async with docker.{call}"):
            async for _ in (CALLS | ENTERED)[name](docker()):
                pass

    asyncio.run(main())


@pytest.mark.parametrize("name", ENTERED)
def test_awaiting_what_has_no_result_says_how(name: str) -> None:
    async def main() -> None:
        call = name.partition(" ")[0]
        with pytest.raises(TypeError, match=f"^{name} has no result to await: `async with docker.{call}"):
            await ENTERED[name](docker())

    asyncio.run(main())


def waits() -> Runs[Any, Any]:
    return docker().containers.wait("web")


def test_asyncio_takes_it_everywhere() -> None:
    async def main() -> None:
        assert (await asyncio.create_task(waits())).status_code == 3
        assert (await asyncio.create_task(waits(), name="mine")).status_code == 3
        assert [done.status_code for done in await asyncio.gather(waits(), waits())] == [3, 3]
        assert (await asyncio.wait_for(waits(), 5)).status_code == 3
        assert (await asyncio.shield(waits())).status_code == 3
        async with asyncio.TaskGroup() as group:
            task = group.create_task(waits())
            other = group.create_task(docker().containers.prune())
        assert task.result().status_code == 3
        assert other.result().containers_deleted == ["a"]
        done, _ = await asyncio.wait([asyncio.ensure_future(waits())])
        assert done.pop().result().status_code == 3
        task = asyncio.create_task(waits())
        assert "coro=<containers.wait" in repr(task)
        await task

    asyncio.run(main())
    assert asyncio.run(waits()).status_code == 3
    with asyncio.Runner() as runner:
        assert runner.run(waits()).status_code == 3


def test_a_task_can_be_cancelled_before_it_begins_and_in_the_middle() -> None:
    sent: list[str] = []
    begun = asyncio.Event()

    async def hang(request: httpx.Request) -> httpx.Response:
        sent.append(request.url.path)
        begun.set()
        await asyncio.sleep(3600)
        raise AssertionError

    async def main() -> None:
        client = Docker(transport=httpx.MockTransport(hang), version="1.41")
        task = asyncio.create_task(client.containers.wait("web"))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert sent == []
        task = asyncio.create_task(client.containers.wait("web"))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(sent) == 1

    asyncio.run(main())


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_anyio_starts_it(backend: str) -> None:
    done: list[int] = []

    @asynccontextmanager
    async def client() -> AsyncIterator[Docker]:
        async with Docker(transport=httpx.MockTransport(count), version="1.41") as made:
            yield made

    def count(request: httpx.Request) -> httpx.Response:
        done.append(1)
        return answer(request)

    async def main() -> None:
        async with client() as made, anyio.create_task_group() as group:
            group.start_soon(made.containers.wait, "web")
            group.start_soon(made.containers.prune)

    anyio.run(main, backend=backend)
    assert len(done) == 2


def test_trio_starts_it() -> None:
    done: list[str] = []

    def count(request: httpx.Request) -> httpx.Response:
        done.append(request.url.path)
        return answer(request)

    async def main() -> None:
        made = Docker(transport=httpx.MockTransport(count), version="1.41")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(made.containers.wait, "web")
        assert (await made.containers.wait("web")).status_code == 3

    trio.run(main)
    assert done == ["/v1.41/containers/web/wait"] * 2


def test_one_that_is_closed_does_not_warn() -> None:
    made = waits()
    made.close()
    assert repr(made) == "<containers.wait of 'web', used>"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = None


def test_it_is_awaited_once() -> None:
    async def main() -> None:
        made = docker().containers.wait("web")
        assert (await made).status_code == 3
        with pytest.raises(RuntimeError, match="entered already"):
            await made
        async with docker().containers.wait("web") as waiting:
            assert (await waiting.result()).status_code == 3

    asyncio.run(main())


def test_what_looks_at_objects_is_not_misled() -> None:
    made = waits()
    assert inspect.isawaitable(made)
    assert not inspect.iscoroutine(made)
    assert made.__name__ == "containers.wait"
    assert not hasattr(made, "cr_frame")
    made.close()
