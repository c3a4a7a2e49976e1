"""Faults between a client and an Engine, after which the next call works."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest
from faultserver import NO_CONTENT, PING, Peer, json_answer, serving
from scripted import Exchange, scripted

import rawdock
from rawdock import Docker, Limits
from rawdock._transport.transport import EngineTransport, connect_over_streams, connect_over_unix

pytestmark = pytest.mark.anyio


async def not_called(request: bytes, peer: Peer) -> bytes:
    raise AssertionError(request)


async def works(docker: Docker) -> None:
    """Check that the next call gets its own answer."""
    assert (await docker.system.ping()).api_version == "1.51"


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nContent-",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
        b"",
    ],
)
async def test_answers_cut_short(data: bytes) -> None:
    """An answer that ends inside its head, its body or a chunk is truncated, and never a success."""

    async def answer(request: bytes, peer: Peer) -> None:
        if data:
            await peer.send(data)

    async with serving(answer) as server, Docker(server.path) as docker:
        with pytest.raises(rawdock.TruncatedError) as caught:
            await docker.system.info()
        assert caught.value.operation == "system.info"
        assert server.path in str(caught.value)
        await works(docker)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b'{"status":"a"}\r\n{"status":"b', rawdock.TruncatedError),
        (b'{"status":"a"}\r\n<html>', rawdock.DecodeError),
        (b'{"status":"a"}\r\n{"errorDetail":{"message":"no"},"error":"no"}\r\n', rawdock.StreamError),
        (b'{"status":"a"}\r\n{"error":"no"}\r\n', rawdock.StreamError),
        (b'{"status":"a"}\r\n{"errorDetail":{"code":7,"message":"no"}}\r\n', rawdock.StreamError),
    ],
)
async def test_streams_that_fail(body: bytes, error: type[rawdock.RawdockError]) -> None:
    """Lines before an error are returned; then it is raised, with its request."""

    async def answer(request: bytes, peer: Peer) -> bytes:
        return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)

    async with serving(answer) as server, Docker(server.path) as docker:
        seen: list[str] = []
        with pytest.raises(error) as caught:
            async with docker.images.pull("app:1") as pull:
                async for line in pull:
                    seen.append(line.status)
        assert seen == ["a"]
        assert "fromImage=app%3A1" in caught.value.curl()
        with pytest.raises(error):
            await docker.images.pull("app:1")
        await works(docker)


async def test_a_stream_without_its_last_chunk() -> None:
    """A connection that is lost inside a stream raises an error."""

    async def answer(request: bytes, peer: Peer) -> None:
        await peer.send(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n{"status":"a"}\r\n\r\n')

    async with serving(answer) as server, Docker(server.path) as docker:
        seen: list[str] = []
        with pytest.raises(rawdock.TruncatedError):
            async with docker.images.pull("app:1") as pull:
                async for line in pull:
                    seen.append(line.status)
        assert seen == ["a"]
        await works(docker)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html><body>\n Bad   Gateway</body></html>", "<html><body> Bad Gateway</body></html>"),
        (b"plain text\n", "plain text"),
        (b"", "no message"),
        (b"[]", "[]"),
        (b'{"odd":1}', '{"odd":1}'),
        (b'{"message":7}', '{"message":7}'),
        (b'{"message":"no', '{"message":"no'),
        (b"x" * 100_000, "xxx..."),
        (b"\xff\xfe", "\ufffd"),
    ],
)
async def test_odd_error_bodies(body: bytes, words: str) -> None:
    """Whatever the body of an error is, its status is kept and its text is shown, shortened."""

    async def answer(request: bytes, peer: Peer) -> bytes:
        return json_answer(body, b"502 Bad Gateway")

    async with serving(answer) as server, Docker(server.path) as docker:
        with pytest.raises(rawdock.ServerError) as caught:
            await docker.system.info()
        assert caught.value.status == 502
        assert words in str(caught.value)
        assert len(str(caught.value)) < 3000
        with pytest.raises(rawdock.ServerError, match="502"):
            await docker.images.pull("app:1")
        await works(docker)


async def test_no_engine() -> None:
    """A 200 from something that is not an Engine is an error that says so, at the first call and later."""

    async def page(request: bytes, peer: Peer) -> bytes:
        return json_answer(b"<html>please log in</html>")

    async with serving(page) as server, Docker(server.path, version="1.44") as docker:
        with pytest.raises(rawdock.DecodeError, match="please log in"):
            await docker.system.info()
        await works(docker)

    async def other(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            await stream.receive()
            await stream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")

    async with serving(page) as server:
        path = server.path + "2"
        async with await anyio.create_unix_listener(path) as listener, anyio.create_task_group() as tasks:
            tasks.start_soon(listener.serve, other)
            async with Docker(path) as docker:
                with pytest.raises(rawdock.DecodeError, match="is not a Docker Engine"):
                    await docker.system.info()
            tasks.cancel_scope.cancel()


@pytest.mark.parametrize(
    "data", [b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 200 OK\r\nBad Header\r\n\r\n", b"HTTP/2 200\r\n\r\n"]
)
async def test_invalid_http(data: bytes) -> None:
    """Invalid HTTP/1.1 is a DecodeError, at once."""

    async def answer(request: bytes, peer: Peer) -> bytes:
        await peer.send(data)
        await anyio.sleep_forever()
        return b""

    async with serving(answer) as server, Docker(server.path) as docker:
        with pytest.raises(rawdock.DecodeError, match="not valid HTTP"):
            await docker.system.info()
        await works(docker)


async def test_bytes_behind_a_204() -> None:
    """A second answer after a 204 is never read as the answer to the next call."""

    async def answer(request: bytes, peer: Peer) -> bytes:
        if b"/pause" in request:
            return NO_CONTENT + json_answer(b'{"Id":"wrong"}')
        return json_answer(b'{"Id":"right"}')

    async with serving(answer) as server, Docker(server.path) as docker:
        for _ in range(3):
            await docker.containers.pause("x")
            assert (await docker.containers.inspect("x")).id == "right"


@pytest.mark.held_clock
async def test_a_flood_behind_a_stream() -> None:
    """What an Engine sends after the end of a stream is not kept, and only that connection is closed."""

    async def answer(request: bytes, peer: Peer) -> bytes:
        await peer.send(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n{"status":"a"}\r\n\r\n')
        for _ in range(100):
            await peer.send(b"0\r\n\r\n" + b"x" * 100_000)
        return b""

    async with serving(answer) as server, Docker(server.path) as docker:
        async with docker.images.pull("app:1") as pull:
            assert [line.status async for line in pull] == ["a"]
            (connection,) = docker._transport.pool._open  # type: ignore[attr-defined]
            await anyio.sleep(0.05)
            assert len(connection._reader.rest) <= 1 << 18  # one read of the socket
        await works(docker)
        assert server.connections == 2


@pytest.mark.held_clock
async def test_late_bytes_on_an_idle_connection() -> None:
    """Bytes that come on an idle connection close it, and do not change the next answer."""

    late = anyio.Event()

    async def answer(request: bytes, peer: Peer) -> bytes:
        if b"/pause" in request:
            await peer.send(NO_CONTENT)
            await anyio.sleep(0.02)
            await peer.send(json_answer(b'{"Id":"wrong"}'))
            late.set()
            return b""
        return json_answer(b'{"Id":"right"}')

    async with serving(answer) as server, Docker(server.path) as docker:
        await docker.containers.pause("x")
        await late.wait()
        assert (await docker.containers.inspect("x")).id == "right"
        assert server.connections == 2


async def test_informational_answers() -> None:
    """100, 102 and 103 are skipped."""

    async def answer(request: bytes, peer: Peer) -> bytes:
        return b"".join(b"HTTP/1.1 %d X\r\n\r\n" % n for n in (100, 102, 103)) + json_answer(b'{"Id":"x"}')

    async with serving(answer) as server, Docker(server.path) as docker:
        assert (await docker.containers.inspect("x")).id == "x"


@pytest.mark.parametrize(
    "start",
    [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"],
)
async def test_endless_answers(start: bytes) -> None:
    """An endless head, chunk size or body is a DecodeError, and the next call works."""

    async def answer(request: bytes, peer: Peer) -> None:
        await peer.send(start)
        while True:
            await peer.send(b"0" * 65536)

    async with serving(answer) as server, Docker(server.path, limits=Limits(answer=1 << 20)) as docker:
        with pytest.raises(rawdock.DecodeError, match=r"larger than|does not end"):
            await docker.system.info()
        await works(docker)


async def test_endless_value() -> None:
    """One endless JSON value in a stream is an error, and the next call works."""

    async def answer(request: bytes, peer: Peer) -> None:
        await peer.send(b'HTTP/1.1 200 OK\r\n\r\n{"status":"')
        while True:
            await peer.send(b"x" * 65536)

    async with serving(answer) as server, Docker(server.path, limits=Limits(value=1 << 20)) as docker:
        with pytest.raises(rawdock.DecodeError, match="larger than 1048576"):
            await docker.images.pull("app:1")
        await works(docker)


async def test_idle_connections_that_the_engine_closed() -> None:
    """An idle connection that the Engine closes causes no error, even if it closes while the request is sent."""
    calls = 0

    async def answer(request: bytes, peer: Peer) -> bytes | None:
        nonlocal calls
        calls += 1
        return None if calls % 2 == 0 else json_answer(b'{"Id":"x"}')  # every second request finds the door shut

    async with serving(answer) as server, Docker(server.path, version="1.44") as docker:
        for _ in range(4):
            assert (await docker.containers.inspect("x")).id == "x"
        assert server.requests.count(b"GET /v1.44/containers/x/json") == 7


@pytest.mark.held_clock
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
async def test_idle_connections_closed_behind_an_answer(method: str) -> None:
    """An idle connection that the Engine has closed is noticed before it is used, so a POST is sent once."""

    async def handle(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            request = await stream.receive()
            requests.append(request.split(b" ")[0].decode())
            await stream.send(PING.removesuffix(b"OK") if request.startswith(b"HEAD") else PING)

    requests: list[str] = []
    async with serving(not_called) as server:
        path = server.path + "2"
        async with await anyio.create_unix_listener(path) as listener, anyio.create_task_group() as tasks:
            tasks.start_soon(listener.serve, handle)
            async with Docker(path) as docker:
                for _ in range(3):
                    assert (await docker.http.request(method, "/_ping")).headers["api-version"] == "1.51"
                    await anyio.sleep(0.01)
                assert requests == [method] * 3
            tasks.cancel_scope.cancel()


async def test_a_head_is_asked_again() -> None:
    """A HEAD on a kept connection that was closed is sent once more, and not a third time."""
    calls = 0

    async def answer(request: bytes, peer: Peer) -> bytes | None:
        nonlocal calls
        calls += 1
        return json_answer(b"{}") if calls in (1, 3) else None

    async with serving(answer) as server, Docker(server.path) as docker:
        assert (await docker.http.head("/x")).status_code == 200
        assert (await docker.http.head("/x")).status_code == 200
        with pytest.raises(httpx.RemoteProtocolError):
            await docker.http.head("/x")
        assert server.requests.count(b"HEAD /x") == 5


@pytest.mark.parametrize("call", ["whole", "stream"])
async def test_half_an_answer_is_not_asked_for_again(call: str) -> None:
    """A GET is repeated only if nothing of its answer has come: after half a head it is an error, sent once."""

    async def answer(request: bytes, peer: Peer) -> None:
        await peer.send(b"HTTP/1.1 200 OK\r\nConte")

    async with serving(answer) as server, Docker(server.path) as docker:
        await works(docker)  # so that the connection is a kept one
        with pytest.raises((rawdock.TruncatedError, httpx.RemoteProtocolError)):
            await (docker.request("GET", "/x") if call == "whole" else docker.http.get("/v1.51/x"))
        assert server.requests.count(b"GET /v1.51/x") == 1


async def test_an_upload_stops_where_it_was_answered() -> None:
    """No more parts are read once the Engine has answered, even if it continues to read."""

    async def answer(request: bytes, peer: Peer) -> None:
        await peer.send(json_answer(b"", b"404 Not Found"))
        while await peer._more():
            peer._buffer = b""

    sent = 0

    async def parts() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(1000):
            sent += 1
            yield b"x"
            await anyio.lowlevel.checkpoint()

    async with serving(answer) as server, Docker(server.path) as docker:
        with pytest.raises(rawdock.NotFound):
            await docker.request("PUT", "/x", content=parts())
        assert sent < 1000


async def test_a_post_is_never_repeated() -> None:
    """A POST whose answer is lost is an error, and was sent once."""

    async def answer(request: bytes, peer: Peer) -> None:
        return None

    async with serving(answer) as server, Docker(server.path) as docker:
        await works(docker)  # so that there is an idle connection to go stale
        with pytest.raises(rawdock.TruncatedError):
            await docker.containers.pause("x")
        assert server.requests.count(b"POST /v1.51/containers/x/pause") == 1
        with pytest.raises(rawdock.TruncatedError):
            await docker.images.pull("app:1")
        assert len([x for x in server.requests if b"images/create" in x]) == 1


async def test_early_refusal_of_an_upload() -> None:
    """The Engine's answer is read even if it closes while the body is sent."""

    async def answer(request: bytes, peer: Peer) -> None:
        await peer.send(
            b"HTTP/1.1 404 Not Found\r\nApi-Version: 1.51\r\nConnection: close\r\nContent-Length: 16\r\n\r\n"
        )
        await peer.send(b'{"message":"no"}')

    sent = 0

    async def parts() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(2000):
            sent += 1
            yield b"x" * 100_000
            await anyio.lowlevel.checkpoint()

    async with serving(answer) as server, Docker(server.path) as docker:
        with pytest.raises(rawdock.NotFound, match="no"):
            await docker.request("PUT", "/containers/x/archive", content=parts())
        assert sent < 2000
        await works(docker)


