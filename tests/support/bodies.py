"""Reads the body of a request for a scripted server."""

from __future__ import annotations

from faultserver import Peer

from rawdock._transport.wire import Reader

__all__ = ["body_of"]


async def body_of(request: bytes, peer: Peer) -> bytes:
    """Return the whole body of a request."""
    head, _, body = request.partition(b"\r\n\r\n")
    if b"\r\nTransfer-Encoding: chunked" not in head:
        return body
    assert b"Content-Length" not in head
    reader = Reader()
    reader.feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    parts = reader.feed(peer._buffer)
    while not reader.done:
        parts += reader.feed(await peer.stream.receive())
    peer._buffer = reader.rest
    return b"".join(parts)
