"""Answers that begin before the upload has ended: a success is read while the body goes out, a refusal ends it.

Docker 29 answers a BuildKit build so: with the head of the request sent and not one byte of its body, `200 OK` and the
first line come within a second, and the body is read afterwards.
"""

from __future__ import annotations

import asyncio
import select
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scripted import LAST_RESORT, Exchange, scripted

import rawdock
from rawdock import Docker
from rawdock._transport.transport import EngineTransport, connect_over_streams
from rawdock._transport.upload import LARGE

pytestmark = pytest.mark.anyio

LINE = b'{"stream":"one"}\n'
PARTS = [bytes([65 + n]) * 100_000 for n in range(6)]


@pytest.fixture(params=["asyncio", "uvloop", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> object:
    return ("asyncio", {"use_uvloop": True}) if request.param == "uvloop" else request.param


@pytest.fixture
def loop_name(anyio_backend: object) -> str:
    return anyio_backend if isinstance(anyio_backend, str) else "uvloop"


class Body:
    """Parts of an upload that count how many were read, and whether they were closed."""

    def __init__(self, parts: list[Any]) -> None:
        self.parts = parts
        self.given = 0
        self.closed = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            for part in self.parts:
                self.given += 1
                if isinstance(part, BaseException):
                    raise part
                if callable(part):
                    part = await part()
                yield part
                await checkpoint()
        finally:
            self.closed += 1


BODIES: dict[str, Callable[[], Any]] = {
    "small": lambda: b"a" * 100,
    "one piece": lambda: b"".join(PARTS),
    "many parts": lambda: Body(PARTS),
    "small parts": lambda: Body([b"a" * 100] * 60),
}
each_body = pytest.mark.parametrize("body", BODIES)


def size_of(body: Any) -> int:
    return len(body) if isinstance(body, bytes) else sum(map(len, body.parts))


async def request(docker: Docker, body: Any) -> object:
    return (await docker.request("POST", "/x", content=body)).content


async def build(docker: Docker, body: Any) -> object:
    return (await docker.images.build(body)).id


async def load(docker: Docker, body: Any) -> object:
    return (await docker.images.load(body)).images


async def import_(docker: Docker, body: Any) -> object:
    return (await docker.images.import_(body)).id


async def put_archive(docker: Docker, body: Any) -> object:
    return await docker.containers.put_archive("x", body, path="/")


async def plugin(docker: Docker, body: Any) -> object:
    return await docker.plugins.create(body, name="p")


# What each operation makes of an answer with LINE in it.
OPERATIONS: dict[str, tuple[Callable[[Docker, Any], Awaitable[object]], object]] = {
    "request": (request, LINE + LINE),
    "images.build": (build, ""),
    "images.load": (load, ()),
    "images.import_": (import_, ""),
    "containers.put_archive": (put_archive, None),
    "plugins.create": (plugin, None),
}
each_operation = pytest.mark.parametrize("operation", OPERATIONS)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def stream(exchange: Exchange) -> None:
    """Begin the answer, read the body, end the answer."""
    exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(LINE))
    exchange.read()
    exchange.send(chunk(LINE) + b"0\r\n\r\n")


def whole(exchange: Exchange) -> None:
    """Send the whole answer, then read the body."""
    exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (2 * len(LINE)) + LINE + LINE)
    exchange.read()


def no_content(exchange: Exchange) -> None:
    exchange.send(b"HTTP/1.1 204 No Content\r\n\r\n")
    exchange.read()


SUCCESSES = {"stream": stream, "whole": whole, "204": no_content}


def pool_of(docker: Docker) -> Any:
    return docker._transport.pool  # type: ignore[attr-defined]


async def nothing_left(docker: Docker, body: Any) -> None:
    """Check that the caller's parts are closed, all connections are idle, and the client works."""
    assert pool_of(docker).open_connections == len(pool_of(docker)._idle)
    if isinstance(body, Body):
        assert body.closed == (1 if body.given else 0)
    with anyio.fail_after(60):
        await docker.system.ping()


# Successes.


@each_operation
@each_body
@pytest.mark.parametrize("answer", SUCCESSES)
@pytest.mark.parametrize("at", [0, 1, 250_000, 1 << 62])
async def test_a_success(operation: str, body: str, answer: str, at: int) -> None:
    """An answer before the body, between parts or after it: the whole body arrives, and the connection is kept."""
    call, expected = OPERATIONS[operation]
    content = BODIES[body]()

    def script(exchange: Exchange) -> None:
        exchange.read(at)
        SUCCESSES[answer](exchange)

    with scripted(script) as server:
        async with Docker(server.address) as docker:
            with anyio.fail_after(60):
                result = await call(docker, content)
            assert result == (b"" if operation == "request" and answer == "204" else expected)
            await nothing_left(docker, content)
            assert server.connections == 1
        (exchange,) = server.exchanges
        assert exchange.ended
        assert exchange.size == size_of(content)


