"""The server of a BuildKit session: calls at the same time, health ahead of data, and every way that it can end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import anyio
import pytest
from anyio.lowlevel import checkpoint
from session_engine import Engine, pipes, session
from session_protobuf import MESSAGES

from rawdock import FileError
from rawdock._build.session.call import Call, Method, Methods, unary
from rawdock._build.session.file_send import FileSend
from rawdock._build.session.grpc import RpcError, Status, framed
from rawdock._build.session.health import health_methods
from rawdock._build.session.server import SessionServer

pytestmark = pytest.mark.anyio

HEALTH = "/grpc.health.v1.Health/Check"
SERVING = MESSAGES["HealthCheckResponse"](status=1).SerializeToString()


async def echo(call: Call) -> None:
    async for message in call:
        await call.send(framed(message))


def method(answer: Callable[[Call], Awaitable[None]]) -> Methods:
    return {"/x/y": Method(answer), **health_methods()}


async def test_health() -> None:
    async with session(health_methods()) as held:
        assert await held.engine.ask(HEALTH, b"") == (SERVING, (0, ""))


async def test_unknown_methods() -> None:
    """Status 12, by which BuildKit knows what a client does not have."""
    async with session(health_methods()) as held:
        answer = await held.engine.ask("/moby.filesync.v1.Auth/FetchToken", b"")
        assert answer == (None, (12, "unknown method /moby.filesync.v1.Auth/FetchToken"))
        assert (await held.engine.ask(HEALTH, b""))[0] == SERVING


async def test_messages_both_ways() -> None:
    """Calls at the same time, large and small messages, and an end."""
    async with session(method(echo)) as held:
        sent = [bytes([number]) * size for number, size in enumerate([0, 1, 100_000, 16_384, 5])]

        async def one() -> None:
            call = await held.engine.call("/x/y")
            for message in sent:
                await call.send(message)
                assert await call.receive() == message
            await call.send(end=True)
            assert await call.receive() is None
            assert await call.status() == (0, "")

        async with anyio.create_task_group() as tasks:
            for _ in range(10):
                tasks.start_soon(one)


async def test_a_write_for_a_message() -> None:
    """A message of many frames is one write."""

    async def large(request: bytes) -> bytes:
        return bytes(200_000)

    async with session({"/x/y": unary(large)}, window=1 << 20) as held:
        held.engine.h2.increment_flow_control_window(1 << 20)
        await held.engine.flush()
        assert (await held.engine.ask(HEALTH, b""))[1][0] == 12
        before = len(held.pipe.writes)
        await held.engine.ask("/x/y", b"")
        assert max(held.pipe.writes[before:]) > 200_000
        assert len(held.pipe.writes) - before <= 3


async def test_errors_of_a_service() -> None:
    """A status of its own is the Engine's to see; an error of this side is kept as well, the first one."""

    async def answer(request: bytes) -> bytes:
        if request == b"status":
            raise RpcError(Status.NOT_FOUND, "no such thing: größe")
        raise FileError(f"{request.decode()} cannot be read", path=request.decode())

    async with session({"/x/y": unary(answer)}) as held:
        assert (await held.engine.ask("/x/y", b"status"))[1] == (5, "no such thing: gr%C3%B6%C3%9Fe")
        assert held.server.failure is None
        assert (await held.engine.ask("/x/y", b"a"))[1] == (2, "a cannot be read")
        assert (await held.engine.ask("/x/y", b"b"))[1] == (2, "b cannot be read")
        assert isinstance(held.server.failure, FileError)
        assert held.server.failure.path == "a"


async def test_a_service_that_is_broken(caplog: pytest.LogCaptureFixture) -> None:
    """The call fails, the error is kept, and the session goes on."""

    async def answer(request: bytes) -> bytes:
        raise ZeroDivisionError("a bug")

    async with session({"/x/y": unary(answer), **health_methods()}) as held:
        assert (await held.engine.ask("/x/y", b""))[1] == (2, "a bug")
        assert isinstance(held.server.failure, ZeroDivisionError)
        assert (await held.engine.ask(HEALTH, b""))[0] == SERVING
    assert "a service of a BuildKit session failed" in caplog.text


