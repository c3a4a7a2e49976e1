"""Requests and answers as subclasses of httpx's, which build their URL, headers and so on only when those are used.

Building httpx's own objects costs more than the whole exchange with the Engine. Any httpx transport can send these
requests, and the responses can be used like any other. They depend on the attributes `_content` and `_request` of
httpx 0.28; tests/unit/transport/test_messages.py checks that they behave like httpx's own.
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
    """A request as the bytes that are sent.

    `head_tail` is everything after the target: the protocol version, the headers and the blank line. Requests with the
    same headers share it. `mode` tells rawdock's own transport whether to read the whole answer or to open a stream;
    other transports ignore it.
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
        """The request as it is sent, with its body if that is bytes."""
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
        return aiter(self._body)  # not a generator, which a transport might not close

    async def aclose(self) -> None:
        await close_iterator(self._body)


class WireResponse(httpx.Response):
    """An answer with its whole body."""

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
    """An answer whose body is still to be read. `network_stream` makes httpx's extension of that name."""

    is_closed = False
    is_stream_consumed = False

    def __init__(
        self,
        head: Head,
        stream: httpx.AsyncByteStream,
        request: httpx.Request,
        network_stream: Callable[[Any], object],
    ) -> None:
        self.status_code = head.status
        self.head = head
        self.stream = stream
        self._request = request
        self._network_stream = network_stream

    @cached_property
    def extensions(self) -> dict[str, Any]:  # type: ignore[override]
        return {
            "http_version": self.head.version,
            "reason_phrase": self.head.reason,
            "network_stream": self._network_stream(self.stream),
        }