@each_body
async def test_over_any_byte_stream(body: str) -> None:
    """A connection over a byte stream sends and reads at the same time too."""
    content = BODIES[body]()
    with scripted(stream) as server:

        async def connect() -> Any:
            return await anyio.connect_unix(server.address.removeprefix("unix://"))

        async with Docker(transport=EngineTransport(connect_over_streams(connect))) as docker:
            with anyio.fail_after(60):
                assert await request(docker, content) == LINE + LINE
            await nothing_left(docker, content)
        assert server.exchanges[0].size == size_of(content)


async def test_an_httpx_client_over_the_same_transport() -> None:
    """`docker.http` reads an early success during the upload too."""
    content = Body(PARTS)
    with scripted(stream) as server:
        async with Docker(server.address) as docker:
            with anyio.fail_after(60):
                response = await docker.http.post("/x", content=content.__aiter__())
            assert response.content == LINE + LINE
            await nothing_left(docker, content)
        assert server.exchanges[0].ended


async def test_items_come_while_the_body_waits() -> None:
    """A part may depend on a line of the answer: sending and reading do not wait for each other."""
    read = anyio.Event()

    async def last_part() -> bytes:
        await read.wait()
        return b"c" * 100_000

    content = Body([b"a" * 100_000, last_part])
    with scripted(stream) as server:
        async with Docker(server.address) as docker:
            with anyio.fail_after(60):
                async with docker.images.build(content) as lines:
                    assert (await anext(lines)).stream == "one"
                    assert not server.exchanges[0].ended
                    read.set()
                    assert [line.stream async for line in lines] == ["one"]
            await nothing_left(docker, content)
        assert server.exchanges[0].size == 200_000


async def test_informational_answers_are_no_answer() -> None:
    """Informational answers before the body and inside it neither end the upload nor reach the caller."""
    content = Body(PARTS)

    def script(exchange: Exchange) -> None:
        for _ in range(3):
            exchange.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            exchange.read(exchange.size + 150_000)
        exchange.read()
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with scripted(script) as server:
        async with Docker(server.address) as docker:
            with anyio.fail_after(60):
                assert await request(docker, content) == b"ok"
            await nothing_left(docker, content)


