"""Short calls of every shape, and an Engine that answers them in small steps: there are many places to cancel at."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import anyio
import httpx
from anyio.lowlevel import checkpoint
from faultserver import Peer, json_answer

from rawdock import Docker

__all__ = ["OPERATIONS", "Operation", "engine", "stream", "upgrade", "upload", "whole"]

Operation = Callable[[Docker], Awaitable[None]]


async def engine(request: bytes, peer: Peer) -> bytes | None:
    """Answer a request of one of the calls below."""
    if b"images/create" in request:
        await peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(3):
            await checkpoint()
            await peer.send(b'10\r\n{"status":"a"}\r\n\r\n')
        return b"0\r\n\r\n"
    if b"Upgrade: tcp" in request:
        await peer.send(b"HTTP/1.1 101 UPGRADED\r\nUpgrade: tcp\r\n\r\nfirst")
        with contextlib.suppress(anyio.EndOfStream):
            while True:
                await peer.send(await peer.stream.receive())
        return None
    if b"PUT" in request:
        while b"0\r\n\r\n" not in peer._buffer:
            if not await peer._more():
                return None
        peer._buffer = b""
        return json_answer(b"{}")
    if b"/pause" in request:
        await peer.send(b"HTTP/1.1 204 No")
        await checkpoint()
        return b" Content\r\n\r\n"
    return json_answer(b'{"Id":"x"}')


async def whole(docker: Docker) -> None:
    """Two calls whose answers come in one piece, and in two."""
    assert (await docker.containers.inspect("x")).id == "x"
    await docker.containers.pause("x")


async def stream(docker: Docker) -> None:
    """A stream that ends."""
    async with docker.images.pull("app:1") as pull:
        assert len([line async for line in pull]) == 3


async def upload(docker: Docker) -> None:
    """A body in parts."""

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"x" * 300_000
            await checkpoint()

    await docker.request("PUT", "/x", content=parts())


async def upgrade(docker: Docker) -> None:
    """A stream in both directions."""
    request = httpx.Request("POST", "http://docker/x", headers={"Connection": "Upgrade", "Upgrade": "tcp"})
    response = await docker._transport.handle_async_request(request)
    stream = response.extensions["network_stream"]
    try:
        await stream.write(b"x" * 300_000)
        await stream.send_eof()
        size = 0
        while part := await stream.read(100_000):
            size += len(part)
        assert size == 300_005
    finally:
        with anyio.CancelScope(shield=True):
            await stream.aclose()


OPERATIONS: tuple[Operation, ...] = (whole, stream, upload, upgrade)
