"""`Recorder`: a transport that records the exchanges with an Engine."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping
from pathlib import Path
from typing import Any, cast

import httpx

from .._address import find_address
from .._connect import transport_to
from .._iterators import close_iterator
from .._transport.messages import WireRequest
from .format import FORMAT, Exchange, RecordedResponse, Recording, from_piece, to_piece
from .redaction import encodings_of, redact_body, redact_headers, redact_target

__all__ = ["Recorder"]


class Recorder(httpx.AsyncBaseTransport):
    """Forwards requests to an Engine and records each exchange with the chunks of its answer.

    `transport` is the transport to forward to, or an Engine's address as for `Docker`. The values of secret headers and
    secret JSON keys are redacted. `secrets` are further values that may not be recorded: `recording` and `save` raise
    ValueError if one of them is found, in plain text or in base64.

    What is sent on a hijacked connection (attach, exec) is recorded too, except on a WebSocket, where it is different
    each time.
    """

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport | str | os.PathLike[str] | None = None,
        *,
        secrets: Iterable[str] = (),
    ) -> None:
        self._transport = (
            transport if isinstance(transport, httpx.AsyncBaseTransport) else transport_to(find_address(transport))
        )
        self._secrets = [secret for secret in secrets if secret]
        self._exchanges: list[_RecordedExchange] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        exchange = _RecordedExchange(request)
        self._exchanges.append(exchange)
        response = await self._transport.handle_async_request(exchange.forwarded_request())
        exchange.response = response
        extensions = dict(response.extensions)
        if "network_stream" in extensions:
            extensions["network_stream"] = _RecordedWriter(extensions["network_stream"], exchange)
        return httpx.Response(
            response.status_code,
            headers=response.headers.raw,
            stream=_RecordedResponseBody(cast("httpx.AsyncByteStream", response.stream), exchange),
            request=request,
            extensions=extensions,
        )

    async def aclose(self) -> None:
        await self._transport.aclose()

    def recording(self, about: Mapping[str, str] | None = None) -> Recording:
        """The recording so far, without secrets. `about` is stored with it."""
        recording = Recording(format=FORMAT, exchanges=[exchange.to_json() for exchange in self._exchanges])
        if about:
            recording["about"] = dict(about)
        self._refuse_secrets(recording)
        return recording

    def save(self, path: str | os.PathLike[str], about: Mapping[str, str] | None = None) -> None:
        """Write the recording as JSON."""
        text = json.dumps(self.recording(about), indent=1, ensure_ascii=False, sort_keys=True)
        Path(path).write_text(text + "\n", encoding="utf-8")

    def _refuse_secrets(self, recording: Recording) -> None:
        encodings = {encoding for secret in self._secrets for encoding in encodings_of(secret)}
        texts = {"about": json.dumps(recording.get("about", {}), ensure_ascii=False)}
        for number, exchange in enumerate(recording["exchanges"]):
            request, response = exchange["request"], exchange["response"]
            bodies = [from_piece(request["body"])]
            if response:
                bodies += [b"".join(map(from_piece, response["chunks"])), from_piece(response.get("sent", ""))]
            written = json.dumps(exchange, ensure_ascii=False)
            texts[f"exchange {number}, {request['method']} {request['target'].partition('?')[0]}"] = "\n".join(
                [written, *(body.decode("latin-1") for body in bodies)]
            )
        for where, text in texts.items():
            if any(encoding in text for encoding in encodings):
                raise ValueError(f"a secret would be recorded in {where}")


class _RecordedExchange:
    """A request, and as much of its answer as has arrived."""

    def __init__(self, request: httpx.Request) -> None:
        self.request = request
        self.sent: list[bytes] = []
        self.response: httpx.Response | None = None
        self.chunks: list[bytes] = []
        self.ended = False
        self.written: list[bytes] = []

    def forwarded_request(self) -> httpx.Request:
        """The request to forward. It always asks for a streamed answer, since only that has chunks."""
        request = self.request
        if isinstance(request, WireRequest):
            body: bytes | AsyncIterable[bytes]
            if isinstance(request.body, bytes):
                body = request.body
                self.sent.append(body)
            else:
                body = _RecordedRequestBody(request.body, self.sent)
            return WireRequest(
                request.method, request.target, request.head_tail, base=request.base, body=body, mode="stream"
            )
        stream = request.stream
        if isinstance(stream, Iterable):
            self.sent += stream
            return request
        return httpx.Request(
            request.method,
            request.url,
            headers=request.headers,
            stream=_RecordedRequestBody(stream, self.sent),
            extensions=request.extensions,
        )

    def to_json(self) -> Exchange:
        request = self.request
        return {
            "request": {
                "method": request.method,
                "target": self.target,
                "headers": redact_headers(request.headers.raw),
                "body": to_piece(redact_body(b"".join(self.sent), self.target)),
            },
            "response": self._answer(self.response) if self.response is not None else None,
        }

    @property
    def target(self) -> str:
        request = self.request
        target = request.target if isinstance(request, WireRequest) else request.url.raw_path.decode()
        return redact_target(target)

    def _answer(self, response: httpx.Response) -> RecordedResponse:
        body = b"".join(self.chunks)
        redacted = redact_body(body, self.target)
        whole = redacted != body or (isinstance(self.request, WireRequest) and self.request.mode == "whole")
        answer: RecordedResponse = {
            "status": response.status_code,
            "reason": response.reason_phrase,
            "headers": redact_headers(response.headers.raw),
            "chunks": [to_piece(chunk) for chunk in ([redacted] if whole else self.chunks) if chunk],
            "ended": self.ended,
        }
        if self.written and response.headers.get("upgrade", "").lower() != "websocket":
            answer["sent"] = to_piece(b"".join(self.written))
        return answer


class _RecordedRequestBody(httpx.AsyncByteStream):
    """A streamed request body, recorded as it is sent."""

    def __init__(self, body: AsyncIterable[bytes], sent: list[bytes]) -> None:
        self._body = body
        self._parts: AsyncIterator[bytes] | None = None
        self._sent = sent

    def __aiter__(self) -> AsyncIterator[bytes]:
        self._parts = aiter(self._body)
        return self

    async def __anext__(self) -> bytes:
        assert self._parts is not None
        part = await anext(self._parts)
        self._sent.append(bytes(part))
        return part

    async def aclose(self) -> None:
        await close_iterator(self._parts)


class _RecordedWriter:
    """The writing side of a hijacked connection, recorded as it is sent."""

    def __init__(self, stream: Any, exchange: _RecordedExchange) -> None:
        self._stream = stream
        self._exchange = exchange

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._stream.write(buffer, timeout)
        self._exchange.written.append(bytes(buffer))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _RecordedResponseBody(httpx.AsyncByteStream):
    """The body of an answer, recorded as it is read."""

    def __init__(self, stream: httpx.AsyncByteStream, exchange: _RecordedExchange) -> None:
        self._stream = stream
        self._chunks = aiter(stream)
        self._exchange = exchange

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        try:
            chunk = await anext(self._chunks)
        except StopAsyncIteration:
            self._exchange.ended = True
            raise
        self._exchange.chunks.append(chunk)
        return chunk

    async def aclose(self) -> None:
        await close_iterator(self._chunks)
        await self._stream.aclose()