async def test_a_request_that_is_none() -> None:
    async with session(health_methods()) as held:
        call = await held.engine.call(HEALTH, end=True)
        assert await call.status() == (3, "a call without a request")
        call = await held.engine.call(HEALTH)
        held.engine.h2.send_data(call.stream, b"\0\0\0", end_stream=True)
        await held.engine.flush()
        assert (await call.status())[0] == 2
        assert "within a message" in call.headers["grpc-message"]


async def test_health_goes_ahead_of_data() -> None:
    """An Engine that takes no more data, for its window is full, still has its health checks answered."""

    async def endless(call: Call) -> None:
        while True:
            await call.send(framed(bytes(100_000)))

    async with session(method(endless)) as held:
        held.engine.gives_window_back = False
        call = await held.engine.call("/x/y")
        await held.engine.until(lambda: call.size >= 60_000)
        for _ in range(5):
            await checkpoint()
        assert call.size < 65_535
        for _ in range(20):
            assert (await held.engine.ask(HEALTH, b""))[0] == SERVING


async def test_a_window_of_zero_for_a_while() -> None:
    """Nothing is sent, nothing is lost, and little is held."""
    made = 0

    async def many(call: Call) -> None:
        nonlocal made
        for _ in range(40):
            await call.send(framed(bytes(100_000)))
            made += 1

    async with session(method(many), window=0) as held:
        held.engine.gives_window_back = False
        call = await held.engine.call("/x/y")
        await held.engine.until(lambda: bool(call.headers))
        for _ in range(50):
            await checkpoint()
        assert (call.size, made) == (0, 0)
        held.engine.gives_window_back = True
        for stream in (None, call.stream):
            held.engine.h2.increment_flow_control_window(50_000, stream)
        await held.engine.flush()
        for _ in range(40):
            assert await call.receive() == bytes(100_000)
        assert await call.status() == (0, "")


async def test_an_engine_that_does_not_read() -> None:
    """What waits to be written is bounded, whatever its windows say."""
    made = 0

    async def many(call: Call) -> None:
        nonlocal made
        while True:
            await call.send(framed(bytes(250_000)))
            made += 1

    async with session(method(many), window=1 << 30, buffer=0) as held:
        held.engine.h2.increment_flow_control_window(1 << 30)
        await held.engine.flush()
        assert (await held.engine.ask(HEALTH, b""))[0] == SERVING
        held.engine.stop_reading()
        for _ in range(10):
            await held.engine.call("/x/y")
        for _ in range(500):
            await checkpoint()
        assert 500_000 < held.server._pending_size < 512 * 1024 + 300_000
        assert made < 10


async def test_an_engine_that_asks_and_does_not_read() -> None:
    """PINGs without end are no longer read when their answers are not."""
    async with session(health_methods(), buffer=0) as held:
        held.engine.stop_reading()
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_cancel_when_stuck, scope, held.engine.pipe.writes)
                for _ in range(100):
                    for _ in range(5_000):
                        held.engine.h2.ping(b"12345678")
                    await held.engine.flush()
        assert scope.cancelled_caught, "all were read"
        assert held.server._pending_size < 3 << 20


async def _cancel_when_stuck(scope: anyio.CancelScope, writes: list[int]) -> None:
    seen = -1
    while len(writes) > seen:
        seen = len(writes)
        for _ in range(1_000):
            await checkpoint()
    scope.cancel()


async def test_received_data_is_bounded() -> None:
    """A service that does not read lets the Engine send no more than a window; others go on."""
    wake = anyio.Event()

    async def slow(call: Call) -> None:
        await wake.wait()
        await call.send(framed(b"%d" % sum([len(message) async for message in call])))

    async with session(method(slow)) as held:
        call = await held.engine.call("/x/y")
        sent = 0
        while size := min(held.engine.h2.local_flow_control_window(call.stream), 10_000):
            held.engine.h2.send_data(call.stream, framed(bytes(size - 5)) if size > 5 else bytes(size))
            sent += size
            await held.engine.flush()
        assert sent == 65_535
        assert (await held.engine.ask(HEALTH, b""))[0] == SERVING
        wake.set()
        await held.engine.until(lambda: held.engine.h2.local_flow_control_window(call.stream) > 0)


