"""A connection over any anyio byte stream: TLS, a process's pipes, or memory in a test."""

from __future__ import annotations

import anyio
from anyio.abc import ByteStream

from .connection import PullConnection
from .wire import Limits

__all__ = ["StreamConnection"]

_RECEIVE = 64 * 1024
_SEND = 256 * 1024


class StreamConnection(PullConnection):
    """See `Connection`. Whether an idle stream has been closed cannot be seen before it is used."""

    def __init__(self, stream: ByteStream, limits: Limits) -> None:
        super().__init__(limits)
        self._stream = stream

    async def _receive(self) -> bytes:
        try:
            return await self._stream.receive(_RECEIVE)
        except anyio.EndOfStream:
            return b""
        except (anyio.BrokenResourceError, anyio.ClosedResourceError) as error:
            raise ConnectionResetError("the stream broke") from error

    async def _send(self, data: bytes | memoryview) -> None:
        self._bytes_sent = True  # how much a stream has sent is not known
        try:
            for start in range(0, len(data), _SEND):  # not a copy of the whole
                await self._stream.send(bytes(data[start : start + _SEND]))
        except (anyio.BrokenResourceError, anyio.ClosedResourceError) as error:
            raise BrokenPipeError("the stream broke") from error

    async def send_eof(self) -> None:
        await self._stream.send_eof()

    def close(self) -> None:
        self.alive = False

    async def aclose(self) -> None:
        self.alive = False
        with anyio.CancelScope(shield=True):
            await anyio.aclose_forcefully(self._stream)
