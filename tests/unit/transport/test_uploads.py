"""Uploads: in one piece and in parts, refused early, broken off on either side, and never sent twice; and what times,
numbers of lines and filters become."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qs, urlsplit

import anyio
import httpx
import pytest
from anyio.lowlevel import checkpoint
from bodies import body_of
from faultserver import Peer, json_answer, serving

import rawdock
from rawdock import Docker, InvalidArgument
from rawdock._declare import params as _params
from rawdock._models.model import Timestamp

Send = Callable[[Docker, Any], Awaitable[object]]

TAR = "application/x-tar"


async def put_archive(docker: Docker, content: Any) -> object:
    return await docker.containers.put_archive("x", content, path="/tmp")


async def load(docker: Docker, content: Any) -> object:
    return (await docker.images.load(content)).images


async def build(docker: Docker, content: Any) -> object:
    return (await docker.images.build(content)).id


async def import_(docker: Docker, content: Any) -> object:
    return (await docker.images.import_(content)).id


async def plugin(docker: Docker, content: Any) -> object:
    return await docker.plugins.create(content, name="p")


UPLOADS: dict[str, tuple[Send, bytes, object]] = {
    "containers.put_archive": (put_archive, b"", None),
    "images.load": (load, b'{"stream":"Loaded image: app:1\\n"}\n', ("app:1",)),
    "images.build": (build, b'{"stream":"Step 1"}\n{"aux":{"ID":"sha256:1"}}\n', "sha256:1"),
    "images.import_": (import_, b'{"status":"sha256:2"}\n', "sha256:2"),
    "plugins.create": (plugin, b"", None),
}
each = pytest.mark.parametrize("name", UPLOADS)


def pool_of(docker: Docker) -> Any:
    return docker._transport.pool  # type: ignore[attr-defined]


class Source:
    """Parts of an upload that count how often they were read, and whether they were closed."""

    def __init__(self, *parts: Any) -> None:
        self.parts = parts
        self.started = 0
        self.closed = 0
        self.given = 0

    async def generator(self) -> AsyncIterator[Any]:
        self.started += 1
        try:
            for part in self.parts:
                self.given += 1
                if isinstance(part, BaseException):
                    raise part
                yield part
                await checkpoint()
        finally:
            self.closed += 1

    def __aiter__(self) -> AsyncIterator[Any]:
        return self.generator()


class Plain:
    """An async iterable with nothing but the required methods."""

    def __init__(self, *parts: Any) -> None:
        self.parts = list(parts)

    def __aiter__(self) -> Plain:
        return self

    async def __anext__(self) -> Any:
        if not self.parts:
            raise StopAsyncIteration
        return self.parts.pop(0)


PARTS = (b"a", b"", b"b" * 70_000, b"c" * 300_000)
WHOLE = b"".join(PARTS)


# Sent.


@pytest.mark.anyio
@each
@pytest.mark.parametrize(
    "made",
    [
        lambda: WHOLE,
        lambda: bytearray(WHOLE),
        lambda: Source(*PARTS).generator(),
        lambda: Source(*PARTS),
        lambda: Plain(*PARTS),
        lambda: Plain(bytearray(PARTS[0]), memoryview(WHOLE)[1:70_001], memoryview(PARTS[3]).cast("H")),
    ],
    ids=["bytes", "bytearray", "generator", "iterable", "iterator", "buffers"],
)
async def test_everything_arrives(name: str, made: Callable[[], Any]) -> None:
    """Bytes, generators and other async iterables send the same body, and the connection is reused."""
    send, data, result = UPLOADS[name]
    content = made()
    got: list[bytes] = []

    async def take(request: bytes, peer: Peer) -> bytes:
        assert b"\r\nContent-Type: application/x-tar\r\n" in request
        assert (b"\r\nTransfer-Encoding: chunked\r\n" in request) == (not isinstance(content, (bytes, bytearray)))
        got.append(await body_of(request, peer))
        return json_answer(data)

    async with serving(take) as server, Docker(server.path) as docker:
        assert await send(docker, content) == result
        assert [body == WHOLE for body in got] == [True]
        await docker.system.ping()
        assert server.connections == 1


@pytest.mark.anyio
@each
async def test_nothing_is_sent(name: str) -> None:
    """Empty bytes, and no parts, are an empty body."""
    send, data, _ = UPLOADS[name]
    got: list[bytes] = []

    async def take(request: bytes, peer: Peer) -> bytes:
        got.append(await body_of(request, peer))
        return json_answer(data)

    async with serving(take) as server, Docker(server.path) as docker:
        for content in (b"", Source(), Source(b"", b"")):
            await send(docker, content)
        assert got == [b"", b"", b""]


@pytest.mark.anyio
async def test_without_a_context() -> None:
    """A build or an import of something that the Engine fetches itself has no body."""
    seen: list[bytes] = []

    async def take(request: bytes, peer: Peer) -> bytes:
        seen.append(request)
        return json_answer(b"{}\n")

    async with serving(take) as server, Docker(server.path) as docker:
        await docker.images.build(remote="https://e.test/x.git")
        await docker.images.import_("https://e.test/x.tar")
    for request in seen:
        assert b"Content-Length: 0\r\n" in request
        assert b"Transfer-Encoding" not in request
        assert b"e.test" in request.split(b"\r\n")[0]


@pytest.mark.anyio
@each
async def test_over_another_transport(name: str) -> None:
    """Any httpx transport sends the parts as its own body."""
    send, data, result = UPLOADS[name]
    got: list[bytes] = []

    async def take(request: httpx.Request) -> httpx.Response:
        got.append(await request.aread())
        return httpx.Response(200, content=data)

    async with Docker(transport=httpx.MockTransport(take), version="1.51") as docker:
        for content in (WHOLE, Source(*PARTS).generator(), Source(*PARTS)):
            assert await send(docker, content) == result
    assert got == [WHOLE] * 3


@pytest.mark.anyio
@each
@pytest.mark.parametrize("takes", ["nothing", "one part", "fails"])
async def test_parts_are_closed_over_another_transport(name: str, takes: str) -> None:
    """If a transport does not read all parts, for whatever reason, the caller's generator is closed."""

    class Takes(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if takes != "nothing":
                await anext(aiter(request.stream))  # type: ignore[arg-type]
            if takes == "fails":
                raise httpx.ReadError("gone")
            return httpx.Response(404, json={"message": "no"})

    source = Source(b"a", b"b")
    async with Docker(transport=Takes(), version="1.51") as docker:
        with pytest.raises(rawdock.TruncatedError if takes == "fails" else rawdock.NotFound):
            await UPLOADS[name][0](docker, source)
    assert source.started == source.closed == (0 if takes == "nothing" else 1)


@pytest.mark.anyio
@each
async def test_a_generator_that_is_used_up(name: str) -> None:
    """A generator that has ended would upload nothing; it is refused before anything is sent."""

    def answer(request: httpx.Request) -> httpx.Response:
        raise AssertionError(request)

    used = Source(b"a").generator()
    assert [part async for part in used] == [b"a"]
    async with Docker(transport=httpx.MockTransport(answer), version="1.51") as docker:
        with pytest.raises(InvalidArgument, match="has ended already") as caught:
            await UPLOADS[name][0](docker, used)
        assert name.strip("_") in str(caught.value)


# Refused, broken off.


@pytest.mark.anyio
@each
@pytest.mark.parametrize("wrong", ["text", "a" * 100_000, 5, None, [1], {"a": 1}])
async def test_parts_that_are_no_bytes(name: str, wrong: object) -> None:
    """Parts that are not bytes are refused with the operation, the argument and their type; all is closed."""
    send, _, _ = UPLOADS[name]

    async def take(request: bytes, peer: Peer) -> bytes | None:
        with contextlib.suppress(anyio.EndOfStream):
            await body_of(request, peer)
            raise AssertionError("a body with a hole was sent")
        return None

    async with serving(take) as server, Docker(server.path) as docker:
        source = Source(b"a", wrong, b"b")
        with pytest.raises(InvalidArgument) as caught:
            await send(docker, source)
        assert f"expected parts of bytes, got {type(wrong).__name__}" in str(caught.value)
        assert name.strip("_") in str(caught.value)
        assert (source.given, source.closed) == (2, 1)
        assert pool_of(docker).open_connections == len(pool_of(docker)._idle)
        await docker.system.ping()


@pytest.mark.anyio
@each
@pytest.mark.parametrize("wrong", [None, 5, {"a": 1}, [b"a"], (b"a",), iter([b"a"]), object()])
async def test_content_that_is_none(name: str, wrong: object) -> None:
    """Anything but bytes and async iterables is refused before anything is sent."""
    if name == "images.build" and wrong is None:
        return

    def answer(request: httpx.Request) -> httpx.Response:
        raise AssertionError(request)

    async with Docker(transport=httpx.MockTransport(answer), version="1.51") as docker:
        with pytest.raises(InvalidArgument, match="expected bytes or an async iterable of bytes") as caught:
            await UPLOADS[name][0](docker, wrong)
        assert name.strip("_") in str(caught.value)


@pytest.mark.anyio
@each
async def test_an_early_refusal(name: str) -> None:
    """An answer of the Engine during the upload is the error, and the parts are closed."""
    send, _, _ = UPLOADS[name]

    async def refuse(request: bytes, peer: Peer) -> None:
        await peer.send(json_answer(b'{"message":"no such thing"}', b"404 Not Found"))

    async with serving(refuse) as server, Docker(server.path) as docker:
        source = Source(*[b"x" * 100_000] * 500)
        with pytest.raises(rawdock.NotFound, match="no such thing") as caught:
            await send(docker, source)
        assert caught.value.operation == name
        assert source.given < 500
        assert source.closed == 1
        assert pool_of(docker).open_connections == len(pool_of(docker)._idle)
        await docker.system.ping()


@pytest.mark.anyio
@each
async def test_a_lost_connection(name: str) -> None:
    """An Engine that closes during the upload is a TruncatedError, and the parts are closed."""
    send, _, _ = UPLOADS[name]

    async def leave(request: bytes, peer: Peer) -> None:
        await peer._more()

    async with serving(leave) as server, Docker(server.path) as docker:
        source = Source(*[b"x" * 100_000] * 500)
        with pytest.raises(rawdock.TruncatedError) as caught:
            await send(docker, source)
        assert caught.value.operation == name
        assert source.closed == 1
        assert pool_of(docker).open_connections == len(pool_of(docker)._idle)


@pytest.mark.anyio
async def test_nobody_there() -> None:
    """Without a connection no part is read."""
    async with serving(lambda request, peer: checkpoint()) as server:  # type: ignore[arg-type, return-value]
        path = server.path + "-none"
    async with Docker(path, version="1.51") as docker:
        for send, _, _ in UPLOADS.values():
            source = Source(b"a")
            with pytest.raises(rawdock.ConnectError):
                await send(docker, source)
            assert source.started == 0


@pytest.mark.anyio
@each
@pytest.mark.parametrize("error", [KeyError("mine"), RuntimeError("mine"), OSError(5, "mine")])
async def test_parts_that_raise(name: str, error: Exception) -> None:
    """The caller's error is raised unchanged, and the Engine sees a truncated body."""
    send, _, _ = UPLOADS[name]
    whole: list[bytes] = []
    ended = anyio.Event()

    async def take(request: bytes, peer: Peer) -> None:
        with contextlib.suppress(anyio.EndOfStream):
            whole.append(await body_of(request, peer))
        ended.set()

    async with serving(take) as server, Docker(server.path) as docker:
        source = Source(b"a", error)
        with pytest.raises(type(error)) as caught:
            await send(docker, source)
        assert caught.value is error
        assert source.closed == 1
        assert pool_of(docker).open_connections == len(pool_of(docker)._idle)
        with anyio.fail_after(60):
            await ended.wait()
        assert whole == []


@pytest.mark.anyio
@each
@pytest.mark.parametrize("where", ["source", "server", "answer"])
async def test_cancelled(name: str, where: str) -> None:
    """Cancelled waiting for a part, for the Engine to read, or for its answer: parts and connection are closed."""
    send, _, _ = UPLOADS[name]
    reached = anyio.Event()
    closed = 0

    async def parts() -> AsyncIterator[bytes]:
        nonlocal closed
        try:
            yield b"a"
            if where == "source":
                reached.set()
                await anyio.sleep_forever()
            for _ in range(30 if where == "server" else 1):
                yield b"x" * 100_000
        finally:
            closed += 1

    async def take(request: bytes, peer: Peer) -> None:
        if where == "answer":
            await body_of(request, peer)
        if where != "source":
            reached.set()
        await anyio.sleep_forever()

    async with serving(take) as server, Docker(server.path) as docker:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(send, docker, parts())
            await reached.wait()
            tasks.cancel_scope.cancel()
        assert closed == 1
        assert pool_of(docker).open_connections == len(pool_of(docker)._idle)
        await docker.system.ping()


@pytest.mark.anyio
@pytest.mark.parametrize("name", UPLOADS)
@pytest.mark.parametrize("cancelled", [True, False])
async def test_an_answer_that_is_not_read_to_its_end(name: str, cancelled: bool) -> None:
    """Cancelled or truncated inside the answer: the connection is closed."""
    send, _, _ = UPLOADS[name]
    begun = anyio.Event()

    async def take(request: bytes, peer: Peer) -> None:
        await body_of(request, peer)
        await peer.send(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"status":"a"}\n')
        if cancelled:
            begun.set()
            await anyio.sleep_forever()

    async with serving(take) as server, Docker(server.path) as docker:
        if cancelled:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(send, docker, Source(b"a"))
                await begun.wait()
                for _ in range(5):  # until the client has read what has come
                    await checkpoint()
                tasks.cancel_scope.cancel()
        else:
            with pytest.raises(rawdock.TruncatedError):
                await send(docker, Source(b"a"))
        assert pool_of(docker).open_connections == len(pool_of(docker)._idle)


@pytest.mark.anyio
async def test_an_endless_answer() -> None:
    """The limit of whole answers also applies to uploads."""

    async def take(request: bytes, peer: Peer) -> bytes:
        await body_of(request, peer)
        return json_answer(b"x" * 1001)

    limits = rawdock.Limits(answer=1000)
    async with serving(take) as server, Docker(server.path, limits=limits) as docker:
        with pytest.raises(rawdock.DecodeError, match="larger than 1000"):
            await put_archive(docker, Source(b"a"))


@pytest.mark.anyio
async def test_an_image_that_cannot_be_read() -> None:
    """An id of the wrong type ends no build, and is an error of its result."""
    lines = b'{"stream":"a"}\n{"aux":{"ID":5}}\n{"stream":"b"}\n'

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=lines)

    async with Docker(transport=httpx.MockTransport(answer), version="1.51") as docker:
        async with docker.images.build(b"") as stream:
            assert [line.stream async for line in stream] == ["a", "", "b"]
            with pytest.raises(rawdock.DecodeError, match="ID") as caught:
                await stream.result()
        assert caught.value.operation == "images.build"


