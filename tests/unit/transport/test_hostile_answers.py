"""Answers that would take all memory, or would never end."""

from __future__ import annotations

import tracemalloc
from collections.abc import Awaitable, Callable

import anyio
import httpx
import pytest
from faultserver import Peer, json_answer, serving

from rawdock import DecodeError, Docker, Limits, RawdockError, ServerError
from rawdock._transport.wire import Reader, WireError

pytestmark = pytest.mark.anyio

Call = Callable[[Docker], Awaitable[object]]
MIB = 1 << 20


async def whole(docker: Docker) -> object:
    return await docker.containers.list()


async def stream(docker: Docker) -> object:
    async with docker.containers.export("x") as chunks:
        return [chunk async for chunk in chunks]


async def upload(docker: Docker) -> object:
    async def parts() -> object:
        yield b"content"

    return await docker.containers.put_archive("x", parts(), path="/")  # type: ignore[arg-type]


CALLS: dict[str, Call] = {"whole": whole, "stream": stream, "upload": upload}


async def send_much(peer: Peer, beginning: bytes, part: bytes, times: int) -> None:
    """Send until the client has had enough."""
    try:
        await peer.send(beginning)
        for _ in range(times):
            await peer.send(part)
    except (anyio.BrokenResourceError, anyio.ClosedResourceError):
        pass


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("framing", ["length", "chunked"])
async def test_a_large_error(call: str, framing: str) -> None:
    """A 500 with 240 MiB: its beginning is the message, the rest is neither read nor kept."""
    part = b"x" * MIB
    head = b"Content-Length: %d" % (240 * MIB) if framing == "length" else b"Transfer-Encoding: chunked"
    if framing == "chunked":
        part = b"%x\r\n%b\r\n" % (len(part), part)

    async def answer(request: bytes, peer: Peer) -> bytes | None:
        if b"chunked" in request:
            await peer.rest_of_chunks()
        await send_much(peer, b"HTTP/1.1 500 Internal Server Error\r\n%b\r\n\r\n" % head, part, 240)
        return None

    async with serving(answer) as server, Docker(server.path) as docker:
        await docker.system.ping()
        tracemalloc.start()
        try:
            with pytest.raises(ServerError) as caught:
                await CALLS[call](docker)
            held = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert caught.value.message.startswith("xxx")
        assert len(caught.value.message) < 3000
        assert held < 16 * MIB  # the part that the server sends among them


async def test_an_error_within_the_limit_keeps_its_connection() -> None:
    """An error whose body ends within the limit is read to its end, so that the connection is used again."""

    async def answer(request: bytes, peer: Peer) -> bytes | None:
        return json_answer(b'{"message": "%b"}' % (b"n" * 50_000), b"500 Internal Server Error")

    async with serving(answer) as server, Docker(server.path) as docker:
        for _ in range(3):
            with pytest.raises(ServerError, match="nnn"):
                await docker.containers.list()
        assert server.connections == 1


async def test_a_large_answer() -> None:
    """More than 64 MiB is refused unless it was asked for."""
    assert Limits().answer == 64 * MIB
    body = b"[" + b" " * (3 * MIB) + b"]"

    async def answer(request: bytes, peer: Peer) -> bytes | None:
        await send_much(peer, json_answer(body), b"", 0)
        return None

    async with serving(answer) as server:
        async with Docker(server.path, limits=Limits(answer=2 * MIB)) as docker:
            with pytest.raises(RawdockError, match="larger than 2097152 bytes"):
                await docker.containers.list()
        async with Docker(server.path, limits=Limits(answer=4 * MIB)) as docker:
            assert await docker.containers.list() == []


BARE = {
    "the head": b"HTTP/1.1 200 OK\nContent-Length: 2\n\n[]",
    "the end of the head": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\n[]",
    "a header line": b"HTTP/1.1 200 OK\r\nA: b\nContent-Length: 2\r\n\r\n[]",
    "a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\n[]\n0\n\n",
    "the last chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\n\n",
    "the trailers": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\nA: b\n\n",
}


@pytest.mark.parametrize("where", BARE)
@pytest.mark.parametrize("call", ["whole", "stream"])
async def test_line_feeds_alone(where: str, call: str) -> None:
    """An answer whose lines end with LF is an error, though the connection stays open and nothing more comes."""

    async def answer(request: bytes, peer: Peer) -> bytes | None:
        await peer.send(BARE[where])
        await peer.request()
        return None

    async with serving(answer) as server, Docker(server.path) as docker:
        await docker.system.ping()
        with anyio.fail_after(30), pytest.raises(DecodeError, match=r"LF|chunk"):
            await CALLS[call](docker)


@pytest.mark.parametrize("where", BARE)
def test_line_feeds_alone_at_any_cut(where: str) -> None:
    """However the bytes are cut, they are refused for the same reason."""

    def read(*parts: bytes) -> None:
        reader = Reader()
        for part in filter(None, parts):
            reader.feed(part)

    for cut in range(len(BARE[where])):
        with pytest.raises(WireError, match=r"LF|not a chunk size"):
            read(BARE[where][:cut], BARE[where][cut:])


SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"


@pytest.mark.parametrize("call", CALLS)
async def test_an_unasked_101(call: str) -> None:
    """No end of the answer would come: the peer waits for something in another protocol."""

    async def answer(request: bytes, peer: Peer) -> bytes | None:
        await peer.send(SWITCHED + b"what follows")
        await peer.request()
        return None

    async with serving(answer) as server, Docker(server.path) as docker:
        await docker.system.ping()
        with anyio.fail_after(30), pytest.raises(DecodeError, match="101"):
            await CALLS[call](docker)


async def test_a_101_that_was_asked_for() -> None:
    """Where an upgrade was asked for, it is what it was."""

    async def answer(request: bytes, peer: Peer) -> bytes | None:
        return SWITCHED

    async with serving(answer) as server, Docker(server.path) as docker, docker.session.open(uuid="a") as session:
        assert session is not None


@pytest.mark.parametrize("call", ["whole", "stream"])
async def test_another_transport(call: str) -> None:
    """The same limits, whichever transport is used."""
    read = 0

    class Much(httpx.AsyncByteStream):
        async def __aiter__(self) -> object:  # type: ignore[override]
            nonlocal read
            for _ in range(240):
                read += MIB
                yield b"x" * MIB

    async def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(500, stream=Much())

    async with Docker(transport=httpx.MockTransport(answer), version="1.51") as docker:
        with pytest.raises(ServerError):
            await CALLS[call](docker)
    assert read <= 2 * MIB