@pytest.mark.parametrize("body", ["one piece", "many parts"])
async def test_much_is_written_while_little_is_read(body: str) -> None:
    """An Engine that writes 32 MiB before it reads a byte causes no deadlock."""
    content = BODIES[body]()
    block = chunk(b"x" * (1 << 20))

    def script(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(32):
            exchange.send(block)
        exchange.read()
        exchange.send(b"0\r\n\r\n")

    with scripted(script) as server:
        async with Docker(server.address) as docker:
            with anyio.fail_after(60):
                assert len(await request(docker, content)) == 32 << 20  # type: ignore[arg-type]
            await nothing_left(docker, content)
        assert server.exchanges[0].size == size_of(content)


async def test_nothing_piles_up_while_the_caller_does_not_read() -> None:
    """If the caller does not read the open answer, neither the answer nor the body is read into memory."""
    content = Body([b"x" * 100_000] * 200)
    written = 0
    enough = threading.Event()

    def script(exchange: Exchange) -> None:
        nonlocal written
        exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        exchange.sock.settimeout(0.5)  # it will block: that is what is tested
        try:
            for _ in range(200):
                exchange.sock.sendall(chunk(b'{"stream":"%b"}\n' % (b"y" * 100_000)))
                written += 100_000
        except TimeoutError:
            pass
        enough.set()
        reads_nothing(exchange)

    with scripted(script) as server:
        async with Docker(server.address) as docker:
            async with docker.images.build(content):
                await anyio.to_thread.run_sync(enough.wait)
                assert written < 3_000_000  # the socket's buffer, and what is read ahead
                assert content.given < 10
            await nothing_left(docker, content)


async def test_a_gibibyte(anyio_backend_name: str) -> None:
    """1 GiB after an early success: parts are read as the Engine reads, and never far ahead of it."""
    part = bytes(1 << 20)
    ahead = 0

    async def parts() -> AsyncIterator[bytes]:
        nonlocal ahead
        for number in range(1024):
            ahead = max(ahead, (number << 20) - (server.exchanges[0].size if server.exchanges else 0))
            yield part

    def script(exchange: Exchange) -> None:
        exchange.keep = False
        stream(exchange)

    with scripted(script) as server:
        async with Docker(server.address) as docker:
            assert await request(docker, parts()) == LINE + LINE
        assert server.exchanges[0].size == 1 << 30
        assert ahead < 8 << 20


# Refusals.


def refusal(status: bytes) -> bytes:
    body = b'{"message":"no such thing"}'
    return b"HTTP/1.1 %b\r\nApi-Version: 1.51\r\nContent-Length: %d\r\n\r\n" % (status, len(body)) + body


def closes(exchange: Exchange) -> None:
    """Close with the rest of the body unread, which resets the connection."""


def reads_on(exchange: Exchange) -> None:
    exchange.read()


def reads_nothing(exchange: Exchange) -> None:
    """Neither read nor close until the client does."""
    poll = select.poll()
    poll.register(exchange.sock, select.POLLRDHUP)
    poll.poll(LAST_RESORT * 1000)


AFTERWARDS = {"closes": closes, "reads on": reads_on, "reads nothing": reads_nothing}


@each_operation
@each_body
@pytest.mark.parametrize("afterwards", AFTERWARDS)
@pytest.mark.parametrize("kept", [False, True], ids=["fresh", "kept"])
async def test_a_refusal(operation: str, body: str, afterwards: str, kept: bool) -> None:
    """The Engine's answer is the error, on a new connection and on a reused one."""
    call, _ = OPERATIONS[operation]
    content = BODIES[body]()
    large = size_of(content) > LARGE
    at = 150_000 if large else 0

    def script(exchange: Exchange) -> None:
        exchange.read(at)
        exchange.send(refusal(b"400 Bad Request"))
        # A body that has gone out whole leaves a connection that serves on, so its server has to.
        (AFTERWARDS[afterwards] if large else reads_on)(exchange)

    with scripted(script) as server:
        async with Docker(server.address) as docker:
            if kept:
                await docker.system.ping()
            else:
                docker._use_version((1, 51))
            with anyio.fail_after(60), pytest.raises(rawdock.BadRequest, match="no such thing"):
                await call(docker, content)
            await nothing_left(docker, content)
        assert len(server.exchanges) == 1


@pytest.mark.parametrize("status", [b"301 Moved Permanently", b"404 Not Found", b"500 Internal Server Error"])
@pytest.mark.parametrize("at", [0, 100_000, 350_000, 1 << 62])
async def test_every_status_but_a_success_ends_the_upload(status: bytes, at: int) -> None:
    """The same between any two parts; the connection is reused only if the whole body was sent."""
    content = Body([*PARTS, anyio.sleep_forever] if at < 1 << 62 else PARTS)

    def script(exchange: Exchange) -> None:
        exchange.read(at)
        exchange.send(refusal(status))
        exchange.read()

    with scripted(script) as server:
        async with Docker(server.address) as docker:
            with anyio.fail_after(60), pytest.raises(rawdock.StatusError, match="no such thing") as caught:
                await request(docker, content)
            assert caught.value.status == int(status[:3])
            await nothing_left(docker, content)
            assert server.connections == (1 if at == 1 << 62 else 2)


@pytest.mark.parametrize("body", ["one piece", "many parts"])
async def test_a_refusal_over_tcp(body: str) -> None:
    """What came before the connection was reset is read."""

    def script(exchange: Exchange) -> None:
        exchange.send(refusal(b"400 Bad Request"))
        exchange.read(1)

    with scripted(script, tcp=True) as server:
        async with Docker(server.address, version="1.51") as docker:
            for _ in range(20):
                content = BODIES[body]()
                with anyio.fail_after(60), pytest.raises(rawdock.BadRequest, match="no such thing"):
                    await request(docker, content)
                await nothing_left(docker, content)


# A success that came complete, and others that did not.


@pytest.mark.parametrize("body", ["one piece", "many parts"])
@pytest.mark.parametrize("answer", ["whole", "204"])
async def test_a_complete_success_wins_over_a_broken_pipe(body: str, answer: str) -> None:
    """Podman closes after the end of an archive, whatever follows: the rest is not sent, and there is no error."""
    content = BODIES[body]()

    def script(exchange: Exchange) -> None:
        exchange.read(100_000)
        head = b"204 No Content\r\n\r\n" if answer == "204" else b"200 OK\r\nContent-Length: 2\r\n\r\nok"
        exchange.send(b"HTTP/1.1 " + head)

    with scripted(script) as server:
        async with Docker(server.address) as docker:
            with anyio.fail_after(60):
                assert await request(docker, content) == (b"" if answer == "204" else b"ok")
            await nothing_left(docker, content)
            assert server.connections == 2  # the ping behind it needs another
        assert not server.exchanges[0].ended


@each_body
@pytest.mark.parametrize(
    "sent", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + LINE]
)
async def test_an_answer_that_is_cut_short(body: str, sent: bytes) -> None:
    content = BODIES[body]()

    def script(exchange: Exchange) -> None:
        exchange.send(sent)

    with scripted(script) as server:
        async with Docker(server.address) as docker:
            with anyio.fail_after(60), pytest.raises(rawdock.TruncatedError):
                await build(docker, content)
            await nothing_left(docker, content)
        assert len(server.exchanges) == 1