async def test_ping() -> None:
    async with session(health_methods()) as held:
        held.engine.h2.ping(b"12345678")
        await held.engine.flush()
        await held.engine.until(lambda: held.engine.pongs == 1)


# Ends.


async def test_the_engine_closes() -> None:
    async with session(method(echo)) as held:
        call = await held.engine.call("/x/y", b"x")
        assert await call.receive() == b"x"
        held.engine.pipe.close()
        await held.ended.wait()
        assert held.reason == "the Engine closed the session"


async def test_goaway() -> None:
    async with session(method(echo)) as held:
        await held.engine.call("/x/y", b"x")
        held.engine.h2.close_connection(11, b"calm down")
        await held.engine.flush()
        await held.ended.wait()
        assert held.reason == "the Engine ended the session with GOAWAY, ENHANCE_YOUR_CALM: calm down"


async def test_bytes_that_are_no_http2() -> None:
    """The Engine is told, and the session ends with a reason."""
    async with session(method(echo)) as held:
        await held.engine.pipe.send(b"\0\0\1\0\0\0\0\0\0x")
        await held.ended.wait()
        assert held.reason is not None
        assert held.reason.startswith("the Engine broke the rules of HTTP/2: ")
        await held.engine.until(lambda: held.engine.goaway is not None)


@pytest.mark.parametrize("how", ["receive", "send"])
async def test_the_connection_breaks(how: str) -> None:
    class Broken:
        async def receive(self) -> bytes:
            if how == "send":
                await anyio.sleep_forever()
            raise ConnectionResetError(104, "Connection reset by peer")

        async def send(self, data: bytes) -> None:
            if how == "receive":
                await anyio.sleep_forever()
            raise BrokenPipeError(32, "Broken pipe")

    with anyio.fail_after(60):
        reason = await SessionServer(health_methods()).serve(Broken())
    assert reason.startswith("the connection of the session broke: ")
    assert ("reset" in reason) is (how == "receive")


async def test_the_loop_stood_still() -> None:
    """Then that is the reason, with its length; a short standstill, and one of long ago, are none."""
    now = 0.0

    async def reason_after(*jumps: float) -> str:
        nonlocal now
        async with session(health_methods(), clock=lambda: now) as held:
            assert (await held.engine.ask(HEALTH, b""))[0] == SERVING
            for jump in jumps:
                now += jump
                held.server._look_at_clock()
            held.engine.pipe.close()
            await held.ended.wait()
            assert held.reason is not None
            return held.reason

    assert "stood still for 41 seconds" in await reason_after(42)
    assert "stood still for 41 seconds" in await reason_after(42, 1, 1)
    assert await reason_after(3) == "the Engine closed the session"
    assert await reason_after(42, *[1.0] * 61) == "the Engine closed the session"


async def test_a_call_that_the_engine_gives_up() -> None:
    """Its service is cancelled, and the session goes on."""
    ends: list[str] = []

    async def waits(call: Call) -> None:
        try:
            await call.send(framed(bytes(1 << 20)))
        except BaseException as error:
            ends.append(type(error).__name__)
            raise

    async with session(method(waits)) as held:
        held.engine.gives_window_back = False
        call = await held.engine.call("/x/y")
        await held.engine.until(lambda: call.size > 0)
        held.engine.h2.reset_stream(call.stream)
        await held.engine.flush()
        assert (await held.engine.ask(HEALTH, b""))[0] == SERVING
        while not ends:
            await checkpoint()
        assert ends[0] in ("CancelledError", "Cancelled")
        assert held.server._calls == {}
        assert held.reason is None


