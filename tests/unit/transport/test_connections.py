"""Upgrades, streamed bodies, back-pressure, and connections over any byte stream."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import anyio
import anyio.lowlevel
import httpx
import pytest
from faultserver import NO_CONTENT, PING, Peer, json_answer, serving
from scripted import Exchange, scripted

import rawdock
from rawdock import Docker, Limits
from rawdock._transport.errors import ConnectionEnded
from rawdock._transport.messages import WireRequest
from rawdock._transport.pool import Connect
from rawdock._transport.transport import (
    AnswerStream,
    EngineTransport,
    NetworkStream,
    connect_over_streams,
    connect_over_unix,
)
from rawdock._transport.wire import Reader

pytestmark = pytest.mark.anyio

UPGRADE = b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
BASE = httpx.URL("http://docker")


async def echo(request: bytes, peer: Peer) -> None:
    """Upgrade with bytes in the same packet, echo until the client's half-close, and send a last message."""
    await peer.send(UPGRADE + b"hello ")
    try:
        while True:
            await peer.send(await peer.stream.receive())
    except anyio.EndOfStream:
        await peer.send(b" bye")


def upgrading(kind: str) -> httpx.Request:
    if kind == "httpx":
        return httpx.Request("POST", "http://docker/x", headers={"Connection": "Upgrade", "Upgrade": "tcp"})
    tail = b" HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\n"
    return WireRequest("POST", "/x", tail, base=BASE, mode="stream")


@pytest.mark.parametrize("kind", ["httpx", "wire"])
async def test_upgrade_both_ways(kind: str) -> None:
    """Bytes after the 101 are not lost, a megabyte goes each way at once, and half-close leaves the other half open."""
    async with serving(echo) as server, EngineTransport(connect_over_unix(server.path)) as transport:
        response = await transport.handle_async_request(upgrading(kind))
        assert response.status_code == 101
        stream: NetworkStream = response.extensions["network_stream"]
        assert await stream.read(3) == b"hel"
        assert await stream.read(100) == b"lo "
        data = bytes(range(256)) * 4096
        got = bytearray()

        async def write() -> None:
            for start in range(0, len(data), 100_000):
                await stream.write(data[start : start + 100_000])
            await stream.send_eof()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(write)
            while part := await stream.read(70_000):
                got += part
        assert bytes(got) == data + b" bye"
        await stream.aclose()
        assert transport.pool.open_connections == 0


@pytest.mark.held_clock
async def test_reading_times_out_without_loss() -> None:
    """A read that takes too long raises httpx.ReadTimeout, and the stream can be read further."""
    async with serving(echo) as server, EngineTransport(connect_over_unix(server.path)) as transport:
        response = await transport.handle_async_request(upgrading("httpx"))
        stream: NetworkStream = response.extensions["network_stream"]
        assert await stream.read(100) == b"hello "
        with pytest.raises(httpx.ReadTimeout):
            await stream.read(1, timeout=0.02)
        await stream.write(b"on")
        assert await stream.read(10) == b"on"
        await stream.aclose()