@pytest.mark.parametrize("answer", ["stream", "whole", "nothing"])
@pytest.mark.parametrize("error", [KeyError("mine"), rawdock.NotFound("mine", status=404), "text"])
async def test_parts_that_fail(answer: str, error: Any) -> None:
    """The caller's error is raised unchanged, before the answer and inside it; the Engine sees a truncated body."""
    content = Body([*PARTS[:3], error, *PARTS])

    def script(exchange: Exchange) -> None:
        if answer != "nothing":
            SUCCESSES[answer](exchange)
        exchange.read()

    with scripted(script) as server:
        async with Docker(server.address) as docker:
            kind = rawdock.InvalidArgument if error == "text" else type(error)
            with anyio.fail_after(60), pytest.raises(kind) as caught:
                await build(docker, content)
            if error == "text":
                assert caught.value.operation == "images.build"  # type: ignore[attr-defined]
            else:
                assert caught.value is error
            await nothing_left(docker, content)
    # Only now: it may have failed before the server had so much as read the head.
    assert not any(exchange.ended or exchange.size > 300_000 for exchange in server.exchanges)


async def test_parts_that_fail_while_lines_are_read() -> None:
    """The lines before it are returned, and every later read raises it again."""
    fail = anyio.Event()
    error = OSError(5, "mine")

    async def failing() -> bytes:
        await fail.wait()
        raise error

    content = Body([b"a", failing])
    with scripted(stream) as server:
        async with Docker(server.address) as docker:
            async with docker.images.build(content) as lines:
                assert (await anext(lines)).stream == "one"
                fail.set()
                for _ in range(2):
                    with anyio.fail_after(60), pytest.raises(OSError, match="mine") as caught:
                        await anext(lines)
                    assert caught.value is error
            await nothing_left(docker, content)


# Leaving and cancelling.


@pytest.mark.parametrize("waits", ["for a part", "for the engine"])
async def test_leaving_ends_the_upload(waits: str) -> None:
    content = Body([*PARTS * 10] if waits == "for the engine" else [b"a", anyio.sleep_forever])

    def script(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(LINE))
        reads_nothing(exchange)

    with scripted(script) as server:
        async with Docker(server.address) as docker:
            with anyio.fail_after(60):
                async with docker.images.build(content) as lines:
                    await anext(lines)
            assert content.given < 60
            await nothing_left(docker, content)


async def test_parts_that_end_slowly_are_waited_for() -> None:
    """The caller's generator is closed completely when the call returns, also if that is cancelled."""
    cleaned = False

    async def parts() -> AsyncIterator[bytes]:
        nonlocal cleaned
        try:
            yield b"a"
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                for _ in range(20):
                    await checkpoint()
                cleaned = True

    def script(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(LINE))
        exchange.read()

    with scripted(script) as server:
        async with Docker(server.address) as docker:
            with anyio.CancelScope() as scope:
                async with docker.images.build(parts()) as lines:
                    await anext(lines)
                    scope.cancel()
                    await checkpoint()
            assert cleaned
            await nothing_left(docker, None)


