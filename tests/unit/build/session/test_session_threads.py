"""File work in threads: however a caller is cancelled, no thread goes on behind its back."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable

import anyio
import anyio.to_thread
import pytest

from rawdock._build.session.tasks import run_beside
from rawdock._threads import run_in_thread

pytestmark = pytest.mark.anyio


class Work:
    """Goes on until it is let go."""

    def __init__(self) -> None:
        self.running = False
        self.begun = threading.Event()
        self.let_go = threading.Event()

    def __call__(self) -> str:
        self.running = True
        self.begun.set()
        self.let_go.wait(60)
        self.running = False
        return "done"


async def until(condition: Callable[[], bool]) -> None:
    with anyio.fail_after(60):
        while not condition():
            await anyio.sleep(0.001)


async def test_results_and_errors() -> None:
    assert await run_in_thread(lambda: threading.get_ident()) != threading.get_ident()
    with pytest.raises(ZeroDivisionError):
        await run_in_thread(lambda: 1 // 0)


async def test_cancelled_by_scope() -> None:
    """The thread is waited for."""
    work = Work()
    async with anyio.create_task_group() as tasks:

        async def run() -> None:
            try:
                await run_in_thread(work)
            finally:
                assert not work.running

        tasks.start_soon(run)
        await until(work.begun.is_set)
        tasks.cancel_scope.cancel()
        threading.Timer(0.02, work.let_go.set).start()
    assert not work.running


@pytest.mark.parametrize("anyio_backend", ["asyncio", ("asyncio", {"use_uvloop": True})])
@pytest.mark.parametrize("times", [1, 3])
async def test_cancelled_natively(anyio_backend: object, times: int) -> None:
    """Also by asyncio's own `Task.cancel`, and again and again."""
    work = Work()
    task = asyncio.create_task(run_in_thread(work))
    await until(work.begun.is_set)
    for _ in range(times):
        task.cancel()
        await asyncio.sleep(0.01)
        assert not task.done()
        assert work.running
    work.let_go.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not work.running


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_cancelled_before_it_begins(anyio_backend: object) -> None:
    """Work for which no thread was free is never begun."""
    limiter = anyio.to_thread.current_default_thread_limiter()
    before, limiter.total_tokens = limiter.total_tokens, 1
    try:
        first, second = Work(), Work()
        one = asyncio.create_task(run_in_thread(first))
        await until(first.begun.is_set)
        two = asyncio.create_task(run_in_thread(second))
        await asyncio.sleep(0.01)
        two.cancel()
        with pytest.raises(asyncio.CancelledError):
            await two
        first.let_go.set()
        assert await one == "done"
        assert await run_in_thread(lambda: "third") == "third"
        assert not second.begun.is_set()
    finally:
        limiter.total_tokens = before


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_cancelled_at_any_moment(anyio_backend: object) -> None:
    """When the call is over, the work is over, or has never begun and never will."""
    for delay in range(100):
        state: list[str] = []

        def work(state: list[str] = state) -> None:
            state.append("begun")
            time.sleep(0.0005)
            state.append("ended")

        task = asyncio.create_task(run_in_thread(work))
        until_then = time.perf_counter() + delay / 100_000
        while time.perf_counter() < until_then:
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        seen = list(state)
        assert seen in ([], ["begun", "ended"])
        await asyncio.sleep(0.001)
        assert state == seen


# Tasks of one call.


async def test_the_main_one_ends_all() -> None:
    ended: list[str] = []

    async def waits() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            ended.append("waits")

    async def returns() -> None:
        ended.append("returns")

    async def main() -> None:
        await until(lambda: "returns" in ended)

    await run_beside(main, waits, returns)
    assert ended == ["returns", "waits"]


@pytest.mark.parametrize("who", ["main", "other"])
async def test_the_first_error_is_raised_as_it_is(who: str) -> None:
    async def fails() -> None:
        raise ZeroDivisionError

    works = (fails, anyio.sleep_forever) if who == "main" else (anyio.sleep_forever, fails)
    with pytest.raises(ZeroDivisionError):
        await run_beside(*works)
