"""WebSockets: frames in any cut, what is refused, pings, closing, and peers that do not close."""

from __future__ import annotations

import base64
import hashlib
import re
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import pairwise

import anyio
import httpx
import pytest
from faultserver import Peer, json_answer, serving
from hypothesis import given, settings
from hypothesis import strategies as st

import rawdock
from rawdock import Docker
from rawdock._streams.faces import websocket
from rawdock._streams.split.websocket import BINARY, CLOSE, PING, PONG, Message, WebSocketSplitter, encode_frame
from rawdock.streams import WebSocket

TEXT, CONTINUATION = 1, 0
NORMAL = b"\x03\xe8"


# Pure.


def frame(kind: int, data: bytes, last: bool = True, size: int | None = None) -> bytes:
    """A frame as a server sends it."""
    size = len(data) if size is None else size
    head = bytes(((0x80 if last else 0) | kind,))
    if size < 126:
        head += bytes((size,))
    elif size < 65536:
        head += b"\x7e" + size.to_bytes(2)
    else:
        head += b"\x7f" + size.to_bytes(8)
    return head + data


def unmasked(data: bytes) -> list[tuple[int, bytes]]:
    """The frames that a client has sent, which must be masked and have the shortest length field."""
    out: list[tuple[int, bytes]] = []
    while data:
        assert data[0] & 0xF0 == 0x80
        assert data[1] & 0x80
        size, start = data[1] & 0x7F, 2
        if size == 126:
            size, start = int.from_bytes(data[2:4]), 4
            assert size >= 126
        elif size == 127:
            size, start = int.from_bytes(data[2:10]), 10
            assert size >= 65536
        mask, payload = data[start : start + 4], data[start + 4 : start + 4 + size]
        assert len(payload) == size
        out.append((data[0] & 0x0F, bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))))
        data = data[start + 4 + size :]
    return out


def split(data: bytes, cuts: list[int], limit: int = 1 << 20) -> tuple[list[Message], str]:
    """The messages, and how the stream ended."""
    frames = WebSocketSplitter(limit)
    places = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    items = [item for start, end in pairwise(places) for item in frames.feed(data[start:end])]
    end = "end"
    if items and isinstance(items[-1], rawdock.RawdockError):
        end = str(items.pop())
    try:
        frames.feed_eof()
    except rawdock.TruncatedError as error:
        end = f"{end}, {error}"
    assert all(type(item) is Message for item in items)
    return items, end  # type: ignore[return-value]


def same_for_every_cut(data: bytes, cuts: list[int] | None = None, limit: int = 1 << 20) -> tuple[list[Message], str]:
    expected = split(data, [], limit)
    assert split(data, cuts or [1], limit) == expected
    assert split(data, list(range(len(data))), limit) == expected
    return expected


WITHOUT_CLOSE = "end, the connection ended without a closing frame"
controls = st.tuples(st.sampled_from([PING, PONG]), st.binary(max_size=10))
messages = st.tuples(
    st.sampled_from([TEXT, BINARY]),
    st.lists(st.binary(max_size=150), min_size=1, max_size=4),
    st.lists(controls, max_size=3),
)


@settings(deadline=None)
@given(st.lists(messages, max_size=4), st.booleans(), st.lists(st.integers(0, 1000), max_size=8))
def test_any_cut(parts: list[tuple[int, list[bytes], list[tuple[int, bytes]]]], closed: bool, cuts: list[int]) -> None:
    """Messages in several frames, with control frames between them, are returned complete and in order."""
    data, expected = b"", []
    for kind, payloads, between in parts:
        last = len(payloads) - 1
        for n, payload in enumerate(payloads):
            data += frame(CONTINUATION if n else kind, payload, n == last)
            if n < last:
                for control, words in between:
                    data += frame(control, words)
                    expected.append(Message("ping" if control == PING else "pong", words))
        expected.append(Message("data", b"".join(payloads)))
    if closed:
        data += frame(CLOSE, NORMAL) + frame(BINARY, b"behind")
        expected.append(Message("close", NORMAL))
    assert same_for_every_cut(data, cuts) == (expected, "end" if closed else WITHOUT_CLOSE)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536, 70_000])
