"""The WebSocket form of attaching: the face over its frames."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
from collections.abc import AsyncIterator
from typing import Any

import anyio

from ...errors import ClosedError, DecodeError, RawdockError
from ..answer import Answer, sendable
from ..split.websocket import BINARY, CLOSE, PONG, Message, WebSocketFrames, written

__all__ = ["WebSocket", "accepted", "key_headers"]

_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # of RFC 6455
_NORMAL = (1000).to_bytes(2)
_PATIENCE = 1.0


def key_headers() -> tuple[tuple[str, str], ...]:
    """The headers that ask for a WebSocket."""
    return (
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", base64.b64encode(os.urandom(16)).decode()),
    )


def accepted(key: str) -> str:
    """What a server makes of a key, by which it shows that it understood."""
    return base64.b64encode(hashlib.sha1(key.encode() + _MAGIC).digest()).decode()


class WebSocket:
    """Iterate to get messages as bytes, as they come; the end is the peer's closing frame.

    Output is not framed: what is stdout and what stderr cannot be told apart.
    """

    def __init__(self, answer: Answer, value_limit: int) -> None:
        request, response = answer.response.request, answer.response
        if response.headers.get("sec-websocket-accept") != accepted(request.headers.get("sec-websocket-key", "")):
            raise answer.error(DecodeError("the answer is not that of a WebSocket server"))
        self._answer = answer
        self._items: list[Any] = []  # the last one is the next
        self._failure: RawdockError | None = None
        self._over = False  # the peer has closed
        self._closing = False  # we have, or are about to
        self._turn = anyio.Lock()
        self._pong = b""  # that waits for its turn
        self._torn = False  # half a frame is on the wire
        answer.split_with(WebSocketFrames(value_limit))

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        while True:
            if not self._items:
                if self._failure is not None:
                    raise self._failure
                items = [] if self._over else await self._answer.read()
                if not items:
                    raise StopAsyncIteration
                items.reverse()
                self._items = items
            item: Message | RawdockError = self._items.pop()
            if isinstance(item, RawdockError):
                self._failure = self._answer.error(item)
                raise self._failure
            if item.kind == "data":
                return item.data
            if item.kind == "ping":
                self._pong = written(PONG, item.data)
                # Whoever is sending takes it along: the peer may not take more before we have read on.
                if not self._turn.locked():
                    with contextlib.suppress(RawdockError):  # the peer may be gone; what it said is here
                        await self._write()
            elif item.kind == "close":
                self._over = True
                await self._part(shield=False)
                raise StopAsyncIteration

    async def send(self, data: bytes) -> None:
        """Send a message to the process's stdin."""
        frame = written(BINARY, sendable(data))
        if self._closing:
            raise ClosedError("this WebSocket is closed: nothing more can be sent")
        await self._write(frame)

    async def close(self) -> None:
        """Say that nothing more will be sent, and that nothing more is wanted. A WebSocket has no half-close."""
        if not self._closing:
            self._closing = True
            await self._write(written(CLOSE, _NORMAL))

    async def _write(self, frame: bytes = b"") -> None:
        """Send a frame whole, and then a pong that waits. Behind half a frame nothing would be understood."""
        async with self._turn:
            while frame or self._pong:
                if self._torn:
                    raise ClosedError("a send on this WebSocket was broken off: nothing more can be sent")
                if not frame:
                    frame, self._pong = self._pong, b""
                try:
                    await self._answer.send(frame)
                except BaseException as error:
                    self._torn = not isinstance(error, RawdockError)
                    raise
                frame = b""

    async def aclose(self) -> None:
        self._items.clear()
        await self._part(shield=True)
        await self._answer.aclose()

    async def _part(self, *, shield: bool) -> None:
        """Close. The peer may be gone, or not read; neither keeps us."""
        with anyio.move_on_after(_PATIENCE, shield=shield):
            with contextlib.suppress(RawdockError):
                await self.close()
