"""A connection over any anyio byte stream: TLS, the pipes of a process, or memory in a test."""

from __future__ import annotations

import anyio
from anyio.abc import ByteStream

from .connection import PullConnection
from .errors import ClosedHere
from .wire import AnswerParser

__all__ = ["StreamConnection"]

_RECEIVE_SIZE = 64 * 1024
_SEND_SIZE = 256 * 1024


class StreamConnection(PullConnection):
    """See `Connection`. Whether the peer has closed an idle stream is only known once it is used."""

    def __init__(self, stream: ByteStream, parser: AnswerParser) -> None:
        super().__init__(parser)
        self._stream = stream

    async def _receive(self) -> bytes:
        try:
            return await self._stream.receive(_RECEIVE_SIZE)
        except anyio.EndOfStream:
            return b""
        except anyio.ClosedResourceError as error:
            raise ClosedHere from error
        except anyio.BrokenResourceError as error:
            raise ConnectionResetError("the stream broke") from error

    async def _send(self, data: bytes | memoryview) -> None:
        self._bytes_sent = True  # a stream does not say how much of it was sent
        try:
            for start in range(0, len(data), _SEND_SIZE):  # in parts, to avoid a copy of all
                await self._stream.send(bytes(data[start : start + _SEND_SIZE]))
        except anyio.ClosedResourceError as error:
            raise ClosedHere from error
        except anyio.BrokenResourceError as error:
            raise BrokenPipeError("the stream broke") from error

    async def send_eof(self) -> None:
        await self._stream.send_eof()

    def close(self) -> None:
        self.alive = False

    async def aclose(self) -> None:
        self.alive = False
        with anyio.CancelScope(shield=True):
            await anyio.aclose_forcefully(self._stream)
