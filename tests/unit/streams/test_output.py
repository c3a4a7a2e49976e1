"""Attach, exec and logs: frames, both directions at once, every kind of end, and nothing left open."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from anyio.lowlevel import checkpoint
from faultserver import Peer, Server, json_answer, serving

import rawdock
from rawdock import ClosedError, Docker, InvalidArgument
from rawdock.models import ExecStartConfig
from rawdock.streams import Opens, ProcessStream

pytestmark = [pytest.mark.anyio, pytest.mark.held_clock]

MULTIPLEXED = b"application/vnd.docker.multiplexed-stream"
RAW = b"application/vnd.docker.raw-stream"
PLAIN_OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n"
INSPECT = b"GET /v1.51/containers/x/json"

Open = Callable[[Docker], Opens[ProcessStream]]


def frame(kind: int, data: bytes) -> bytes:
    return bytes((kind, 0, 0, 0)) + len(data).to_bytes(4) + data


def upgrade(kind: bytes = MULTIPLEXED) -> bytes:
    header = b"Content-Type: %b\r\n" % kind if kind else b""
    return b"HTTP/1.1 101 UPGRADED\r\n%bConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n" % header


def chunked(body: bytes, kind: bytes = MULTIPLEXED) -> bytes:
    header = b"Content-Type: %b\r\n" % kind if kind else b""
    return b"HTTP/1.1 200 OK\r\n%bTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (header, len(body), body)


def inspected(tty: bool) -> bytes:
    return json_answer(b'{"Id":"x","Config":{"Tty":%b}}' % (b"true" if tty else b"false"))


def attach(docker: Docker) -> Opens[ProcessStream]:
    return docker.containers.attach("x", stdin=True)


def exec_(docker: Docker) -> Opens[ProcessStream]:
    return docker.exec.start("x")


both = pytest.mark.parametrize("opened", [attach, exec_])


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def pool_of(docker: Docker) -> Any:
    return docker._transport.pool  # type: ignore[attr-defined]


def none_left(docker: Docker) -> bool:
    """Whether all open connections are idle."""
    pool = pool_of(docker)
    return bool(pool.open_connections == len(pool._idle))


@asynccontextmanager
async def engine(*data: bytes, tty: bool | bytes = False, stay: bool = False) -> AsyncIterator[tuple[Server, Docker]]:
    """Sends each of `data`, in a packet of its own, to whatever opens a stream; then closes, unless it is to `stay`."""

    async def answer(request: bytes, peer: Peer) -> bytes | None:
        if b"/x/json" in request:
            await peer.send(tty if isinstance(tty, bytes) else inspected(tty))
            return None
        for part in data:
            await peer.send(part)
            await anyio.sleep(0.001)
        if stay:
            await peer._more()
        return None

    async with serving(answer) as server, Docker(server.path) as docker:
        yield server, docker
        assert none_left(docker)


# Both directions.


@both
@pytest.mark.parametrize("head", [upgrade(), upgrade(RAW), PLAIN_OK], ids=["101", "101 raw", "200"])
async def test_both_ways_at_once(opened: Open, head: bytes) -> None:
    """The first bytes are not lost, a megabyte goes each way at once, and after `send_eof` receiving goes on."""
    data = bytes(range(256)) * 4096

    async def echo(request: bytes, peer: Peer) -> bytes | None:
        if b"/x/json" in request:
            return inspected(False)
        assert b"\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n" in request
        await peer.send(head + frame(1, b"hello ") + frame(2, b"wor")[:5])
        await peer.send(frame(2, b"wor")[5:])
        try:
            while True:
                await peer.send(frame(1, await peer.stream.receive()))
        except anyio.EndOfStream:
            await peer.send(frame(2, b"bye"))
        return None

    async with serving(echo) as server, Docker(server.path) as docker:
        async with opened(docker) as process:

            async def write() -> None:
                for start in range(0, len(data), 100_000):
                    await process.send(data[start : start + 100_000])
                await process.send_eof()

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(write)
                items = [item async for item in process]
            assert not process.tty
        assert b"".join(item.data for item in items if item.stream == "stdout") == b"hello " + data
        assert b"".join(item.data for item in items if item.stream == "stderr") == b"worbye"
        assert none_left(docker)


async def test_a_terminal_both_ways() -> None:
    """The same for a process with a terminal: all output is stdout, and nothing of it is read as a header."""

    async def shell(request: bytes, peer: Peer) -> None:
        assert request.endswith(b'{"Tty":true}')
        await peer.send(upgrade(RAW) + b"/ # ")
        line = await peer.stream.receive()
        await peer.send(line + b"\1\0\0\0\0\0\0\1")

    async with serving(shell) as server, Docker(server.path) as docker:
        async with docker.exec.start("x", ExecStartConfig(tty=True)) as process:
            assert await anext(process) == ("stdout", b"/ # ")
            await process.send(b"ls\r")
            assert b"".join([item.data async for item in process]) == b"ls\r\1\0\0\0\0\0\0\1"
            assert process.tty
        assert server.requests == [b"GET /_ping", b"POST /v1.51/exec/x/start"]


async def test_two_senders() -> None:
    """What two tasks send at the same time arrives one after the other, and the end of sending after both."""
    got = b""

    async def reading(request: bytes, peer: Peer) -> None:
        nonlocal got
        await peer.send(upgrade())
        while await peer._more():
            pass
        got = peer._buffer

    async with serving(reading) as server, Docker(server.path) as docker, exec_(docker) as process:
        with anyio.fail_after(60):
            async with anyio.create_task_group() as tasks:
                for letter in (b"a", b"b"):
                    tasks.start_soon(process.send, letter * 1_000_000)
                for _ in range(5):
                    await checkpoint()
                await process.send_eof()
            assert [item async for item in process] == []
    assert sorted([got[:1_000_000], got[1_000_000:]]) == [b"a" * 1_000_000, b"b" * 1_000_000]


@both
async def test_sending_to_a_process_that_has_ended(opened: Open) -> None:
    """Sending raises an error of the operation, and what the process has written can still be read."""
    gone = anyio.Event()

    async def ending(request: bytes, peer: Peer) -> bytes | None:
        if b"/x/json" in request:
            return inspected(False)
        await peer.send(upgrade() + frame(1, b"out") + frame(2, b"err"))
        await peer.stream.aclose()
        gone.set()
        return None

    async with serving(ending) as server, Docker(server.path) as docker, opened(docker) as process:
        await gone.wait()
        with pytest.raises(rawdock.TruncatedError) as caught:
            await process.send(b"in")
        assert caught.value.operation in ("containers.attach", "exec.start")
        await process.send_eof()
        assert [item async for item in process] == [("stdout", b"out"), ("stderr", b"err")]


async def test_a_process_that_ends_with_unread_input() -> None:
    """An Engine that closes with unread input resets a Unix socket; after whole frames that is a regular end."""
    sent = anyio.Event()

    async def ending(request: bytes, peer: Peer) -> None:
        await peer.send(upgrade() + frame(1, b"out"))
        await sent.wait()

    async with serving(ending) as server, Docker(server.path) as docker, exec_(docker) as process:
        await process.send(b"unread")
        sent.set()
        assert [item async for item in process] == [("stdout", b"out")]


async def test_only_bytes_are_sent() -> None:
    """Text and numbers are refused; all types that hold bytes are sent."""
    got = b""

    async def reading(request: bytes, peer: Peer) -> None:
        nonlocal got
        await peer.send(upgrade())
        while await peer._more():
            pass
        got = peer._buffer

    async with serving(reading) as server, Docker(server.path) as docker, exec_(docker) as process:
        for wrong in ("text", 5, None, [1]):
            with pytest.raises(rawdock.InvalidArgument, match="expected bytes to send"):
                await process.send(wrong)  # type: ignore[arg-type]
        await process.send(bytearray(b"a"))
        await process.send(memoryview(b"bcd")[1:])
        await process.send(memoryview(b"efgh" * 200_000).cast("H"))
        await process.send(b"")
        await process.send_eof()
        assert [item async for item in process] == []
    assert got == b"acd" + b"efgh" * 200_000


# Framed or not.


@pytest.mark.parametrize("call", ["attach", "logs"])
@pytest.mark.parametrize(
    ("kind", "tty", "asked"),
    [
        (MULTIPLEXED, True, 0),
        (MULTIPLEXED + b"; charset=x", True, 0),
        (RAW, True, 1),
        (RAW, False, 1),
        (b"application/octet-stream", False, 1),
        (b"", True, 1),
        (b"", False, 1),
    ],
)
async def test_frames_are_detected(call: str, kind: bytes, tty: bool, asked: int) -> None:
    """Only a content type of frames is trusted; otherwise the container is inspected, once."""
    body = frame(1, b"a") + frame(2, b"b")
    data = upgrade(kind) + body if call == "attach" else chunked(body, kind)
    async with engine(data, tty=tty) as (server, docker), getattr(docker.containers, call)("x") as output:
        items = [item async for item in output]
        if asked and tty:
            assert {item.stream for item in items} == {"stdout"}
            assert b"".join(item.data for item in items) == body
        else:
            assert items == [("stdout", b"a"), ("stderr", b"b")]
        assert output.tty == bool(asked and tty)
        assert server.requests.count(INSPECT) == asked
        assert len(server.requests) == 2 + asked


@pytest.mark.parametrize(
    ("kind", "config", "tty"),
    [
        (RAW, None, False),
        (RAW, ExecStartConfig(), False),
        (RAW, ExecStartConfig(tty=True), True),
        (MULTIPLEXED, ExecStartConfig(tty=True), False),
    ],
)
async def test_frames_of_an_exec_are_detected(kind: bytes, config: ExecStartConfig | None, tty: bool) -> None:
    """The Engine is not asked about an exec: its configuration is known, and a content type of frames is trusted."""
    data = frame(1, b"a")
    async with engine(upgrade(kind) + data) as (server, docker), docker.exec.start("x", config) as process:
        assert [item async for item in process] == [("stdout", data if tty else b"a")]
        assert process.tty is tty
        assert server.requests == [b"GET /_ping", b"POST /v1.51/exec/x/start"]


LIBPOD = b"HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nLibpod-Api-Version: 5.4.2\r\nContent-Length: 2\r\n\r\nOK"


def made(tty: bool) -> bytes:
    body = b'{"ID":"x","ProcessConfig":{"tty":%b}}' % (b"true" if tty else b"false")
    return json_answer(body).replace(b"Api-Version: 1.51", b"Api-Version: 1.41")


@pytest.mark.parametrize("config", [None, ExecStartConfig(), ExecStartConfig(tty=True)])
@pytest.mark.parametrize("tty", [True, False])
async def test_podman_goes_by_how_an_exec_was_made(config: ExecStartConfig | None, tty: bool) -> None:
    """So it is asked, whatever the start says: known from the ping, or from the answer if the version is pinned."""
    data = frame(1, b"a")

    async def answer(request: bytes, peer: Peer) -> bytes | None:
        if b"/x/json" in request:
            return made(tty)
        await peer.send(upgrade(RAW) + data)
        return None

    async with serving(answer, ping=LIBPOD) as server:
        for version in (None, "1.41"):
            async with Docker(server.path, version=version) as docker, docker.exec.start("x", config) as process:
                assert process.tty is tty
                assert [item async for item in process] == [("stdout", data if tty else b"a")]
                assert docker.is_podman is (None if version else True)
    assert server.requests.count(b"GET /v1.41/exec/x/json") == 2


async def test_the_input_of_a_terminal_is_not_half_closed() -> None:
    """Docker would drop the output, so `send_eof` refuses, and nothing is sent; Podman does not."""
    for ping, refused in ((None, True), (LIBPOD, False)):
        got: list[bytes] = []

        async def answer(request: bytes, peer: Peer, got: list[bytes] = got) -> bytes | None:
            if b"/x/json" in request:
                return made(True)
            await peer.send(upgrade(RAW))
            while await peer._more():
                pass
            got.append(peer._buffer)
            await peer.send(b"said")
            return None

        async with (
            serving(answer, **({"ping": ping} if ping else {})) as server,
            Docker(server.path) as docker,
            docker.exec.start("x", ExecStartConfig(tty=True)) as process,
        ):
            if refused:
                with pytest.raises(InvalidArgument, match=r"send b'.x04'") as caught:
                    await process.send_eof()
                assert caught.value.operation == "exec.start"
                continue
            await process.send_eof()
            assert [item async for item in process] == [("stdout", b"said")]
        assert got == [b""]


@pytest.mark.parametrize(
    ("config", "status", "podman", "words"),
    [
        ({"OpenStdin": True, "StdinOnce": True}, "running", False, ""),
        ({"OpenStdin": True}, "running", False, "stdin_once"),
        ({"OpenStdin": True}, "created", False, "stdin_once"),
        ({"OpenStdin": True, "StdinOnce": True, "Tty": True}, "running", False, "x04"),
        ({"OpenStdin": True}, "exited", False, ""),
        ({"OpenStdin": True, "Tty": True}, "running", True, ""),
        ({"OpenStdin": True}, "running", True, ""),
        ({}, "running", False, ""),
        (None, "", False, ""),
    ],
)
async def test_the_end_of_the_input_of_a_container(
    config: dict[str, bool] | None, status: str, podman: bool, words: str
) -> None:
    """It is looked at when the input is to be ended: where that would cost the output, it is refused."""
    body = json.dumps({"Id": "x", "Config": config, "State": {"Status": status}}).encode()
    head = b"HTTP/1.1 200 OK\r\n%bContent-Length: %d\r\n\r\n" % (b"Libpod-Api-Version: 5\r\n" * podman, len(body))

    async def answer(request: bytes, peer: Peer) -> bytes | None:
        if b"/x/json" in request:
            return json_answer(b'{"message":"gone"}', b"404 Not Found") if config is None else head + body
        await peer.send(upgrade())
        while await peer._more():
            pass
        await peer.send(frame(1, b"said"))
        return None

    async with serving(answer) as server, Docker(server.path) as docker:
        async with docker.containers.attach("x", stdin=True) as process:
            assert INSPECT not in server.requests
            if words:
                with pytest.raises(InvalidArgument, match=words):
                    await process.send_eof()
            else:
                await process.send_eof()
                assert [item async for item in process] == [("stdout", b"said")]
            assert server.requests.count(INSPECT) == 1
        async with docker.containers.attach("x") as process:  # without the input there is nothing to lose
            await process.send_eof()
        assert server.requests.count(INSPECT) == 1


@pytest.mark.parametrize("tty", [True, False])
@pytest.mark.parametrize("group", ["services", "tasks"])
async def test_logs_of_a_swarm(group: str, tty: bool) -> None:
    """The spec of a service or a task says whether it has a terminal."""
    container = {"ContainerSpec": {"TTY": tty}}
    spec = {"TaskTemplate": container} if group == "services" else container

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/logs"):
            return httpx.Response(200, content=frame(2, b"b"))
        return httpx.Response(200, json={"ID": "x", "Spec": spec})

    docker = Docker(transport=httpx.MockTransport(answer), version="1.51")
    async with docker, getattr(docker, group).logs("x") as logs:
        assert [item async for item in logs] == [("stdout", frame(2, b"b")) if tty else ("stderr", b"b")]


@pytest.mark.parametrize("call", ["attach", "logs"])
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (json_answer(b'{"message":"No such container: x"}', b"404 Not Found"), rawdock.NotFound),
        (json_answer(b'{"Config":{"Tty":5}}'), rawdock.DecodeError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n{", rawdock.RawdockError),
    ],
)
async def test_inspecting_fails(call: str, answer: bytes, error: type[rawdock.RawdockError]) -> None:
    """An error of the inspect call is raised, and the stream is closed."""
    stream = upgrade(RAW) + b"a" if call == "attach" else chunked(b"a", RAW)
    async with engine(stream, stay=True, tty=answer) as (_, docker):
        with pytest.raises(error) as caught, anyio.fail_after(60):
            async with getattr(docker.containers, call)("x"):
                pass
        assert caught.value.operation == "containers.inspect"
        assert none_left(docker)


async def test_cancelled_while_inspecting() -> None:
    """Cancelling while the container is inspected leaves nothing open."""
    asked = anyio.Event()

    async def answer(request: bytes, peer: Peer) -> bytes | None:
        if b"/x/json" in request:
            asked.set()
            await anyio.sleep_forever()
        await peer.send(upgrade(RAW))
        await peer._more()
        return None

    async with serving(answer) as server, Docker(server.path) as docker:
        async with anyio.create_task_group() as tasks:

            async def run() -> None:
                async with attach(docker):
                    raise AssertionError

            tasks.start_soon(run)
            await asked.wait()
            tasks.cancel_scope.cancel()
        assert none_left(docker)


# Ends.


@both
@pytest.mark.parametrize("text", [b"No such container: x\r\n", b'{"message":"No such container: x"}'])
async def test_refused_after_an_upgrade_was_asked_for(opened: Open, text: bytes) -> None:
    """Docker's refusal is plain text with the type of a stream, up to the close."""
    data = b"HTTP/1.1 404 Not Found\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n" + text
    async with engine(data) as (server, docker):
        with pytest.raises(rawdock.NotFound) as caught:
            async with opened(docker):
                pass
        assert caught.value.message == "No such container: x"
        assert caught.value.operation in ("containers.attach", "exec.start")
        assert INSPECT not in server.requests
        assert none_left(docker)