# Once.


def too_new(version: bytes) -> bytes:
    body = b'{"message":"client version 1.51 is too new. Maximum supported API version is %b"}' % version
    head = b"HTTP/1.1 400 Bad Request\r\nApi-Version: %b\r\nContent-Length: %d\r\n\r\n" % (version, len(body))
    return head + body


@pytest.mark.anyio
@each
@pytest.mark.parametrize("streamed", [True, False])
async def test_an_engine_that_was_swapped(name: str, streamed: bool) -> None:
    """If another Engine answers, bytes are sent again with its version; parts are not, but the next ones are."""
    send, data, result = UPLOADS[name]
    current = b"1.51"
    bodies: list[bytes] = []
    targets: list[bytes] = []

    def engine(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/_ping":
            return httpx.Response(200, headers={"Api-Version": current.decode()})
        targets.append(request.url.raw_path)
        bodies.append(request.content)
        if request.url.path.startswith(f"/v{current.decode()}/"):
            return httpx.Response(200, content=data)
        head = {"Api-Version": current.decode()}
        return httpx.Response(400, headers=head, json={"message": "client version 1.51 is too new."})

    async with Docker(transport=httpx.MockTransport(engine)) as docker:
        await docker.negotiate()
        current = b"1.44"
        source = Source(b"ab", b"c")
        if not streamed:
            assert await send(docker, b"abc") == result
            assert bodies == [b"abc", b"abc"]
            return
        with pytest.raises(rawdock.BadRequest, match="too new"):
            await send(docker, source)
        assert (source.started, source.closed) == (1, 1)
        assert bodies == [b"abc"]
        # The caller does, with new parts, once the client knows better; here by another call.
        await docker.negotiate(again=True)
        assert await send(docker, source) == result
        assert targets[-1].startswith(b"/v1.44/")
        assert source.started == 2


@pytest.mark.anyio
@each
async def test_an_engine_that_refuses_on_the_way(name: str) -> None:
    """The same over a socket: a refusal that comes while parts are sent is not followed by another attempt."""
    send, _, _ = UPLOADS[name]

    async def refuse(request: bytes, peer: Peer) -> None:
        await peer.send(too_new(b"1.41"))

    async with serving(refuse) as server, Docker(server.path) as docker:
        source = Source(*[b"x" * 100_000] * 500)
        with pytest.raises(rawdock.BadRequest, match="too new"):
            await send(docker, source)
        assert (source.started, source.closed) == (1, 1)
        assert [target for target in server.requests if b"_ping" not in target][1:] == []


@pytest.mark.anyio
@each
async def test_a_stale_connection(name: str) -> None:
    """If the Engine has closed the kept connection, the parts are sent once, on a new connection."""
    send, data, result = UPLOADS[name]
    bodies: list[bytes] = []
    gone = anyio.Event()

    async def take(request: bytes, peer: Peer) -> bytes | None:
        if request.startswith(b"GET"):
            await peer.send(json_answer(b'{"Id":"x"}'))
            await peer.stream.aclose()
            gone.set()
            return None
        bodies.append(await body_of(request, peer))
        return json_answer(data)

    async with serving(take) as server, Docker(server.path) as docker:
        await docker.containers.inspect("x")
        await gone.wait()
        source = Source(*PARTS)
        assert await send(docker, source) == result
        assert source.started == 1
        assert bodies == [WHOLE]


# Times, lines, filters.


async def query_of(call: Callable[[Docker], Any]) -> dict[str, list[str]]:
    """The query string that a call sends."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, headers={"Content-Type": "application/vnd.docker.multiplexed-stream"}, content=b"")

    async with Docker(transport=httpx.MockTransport(answer), version="1.51") as docker, call(docker):
        pass
    (request,) = seen
    return parse_qs(urlsplit(request.url.raw_path.decode()).query)


CEST = timezone(timedelta(hours=2))
MOMENTS = [
    (0, "0"),
    (1700000000, "1700000000"),
    (-5, "-5"),
    (1700000000.25, "1700000000.250000000"),
    (-1.5, "-2.500000000"),
    ("1700000000.000000001", "1700000000.000000001"),
    ("2024-01-02T03:04:05.123456789Z", "1704164645.123456789"),
    ("2024-01-02T03:04:05+02:00", "1704157445.000000000"),
    (Timestamp("2024-01-02T03:04:05Z"), "1704164645.000000000"),
    (datetime(1970, 1, 1, tzinfo=UTC), "0.000000000"),
    (datetime(2024, 1, 2, 3, 4, 5, 123456, tzinfo=UTC), "1704164645.123456000"),
    (datetime(2024, 1, 2, 5, 4, 5, 1, tzinfo=CEST), "1704164645.000001000"),
    (datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), "253402300799.999999000"),
]


@pytest.mark.anyio
@pytest.mark.parametrize(("value", "text"), MOMENTS)
async def test_moments(value: Any, text: str) -> None:
    """Times are seconds, timestamps of the Engine, and datetimes in microseconds, in logs and in events."""
    assert (await query_of(lambda docker: docker.containers.logs("x", since=value, until=value)))["since"] == [text]
    query = await query_of(lambda docker: docker.system.events(since=value, until=value))
    assert (query["since"], query["until"]) == ([text], [text])


def test_moments_before_1970() -> None:
    """A negative time is sent so that Go, which adds the fraction to the seconds, reads it right."""
    assert _params.moment("", datetime(1969, 12, 31, 23, 59, 58, 500_000, tzinfo=UTC)) == "-2.500000000"


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("value", "words"),
    [
        (datetime(2024, 1, 2), "needs a time zone"),
        (True, "got bool"),
        (float("nan"), "got float"),
        ("", "is neither a time"),
        ("10m", "is neither a time"),
        (b"1", "got bytes"),
        (timedelta(minutes=1), "got timedelta"),
    ],
)
async def test_wrong_times(value: Any, words: str) -> None:
    """An ambiguous or invalid time is refused with the name of the argument."""
    for call in (
        lambda docker: docker.containers.logs("x", since=value),
        lambda docker: docker.containers.logs("x", until=value),
        lambda docker: docker.system.events(since=value),
        lambda docker: docker.services.logs("x", since=value),
    ):
        with pytest.raises(InvalidArgument, match=words) as caught:
            await query_of(call)
        assert "since: " in str(caught.value) or "until: " in str(caught.value)


@pytest.mark.anyio
@pytest.mark.parametrize(("value", "text"), [(0, ["0"]), (5, ["5"]), ("all", ["all"]), (None, None)])
async def test_tail(value: Any, text: list[str] | None) -> None:
    """`tail` is a number of lines or `all`; by default nothing is sent."""
    assert (await query_of(lambda docker: docker.containers.logs("x", tail=value))).get("tail") == text


@pytest.mark.anyio
@pytest.mark.parametrize("value", [-1, True, False, "5", "few", "", 1.0, b"all"])
async def test_no_tail(value: Any) -> None:
    """A `tail` that Docker would treat as `all` is refused."""
    with pytest.raises(InvalidArgument, match="tail: expected 'all' or a number of lines"):
        await query_of(lambda docker: docker.containers.logs("x", tail=value))


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({}, {}),
        ({"label": "a=b"}, {"label": ["a=b"]}),
        ({"type": ["container", "image"], "dangling": True}, {"type": ["container", "image"], "dangling": ["true"]}),
        ({"exited": 0, "x": [1, False, "é&="]}, {"exited": ["0"], "x": ["1", "false", "é&="]}),
        ({"none": []}, {"none": []}),
    ],
)
async def test_filters(given: Any, sent: dict[str, list[str]]) -> None:
    """Every filter is sent as a list of texts in JSON, in whatever form it was passed."""
    query = await query_of(lambda docker: docker.system.events(filters=given))
    assert json.loads(query["filters"][0]) == sent


@pytest.mark.anyio
@pytest.mark.parametrize(
    "given",
    [
        [("label", "a")],
        "label=a",
        {1: "a"},
        {"": "a"},
        {"a": None},
        {"a": {"b": True}},
        {"a": ("b",)},
        {"a": [["b"]]},
        {"a": 1.5},
    ],
)
async def test_no_filters(given: Any) -> None:
    """Wrong values of filters are refused with the name of the filter."""
    with pytest.raises(InvalidArgument, match=r"^system\.events: filters|system\.events on .*filters"):
        await query_of(lambda docker: docker.system.events(filters=given))


@pytest.mark.anyio
async def test_a_whole_answer_knows_its_request() -> None:
    """A whole answer has its request, also after a streamed body and from a transport that does not set it."""

    async def parts() -> AsyncIterator[bytes]:
        yield b"a"

    async def take(request: bytes, peer: Peer) -> bytes:
        await body_of(request, peer)
        return json_answer(b"{}")

    async with serving(take) as server, Docker(server.path) as docker:
        response = await docker.request("POST", "/new/thing", content=parts())
        assert response.raise_for_status().url.path == "/v1.51/new/thing"
    transport = httpx.MockTransport(lambda request: httpx.Response(200, text="{}"))
    async with Docker(transport=transport, version="1.51") as docker:
        response = await docker.request("POST", "/new/thing", content=parts())
        assert response.raise_for_status().request.method == "POST"
