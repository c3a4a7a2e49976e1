"""Streams that are neither read to their end nor closed: collected means closed, with a warning that names the call."""

from __future__ import annotations

import gc
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import anyio
import anyio.lowlevel
import pytest
from cancelling import descriptors
from faultserver import Peer, serving

from rawdock import Docker

pytestmark = pytest.mark.anyio


@contextmanager
def told(operation: str) -> Iterator[None]:
    """One warning names the operation. (On trio, another one comes from its generators.)"""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    texts = [str(one.message) for one in caught if one.category is ResourceWarning]
    assert [text for text in texts if text.startswith(f"a stream of {operation} was thrown away")]


async def answer(request: bytes, peer: Peer) -> bytes | None:
    await peer.send(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n14\r\n{"status":"waiting"}\r\n')
    await anyio.sleep_forever()
    return None


@pytest.mark.parametrize("read", [True, False])
@pytest.mark.parametrize("thread", [True, False], ids=["other-thread", "own-thread"])
async def test_an_abandoned_stream(read: bool, thread: bool) -> None:
    async with serving(answer) as server, Docker(server.path) as docker:
        await docker.system.ping()
        pool = docker._transport.pool  # type: ignore[attr-defined]
        before = descriptors(), pool.open_connections

        async def abandon() -> None:
            stream = await docker.images.pull("app:1").__aenter__()
            if read:
                await anext(stream)

        gc.collect()
        with told("images.pull"):
            await abandon()
            if thread:
                await anyio.to_thread.run_sync(gc.collect)
            else:
                gc.collect()
            await anyio.lowlevel.checkpoint()
            gc.collect()
        assert pool.open_connections == before[1] - 1  # the one that was idle
        with anyio.fail_after(60):
            while descriptors() > before[0]:  # noqa: ASYNC110
                await anyio.sleep(0.001)
        await docker.system.ping()


async def test_an_abandoned_upload() -> None:
    """The task that sends ends too."""
    begun = anyio.Event()

    async def parts() -> AsyncIterator[bytes]:
        yield b"x"
        begun.set()
        await anyio.sleep_forever()

    async with serving(answer) as server, Docker(server.path) as docker:
        await docker.system.ping()

        async def abandon() -> None:
            await docker.images.load(parts()).__aenter__()

        with told("images.load"):
            await abandon()
            gc.collect()
            await anyio.lowlevel.checkpoint()
            gc.collect()
        pool = docker._transport.pool  # type: ignore[attr-defined]
        assert pool.open_connections == 0


@pytest.mark.filterwarnings("error")
async def test_a_closed_stream_is_no_warning() -> None:
    async with serving(answer) as server, Docker(server.path) as docker:
        async with docker.images.pull("app:1") as stream:
            await anext(stream)
        del stream
        gc.collect()