@pytest.mark.parametrize("natively", [False, True], ids=["scope", "task"])
async def test_a_cancelled_read_goes_on_later(natively: bool, loop_name: str) -> None:
    """A cancelled read loses nothing of the answer or of the body."""
    if natively and loop_name == "trio":
        pytest.skip("trio has no Task.cancel")
    release = threading.Event()
    go_on = anyio.Event()

    async def last_part() -> bytes:
        await go_on.wait()
        return PARTS[0]

    def script(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(LINE))
        exchange.read(200_000)
        release.wait()
        exchange.read()
        exchange.send(chunk(LINE) + b"0\r\n\r\n")

    content = Body([*PARTS, last_part])
    with scripted(script) as server:
        async with Docker(server.address) as docker, docker.images.build(content) as lines:
            with anyio.fail_after(60):
                await anext(lines)
                for _ in range(3):
                    if natively:
                        task = asyncio.ensure_future(anext(lines))
                        for _ in range(3):
                            await asyncio.sleep(0)
                        task.cancel()
                        with pytest.raises(asyncio.CancelledError):
                            await task
                    else:
                        with anyio.CancelScope() as scope:
                            async with anyio.create_task_group() as tasks:
                                tasks.start_soon(anext, lines)
                                for _ in range(3):
                                    await checkpoint()
                                scope.cancel()
                release.set()
                go_on.set()
                assert [line.stream async for line in lines] == ["one"]
        assert server.exchanges[0].ended
        assert server.exchanges[0].size == 700_000


@each_body
@pytest.mark.parametrize("early", [False, True], ids=["silence", "early"])
@pytest.mark.parametrize("natively", [False, True], ids=["scope", "task"])
async def test_cancelled_at_every_turn(body: str, early: bool, natively: bool, loop_name: str) -> None:
    """Cancelled at any point: parts are closed, no connection and no task is left, and the client works."""
    if natively and loop_name == "trio":
        pytest.skip("trio has no Task.cancel")

    def script(exchange: Exchange) -> None:
        if early:
            exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(LINE))
        exchange.read()
        exchange.wait_until_closed()

    with scripted(script) as server:
        async with Docker(server.address) as docker:
            await docker.system.ping()
            for turns in range(25):
                content = BODIES[body]()
                if natively:
                    tasks_before = asyncio.all_tasks()
                    task = asyncio.ensure_future(build(docker, content))
                    for _ in range(turns):
                        await asyncio.sleep(0)
                    task.cancel()
                    with pytest.raises(asyncio.CancelledError):
                        await task
                    assert asyncio.all_tasks() == tasks_before
                else:
                    async with anyio.create_task_group() as tasks:
                        tasks.start_soon(build, docker, content)
                        for _ in range(turns):
                            await checkpoint()
                        tasks.cancel_scope.cancel()
                await nothing_left(docker, content)


@pytest.mark.filterwarnings("ignore:a stream of images.build was thrown away:ResourceWarning")
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_program_that_ends_in_the_middle() -> None:
    """`asyncio.run` cancels every task at its end; the task of an upload then logs no error."""
    closed: list[str] = []

    def script(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(LINE))
        exchange.read()

    async def parts() -> AsyncIterator[bytes]:
        try:
            yield b"a"
            await anyio.sleep_forever()
        finally:
            closed.append("parts")

    async def main() -> Docker:
        docker = Docker(server.address)
        lines = await docker.images.build(parts()).__aenter__()
        await anext(lines)
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
        return docker

    complaints: list[Any] = []
    with scripted(script) as server:
        docker = await anyio.to_thread.run_sync(lambda: asyncio.run(main()))
        for connection in pool_of(docker)._open:
            connection.close()
    assert closed == ["parts"]
    assert complaints == []


# Any order.


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
@pytest.mark.parametrize("chunked", [False, True], ids=["one piece", "parts"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sizes=st.lists(st.integers(0, 150_000), min_size=1, max_size=8),
    steps=st.lists(st.tuples(st.sampled_from(["read", "send", "continue"]), st.integers(1, 200_000)), max_size=12),
)
async def test_any_order(chunked: bool, sizes: list[int], steps: list[tuple[str, int]]) -> None:
    """However reading the body and writing the answer alternate, both arrive complete, and the connection is reused."""
    expected = sum(number for what, number in steps if what == "send")

    def script(exchange: Exchange) -> None:
        began = False
        for what, number in steps:
            if what == "read":
                exchange.read(exchange.size + number)
            elif what == "continue":
                if not began:
                    exchange.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            else:
                if not began:
                    exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                    began = True
                exchange.send(chunk(b"x" * number))
        exchange.read()
        exchange.send(b"0\r\n\r\n" if began else b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    parts = [b"p" * size for size in sizes]
    content: Any = Body(parts) if chunked else b"".join(parts)
    with scripted(script) as server:
        async with Docker(server.address) as docker:
            with anyio.fail_after(60):
                assert len(await request(docker, content)) == expected  # type: ignore[arg-type]
            await nothing_left(docker, content)
            assert server.connections == 1
        assert server.exchanges[0].body == b"".join(parts)
