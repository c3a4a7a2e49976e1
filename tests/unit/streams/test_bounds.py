"""Streams keep little memory, however much goes through them, and no connection that the Engine has reset."""

from __future__ import annotations

import socket
import struct
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager
from functools import partial
from typing import Any

import anyio
import pytest
from anyio.abc import SocketAttribute
from faultserver import PING, Peer, json_answer, serving

import rawdock
from rawdock import Docker, Limits

pytestmark = pytest.mark.anyio

MULTIPLEXED = b"Content-Type: application/vnd.docker.multiplexed-stream\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\n" + MULTIPLEXED + b"Transfer-Encoding: chunked\r\n\r\n"
TO_CLOSE = b"HTTP/1.1 200 OK\r\n" + MULTIPLEXED + b"\r\n"
MIB = 1 << 20


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


@contextmanager
def at_most(size: int) -> Iterator[None]:
    """Check that client and server together allocate at most `size` bytes inside."""
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < size


async def test_a_frame_that_claims_four_gigabytes() -> None:
    """Its payload is returned as it comes, no memory is allocated for its length, and its end is missed."""

    async def claim(request: bytes, peer: Peer) -> None:
        await peer.send(CHUNKED + chunk(b"\1\0\0\0\xff\xff\xff\xff"))
        for _ in range(200):
            await peer.send(chunk(b"x" * 50_000))

    async with serving(claim) as server, Docker(server.path) as docker:
        total = 0

        async def read() -> None:
            nonlocal total
            async with docker.containers.logs("x") as logs:
                async for frame in logs:
                    total += len(frame.data)

        with at_most(4 * MIB), pytest.raises(rawdock.TruncatedError):
            await read()
        assert total == 10_000_000


@pytest.mark.held_clock
async def test_a_slow_reader_of_logs() -> None:
    """Reading from the Engine pauses at the limit, and every frame comes in order."""
    frames, sent = 20_000, 0

    async def flood(request: bytes, peer: Peer) -> bytes:
        nonlocal sent
        await peer.send(CHUNKED)
        for start in range(0, frames, 100):
            lines = [b"%0100d" % number for number in range(start, start + 100)]
            await peer.send(b"".join(chunk(b"\1\0\0\0\0\0\0\x64" + line) for line in lines))
            sent = start + 100
        return b"0\r\n\r\n"

    async with serving(flood) as server, Docker(server.path, limits=Limits(queue=100_000)) as docker:
        async with docker.containers.logs("x") as logs:
            read = bytearray()
            for _ in range(5):
                read += (await anext(logs)).data
                await anyio.sleep(0.02)
            assert sent < frames // 2
            async for frame in logs:
                read += frame.data
        assert read == b"".join(b"%0100d" % number for number in range(frames))


@pytest.mark.held_clock
async def test_many_slow_readers() -> None:
    """Each follower that reads slowly holds less than 1 MiB, on asyncio as on trio."""
    followers = 20
    block = b"".join(chunk(b"\1\0\0\0\0\0\0\x64" + b"x" * 100) for _ in range(600))

    async def flood(request: bytes, peer: Peer) -> bytes | None:
        try:
            await peer.send(CHUNKED)
            while True:
                await peer.send(block)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            return None

    async with serving(flood) as server, Docker(server.path) as docker, AsyncExitStack() as stack:
        await docker.system.ping()
        async with docker.containers.logs("x") as first:  # what is loaded at first use
            await anext(first)
        with at_most(followers * MIB):
            opened = [await stack.enter_async_context(docker.containers.logs("x")) for _ in range(followers)]
            for _ in range(3):
                for logs in opened:
                    await anext(logs)
                await anyio.sleep(1)


async def test_a_large_upload_and_a_large_download() -> None:
    """96 MiB are uploaded in parts and downloaded into a function, and neither is kept in memory."""
    total, part = 96 * MIB, bytes(256 * 1024)
    taken = 0

    async def serve(request: bytes, peer: Peer) -> bytes | None:
        nonlocal taken
        if request.startswith(b"GET"):
            await peer.send(CHUNKED)
            for _ in range(total // len(part)):
                await peer.send(chunk(part))
            return b"0\r\n\r\n"
        peer._buffer, data = b"", peer._buffer
        while not data.endswith(b"0\r\n\r\n"):
            taken += len(data)
            end = data[-5:]
            data = end + await peer.stream.receive()
            taken -= len(end)
        taken += len(data)
        return json_answer(b"")

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(total // len(part)):
            yield part

    written = 0

    def write(view: memoryview) -> None:
        nonlocal written
        written += len(view)

    async with serving(serve) as server, Docker(server.path) as docker:
        await docker.system.ping()
        with at_most(6 * MIB):
            await docker.containers.put_archive("x", parts(), path="/")
            async with docker.containers.export("x") as files:
                assert await files.write_to(write) == total
        assert written == total
        assert taken == total + (total // len(part)) * len(b"40000\r\n\r\n") + 5


@pytest.mark.parametrize("chunks", [True, False], ids=["chunks", "to the close"])
@pytest.mark.parametrize("name", ["logs", "export", "write_to", "events", "attach"])
async def test_a_reset_in_the_middle(name: str, chunks: bool) -> None:
    """An Engine that is killed resets its connections: the next read raises an error, after what came before, even
    where closing the connection would have been a regular end."""
    reset = anyio.Event()

    async def handle(stream: anyio.abc.SocketStream) -> None:
        peer = Peer(stream, [])
        async with stream:
            while request := await peer.request():
                if b"/_ping" in request:
                    await peer.send(PING)
                    continue
                body = {"events": b'{"Type":"container"}'}.get(name, b"\1\0\0\0\0\0\0\3abc")
                await peer.send(CHUNKED + chunk(body) if chunks else TO_CLOSE + body)
                await reset.wait()
                raw: Any = stream.extra(SocketAttribute.raw_socket)
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, handle)
        port = listener.extra(SocketAttribute.local_port)
        async with Docker(f"tcp://127.0.0.1:{port}") as docker:
            containers = docker.containers
            calls: dict[str, Any] = {
                "events": docker.system.events,
                "logs": partial(containers.logs, "x"),
                "attach": partial(containers.attach, "x"),
            }
            opens = calls.get(name, partial(containers.export, "x"))()
            with anyio.fail_after(60):
                async with opens as stream:
                    assert await anext(stream)
                    reset.set()
                    with pytest.raises(rawdock.TruncatedError) as caught:
                        await (stream.write_to(bytes) if name == "write_to" else anext(stream))
            assert caught.value.operation
            assert docker._transport.pool.open_connections == len(docker._transport.pool._idle)  # type: ignore[attr-defined]
        tasks.cancel_scope.cancel()