async def test_a_response_that_is_cut_is_reset() -> None:
    """A status behind half a message would look like an end that was meant."""

    async def gives_up(call: Call) -> None:
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(call.send, framed(bytes(1 << 20)))
                await call.receive()
                scope.cancel()
        with pytest.raises(RpcError):
            await call.send(framed(b"more"))

    async with session(method(gives_up)) as held:
        held.engine.gives_window_back = False
        call = await held.engine.call("/x/y")
        await held.engine.until(lambda: call.size > 60_000)
        await call.send(b"stop")
        await held.engine.until(lambda: call.reset)
        assert call.trailers == {}


# Cancellation.


async def one_session(open_calls: list[str]) -> None:
    """A session with calls in all states."""
    ours, theirs = pipes()

    async def sends(call: Call) -> None:
        open_calls.append("begun")
        try:
            await call.send(framed(bytes(1 << 20)))
        finally:
            open_calls.remove("begun")

    async def consumes(parts: AsyncIterator[bytes]) -> None:
        open_calls.append("begun")
        try:
            async for _ in parts:
                pass
        finally:
            open_calls.remove("begun")

    output = FileSend(consumes)
    server = SessionServer({**method(sends), "/echo": Method(echo), **output.methods()})
    engine = Engine(theirs)

    async def both() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(engine.run)
            await engine.start()
            await engine.call("/x/y", b"x")
            sent = await engine.call(
                next(iter(output.methods())), MESSAGES["BytesMessage"](data=b"x" * 1000).SerializeToString()
            )
            assert (await engine.ask("/echo", b"x"))[0] == b"x"
            await sent.send(end=True)
            assert (await sent.status())[0] == 0
            assert (await engine.ask(HEALTH, b""))[0] == SERVING
            tasks.cancel_scope.cancel()

    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(server.serve, ours)
            await both()
            tasks.cancel_scope.cancel()
    finally:
        ours.close()
        theirs.close()


@pytest.mark.parametrize("anyio_backend", ["asyncio", ("asyncio", {"use_uvloop": True}), "trio"])
async def test_cancelled_at_every_checkpoint(anyio_backend: object) -> None:
    """No call outlives the session, whenever it is cancelled."""
    n = 0
    while True:
        open_calls: list[str] = []
        with anyio.fail_after(60):
            done = False
            async with anyio.create_task_group() as tasks:

                async def run(open_calls: list[str] = open_calls) -> None:
                    nonlocal done
                    await one_session(open_calls)
                    done = True

                tasks.start_soon(run)
                for _ in range(n):
                    await checkpoint()
                    if done:
                        break
                tasks.cancel_scope.cancel()
        assert open_calls == []
        if done:
            break
        n += 1
    assert n > 20


@pytest.mark.parametrize("anyio_backend", ["asyncio", ("asyncio", {"use_uvloop": True})])
async def test_a_task_cancelled_at_every_turn(anyio_backend: object) -> None:
    """The same by asyncio's own `Task.cancel`."""
    n = 0
    while True:
        open_calls: list[str] = []
        task = asyncio.create_task(one_session(open_calls))
        for _ in range(n):
            await asyncio.sleep(0)
            if task.done():
                break
        task.cancel()
        await asyncio.wait([task], timeout=60)
        assert task.done()
        assert open_calls == []
        if not task.cancelled():
            await task
            break
        n += 1
    assert n > 20


@pytest.mark.parametrize("cut", range(1, 40))
async def test_cut_after_every_read(cut: int) -> None:
    """An Engine that dies after any number of bytes: the session ends, says why, and has answered what it could."""
    async with session(method(echo)) as held:
        receive = held.pipe.receive
        left = cut * 10

        async def cutting() -> bytes:
            nonlocal left
            if left <= 0:
                return b""
            data = await receive()
            data, left = data[:left], left - len(data)
            return data

        held.pipe.receive = cutting  # type: ignore[method-assign]
        await held.engine.call("/x/y", b"x" * 50)
        await held.engine.call(HEALTH, b"", end=True)
        await held.engine.call("/x/y", b"x" * 50)
        held.engine.h2.ping(b"12345678")
        await held.engine.flush()
        with anyio.move_on_after(0.01):
            await held.ended.wait()
        if held.reason is None:
            held.engine.pipe.close()
            await held.ended.wait()
        assert held.reason == "the Engine closed the session"
        assert held.server._calls == {}