@pytest.mark.parametrize("waits", ["for a part", "for the engine", "not at all"])
@pytest.mark.parametrize("streams", [False, True], ids=["socket", "byte stream"])
async def test_a_refusal_ends_what_an_upload_waits_for(waits: str, streams: bool) -> None:
    """An early answer is noticed while waiting for a part or for the Engine, and between parts, on any stream."""
    closed = 0
    done = anyio.Event()

    async def refuse(request: bytes, peer: Peer) -> None:
        await peer.send(json_answer(b'{"message":"no"}', b"404 Not Found"))
        await done.wait()

    async def parts() -> AsyncIterator[bytes]:
        nonlocal closed
        try:
            yield b"begin"
            if waits == "for a part":
                await anyio.sleep_forever()
            while True:
                yield b"x" * (1_000_000 if waits == "for the engine" else 1)
                await anyio.lowlevel.checkpoint()
        finally:
            closed += 1

    async with serving(refuse) as server:
        connect = (
            connect_over_streams(lambda: anyio.connect_unix(server.path)) if streams else connect_over_unix(server.path)
        )
        transport = EngineTransport(connect)
        async with Docker(transport=transport, version="1.51") as docker:
            with anyio.fail_after(60), pytest.raises(rawdock.NotFound, match="no"):
                await docker.containers.put_archive("x", parts(), path="/")
            assert closed == 1
            assert transport.pool.open_connections == 0
            done.set()


