"""A test's own limit and its clock, on both event loops."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import anyio
import anyio.to_thread
import pytest
from pages import PROJECT

HANGING = """
import anyio, pytest

@pytest.mark.anyio
@pytest.mark.timeout(0.2)
async def test_hangs():
    try:
        await anyio.sleep_forever()
    finally:
        print("cleaned up")

@pytest.mark.anyio
async def test_after_it():
    await anyio.sleep(0)
"""


def test_a_test_that_hangs_fails_and_the_run_goes_on(tmp_path: Path) -> None:
    """On trio as on asyncio: its `finally` runs, the failure says why, and the tests after it run."""
    folder = tmp_path / "tests"
    folder.mkdir()
    (folder / "conftest.py").write_text((PROJECT / "tests" / "conftest.py").read_text())
    (folder / "test_hanging.py").write_text(HANGING)
    (tmp_path / "pyproject.toml").write_text((PROJECT / "pyproject.toml").read_text())
    support = f"pythonpath={PROJECT / 'tests'} {PROJECT / 'tests' / 'support'}"

    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-o", support, str(folder)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=50)

    assert "2 failed, 2 passed" in done.stdout, done.stdout + done.stderr
    assert done.stdout.count("Failed: the test was not finished after its limit of 0.2 seconds") >= 2
    assert done.stdout.count("cleaned up") >= 2


@pytest.mark.anyio
@pytest.mark.held_clock
async def test_a_held_clock_jumps_to_the_next_deadline() -> None:
    """Ten minutes take no time, and deadlines come in their order."""
    began, real = anyio.current_time(), time.monotonic()
    order: list[str] = []

    async def after(seconds: float, name: str) -> None:
        await anyio.sleep(seconds)
        order.append(name)

    async def wait() -> None:
        with anyio.move_on_after(20) as scope:
            await anyio.sleep_forever()
        assert scope.cancelled_caught
        order.append("deadline")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(after, 30, "last")
        tasks.start_soon(after, 10, "first")
        tasks.start_soon(wait)

    assert order == ["first", "deadline", "last"]
    assert anyio.current_time() - began == pytest.approx(30, abs=0.01)
    assert time.monotonic() - real < 10


@pytest.mark.anyio
@pytest.mark.held_clock
async def test_a_held_clock_stands_still_while_a_thread_runs() -> None:
    """The work of a worker thread comes before any deadline."""
    began = anyio.current_time()
    with anyio.fail_after(1):
        await anyio.to_thread.run_sync(time.sleep, 0.05)
    assert anyio.current_time() - began < 0.01


@pytest.mark.anyio
@pytest.mark.held_clock
async def test_a_held_clock_passes_in_a_shield_of_a_cancelled_scope() -> None:
    """On asyncio anyio keeps the loop busy meanwhile."""
    began = anyio.current_time()
    with anyio.CancelScope() as scope:
        scope.cancel()
        with anyio.move_on_after(50, shield=True):
            await anyio.sleep_forever()
    assert anyio.current_time() - began == pytest.approx(50, abs=0.01)


@pytest.mark.anyio
@pytest.mark.held_clock
async def test_a_held_clock_stands_still_while_data_is_on_its_way(tmp_path: Path) -> None:
    """Bytes through a socket come before any deadline, however many there are."""
    size = 4_000_000

    async def serve(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            await stream.send(bytes(size))

    listener = await anyio.create_unix_listener(tmp_path / "s")
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, serve)
        began = anyio.current_time()
        received = 0
        with anyio.fail_after(1):
            async with await anyio.connect_unix(tmp_path / "s") as stream:
                async for part in stream:
                    received += len(part)
        assert received == size
        assert anyio.current_time() - began < 0.01
        tasks.cancel_scope.cancel()