@pytest.mark.held_clock
async def test_back_pressure() -> None:
    """The amount that is read ahead of a slow reader is limited, and nothing is lost."""
    total = 20_000_000
    sent = 0

    async def flood(request: bytes, peer: Peer) -> None:
        nonlocal sent
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % total)
        for _ in range(total // 100_000):
            await peer.send(b"x" * 100_000)
            sent += 100_000

    async with serving(flood) as server:
        transport = EngineTransport(connect_over_unix(server.path), limits=Limits(queue=300_000))
        request = WireRequest("GET", "/x", b" HTTP/1.1\r\nHost: d\r\n\r\n", base=BASE, mode="stream")
        response = await transport.handle_async_request(request)
        await anyio.sleep(0.1)
        assert sent < 5_000_000
        assert isinstance(response.stream, AnswerStream)
        size = 0
        async for piece in response.stream:
            size += len(piece)
        assert size == total
        await response.aclose()
        assert len(transport.pool._idle) == 1
        await transport.aclose()


async def test_streamed_upload() -> None:
    """Parts of every size arrive as one chunked body, and empty parts do not end it."""
    got = bytearray()

    async def take(request: bytes, peer: Peer) -> bytes:
        assert b"Transfer-Encoding: chunked" in request
        while not peer._buffer.endswith(b"\r\n0\r\n\r\n"):
            await peer._more()
        data = peer._buffer
        while data != b"0\r\n\r\n":
            line, _, data = data.partition(b"\r\n")
            size = int(line, 16)
            got.extend(data[:size])
            data = data[size + 2 :]
        peer._buffer = b""
        return json_answer(b"{}")

    parts = [b"a", b"", b"b" * 70_000, b"c" * 300_000]

    async def body() -> AsyncIterator[bytes]:
        for part in parts:
            yield part

    async with serving(take) as server, Docker(server.path) as docker:
        await docker.request("PUT", "/x", content=body())
        assert bytes(got) == b"".join(parts)
        await docker.request("PUT", "/x", content=body())
        assert server.connections == 1


async def test_a_failing_upload_is_closed() -> None:
    """An error of the caller's iterator is raised, and the connection is closed."""

    async def never(request: bytes, peer: Peer) -> None:
        await peer._more()

    async def body() -> AsyncIterator[bytes]:
        yield b"a"
        raise KeyError("mine")

    async with serving(never) as server, Docker(server.path) as docker:
        with pytest.raises(KeyError, match="mine"):
            await docker.request("PUT", "/x", content=body())
        assert (await docker.system.ping()).api_version == "1.51"


async def test_over_any_byte_stream() -> None:
    """An anyio byte stream serves calls, streams, uploads and upgrades, and is kept for the next call."""

    async def answer(request: bytes, peer: Peer) -> bytes | None:
        if b"/pause" in request:
            return NO_CONTENT
        if b"images/create" in request:
            return b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n{"status":"a"}\r\n\r\n0\r\n\r\n'
        if b"Upgrade: tcp" in request:
            return await echo(request, peer)
        return json_answer(b'{"Id":"x"}')

    async with serving(answer) as server:
        transport = EngineTransport(connect_over_streams(lambda: anyio.connect_unix(server.path)))
        async with Docker(transport=transport) as docker:
            assert (await docker.containers.inspect("x")).id == "x"
            await docker.containers.pause("x")
            async with docker.images.pull("app:1") as pull:
                assert [line.status async for line in pull] == ["a"]
            assert server.connections == 1
            response = await transport.handle_async_request(upgrading("httpx"))
            stream: NetworkStream = response.extensions["network_stream"]
            await stream.write(b"there")
            await stream.send_eof()
            got = b""
            while part := await stream.read(100):
                got += part
            assert got == b"hello there bye"
            await stream.aclose()
        assert transport.pool.open_connections == 0


async def test_tcp() -> None:
    """TCP without TLS: the host is in the Host header, and a closed port is a ConnectError."""
    seen: list[bytes] = []

    async def handle(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            seen.append(await stream.receive())
            await stream.send(b"HTTP/1.1 200 OK\r\nApi-Version: 1.51\r\nContent-Length: 2\r\n\r\nOK")

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(anyio.abc.SocketAttribute.local_port)
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, handle)
        async with Docker(f"tcp://127.0.0.1:{port}") as docker:
            await docker.system.ping()
            assert f"Host: 127.0.0.1:{port}\r\n".encode() in seen[0]
        tasks.cancel_scope.cancel()
    async with Docker(f"tcp://127.0.0.1:{port}") as docker:
        with pytest.raises(rawdock.ConnectError, match="Check the address"):
            await docker.system.ping()


LOOPS = ["asyncio", ("asyncio", {"use_uvloop": True}), "trio"]


@pytest.mark.parametrize("anyio_backend", LOOPS, ids=["asyncio", "uvloop", "trio"])
@pytest.mark.parametrize("into", [False, True], ids=["read", "to a sink"])
@pytest.mark.parametrize("size", [5, 100_000])
async def test_what_came_before_a_reset_is_read(into: bool, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A peer that closes with unread data resets the connection: what it has sent is read, and then the error raised.

    (uvloop 0.23 calls a reader once for both, and then never again.)
    """
    monkeypatch.setattr("rawdock._transport.pool._RECEIVE_BUFFER", 4096)  # so that it takes many reads
    body = b"x" * size

    def script(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (size + 1) + body)
        answered.set()
        closing.wait()

    answered, closing = threading.Event(), threading.Event()
    got: list[bytes] = []
    with scripted(script) as server:
        transport = EngineTransport(connect_over_unix(server.address.removeprefix("unix://")))
        connection = await transport.pool.open(
            b"POST /x HTTP/1.1\r\nHost: d\r\nContent-Length: 0\r\n\r\n", False, False
        )
        answered.wait()
        await connection.send(b"never read")
        closing.set()
        for thread in server.threads:
            thread.join()  # the loop has no turn before the reset

        async def read() -> None:
            await connection.read_head()
            if into:
                await connection.read_into(lambda view: got.append(bytes(view)))
            while items := await connection.read():
                got.extend(items)

        with anyio.fail_after(60), pytest.raises(ConnectionEnded):
            await read()
        assert b"".join(got) == body
        await transport.aclose()


@pytest.mark.parametrize("anyio_backend", [("asyncio", {"use_uvloop": True})])
async def test_uvloop(tmp_path: Path) -> None:
    """uvloop serves calls, streams and upgrades as asyncio's own loop does."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):  # from the call that is cancelled below
            await answer(reader, writer)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # asyncio's own server: anyio's socket streams set a future twice on this loop.
        while (line := await reader.readline()) != b"":
            while await reader.readline() != b"\r\n":
                pass
            if b"_ping" in line:
                writer.write(PING)
            elif b"images/create" in line:
                writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                for _ in range(3):
                    writer.write(b'10\r\n{"status":"a"}\r\n\r\n')
                    await writer.drain()
                writer.write(b"0\r\n\r\n")
            else:
                writer.write(UPGRADE + b"hello ")
                while data := await reader.read(65536):
                    writer.write(data)
                    await writer.drain()
                writer.write(b" bye")
                writer.close()
                return
            await writer.drain()
        writer.close()

    path = str(tmp_path / "s")
    server = await asyncio.start_unix_server(serve, path)
    limits = Limits(queue=1_000_000)  # what is written below comes back before it is read
    async with (
        EngineTransport(connect_over_unix(path), limits=limits) as transport,
        Docker(transport=transport) as docker,
    ):
        assert type(asyncio.get_running_loop()).__module__.startswith("uvloop")
        for _ in range(3):
            async with docker.images.pull("app:1") as pull:
                assert [line.status async for line in pull] == ["a", "a", "a"]
        assert transport.pool.open_connections == 1
        response = await transport.handle_async_request(upgrading("wire"))
        stream: NetworkStream = response.extensions["network_stream"]
        await stream.write(b"x" * 1_000_000)
        await stream.send_eof()
        got = b""
        while part := await stream.read(1_000_000):
            got += part
        assert got == b"hello " + b"x" * 1_000_000 + b" bye"
        await stream.aclose()
        with anyio.move_on_after(0):
            await docker.system.ping()
        assert (await docker.system.ping()).api_version == "1.51"
    server.close()


Connects = Callable[[str], Connect]


def streams(path: str) -> Connect:
    return connect_over_streams(lambda: anyio.connect_unix(path))


both = pytest.mark.parametrize("connect", [connect_over_unix, streams])


async def kept_alive(request: bytes, peer: Peer) -> bytes | None:
    """Echo bodies, with a length or chunked; `/hang` never answers, `/endless` never ends, `/moved` redirects."""
    target = request.split(b" ")[1]
    if target.endswith(b"/hang"):
        await anyio.sleep_forever()
    if target.endswith(b"/endless"):
        await peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        await anyio.sleep_forever()
    if target.endswith(b"/moved"):
        return b"HTTP/1.1 301 Moved\r\nLocation: http://docker/x\r\nContent-Length: 0\r\n\r\n"
    body = request.partition(b"\r\n\r\n")[2]
    if b"chunked" in request.lower():
        reader = Reader()
        reader.feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        parts = reader.feed(peer._buffer)
        while not reader.done:
            parts += reader.feed(await peer.stream.receive())
        peer._buffer, body = reader.rest, b"".join(parts)
    return json_answer(body)


@both
async def test_plain_httpx(connect: Connects) -> None:
    """An httpx.AsyncClient over the transport: methods, JSON, streamed bodies both ways, one kept connection."""

    async def parts() -> AsyncIterator[bytes]:
        for part in (b"a", b"b" * 100_000, b"c"):
            yield part

    async with serving(kept_alive) as server:
        transport = EngineTransport(connect(server.path))
        async with httpx.AsyncClient(transport=transport, base_url="http://docker") as client:
            response = await client.get("/x", params={"a": "b c"})
            assert (response.status_code, response.content, response.http_version) == (200, b"", "HTTP/1.1")
            assert server.requests == [b"GET /x?a=b+c"]
            head = await client.head("/x")
            assert (head.status_code, head.content) == (200, b"")
            assert (await client.post("/x", json={"a": [1]})).json() == {"a": [1]}
            assert (await client.post("/x", content=parts())).content == b"a" + b"b" * 100_000 + b"c"
            assert (await client.post("/x", data={"a": "b"})).content == b"a=b"
            async with client.stream("POST", "/x", content=b"z" * 200_000) as response:
                assert b"".join([part async for part in response.aiter_raw()]) == b"z" * 200_000
            assert (await client.get("/moved")).status_code == 301
            assert server.connections == 1
            assert repr(transport.pool) == "<Pool 1 idle of 1 open>"
        assert transport.pool.open_connections == 0


@both
async def test_a_stream_left_early(connect: Connects) -> None:
    """A streamed answer that is not read to its end closes its connection, and no other."""
    async with serving(kept_alive) as server:
        transport = EngineTransport(connect(server.path))
        async with httpx.AsyncClient(transport=transport, base_url="http://docker") as client:
            async with client.stream("GET", "/endless") as response:
                stream = response.extensions["network_stream"]
                assert await stream.read(100) == b"abc"
            assert transport.pool.open_connections == 0
            assert (await client.get("/x")).status_code == 200


@both
@pytest.mark.parametrize("path", ["/hang", "/endless"])
async def test_closed_while_somebody_waits(connect: Connects, path: str) -> None:
    """Closing the client ends a call that waits for its answer, or for the rest of it, with an error."""
    async with serving(kept_alive) as server:
        transport = EngineTransport(connect(server.path))
        docker = Docker(transport=transport)
        await docker.system.ping()
        errors: list[Exception] = []

        async def wait() -> None:
            try:
                await docker.request("GET", path)
            except rawdock.RawdockError as error:
                errors.append(error)

        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(wait)
            for _ in range(200):
                await anyio.lowlevel.checkpoint()
            assert len([x for x in server.requests if path.encode() in x]) == 3
            await docker.aclose()
        assert len(errors) == 3
        assert {type(error) for error in errors} <= {rawdock.TruncatedError, rawdock.ClosedError}
        assert transport.pool.open_connections == 0


@both
async def test_both_ways_at_once(connect: Connects) -> None:
    """More than the sockets can hold goes each way at once over an upgraded connection, without a deadlock."""
    data = b"0123456789abcdef" * 65_536
    async with serving(echo) as server, EngineTransport(connect(server.path)) as transport:
        response = await transport.handle_async_request(upgrading("wire"))
        stream: NetworkStream = response.extensions["network_stream"]
        got = bytearray()

        async def write() -> None:
            await stream.write(data)
            await stream.send_eof()

        with anyio.fail_after(60):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(write)
                while part := await stream.read(1 << 20):
                    got += part
        assert bytes(got) == b"hello " + data + b" bye"
        await stream.aclose()


@both
async def test_a_refused_upload_is_read(connect: Connects) -> None:
    """The answer of an Engine that closes while parts are sent is returned, and the connection is not kept."""

    async def refuse(request: bytes, peer: Peer) -> None:
        await peer.send(json_answer(b'{"message":"no"}', b"404 Not Found"))

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(200):
            yield b"x" * 50_000

    async with serving(refuse) as server:
        transport = EngineTransport(connect(server.path))
        async with Docker(transport=transport) as docker:
            with pytest.raises(rawdock.NotFound):
                await docker.request("PUT", "/x", content=parts())
            assert transport.pool.open_connections == 0


@pytest.mark.held_clock
async def test_what_is_queued_is_bounded() -> None:
    """For a reader that sleeps, at most the limit and one read are kept, though asyncio reads ahead."""

    async def flood(request: bytes, peer: Peer) -> None:
        await peer.send(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            await peer.send(b"x" * 100_000)

    async with (
        serving(flood) as server,
        EngineTransport(connect_over_unix(server.path), limits=Limits(queue=100_000)) as transport,
    ):
        request = WireRequest("GET", "/x", b" HTTP/1.1\r\nHost: d\r\n\r\n", base=BASE, mode="stream")
        response = await transport.handle_async_request(request)
        assert isinstance(response.stream, AnswerStream)
        (connection,) = transport.pool._open
        for _ in range(5):
            await anyio.sleep(0.02)
            assert sum(map(len, connection._items)) <= 100_000 + (1 << 18)  # type: ignore[attr-defined]
            assert await response.stream.read()
        await response.aclose()