def test_lengths(size: int) -> None:
    """Each of the three forms of a length, at its limits."""
    payload = bytes(range(256)) * 300
    data = frame(BINARY, payload[:size]) + frame(BINARY, b"next") + frame(CLOSE, b"")
    assert len(data) == size + 8 + (2 if size < 126 else 4 if size < 65536 else 10)
    expected = ([Message("data", payload[:size]), Message("data", b"next"), Message("close", b"")], "end")
    for step in (1, 3, 65536, len(data)) if size < 200 else (4093, 65536, len(data)):
        assert split(data, [*range(12), *range(0, len(data), step)]) == expected


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (b"\xc2\x00", "not a frame of a WebSocket server: c2 00"),
        (b"\xa2\x00", "not a frame"),
        (b"\x92\x00", "not a frame"),
        (b"\x82\x81\0\0\0\0a", "not a frame of a WebSocket server: 82 81"),
        (b"\x09\x00", "too long or split"),
        (b"\x08\x00", "too long or split"),
        (b"\x89\x7e\x00\x7e" + b"x" * 126, "too long"),
        (b"\x83\x00", "of kind 3 is not expected"),
        (b"\x8b\x00", "of kind 11 is not expected"),
        (b"\x80\x00", "of kind 0 is not expected"),
        (b"\x02\x00\x82\x00", "of kind 2 is not expected"),
        (b"\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff", "larger than 1048576 bytes"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "of kind 8|not a frame|too long or split"),
    ],
)
def test_refused(bad: bytes, words: str) -> None:
    """Reserved bits, a mask, invalid control frames and unexpected continuations are errors after other messages."""
    items, end = same_for_every_cut(frame(BINARY, b"before") + bad + frame(BINARY, b"behind"))
    assert items == [Message("data", b"before")]
    assert re.search(words, end)


def test_over_the_limit() -> None:
    """A message may be as long as the limit, in one frame or several; one byte more is an error at its header."""
    assert same_for_every_cut(frame(BINARY, b"x" * 10) + frame(CLOSE, b""), limit=10)[1] == "end"
    parts = frame(BINARY, b"x" * 5, False) + frame(CONTINUATION, b"y" * 5, False)
    whole = parts + frame(CONTINUATION, b"") + frame(BINARY, b"z" * 10) + frame(CLOSE, b"")
    assert same_for_every_cut(whole, limit=10) == (
        [Message("data", b"xxxxxyyyyy"), Message("data", b"z" * 10), Message("close", b"")],
        "end",
    )
    for bad in (frame(BINARY, b"", size=11), parts + frame(CONTINUATION, b"", size=1)):
        items, end = same_for_every_cut(frame(BINARY, b"a") + bad, limit=10)
        assert items == [Message("data", b"a")]
        assert "larger than 10 bytes" in end


def test_a_control_frame_is_no_part_of_a_message() -> None:
    """A ping inside a message that is as long as the limit is a ping."""
    data = frame(BINARY, b"x" * 10, False) + frame(PING, b"there?") + frame(CONTINUATION, b"") + frame(CLOSE, b"")
    expected = [Message("ping", b"there?"), Message("data", b"x" * 10), Message("close", b"")]
    assert same_for_every_cut(data, limit=10) == (expected, "end")


def test_endless_empty_parts() -> None:
    """Empty frames of a message need no memory, however many come."""
    frames = WebSocketSplitter(100)
    frames.feed(frame(BINARY, b"x", False))
    tracemalloc.start()
    try:
        for _ in range(20):
            assert frames.feed(frame(CONTINUATION, b"", False) * 500) == []
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 50_000
    assert frames.feed(frame(CONTINUATION, b"y")) == [Message("data", b"xy")]


@pytest.mark.parametrize(
    "data", [b"", frame(BINARY, b"a"), frame(BINARY, b"a", False), frame(BINARY, b"a")[:2], b"\x88"]
)
def test_an_end_without_a_closing_frame(data: bytes) -> None:
    """A connection that just ends is a TruncatedError."""
    assert split(data, [])[1] == WITHOUT_CLOSE


