"""Connections upgraded to HTTP/2 with BuildKit. rawdock passes the bytes on; the scenarios parse the frames."""

from __future__ import annotations

from uuid import uuid4

import pytest

from rawdock import Docker, NotSupported
from rawdock.streams import Duplex

from .kit import engine_of, opened

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"  # RFC 9113, 3.4
_SETTINGS = 4
_NO_SETTINGS = b"\0\0\0\4\0\0\0\0\0"
_SETTINGS_ACK = b"\0\0\0\4\1\0\0\0\0"


async def _exactly(stream: Duplex, size: int, rest: bytearray) -> bytes:
    """Read exactly `size` bytes. What was received beyond them is kept in `rest`."""
    while len(rest) < size:
        rest += await anext(stream)
    taken = bytes(rest[:size])
    del rest[:size]
    return taken


async def _frame(stream: Duplex, rest: bytearray) -> tuple[int, int]:
    """Read an HTTP/2 frame; return its type and flags."""
    head = await _exactly(stream, 9, rest)
    await _exactly(stream, int.from_bytes(head[:3]), rest)
    return head[3], head[4]


async def offered(docker: Docker) -> None:
    """In a session the Engine is the HTTP/2 client: it sends first, and acknowledges our settings."""
    if not (await engine_of(docker)).can("open sessions"):
        with pytest.raises(NotSupported):
            await opened(docker.session.open(uuid="rawdock-s"))
        return
    async with docker.session.open(
        uuid=uuid4().hex,  # the Engine remembers a session for a while after its end
        name="rawdock-s",
        shared_key="key",
        methods=["/moby.filesync.v1.Auth/Credentials", "/a.B/C"],
    ) as session:
        rest = bytearray()
        assert await _exactly(session, len(PREFACE), rest) == PREFACE
        assert (await _frame(session, rest))[0] == _SETTINGS
        await session.send(_NO_SETTINGS)
        await session.send(_SETTINGS_ACK)
        while (await _frame(session, rest)) != (_SETTINGS, 1):
            pass
        await session.send_eof()


async def asked(docker: Docker) -> None:
    """Over gRPC the Engine is the HTTP/2 server: the scenario sends first."""
    if not (await engine_of(docker)).can("open sessions"):
        with pytest.raises(NotSupported):
            await opened(docker.session.grpc())
        return
    async with docker.session.grpc() as duplex:
        await duplex.send(PREFACE + _NO_SETTINGS)
        rest = bytearray()
        assert (await _frame(duplex, rest))[0] == _SETTINGS
        while (await _frame(duplex, rest)) != (_SETTINGS, 1):
            pass
        await duplex.send_eof()
