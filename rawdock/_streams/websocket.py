"""The WebSocket form of attaching: the face over its frames."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
from collections.abc import AsyncIterator
from typing import Any

import anyio

from ..errors import DecodeError, RawdockError
from .answer import Answer
from .messages import BINARY, CLOSE, PONG, Message, WebSocketFrames, written

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
        self._closing = False
        answer.split_with(WebSocketFrames(value_limit))

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        while True:
            if not self._items:
                items = await self._answer.read()
                if not items:
                    raise StopAsyncIteration
                items.reverse()
                self._items = items
            item: Message | RawdockError = self._items.pop()
            if isinstance(item, RawdockError):
                raise self._answer.error(item)
            if item.kind == "data":
                return item.data
            if item.kind == "ping":
                await self._answer.send(written(PONG, item.data))
            elif item.kind == "close":
                with contextlib.suppress(RawdockError):  # the peer may not wait for our word
                    await self.close()
                raise StopAsyncIteration

    async def send(self, data: bytes) -> None:
        """Send a message to the process's stdin."""
        await self._answer.send(written(BINARY, data))

    async def close(self) -> None:
        """Say that nothing more will be sent, and that nothing more is wanted. A WebSocket has no half-close."""
        if not self._closing:
            self._closing = True
            await self._answer.send(written(CLOSE, _NORMAL))

    async def aclose(self) -> None:
        self._items.clear()
        if not self._closing:
            # The peer may be gone, or not read; neither keeps us.
            with anyio.move_on_after(_PATIENCE, shield=True):
                with contextlib.suppress(RawdockError):
                    await self.close()
        await self._answer.aclose()
