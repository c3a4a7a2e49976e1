"""`Replay`: a transport that answers from a recording."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Literal, cast

import anyio.lowlevel
import httpx

from .._streams.faces.websocket import accept_value
from .format import FORMAT, Exchange, RecordedResponse, Recording, from_piece, same_body
from .redaction import redact_body, redact_target

__all__ = ["ChunkMode", "NotRecorded", "Replay"]

ChunkMode = Literal["recorded", "whole", "bytes"]

_MAX_LISTED = 12
_ACCEPT = "sec-websocket-accept"
# Headers about the framing of the body, which a replayed body does not have.
_FRAMING = frozenset({"connection", "content-length", "transfer-encoding"})


class NotRecorded(LookupError):
    """The recording has no answer, or no further answer, to a request."""


class Replay(httpx.AsyncBaseTransport):
    """Gives the recorded answers of an Engine: `Docker(transport=Replay("recording.json"))`.

    A request is matched by method, target and body; answers to equal requests come in their recorded order. `chunks`
    says how bodies are split: as recorded, not at all, or into single bytes; a program must behave the same with each.
    A body that was not recorded to its end breaks off at that place.
    """

    def __init__(self, recording: Recording | str | os.PathLike[str], chunks: ChunkMode = "recorded") -> None:
        if isinstance(recording, (str, os.PathLike)):
            recording = cast("Recording", json.loads(Path(recording).read_text(encoding="utf-8")))
        if recording.get("format") != FORMAT:
            raise ValueError(f"a recording of format {FORMAT} is needed, got {recording.get('format')!r}")
        if chunks not in ("recorded", "whole", "bytes"):
            raise ValueError(f"chunks: {chunks!r} is not one of 'recorded', 'whole', 'bytes'")
        self._chunks: ChunkMode = chunks
        self._all = list(recording["exchanges"])
        self._unused = list(self._all)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await anyio.lowlevel.checkpoint()
        target = redact_target(request.url.raw_path.decode())
        body = redact_body(await request.aread(), target)
        exchange = self._find(request.method, target, body)
        response = exchange["response"]
        if response is None:
            raise httpx.ReadError("the recording has this request, but no answer to it", request=request)
        chunks = [from_piece(piece) for piece in response["chunks"]]
        if self._chunks == "whole":
            chunks = [b"".join(chunks)] if chunks else []
        return httpx.Response(
            response["status"],
            headers=_headers(request, response, chunks),
            stream=_ReplayedBody(chunks, single=self._chunks == "bytes", ended=response["ended"]),
            request=request,
            extensions={
                "http_version": b"HTTP/1.1",
                "reason_phrase": response["reason"].encode(),
                "network_stream": _ReplayedWriter(response),
            },
        )

    def unused(self) -> list[Exchange]:
        """The exchanges that were not requested yet."""
        return list(self._unused)

    def _find(self, method: str, target: str, body: bytes) -> Exchange:
        def matches(exchange: Exchange) -> bool:
            request = exchange["request"]
            return (request["method"], request["target"]) == (method, target) and same_body(
                from_piece(request["body"]), body
            )

        for index, exchange in enumerate(self._unused):
            if matches(exchange):
                return self._unused.pop(index)
        times = sum(map(matches, self._all))
        if times:
            raise NotRecorded(f"{method} {target} was recorded {times} times, and is requested once more")
        same_target = [exchange for exchange in self._all if exchange["request"]["target"] == target]
        if any(exchange["request"]["method"] == method for exchange in same_target):
            raise NotRecorded(f"{method} {target} was recorded with another body, not with {body[:200]!r}")
        raise NotRecorded(
            f"{method} {target} was not recorded; not requested yet: {', '.join(self._unused_targets()) or 'none'}"
        )

    def _unused_targets(self) -> Iterator[str]:
        for exchange in self._unused[:_MAX_LISTED]:
            yield f"{exchange['request']['method']} {exchange['request']['target']}"
        if len(self._unused) > _MAX_LISTED:
            yield f"and {len(self._unused) - _MAX_LISTED} more"


def _headers(request: httpx.Request, response: RecordedResponse, chunks: list[bytes]) -> list[tuple[str, str]]:
    recorded = [(name, value) for name, _, value in (line.partition(": ") for line in response["headers"])]
    if key := request.headers.get("sec-websocket-key"):  # a new key for each connection
        recorded = [(name, accept_value(key) if name.lower() == _ACCEPT else value) for name, value in recorded]
    headers = [(name, value) for name, value in recorded if name.lower() not in _FRAMING]
    if chunks and any(name.lower() == "content-length" for name, _ in recorded):
        headers.append(("Content-Length", str(sum(map(len, chunks)))))
    return headers


class _ReplayedWriter:
    """The writing side of a hijacked connection: accepts only what was sent when it was recorded."""

    def __init__(self, response: RecordedResponse) -> None:
        self._unused = from_piece(response.get("sent", ""))
        self._is_websocket = any(line.lower() == "upgrade: websocket" for line in response["headers"])

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await anyio.lowlevel.checkpoint()
        if self._is_websocket:
            return
        left, data = self._unused, bytes(buffer)
        if not left.startswith(data):
            raise NotRecorded(f"{data[:80]!r} was sent, but the recording has {left[:80]!r}")
        self._unused = left[len(data) :]

    async def send_eof(self) -> None:
        await anyio.lowlevel.checkpoint()


class _ReplayedBody(httpx.AsyncByteStream):
    def __init__(self, chunks: list[bytes], *, single: bool, ended: bool) -> None:
        self._chunks = iter(chunks)
        self._rest = iter(b"")
        self._single = single
        self._ended = ended
        self._closed = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._closed:
            raise httpx.StreamClosed
        for byte in self._rest:
            return bytes((byte,))
        await anyio.lowlevel.checkpoint()
        for chunk in self._chunks:
            if not self._single:
                return chunk
            self._rest = iter(chunk)
            return bytes((next(self._rest),))
        if not self._ended:
            raise httpx.ReadError("the recording breaks off here: the rest of the answer was not read")
        raise StopAsyncIteration

    async def aclose(self) -> None:
        self._closed = True