async def test_an_exec_that_was_started_already() -> None:
    """An error answer in JSON raises the same exception as everywhere."""
    async with engine(json_answer(b'{"message":"is already running"}', b"409 Conflict")) as (_, docker):
        with pytest.raises(rawdock.Conflict, match="already running"):
            async with docker.exec.start("x"):
                pass


@both
@pytest.mark.parametrize("size", [1, 7, 8, 10])
async def test_cut_in_the_middle_of_a_frame(opened: Open, size: int) -> None:
    """The output before the end is returned, and then a TruncatedError of the operation is raised."""
    async with engine(upgrade() + frame(1, b"out") + frame(2, b"err")[:size]) as (_, docker):
        async with opened(docker) as process:
            assert await anext(process) == ("stdout", b"out")
            if size > 8:
                assert await anext(process) == ("stderr", b"er")
            with pytest.raises(rawdock.TruncatedError, match="inside a frame") as caught:
                await anext(process)
        assert caught.value.operation in ("containers.attach", "exec.start")


async def test_truncated_logs() -> None:
    """Logs without the last chunk are truncated, also between two frames and without frames."""
    for tty in (False, True):
        data = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n%b\r\n" % frame(1, b"a")
        async with engine(data, tty=tty) as (_, docker), docker.containers.logs("x", follow=True) as logs:
            assert (await anext(logs)).stream == "stdout"
            with pytest.raises(rawdock.TruncatedError) as caught:
                await anext(logs)
            assert caught.value.operation == "containers.logs"


