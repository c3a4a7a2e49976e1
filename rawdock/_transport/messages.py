"""Requests and answers as httpx objects that hold wire bytes, and fill the rest in only when somebody looks.

Building httpx's own objects costs more than the whole exchange with the Engine. These two are real subclasses, so any
httpx transport takes the request and any code takes the response; what they lean on inside httpx 0.28 is `_content`,
`_request` and the plain attributes set here, and
tests/unit/transport/test_messages.py holds both to httpx's public behaviour.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable
from functools import cached_property
from typing import Any, Literal

import httpx

from .._iterators import close_iterator
from .wire import Head

__all__ = ["Mode", "OpenResponse", "WireRequest", "WireResponse"]

Mode = Literal["whole", "stream"]


class WireRequest(httpx.Request):
    """A request in wire form.

    `head_tail` is everything behind the target: the protocol version, the headers and the blank line; it is shared by
    all requests of a kind. `mode` tells rawdock's own transport how the answer is wanted; other transports do not look.
    """

    def __init__(
        self,
        method: str,
        target: str,
        head_tail: bytes,
        *,
        base: httpx.URL,
        body: bytes | AsyncIterable[bytes] = b"",
        mode: Mode = "whole",
    ) -> None:
        self.method = method
        self.target = target
        self.head_tail = head_tail
        self.base = base
        self.body = body
        self.mode: Mode = mode
        if isinstance(body, bytes):
            self._content = body

    def wire(self) -> bytes:
        """The whole request as it is sent, if its body is bytes."""
        head = self.wire_head()
        return head + self.body if isinstance(self.body, bytes) else head

    def wire_head(self) -> bytes:
        """The request as it is sent, without its body."""
        return f"{self.method} {self.target}".encode() + self.head_tail

    @cached_property
    def url(self) -> httpx.URL:  # type: ignore[override]
        return self.base.copy_with(raw_path=self.target.encode())

    @cached_property
    def headers(self) -> httpx.Headers:  # type: ignore[override]
        lines = self.head_tail.split(b"\r\n")[1:]
        pairs = (line.partition(b": ") for line in lines if line)
        return httpx.Headers([(name, value) for name, _, value in pairs])

    @cached_property
    def extensions(self) -> dict[str, Any]:  # type: ignore[override]
        return {}

    @cached_property
    def stream(self) -> httpx.AsyncByteStream | httpx.SyncByteStream:  # type: ignore[override]
        if isinstance(self.body, bytes):
            return httpx.ByteStream(self.body)
        return _BodyStream(self.body)


class _BodyStream(httpx.AsyncByteStream):
    def __init__(self, body: AsyncIterable[bytes]) -> None:
        self._body = body

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._body)  # no generator around it, which a transport might leave open

    async def aclose(self) -> None:
        await close_iterator(self._body)


class WireResponse(httpx.Response):
    """An answer that was read whole."""

    is_closed = True
    is_stream_consumed = True
    next_request = None
    default_encoding = "utf-8"
    _num_bytes_downloaded = 0

    def __init__(self, head: Head, content: bytes, request: httpx.Request) -> None:
        self.status_code = head.status
        self.head = head
        self._content = content
        self._request = request

    @cached_property
    def headers(self) -> httpx.Headers:  # type: ignore[override]
        return httpx.Headers(list(self.head.headers))

    @cached_property
    def extensions(self) -> dict[str, Any]:  # type: ignore[override]
        return {"http_version": self.head.version, "reason_phrase": self.head.reason}

    @cached_property
    def history(self) -> list[httpx.Response]:  # type: ignore[override]
        return []

    @cached_property
    def stream(self) -> httpx.AsyncByteStream | httpx.SyncByteStream:  # type: ignore[override]
        return httpx.ByteStream(self._content)


class OpenResponse(WireResponse):
    """An answer whose body is still to be read. `pipe` makes of its stream what httpx calls its network stream."""

    is_closed = False
    is_stream_consumed = False

    def __init__(
        self, head: Head, stream: httpx.AsyncByteStream, request: httpx.Request, pipe: Callable[[Any], object]
    ) -> None:
        self.status_code = head.status
        self.head = head
        self.stream = stream
        self._request = request
        self._pipe = pipe

    @cached_property
    def extensions(self) -> dict[str, Any]:  # type: ignore[override]
        return {
            "http_version": self.head.version,
            "reason_phrase": self.head.reason,
            "network_stream": self._pipe(self.stream),
        }
