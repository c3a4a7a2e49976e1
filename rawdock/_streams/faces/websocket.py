"""Attaching to a container over a WebSocket."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
from collections.abc import AsyncIterator
from typing import Any

import anyio

from ...errors import ClosedError, DecodeError, RawdockError
from ..answer import Answer, bytes_to_send
from ..split.websocket import BINARY, CLOSE, PONG, Message, WebSocketSplitter, encode_frame

__all__ = ["WebSocket", "accept_value", "key_headers"]

_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # of RFC 6455
_NORMAL = (1000).to_bytes(2)
_CLOSE_TIMEOUT = 1.0


def key_headers() -> tuple[tuple[str, str], ...]:
    """The headers of a WebSocket request."""
    return (
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", base64.b64encode(os.urandom(16)).decode()),
    )


def accept_value(key: str) -> str:
    """The value of Sec-WebSocket-Accept with which a server answers a key."""
    return base64.b64encode(hashlib.sha1(key.encode() + _MAGIC).digest()).decode()


class WebSocket:
    """Iterate to get messages as bytes, as they come, until the peer sends a closing frame.

    Output has no frames, so stdout and stderr cannot be distinguished.
    """

    def __init__(self, answer: Answer, value_limit: int) -> None:
        request, response = answer.response.request, answer.response
        if response.headers.get("sec-websocket-accept") != accept_value(request.headers.get("sec-websocket-key", "")):
            raise answer.add_request(
                DecodeError("the answer has no valid Sec-WebSocket-Accept header, so the connection is not a WebSocket")
            )
        self._answer = answer
        self._items: list[Any] = []  # in reverse order
        self._failure: RawdockError | None = None
        self._peer_closed = False
        self._close_sent = False  # or about to be sent
        self._send_lock = anyio.Lock()
        self._pong = b""  # a frame that waits to be sent
        self._partly_sent = False  # a send was cancelled inside a frame
        answer.set_splitter(WebSocketSplitter(value_limit))

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        while True:
            if not self._items:
                if self._failure is not None:
                    raise self._failure
                items = [] if self._peer_closed else await self._answer.read()
                if not items:
                    raise StopAsyncIteration
                items.reverse()
                self._items = items
            item: Message | RawdockError = self._items.pop()
            if isinstance(item, RawdockError):
                self._failure = self._answer.add_request(item)
                raise self._failure
            if item.kind == "data":
                return item.data
            if item.kind == "ping":
                self._pong = encode_frame(PONG, item.data)
                # A task that is sending sends it too. Waiting for that could deadlock: the peer may wait until we read.
                if not self._send_lock.locked():
                    with contextlib.suppress(
                        RawdockError
                    ):  # the peer has closed the connection; what it has sent is still read
                        await self._write()
            elif item.kind == "close":
                self._peer_closed = True
                await self._close(shield=False)
                raise StopAsyncIteration

    async def send(self, data: bytes) -> None:
        """Send a message to the process's stdin."""
        frame = encode_frame(BINARY, bytes_to_send(data))
        if self._close_sent:
            raise ClosedError("this WebSocket is closed: nothing more can be sent")
        await self._write(frame)

    async def close(self) -> None:
        """Send a closing frame: nothing more will be sent or read. A WebSocket has no half-close."""
        if not self._close_sent:
            self._close_sent = True
            await self._write(encode_frame(CLOSE, _NORMAL))

    async def _write(self, frame: bytes = b"") -> None:
        """Send a whole frame, and then a pong that waits. After a partly sent frame nothing more can be sent."""
        async with self._send_lock:
            while frame or self._pong:
                if self._partly_sent:
                    raise ClosedError("a send on this WebSocket was cancelled inside a frame: nothing more can be sent")
                if not frame:
                    frame, self._pong = self._pong, b""
                try:
                    await self._answer.send(frame)
                except BaseException as error:
                    self._partly_sent = not isinstance(error, RawdockError)
                    raise
                frame = b""

    async def aclose(self) -> None:
        self._items.clear()
        await self._close(shield=True)
        await self._answer.aclose()

    async def _close(self, *, shield: bool) -> None:
        """Send a closing frame, if the peer is there and reads it within a second."""
        with anyio.move_on_after(_CLOSE_TIMEOUT, shield=shield):
            with contextlib.suppress(RawdockError):
                await self.close()
