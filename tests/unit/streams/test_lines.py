"""Streams of JSON values, however they are separated and however long they are."""

from __future__ import annotations

import pytest
from faultserver import Peer, serving

from rawdock import DecodeError, Docker, Limits

pytestmark = pytest.mark.anyio


def answered(kind: bytes, body: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\nApi-Version: 1.51\r\nContent-Type: %b\r\nTransfer-Encoding: chunked\r\n\r\n" % kind
    middle = len(body) // 2
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:middle], body[middle:]))
    return head + chunks + b"0\r\n\r\n"


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        (b"application/json", b"%b\n%b\n"),
        (b"application/json", b"%b%b"),
        (b"application/x-ndjson", b"%b\n%b\n"),
        (b"application/jsonl", b"%b\r\n%b\r\n"),
        (b"application/json-seq", b"\x1e%b\n\x1e%b\n"),
        (b"", b"\n\n%b\n\n\n%b"),
    ],
)
async def test_every_form(kind: bytes, form: bytes) -> None:
    """Every content type and separator is read; no Accept header is sent."""
    values = b'{"Action":"start","Actor":{"ID":"a"}}', '{"Action":"exec: é","Actor":{"ID":"b"}}'.encode()
    asked: list[bytes] = []

    async def answer(request: bytes, peer: Peer) -> bytes:
        asked.append(request)
        return answered(kind, form % values)

    async with serving(answer) as server, Docker(server.path) as docker, docker.system.events() as events:
        assert [(one.action, one.actor.id) async for one in events] == [("start", "a"), ("exec: é", "b")]
    assert b"\r\naccept:" not in asked[0].lower()


async def test_a_long_value() -> None:
    """A value may have megabytes, up to the limit; a line of a log may have any length."""
    text = b"x" * (2 << 20)

    async def answer(request: bytes, peer: Peer) -> bytes:
        if b"/logs" in request:
            frame = b"\1\0\0\0" + (len(text) + 1).to_bytes(4) + text + b"\n"
            return answered(b"application/vnd.docker.multiplexed-stream", frame)
        return answered(b"application/json", b'{"status":"%b"}\r\n' % text)

    async with serving(answer) as server:
        async with Docker(server.path) as docker:
            async with docker.images.pull("app:1") as pull:
                assert [len(line.status) async for line in pull] == [len(text)]
            async with docker.containers.logs("x").entries() as lines:
                assert [(len(line.data), line.continues) async for line in lines] == [(len(text), False)]
        async with Docker(server.path, limits=Limits(value=1 << 20)) as docker:
            with pytest.raises(DecodeError, match="larger than 1048576 bytes"):
                await docker.images.pull("app:1")