@pytest.mark.parametrize("call", ["whole", "stream"])
async def test_early_refusal_of_a_body_in_one_piece(call: str) -> None:
    """A large body that the Engine does not read to its end: its refusal is the error, not the broken pipe."""

    async def refuse(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            if b" /_ping " in await stream.receive(4000):
                await stream.send(PING)
                return
            await stream.send(json_answer(b'{"message":"too large"}', b"413 Too Large"))

    async with serving(not_called) as server:
        path = server.path + "2"
        async with await anyio.create_unix_listener(path) as listener, anyio.create_task_group() as tasks:
            tasks.start_soon(listener.serve, refuse)
            async with Docker(path, version="1.44") as docker:
                with pytest.raises((rawdock.StatusError, httpx.HTTPStatusError), match=r"413|too large"):
                    if call == "whole":
                        await docker.request("POST", "/x", content=b"x" * 5_000_000)
                    else:
                        (await docker.http.post("/x", content=b"x" * 5_000_000)).raise_for_status()
                assert docker._transport.pool.open_connections == 0  # type: ignore[attr-defined]
                await works(docker)
            tasks.cancel_scope.cancel()


@pytest.mark.held_clock
@pytest.mark.parametrize("fails", [False, True])
async def test_an_upload_refused_halfway_leaves_no_half_request(fails: bool) -> None:
    """A connection on which half a body was sent is not reused, even if the Engine keeps it open."""
    refused = anyio.Event()
    inside: list[bytes] = []

    async def answer(request: bytes, peer: Peer) -> bytes | None:
        if not request.startswith(b"PUT"):
            return NO_CONTENT
        await peer.send(json_answer(b"", b"404 Not Found"))
        refused.set()
        while await peer._more():
            if b"/pause" in peer._buffer:
                inside.append(peer._buffer)
                return None
        return None

    async def parts() -> AsyncIterator[bytes]:
        yield b"half"
        if fails:
            raise KeyError("mine")
        await refused.wait()
        await anyio.sleep(0.01)
        yield b"the other half"

    async with serving(answer) as server, Docker(server.path) as docker:
        with pytest.raises(KeyError if fails else rawdock.NotFound):
            await docker.request("PUT", "/x", content=parts())
        await docker.containers.pause("x")
        assert not inside
        await works(docker)


async def test_streams_do_not_count_against_calls() -> None:
    """Calls work beside 130 open streams."""

    async def answer(request: bytes, peer: Peer) -> bytes:
        if b"images/create" in request:
            await peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            await anyio.sleep_forever()
        return json_answer(b'{"Id":"x"}')

    async with serving(answer) as server, Docker(server.path) as docker:
        opened = 0

        async def hold() -> None:
            nonlocal opened
            async with docker.images.pull("app:1"):
                opened += 1
                await anyio.sleep_forever()

        async with anyio.create_task_group() as tasks:
            for _ in range(130):
                tasks.start_soon(hold)
            with anyio.fail_after(60):
                while opened < 130:
                    await anyio.sleep(0.01)
                for _ in range(20):
                    assert (await docker.containers.inspect("x")).id == "x"
            tasks.cancel_scope.cancel()
        await works(docker)


async def test_redirects_are_not_followed() -> None:
    """A redirect is an error, and is not followed."""

    async def answer(request: bytes, peer: Peer) -> bytes:
        return b"HTTP/1.1 301 Moved\r\nLocation: http://elsewhere/\r\nContent-Length: 0\r\n\r\n"

    async with serving(answer) as server, Docker(server.path) as docker:
        with pytest.raises(rawdock.StatusError) as caught:
            await docker.containers.inspect("x")
        assert caught.value.status == 301
        assert len(server.requests) == 2
        assert (await docker.http.get("/x")).status_code == 301
        assert len(server.requests) == 3


async def test_an_engine_that_was_swapped() -> None:
    """If another Engine answers, for which the version is too new, it is negotiated again."""
    current = b"1.51"

    async def answer(request: bytes, peer: Peer) -> bytes:
        if b"/v1.51/" in request and current != b"1.51":
            return (
                b"HTTP/1.1 400 Bad Request\r\nApi-Version: 1.41\r\nContent-Length: 79\r\n\r\n"
                b'{"message":"client version 1.51 is too new. Maximum supported API version 1.41"}'
            )[:-1]
        return json_answer(b'{"Id":"x"}')

    async def serve(stream: anyio.abc.SocketStream) -> None:
        peer = Peer(stream, requests)
        async with stream:
            while request := await peer.request():
                ping = PING.replace(b"1.51", current)
                await peer.send(ping if b"/_ping" in request else await answer(request, peer))

    requests: list[bytes] = []
    async with serving(answer) as server:
        path = server.path + "2"
        async with await anyio.create_unix_listener(path) as listener, anyio.create_task_group() as tasks:
            tasks.start_soon(listener.serve, serve)
            async with Docker(path) as docker:
                await docker.containers.inspect("x")
                current = b"1.41"
                await docker.containers.inspect("x")
                assert docker.version == "1.41"
                assert requests[-1] == b"GET /v1.41/containers/x/json"
            tasks.cancel_scope.cancel()


@pytest.mark.parametrize("named", [b"", b"Api-Version: 1.41\r\n", b"Api-Version: junk\r\n"])
async def test_an_engine_that_refuses_every_version(named: bytes) -> None:
    """If the version is refused again after that, the 400 is raised, and the request is not sent a third time."""

    async def answer(request: bytes, peer: Peer) -> bytes:
        body = b'{"message":"client version 1.51 is too new"}'
        return b"HTTP/1.1 400 Bad Request\r\n%bContent-Length: %d\r\n\r\n%b" % (named, len(body), body)

    async with serving(answer) as server, Docker(server.path) as docker:
        for call in (lambda: docker.containers.pause("x"), lambda: docker.request("POST", "/containers/x/pause")):
            with pytest.raises(rawdock.BadRequest, match="is too new") as caught:
                await call()
            assert caught.value.status == 400
            assert caught.value.sent is not None
        assert server.requests.count(b"POST /v1.51/containers/x/pause") == 4


@pytest.mark.parametrize("size", [991, 992])
async def test_the_limit_of_a_small_answer(size: int) -> None:
    """The limit of a whole answer also applies if it comes in one read: one byte more is refused."""

    async def answer(request: bytes, peer: Peer) -> bytes:
        return json_answer(b'{"Id":"' + b"x" * size + b'"}')

    async with serving(answer) as server, Docker(server.path, limits=Limits(answer=1000)) as docker:
        if size == 991:
            assert len((await docker.containers.inspect("x")).id) == 991
        else:
            with pytest.raises(rawdock.DecodeError, match="larger than 1000"):
                await docker.containers.inspect("x")
        await works(docker)


async def test_five_ways_not_to_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Missing, refused, denied, not a socket, path too long: five messages with five remedies."""
    refused = tmp_path / "refused"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(refused))
    plain = tmp_path / "plain"
    plain.write_text("")
    messages: list[str] = []
    for path in (tmp_path / "missing", refused, plain, tmp_path / ("x" * 120)):
        async with Docker(path) as docker:
            with pytest.raises(rawdock.ConnectError) as caught:
                await docker.system.ping()
            messages.append(str(caught.value))

    def denied(path: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("rawdock._transport.transport.connect_unix_nowait", denied)
    async with Docker(refused) as docker:
        with pytest.raises(rawdock.ConnectError) as caught:
            await docker.system.ping()
        messages.append(str(caught.value))
    remedies = ("Start the Engine", "start it again", "Give the path", "Use a shorter path", "Join the group")
    for message, remedy in zip(messages, remedies, strict=True):
        assert remedy in message
    assert len(set(messages)) == 5


async def test_use_after_close() -> None:
    """A closed client raises ClosedError, and a stream that was open ends with an error."""

    async def answer(request: bytes, peer: Peer) -> bytes:
        await peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        await anyio.sleep_forever()
        return b""

    async with serving(answer) as server:
        docker = Docker(server.path)
        pull = docker.images.pull("app:1")
        stream = await pull.__aenter__()
        await docker.aclose()
        await docker.aclose()
        with pytest.raises(rawdock.ClosedError):
            await anext(stream)
        await pull.__aexit__(None, None, None)
        with pytest.raises(rawdock.ClosedError, match="closed"):
            await docker.system.ping()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_first_used_by_several_threads(backend: str) -> None:
    """The event loop that comes first has the client; the others are told at once."""
    together = threading.Barrier(6)
    results: list[str] = []

    async def call(docker: Docker) -> None:
        together.wait(30)
        try:
            with anyio.fail_after(30):
                await docker.containers.list()
            await anyio.sleep(0.05)
            results.append("answered")
        except rawdock.ClosedError as error:
            results.append(str(error))

    def ping(exchange: Exchange) -> None:
        exchange.read()
        exchange.send(json_answer(b"[]"))

    for _ in range(5):
        with scripted(ping) as server:
            docker = Docker(server.address)
            threads = [
                threading.Thread(target=anyio.run, args=(call, docker), kwargs={"backend": backend}) for _ in range(6)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(60)
                assert not thread.is_alive()
            pool: Any = docker._transport.pool  # type: ignore[attr-defined]
            for connection in pool._open:
                connection.close()
        assert results.count("answered") == 1
        assert sum("another event loop" in one for one in results) == 5
        results.clear()


def test_another_event_loop() -> None:
    """A client can only be used in the event loop that has used it first."""
    docker: Docker | None = None

    async def first() -> None:
        nonlocal docker

        async def answer(request: bytes, peer: Peer) -> bytes:
            return json_answer(b"{}")

        async with serving(answer) as server:
            docker = Docker(server.path)
            await docker.system.ping()

    async def second() -> None:
        assert docker is not None
        with pytest.raises(rawdock.ClosedError, match="another event loop"):
            await docker.system.ping()
        await docker.aclose()

    anyio.run(first)
    anyio.run(second)


FORKED = """
import os, sys, asyncio, rawdock
async def main():
    async with rawdock.Docker(sys.argv[1]) as docker:
        await docker.system.ping()
        child = os.fork()
        if not child:
            try:
                await docker.system.ping()
            except rawdock.ClosedError as error:
                os._exit(42 if "another process" in str(error) else 1)
            os._exit(2)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        await docker.system.ping()
        sys.exit(status)
asyncio.run(main())
"""


async def test_after_fork() -> None:
    """In a forked child the client raises an error, and the parent's client continues to work."""

    async def answer(request: bytes, peer: Peer) -> bytes:
        return json_answer(b"{}")

    async with serving(answer) as server:
        done = await anyio.run_process(
            [sys.executable, "-W", "ignore", "-c", FORKED, server.path],
            check=False,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert done.returncode == 42, done.stderr.decode()
        assert server.requests == [b"GET /_ping", b"GET /_ping"]


async def test_http_client_over_the_same_connections() -> None:
    """`docker.http` is a plain httpx client; closing it does not close the client."""

    async def answer(request: bytes, peer: Peer) -> bytes:
        return json_answer(request.partition(b"\r\n\r\n")[2] or b"{}")

    async with serving(answer) as server, Docker(server.path) as docker:
        async with docker.http as client:
            assert (await client.get("/anything")).json() == {}
            assert (await client.head("/_ping")).headers["api-version"] == "1.51"
            assert (await client.post("/x", json={"a": 1})).json() == {"a": 1}
            async with client.stream("GET", "/y") as response:
                assert await response.aread() == b"{}"
        await works(docker)
        assert server.connections == 1


async def test_a_stream_of_an_engine_that_was_swapped() -> None:
    """The version is also negotiated again for a stream, which is then sent with the new version."""
    current = b"1.51"
    requests: list[bytes] = []

    async def serve(stream: anyio.abc.SocketStream) -> None:
        peer = Peer(stream, requests)
        async with stream:
            while request := await peer.request():
                if b"/_ping" in request:
                    await peer.send(PING.replace(b"1.51", current))
                elif b"/v%b/" % current in request:
                    await peer.send(json_answer(b'{"status":"a"}\n'))
                else:
                    body = b'{"message":"client version 1.51 is too new. Maximum supported API version is 1.41"}'
                    await peer.send(json_answer(body, b"400 Bad Request").replace(b"1.51", current, 1))

    with tempfile.TemporaryDirectory(prefix="rd") as folder:
        path = f"{folder}/s"
        async with await anyio.create_unix_listener(path) as listener, anyio.create_task_group() as tasks:
            tasks.start_soon(listener.serve, serve)
            async with Docker(path) as docker:
                await docker.images.pull("app:1")
                current = b"1.41"
                async with docker.images.pull("app:1") as pull:
                    assert [line.status async for line in pull] == ["a"]
                assert docker.version == "1.41"
                assert [x for x in requests if b"images" in x][-1].startswith(b"POST /v1.41/images/create")
            tasks.cancel_scope.cancel()