@pytest.mark.parametrize(
    ("bad", "error", "words"),
    [
        (frame(3, b"log driver failed\n"), rawdock.StreamError, "log driver failed"),
        (b"\7oops", rawdock.DecodeError, "terminal"),
        (b"/ # ", rawdock.DecodeError, "2f 20 23 20"),
    ],
)
@pytest.mark.parametrize("together", [True, False])
async def test_an_error_inside(bad: bytes, error: type[rawdock.RawdockError], words: str, together: bool) -> None:
    """An error is raised after the output before it, without waiting for more, and again by the next read."""
    parts = [upgrade() + frame(1, b"out") + bad] if together else [upgrade() + frame(1, b"out"), bad]
    async with engine(*parts, stay=True) as (_, docker), attach(docker) as process:
        assert await anext(process) == ("stdout", b"out")
        for _ in range(2):
            with pytest.raises(error, match=words) as caught:
                await anext(process)
            assert caught.value.operation == "containers.attach"


@pytest.mark.parametrize("tty", [True, False])
async def test_logs_without_output(tty: bool) -> None:
    """Without output there is no frame, not an empty one."""
    for data in (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", json_answer(b"")):
        async with engine(data, tty=tty) as (_, docker), docker.containers.logs("x") as logs:
            assert [item async for item in logs] == []


# Cancellation, and leaving.


@both
@pytest.mark.parametrize("cut", [0, 3, 8, 10])
async def test_a_cancelled_read_loses_nothing(opened: Open, cut: int) -> None:
    """Reading continues where a cancelled read stopped, also inside a frame."""
    turn = anyio.Event()

    async def slow(request: bytes, peer: Peer) -> bytes | None:
        if b"/x/json" in request:
            return inspected(False)
        await peer.send(upgrade() + frame(1, b"first") + frame(2, b"second")[:cut])
        await turn.wait()
        return frame(2, b"second")[cut:] + frame(1, b"third")

    async with serving(slow) as server, Docker(server.path) as docker, opened(docker) as process:
        assert await anext(process) == ("stdout", b"first")
        assert cut <= 8 or await anext(process) == ("stderr", b"se")
        for _ in range(2):
            with anyio.move_on_after(0.01) as scope:
                await anext(process)
            assert scope.cancelled_caught
        turn.set()
        assert await anext(process) == ("stderr", b"second"[max(cut - 8, 0) :])
        assert await anext(process) == ("stdout", b"third")


@both
@pytest.mark.parametrize("how", ["unread", "read", "cancelled", "error"])
async def test_leaving_early(opened: Open, how: str) -> None:
    """Leaving a stream before its end, in whatever way, closes its connection; no descriptor stays open."""
    left = 0

    async def busy(request: bytes, peer: Peer) -> None:
        nonlocal left
        await peer.send(upgrade() + frame(1, b"out") * 100)
        while await peer._more():
            pass
        left += 1

    async with serving(busy) as server, Docker(server.path) as docker:
        await docker.system.ping()
        before = descriptors()
        for _ in range(5):
            with anyio.CancelScope() as scope:
                try:
                    async with opened(docker) as process:
                        if how != "unread":
                            assert await anext(process) == ("stdout", b"out")
                        if how == "cancelled":
                            scope.cancel()
                            await anyio.sleep_forever()
                        if how == "error":
                            raise KeyError
                except KeyError:
                    pass
            assert none_left(docker)
        with anyio.fail_after(60):
            while left < 5 or descriptors() > before:  # noqa: ASYNC110 - the server's side closes when it notices
                await anyio.sleep(0.001)
        with pytest.raises(ClosedError):
            await anext(process)


async def test_entered_twice() -> None:
    """A stream can only be entered once, and a detached exec has no stream."""
    async with engine(upgrade()) as (server, docker):
        opens = attach(docker)
        async with opens:
            with pytest.raises(RuntimeError, match="entered already"):
                await opens.__aenter__()
        with pytest.raises(rawdock.InvalidArgument, match="start_detached"):
            docker.exec.start("x", ExecStartConfig(detach=True))
        assert server.connections == 1


# Over another transport.


class Parts(httpx.AsyncByteStream):
    """A body in these parts; before each, other tasks may run."""

    def __init__(self, parts: list[bytes], turn: anyio.Event | None = None) -> None:
        self.parts = iter(parts)
        self.turn = turn
        self.closed = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self.turn:
            await self.turn.wait()
        for part in self.parts:
            return part
        raise StopAsyncIteration

    async def aclose(self) -> None:
        self.closed = True


class Generated(Parts):
    """The same as a generator, which cancellation ends."""

    async def __aiter__(self) -> AsyncIterator[bytes]:  # type: ignore[override]
        if self.turn:
            await self.turn.wait()
        for part in self.parts:
            yield part


def over(stream: httpx.AsyncByteStream, tty: bool = False, status: int = 101) -> Docker:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/json"):
            return httpx.Response(200, json={"Id": "x", "Config": {"Tty": tty}})
        return httpx.Response(status, stream=stream)

    return Docker(transport=httpx.MockTransport(answer), version="1.51")


@pytest.mark.parametrize("made", [Parts, Generated])
@pytest.mark.parametrize("step", [1, 3, 9, 100])
@pytest.mark.parametrize("tty", [True, False])
async def test_any_httpx_transport(made: type[Parts], step: int, tty: bool) -> None:
    """However it cuts the body, also into empty pieces, the output is the same, and the answer is closed."""
    data = frame(1, b"out") + frame(2, b"err")
    stream = made([b"", *(data[start : start + step] for start in range(0, len(data), step)), b""])
    async with over(stream, tty) as docker, attach(docker) as process:
        items = [item async for item in process]
        assert all(item.data for item in items)
        out = b"".join(item.data for item in items if item.stream == "stdout")
        assert out == (data if tty else b"out")
        with pytest.raises(rawdock.NotSupported, match="two-way stream"):
            await process.send(b"in")
        with pytest.raises(rawdock.NotSupported, match="two-way stream"):
            await process.send_eof()
    assert stream.closed


@pytest.mark.parametrize(("made", "goes_on"), [(Parts, True), (Generated, False)])
@pytest.mark.parametrize("tty", [True, False])
async def test_a_cancelled_read_over_another_transport(made: type[Parts], goes_on: bool, tty: bool) -> None:
    """If cancellation ends the stream, reading raises TruncatedError; otherwise it continues."""
    turn = anyio.Event()
    data = frame(1, b"out")
    async with over(made([data], turn), tty) as docker, attach(docker) as process:
        with anyio.move_on_after(0.01) as scope:
            await anext(process)
        assert scope.cancelled_caught
        turn.set()
        if goes_on:
            assert [item async for item in process] == [("stdout", data if tty else b"out")]
        else:
            with pytest.raises(rawdock.TruncatedError, match="cancelled") as caught:
                await anext(process)
            assert caught.value.operation == "containers.attach"


# Bytes as they are.


async def test_a_session() -> None:
    """A connection for BuildKit: its headers, the first bytes, both directions, and half-close."""

    async def h2(request: bytes, peer: Peer) -> None:
        assert b"\r\nUpgrade: h2c\r\nX-Docker-Expose-Session-Uuid: u\r\n" in request
        assert request.count(b"X-Docker-Expose-Session-Grpc-Method: ") == 2
        await peer.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\nPRI * ")
        while await peer._more():
            pass
        await peer.send(peer._buffer)

    async with serving(h2) as server, Docker(server.path) as docker:
        async with docker.session.open(uuid="u", methods=["/a/B", "/c/D"]) as session:
            assert await anext(session) == b"PRI * "
            await session.send(b"SETTINGS")
            await session.send_eof()
            assert await session.read(100) == b"SETTINGS"
        assert none_left(docker)


async def test_reading_all_of_it() -> None:
    """`read` returns the rest in one piece, up to its limit."""
    for limit in (9, 2):
        data = b"HTTP/1.1 200 OK\r\n\r\nabc", b"def", b"ghi"
        async with engine(*data) as (_, docker), docker.containers.export("x") as files:
            if limit == 9:
                assert await anext(files) + await files.read(9) == b"abcdefghi"
            else:
                with pytest.raises(rawdock.DecodeError, match="larger than 2 bytes") as caught:
                    await files.read(2)
                assert caught.value.operation == "containers.export"


ENDS = pytest.mark.parametrize("framing", ["chunked", "length", "close", "another transport"])


@asynccontextmanager
async def export(framing: str, parts: list[bytes]) -> AsyncIterator[Any]:
    """An open answer with these parts."""
    body = b"".join(parts)
    if framing == "another transport":
        async with over(Parts(parts), status=200) as docker, docker.containers.export("x") as files:
            yield files
        return
    head = {"chunked": b"Transfer-Encoding: chunked\r\n", "length": b"Content-Length: %d\r\n" % len(body), "close": b""}
    data = [b"HTTP/1.1 200 OK\r\n%b\r\n" % head[framing], *parts]
    if framing == "chunked":
        data[1:] = [b"%x\r\n%b\r\n" % (len(part), part) for part in parts] + [b"0\r\n\r\n"]
    async with engine(*data) as (_, docker), docker.containers.export("x") as files:
        yield files


@ENDS
async def test_writing_all_of_it(framing: str, tmp_path: Path) -> None:
    """The rest is written to a file, a hash, or a function, once and without being kept."""
    parts = [os.urandom(size) for size in (1000, 100, 300_000, 1, 1000)]
    views: list[memoryview] = []
    for kind in ("file", "unbuffered", "hash", "function"):
        async with export(framing, parts) as files:
            begin: bytes = await anext(files)
            rest = b"".join(parts)[len(begin) :]
            if kind == "hash":
                digest = hashlib.sha256()
                assert await files.write_to(digest.update) == len(rest)
                assert digest.digest() == hashlib.sha256(rest).digest()
            elif kind == "function":
                assert await files.write_to(views.append) == len(rest)
                with pytest.raises(ValueError, match="released"):
                    bytes(views[0])
            else:
                path = tmp_path / kind
                with path.open("wb", buffering=0 if kind == "unbuffered" else -1) as file:
                    assert await files.write_to(file.write) == len(rest)
                assert path.read_bytes() == rest
            assert await files.write_to(views.append) == 0
            assert [part async for part in files] == []


@ENDS
async def test_write_takes_a_part(framing: str) -> None:
    """A function that has written a part is called with the rest; one that writes nothing is an error."""
    written = bytearray()

    def slow(view: memoryview) -> int:
        written.extend(view[:7])
        return min(7, len(view))

    async with export(framing, [b"a" * 100, b"b" * 100]) as files:
        assert await files.write_to(slow) == 200
        assert written == b"a" * 100 + b"b" * 100
    async with export(framing, [b"a" * 100]) as files:
        with pytest.raises(rawdock.InvalidArgument, match="wrote 0 of"):
            await files.write_to(lambda view: 0)


@ENDS
async def test_write_fails(framing: str) -> None:
    """An error of the function is raised unchanged, also an OSError, and the connection is not used again."""
    full = OSError(28, "No space left on device")

    def fails(view: memoryview) -> None:
        raise full

    async with export(framing, [b"a" * 100, b"b" * 100]) as files:
        with pytest.raises(OSError, match="No space") as caught:
            await files.write_to(fails)
        assert caught.value is full


async def test_write_is_not_a_function() -> None:
    """`write_to` takes only functions, and no async ones."""

    async def later(view: memoryview) -> None: ...

    for wrong, words in ((None, "expected a function"), (later, "for an async one iterate")):
        async with export("length", [b"abc"]) as files:
            with pytest.raises(rawdock.InvalidArgument, match=words):
                await files.write_to(wrong)


async def test_writing_is_cancelled() -> None:
    """A cancelled `write_to` loses nothing: the rest can still be read."""
    turn = anyio.Event()

    async def slow(request: bytes, peer: Peer) -> None:
        await peer.send(b"HTTP/1.1 200 OK\r\n\r\nabc")
        await turn.wait()
        await peer.send(b"def")
        await anyio.sleep(0.01)
        await peer.send(b"ghi")

    written = bytearray()
    async with serving(slow) as server, Docker(server.path) as docker, docker.containers.export("x") as files:
        with anyio.move_on_after(0.05) as scope:
            await files.write_to(written.extend)
        assert scope.cancelled_caught
        assert written == b"abc"
        turn.set()
        assert await anext(files) == b"def"
        assert await files.write_to(written.extend) == 3
        assert written == b"abcghi"


@pytest.mark.parametrize("body", [b"3\r\nabc\r\n", b"3\r\nabc\r\n5\r\nde", b"3\r\nabcd\r\n", b"3\r\nabc\r\nx\r\n"])
async def test_writing_a_truncated_answer(body: bytes) -> None:
    """A premature end and invalid HTTP raise errors after the bytes before them were written."""
    written = bytearray()
    data = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n-\r\n", body
    async with engine(*data) as (_, docker), docker.containers.export("x") as files:
        assert await anext(files) == b"-"
        with pytest.raises((rawdock.TruncatedError, rawdock.DecodeError)) as caught:
            await files.write_to(written.extend)
        assert caught.value.operation == "containers.export"
        assert written in (b"abc", b"abcde")


async def test_closed_while_another_task_reads() -> None:
    """Leaving a stream wakes a task that reads from it with an error, not with an end."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nTransfer-Encoding: chunked\r\n\r\n" % MULTIPLEXED
    for name in ("logs", "events", "export"):
        errors: list[rawdock.RawdockError] = []
        async with engine(head, stay=True) as (_, docker), anyio.create_task_group() as tasks:
            opens: Any = docker.system.events() if name == "events" else getattr(docker.containers, name)("x")
            async with opens as stream:

                async def read(stream: Any = stream, errors: list[rawdock.RawdockError] = errors) -> None:
                    try:
                        await anext(stream)
                    except rawdock.RawdockError as error:
                        errors.append(error)

                tasks.start_soon(read)
                await anyio.sleep(0.01)
        assert len(errors) == 1, name


STAT = {"name": "etc", "size": 4096, "mode": 2147484141, "mtime": "2024-01-02T03:04:05Z", "linkTarget": ""}


async def test_stat_of_a_path() -> None:
    """The header that describes a path is decoded, for a stream and for HEAD."""
    value = base64.b64encode(repr(STAT).replace("'", '"').encode())
    head = b"HTTP/1.1 200 OK\r\nX-Docker-Container-Path-Stat: %b\r\nContent-Length: 3\r\n\r\ntar" % value
    async with engine(head) as (_, docker):
        async with docker.containers.archive("x", path="/etc") as archive:
            assert (archive.stat.name, archive.stat.mode) == ("etc", 2147484141)
            assert await archive.read(10) == b"tar"
        assert (await docker.containers.archive_info("x", path="/etc")).mtime.nanoseconds == 1704164645 * 10**9


@pytest.mark.parametrize("value", [b"", b"***", b"{}", b"\xc3\xa9", b"\xff", base64.b64encode(b"[]"), b"AAA"])
async def test_unreadable_stat_of_a_path(value: bytes) -> None:
    """A header that cannot be decoded is an error of the operation, and the connection is closed."""
    head = b"HTTP/1.1 200 OK\r\nX-Docker-Container-Path-Stat: %b\r\nContent-Length: 3\r\n\r\ntar" % value
    async with engine(head) as (_, docker):
        calls: list[tuple[str, Callable[[], Awaitable[object]]]] = [
            ("containers.archive", lambda: docker.containers.archive("x", path="/etc").__aenter__()),
            ("containers.archive_info", lambda: docker.containers.archive_info("x", path="/etc")),
        ]
        for operation, call in calls:
            with pytest.raises(rawdock.DecodeError) as caught:
                await call()
            assert caught.value.operation == operation
            assert none_left(docker)
