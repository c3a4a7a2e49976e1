"""A call that is cancelled anywhere leaves no open descriptor, and the client works."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine

import anyio
import httpx
import pytest
from anyio.abc import ByteStream
from anyio.lowlevel import checkpoint
from cancelling import NATIVE, cancelled_at, descriptors
from faultserver import Peer, serving
from short_calls import OPERATIONS, Operation, engine, stream, upgrade, whole

from rawdock import Docker
from rawdock._transport.transport import EngineTransport, connect_over_streams

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("warm", [False, True])
async def test_cancelled_at_every_checkpoint(operation: Operation, warm: bool) -> None:
    """Cancelled at each step of a call, a stream, an upload and an upgrade, on a new and on a reused connection."""
    await sweep(operation, warm, cancelled_at)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("way", NATIVE)
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_cancelled_natively_at_every_turn(operation: Operation, way: str) -> None:
    """A task that is cancelled once, as asyncio does it, leaves nothing open either."""
    await sweep(operation, True, NATIVE[way])


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("anyio_backend", ["trio"])  # on asyncio anyio's own stream sets a cancelled future's result
async def test_cancelled_over_any_byte_stream(operation: Operation) -> None:
    """Connections over anyio's byte streams leave nothing open either."""

    def client(path: str) -> Docker:
        return Docker(transport=EngineTransport(connect_over_streams(lambda: anyio.connect_unix(path))))

    await sweep(operation, False, cancelled_at, client)


async def sweep(
    operation: Operation,
    warm: bool,
    cancel: Callable[[int, Callable[[], Coroutine[None, None, None]]], Awaitable[bool]],
    client: Callable[[str], Docker] = Docker,
) -> None:
    async with serving(engine) as server:
        await anyio.sleep(0.01)
        n = 0
        while True:
            before = descriptors()
            docker = client(server.path)
            pool = docker._transport.pool  # type: ignore[attr-defined]
            if warm:
                await docker.system.ping()

            async def work(docker: Docker = docker) -> None:
                await operation(docker)

            again = await cancel(n, work)
            assert pool.open_connections == len(pool._idle), f"dead slot after {n} steps"
            assert (await docker.system.ping()).api_version == "1.51"
            await operation(docker)
            await docker.aclose()
            assert pool.open_connections == 0
            with anyio.fail_after(60):
                while descriptors() > before:  # the server's side closes when it notices
                    await anyio.sleep(0.001)
            if not again:
                break
            n += 1
        assert n > 3


class Slow(ByteStream):
    """A stream whose closing waits once."""

    def __init__(self, stream: ByteStream, closed: list[ByteStream]) -> None:
        self._stream = stream
        self._closed = closed

    async def receive(self, max_bytes: int = 65536) -> bytes:
        return await self._stream.receive(max_bytes)

    async def send(self, item: bytes) -> None:
        await self._stream.send(item)

    async def send_eof(self) -> None:
        await self._stream.send_eof()

    async def aclose(self) -> None:
        try:
            await checkpoint()
        finally:
            self._closed.append(self)
            await self._stream.aclose()


async def test_all_byte_streams_are_closed_if_cancelled() -> None:
    """A stream that is slow to close does not prevent closing the others."""
    closed: list[ByteStream] = []

    async def slow(path: str) -> ByteStream:
        return Slow(await anyio.connect_unix(path), closed)

    async with serving(engine) as server:
        docker = Docker(transport=EngineTransport(connect_over_streams(lambda: slow(server.path))))
        async with docker.images.pull("app:1"), docker.images.pull("app:2"):
            await docker.system.ping()
            with anyio.CancelScope() as scope:
                scope.cancel()
                await docker.aclose()
            assert len(closed) == 3


class Said(httpx.AsyncByteStream):
    """Sends something and then nothing, and waits once when it is closed."""

    closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b'{"Type":"container"}\n'
        await anyio.sleep_forever()

    async def aclose(self) -> None:
        await checkpoint()
        self.closed = True


@pytest.mark.parametrize("how", ["read", "left"])
async def test_another_transports_answer_is_closed(how: str) -> None:
    """The answer of another transport is closed, whether a read or the closing is cancelled."""
    said = Said()

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/_ping":
            return httpx.Response(200, headers={"Api-Version": "1.51"})
        return httpx.Response(200, stream=said)

    async with Docker(transport=httpx.MockTransport(answer)) as docker:
        with anyio.CancelScope() as scope:
            async with docker.system.events() as events:
                await anext(events)
                scope.cancel()
                if how == "read":
                    await anext(events)
    assert said.closed


@pytest.mark.held_clock
async def test_many_cancelled_calls() -> None:
    """Hundreds of calls are cancelled at random moments, and the client still works."""
    chance = random.Random(1)
    async with serving(engine) as server, Docker(server.path) as docker:
        await whole(docker)
        for _ in range(5):

            async def one(delay: float) -> None:
                with anyio.move_on_after(delay):
                    await chance.choice([whole, stream, upgrade])(docker)

            async with anyio.create_task_group() as tasks:
                for _ in range(150):
                    tasks.start_soon(one, chance.random() / 20)
        transport = docker._transport
        assert isinstance(transport, EngineTransport)
        assert transport.pool.open_connections == len(transport.pool._idle)
        for _ in range(5):
            await whole(docker)
            await stream(docker)


@pytest.mark.held_clock
async def test_a_cancelled_read_loses_nothing() -> None:
    """A stream continues where a cancelled read stopped."""
    turn = anyio.Event()

    async def slow(request: bytes, peer: Peer) -> bytes:
        await peer.send(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n{"status":"a"}\r\n\r\n')
        await turn.wait()
        return b'10\r\n{"status":"b"}\r\n\r\n0\r\n\r\n'

    async with serving(slow) as server, Docker(server.path) as docker, docker.images.pull("app:1") as pull:
        assert (await anext(pull)).status == "a"
        with anyio.move_on_after(0.05) as scope:
            await anext(pull)
        assert scope.cancelled_caught
        turn.set()
        assert [line.status async for line in pull] == ["b"]