@settings(deadline=None)
@given(st.sampled_from([BINARY, CLOSE, PING, PONG]), st.binary(max_size=300))
def test_encode_frame(kind: int, data: bytes) -> None:
    """An encoded frame is one frame, and unmasked it has the data."""
    assert unmasked(encode_frame(kind, data)) == [(kind, data)]


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536, 100_001])
def test_encoded_lengths(size: int) -> None:
    """Every form of a length, with data that begin with zeros, and a different mask each time."""
    data = b"\0" * (size // 2) + b"x" * (size - size // 2)
    assert unmasked(encode_frame(BINARY, data)) == [(BINARY, data)]
    assert size < 4 or len({encode_frame(BINARY, data) for _ in range(5)}) == 5


# The face.

Talk = Callable[["Client"], Awaitable[None]]


class Client:
    """The other side of a WebSocket, as the server sees it."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer

    async def send(self, data: bytes) -> None:
        await self.peer.send(data)

    async def frame(self) -> tuple[int, bytes] | None:
        """The next frame; None at the end."""
        while not (size := self._size()):
            if not await self.peer._more():
                assert not self.peer._buffer, "the client closed inside a frame"
                return None
        data, self.peer._buffer = self.peer._buffer[:size], self.peer._buffer[size:]
        return unmasked(data)[0]

    def _size(self) -> int:
        data = self.peer._buffer
        if len(data) < 14 and not (len(data) >= 6 and data[1] & 0x7F < 126):
            return 0
        size, start = data[1] & 0x7F, 6
        if size >= 126:
            start = 8 if size == 126 else 14
            size = int.from_bytes(data[2 : start - 4])
        return start + size if len(data) >= start + size else 0


def upgraded(request: bytes) -> bytes:
    match = re.search(rb"Sec-WebSocket-Key: (\S+)\r\n", request)
    assert match
    assert len(base64.b64decode(match[1], validate=True)) == 16
    assert b"Sec-WebSocket-Version: 13\r\n" in request
    assert b"Connection: Upgrade\r\nUpgrade: websocket\r\n" in request
    accept = base64.b64encode(hashlib.sha1(match[1] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: %b\r\n\r\n" % accept
    )


@asynccontextmanager
async def attached(talk: Talk, behind: bytes = b"", limits: rawdock.Limits | None = None) -> AsyncIterator[WebSocket]:
    """A WebSocket to a server that sends `behind` with its answer, and then runs `talk`."""

    async def answer(request: bytes, peer: Peer) -> None:
        await peer.send(upgraded(request) + behind)
        await talk(Client(peer))

    async with serving(answer) as server, Docker(server.path, limits=limits) as docker:
        async with docker.containers.attach_websocket("x", stdin=True) as socket:
            yield socket
        assert docker._transport.pool.open_connections == len(docker._transport.pool._idle)  # type: ignore[attr-defined]


async def nothing(client: Client) -> None:
    """Closes."""


async def never(client: Client) -> None:
    """Send and read nothing, and keep the connection open."""
    await anyio.sleep_forever()


@pytest.mark.anyio
async def test_both_ways_at_once() -> None:
    """What comes with the answer is not lost, and a megabyte goes each way at the same time."""
    data = bytes(range(256)) * 4096

    async def echo(client: Client) -> None:
        while (got := await client.frame()) and got[0] == BINARY:
            await client.send(frame(BINARY, got[1]))
        await client.send(frame(CLOSE, NORMAL))

    async with attached(echo, frame(TEXT, b"hello") + frame(PONG, b"") + frame(BINARY, b"")) as socket:

        async def write() -> None:
            for start in range(0, len(data), 70_000):
                await socket.send(data[start : start + 70_000])
            await socket.close()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(write)
            parts = [part async for part in socket]
    assert parts[:2] == [b"hello", b""]
    assert b"".join(parts[2:]) == data


@pytest.mark.anyio
@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 101 X\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
        b"HTTP/1.1 101 X\r\nUpgrade: websocket\r\n\r\n",
        json_answer(b"{}"),
    ],
)
async def test_no_websocket_server(answer: bytes) -> None:
    """An answer that does not fit the key is an error of this operation, and its connection is closed."""

    async def wrong(request: bytes, peer: Peer) -> bytes:
        return answer

    async with serving(wrong) as server, Docker(server.path) as docker:
        with pytest.raises(rawdock.DecodeError, match="WebSocket") as caught:
            async with docker.containers.attach_websocket("x"):
                pass
        assert caught.value.operation == "containers.attach_websocket"
        pool = docker._transport.pool  # type: ignore[attr-defined]
        assert pool.open_connections == len(pool._idle)
        assert (await docker.system.ping()).api_version == "1.51"


@pytest.mark.anyio
async def test_refused_by_the_engine() -> None:
    """An error status raises the same exception as everywhere."""

    async def missing(request: bytes, peer: Peer) -> bytes:
        return json_answer(b'{"message":"No such container: x"}', b"404 Not Found")

    async with serving(missing) as server, Docker(server.path) as docker:
        with pytest.raises(rawdock.NotFound, match="No such container"):
            async with docker.containers.attach_websocket("x"):
                pass


@pytest.mark.anyio
async def test_a_ping_is_answered() -> None:
    """Each ping is answered by a pong with its data, and is not returned to the reader."""
    got: list[tuple[int, bytes] | None] = []

    async def pinging(client: Client) -> None:
        for words in (b"", b"there?"):
            await client.send(frame(PING, words))
            got.append(await client.frame())
        await client.send(frame(BINARY, b"a") + frame(CLOSE, b""))

    async with attached(pinging) as socket:
        assert [part async for part in socket] == [b"a"]
    assert got == [(PONG, b""), (PONG, b"there?")]


@pytest.mark.anyio
async def test_the_peer_closes() -> None:
    """A closing frame is answered and ends the iteration, even if the peer leaves the connection open."""
    got: list[tuple[int, bytes] | None] = []
    ended = anyio.Event()

    async def closing(client: Client) -> None:
        await client.send(frame(BINARY, b"a") + frame(CLOSE, NORMAL) + frame(BINARY, b"behind"))
        got.append(await client.frame())
        got.append(await client.frame())
        ended.set()

    async with attached(closing) as socket:
        assert [part async for part in socket] == [b"a"]
        assert [part async for part in socket] == []
        with pytest.raises(rawdock.ClosedError, match="nothing more can be sent"):
            await socket.send(b"late")
    with anyio.fail_after(60):
        await ended.wait()
    assert got == [(CLOSE, NORMAL), None]


@pytest.mark.anyio
async def test_left_early() -> None:
    """Leaving sends a closing frame and closes the connection, also with unread messages."""
    got: list[tuple[int, bytes] | None] = []
    ended = anyio.Event()

    async def waiting(client: Client) -> None:
        while got[-1:] != [None]:
            got.append(await client.frame())
        ended.set()

    async with attached(waiting, frame(BINARY, b"a") + frame(BINARY, b"b")) as socket:
        await socket.send(b"in")
        assert await anext(socket) == b"a"
    with anyio.fail_after(60):
        await ended.wait()
    assert got == [(BINARY, b"in"), (CLOSE, NORMAL), None]
    with pytest.raises(rawdock.ClosedError):
        await anext(socket)


@pytest.mark.anyio
@pytest.mark.parametrize("behind", [b"", frame(BINARY, b"ab")[:-1], frame(BINARY, b"a", False)])
async def test_a_peer_that_is_gone(behind: bytes) -> None:
    """An end without a closing frame is a TruncatedError of this operation, after what came."""
    async with attached(nothing, frame(BINARY, b"a") + behind) as socket:
        assert await anext(socket) == b"a"
        with pytest.raises(rawdock.TruncatedError, match="without a closing frame") as caught:
            await anext(socket)
        assert caught.value.operation == "containers.attach_websocket"


@pytest.mark.anyio
async def test_messages_of_a_peer_that_has_closed() -> None:
    """Messages are returned even if a ping or a closing frame can no longer be answered."""
    gone = anyio.Event()

    async def leaving(client: Client) -> None:
        await client.peer.stream.aclose()
        gone.set()

    async with attached(
        leaving, frame(PING, b"?") + frame(BINARY, b"a") + frame(PING, b"!") + frame(CLOSE, b"")
    ) as socket:
        await gone.wait()
        assert [part async for part in socket] == [b"a"]


@pytest.mark.anyio
async def test_garbage() -> None:
    """An invalid frame is an error after the messages before it, and again at the next read."""
    async with attached(never, frame(BINARY, b"a") + b"\xff\xff") as socket:
        assert await anext(socket) == b"a"
        for _ in range(2):
            with pytest.raises(rawdock.DecodeError, match="ff ff") as caught:
                await anext(socket)
            assert caught.value.operation == "containers.attach_websocket"


@pytest.mark.anyio
async def test_a_message_over_the_limit() -> None:
    """`Limits.value` limits the size of a message."""
    async with attached(never, frame(BINARY, b"x" * 1001), rawdock.Limits(value=1000)) as socket:
        with pytest.raises(rawdock.DecodeError, match="larger than 1000 bytes"):
            await anext(socket)


@pytest.mark.anyio
async def test_a_pong_waits_for_a_message() -> None:
    """A ping that comes while a large message is sent blocks neither the reader nor the message."""
    data, read, got = b"x" * 1_000_000, anyio.Event(), []

    async def busy(client: Client) -> None:
        await client.peer.stream.receive(1)  # the message is on its way
        client.peer._buffer = b"\x82"
        await client.send(frame(PING, b"one") + frame(PING, b"two") + frame(BINARY, b"a"))
        await read.wait()
        got.extend([await client.frame(), await client.frame()])
        await client.send(frame(CLOSE, NORMAL))

    async with attached(busy) as socket, anyio.create_task_group() as tasks:
        tasks.start_soon(socket.send, data)
        assert await anext(socket) == b"a"
        read.set()
        assert [part async for part in socket] == []
    assert got == [(BINARY, data), (PONG, b"two")]


@pytest.mark.anyio
async def test_two_senders() -> None:
    """Messages that two tasks send at the same time arrive complete, one after the other."""
    got: list[tuple[int, bytes] | None] = []

    async def reading(client: Client) -> None:
        got.extend([await client.frame(), await client.frame()])
        await client.send(frame(CLOSE, NORMAL))

    async with attached(reading) as socket, anyio.create_task_group() as tasks:
        for letter in (b"a", b"b"):
            tasks.start_soon(socket.send, letter * 1_000_000)
        assert [part async for part in socket] == []
    assert sorted(got, key=str) == [(BINARY, b"a" * 1_000_000), (BINARY, b"b" * 1_000_000)]


@pytest.mark.held_clock
@pytest.mark.anyio
async def test_a_cancelled_send(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a partly sent message nothing more can be sent; reading goes on, and leaving does not wait."""
    monkeypatch.setattr(websocket, "_CLOSE_TIMEOUT", 60)
    async with attached(never, frame(BINARY, b"a")) as socket:
        with anyio.move_on_after(0.02) as scope:
            await socket.send(b"x" * 1_000_000)
        assert scope.cancelled_caught
        with pytest.raises(rawdock.ClosedError, match="cancelled inside a frame"):
            await socket.send(b"y")
        assert await anext(socket) == b"a"


@pytest.mark.anyio
async def test_a_peer_that_does_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaving does not wait for a peer to read the closing frame, even while another task sends."""
    monkeypatch.setattr(websocket, "_CLOSE_TIMEOUT", 0.02)
    errors: list[Exception] = []
    started = anyio.Event()

    async def stuck(client: Client) -> None:
        await client.peer.stream.receive(1)
        started.set()
        await anyio.sleep_forever()

    async with anyio.create_task_group() as tasks, attached(stuck) as socket:

        async def write() -> None:
            try:
                await socket.send(b"x" * 1_000_000)
            except rawdock.RawdockError as error:
                errors.append(error)

        tasks.start_soon(write)
        await started.wait()
    assert [type(error) for error in errors] == [rawdock.ClosedError]


@pytest.mark.anyio
async def test_only_bytes_are_sent() -> None:
    """Text and numbers are refused; all types that hold bytes are sent."""
    got: list[tuple[int, bytes] | None] = []

    async def reading(client: Client) -> None:
        got.extend([await client.frame(), await client.frame()])
        await client.send(frame(CLOSE, b""))

    async with attached(reading) as socket:
        for wrong in ("text", 5, None, [1]):
            with pytest.raises(rawdock.InvalidArgument, match="expected bytes to send"):
                await socket.send(wrong)  # type: ignore[arg-type]
        await socket.send(bytearray(b"a"))
        await socket.send(memoryview(b"bcd")[1:])
        assert [part async for part in socket] == []
    assert got == [(BINARY, b"a"), (BINARY, b"cd")]


@pytest.mark.anyio
async def test_a_transport_that_is_no_websocket() -> None:
    """A transport may leave the request out of its responses; the key of the request is checked anyway."""
    transport = httpx.MockTransport(lambda request: httpx.Response(101, headers={"Sec-WebSocket-Accept": "wrong"}))
    async with Docker(transport=transport, version="1.51") as docker:
        with pytest.raises(rawdock.DecodeError, match="no valid Sec-WebSocket-Accept"):
            async with docker.containers.attach_websocket("web"):
                pass
