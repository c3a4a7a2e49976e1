"""The end of input under a terminal, and keys to detach that nobody sends."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator

import anyio
import pytest
from faultserver import NO_CONTENT, Peer, json_answer, serving

from rawdock import Docker, InvalidArgument
from rawdock.helpers.terminal import EndOfInput, check_lines, new_detach_keys
from rawdock.models import ContainerSpec

pytestmark = [pytest.mark.anyio, pytest.mark.held_clock]

UPGRADED = (
    b"HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\n"
    b"Upgrade: tcp\r\nApi-Version: 1.51\r\n\r\n"
)
KEYS = re.compile(r"ctrl-[\^_](,[a-z]){11}")


@pytest.mark.parametrize(
    ("sent", "end"),
    [
        ([], b"\x04"),
        ([b""], b"\x04"),
        ([b"line\n"], b"\x04"),
        ([b"line\r"], b"\x04"),
        ([b"line\n", b""], b"\x04"),
        ([b"half"], b"\x04\x04"),
        ([b"line\n", b"half"], b"\x04\x04"),
        ([memoryview(b"half")], b"\x04\x04"),
    ],
)
def test_the_end_of_input(sent: list[bytes], end: bytes) -> None:
    """In the middle of a line, the first byte 4 only hands over the line."""
    kept = EndOfInput()
    for data in sent:
        kept.sent(data)
    assert kept.take() == end
    assert kept.take() == b"\x04"  # nothing was typed since


@pytest.mark.parametrize("end", [b"", b"\n", b"\r", b"\x04"])
def test_lines_that_fit(end: bytes) -> None:
    check_lines((b"x" * 4095 + end + b"\n") * 3)
    check_lines(b"")
    check_lines(None)
    with pytest.raises(InvalidArgument, match=r"4096 bytes.*tty=False"):
        check_lines(b"a\n" + b"x" * 4096 + end)


def test_keys_to_detach() -> None:
    """They differ from call to call, begin with a key that is hardly used, and hold no NUL."""
    keys = {new_detach_keys() for _ in range(50)}
    assert len(keys) == 50
    assert all(KEYS.fullmatch(one) for one in keys)
    assert {one[:6] for one in keys} == {"ctrl-^", "ctrl-_"}


class Engine:
    """Starts commands and containers with a terminal, which end when their input does. A half-close ends them badly."""

    def __init__(self) -> None:
        self.got = b""
        self.keys: list[str] = []
        self.half_closed = False

    async def answer(self, request: bytes, peer: Peer) -> bytes | None:
        head, _, body = request.partition(b"\r\n\r\n")
        target = head.split(b" ")[1].decode()
        if target.endswith(("/exec", "/create")):
            if target.endswith("/exec"):
                self.keys.append(json.loads(body).get("DetachKeys", ""))
            return json_answer(b'{"Id":"x","Warnings":[]}', b"201 Created")
        if "/attach" in target or target.endswith("/exec/x/start"):
            self.keys += [part.partition("=")[2] for part in target.split("&") if part.startswith("detachKeys=")]
            await peer.send(UPGRADED)
            await self._read(peer)
            await peer.send(b"said")
            return None
        if target.endswith("/wait?condition=next-exit"):
            return json_answer(b'{"StatusCode":0}')
        if target.endswith("/exec/x/json"):
            return json_answer(b'{"ID":"x","Running":false,"ExitCode":0,"Pid":7}')
        if target.endswith("/containers/x/json"):
            return json_answer(b'{"Id":"x","Config":{"Tty":true}}')
        return NO_CONTENT

    async def _read(self, peer: Peer) -> None:
        while b"\x04" not in self.got:
            try:
                self.got += await peer.stream.receive()
            except anyio.EndOfStream:
                self.half_closed = True
                return


async def parts() -> AsyncIterator[bytes]:
    yield b"one\n"
    yield b"two"


@pytest.mark.parametrize("how", ["run", "execute"])
async def test_input_is_ended_by_a_byte(how: str) -> None:
    """Bytes, an iterator, and `send_eof`: the connection is never half-closed."""
    for stdin, got in ((b"hi\n", b"hi\n\x04"), (b"hi", b"hi\x04\x04"), (b"", b"\x04"), (parts(), b"one\ntwo\x04\x04")):
        engine = Engine()
        async with serving(engine.answer) as server, Docker(server.path) as docker:
            if how == "run":
                done = await docker.run("app:1", ["x"], spec=ContainerSpec(tty=True), stdin=stdin)
            else:
                done = await docker.execute("c", ["x"], tty=True, stdin=stdin)  # type: ignore[assignment]
            assert (done.exit_code, done.stdout) == (0, b"said")
        assert engine.got in (got, got[:-1] if got.endswith(b"\x04\x04") else got)  # the fake stops at the first
        assert not engine.half_closed
        (keys,) = engine.keys
        assert KEYS.fullmatch(keys.replace("%5E", "^").replace("%2C", ","))


async def test_send_eof_is_the_byte_too() -> None:
    engine = Engine()
    async with (
        serving(engine.answer) as server,
        Docker(server.path) as docker,
        docker.execute("c", ["x"], tty=True, open_stdin=True) as execution,
    ):
        await execution.send(b"line\n")
        await execution.send_eof()
        assert (await execution.result()).stdout == b"said"
    assert (engine.got, engine.half_closed) == (b"line\n\x04", False)


async def test_without_a_terminal_the_input_is_closed() -> None:
    """No byte is added, and no keys are given."""
    engine = Engine()
    async with serving(engine.answer) as server, Docker(server.path) as docker:
        with pytest.raises(Exception, match="frame"):  # the fake's output has no frames
            await docker.execute("c", ["x"], stdin=b"hi")
    assert (engine.got, engine.half_closed, set(engine.keys)) == (b"hi", True, {""})


async def test_a_long_line_is_refused_before_anything_is_sent() -> None:
    engine = Engine()
    async with serving(engine.answer) as server, Docker(server.path) as docker:
        for wrong in (b"x" * 4096, b"a\n" + b"x" * 5000 + b"\nb"):
            with pytest.raises(InvalidArgument, match="terminal in line mode"):
                await docker.execute("c", ["x"], tty=True, stdin=wrong)
            with pytest.raises(InvalidArgument, match="terminal in line mode"):
                await docker.run("app:1", ["x"], spec=ContainerSpec(tty=True), stdin=wrong)
        assert server.requests == []
