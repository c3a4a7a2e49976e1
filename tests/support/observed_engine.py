"""An Engine for tests of what is told of calls: it answers, refuses, breaks a stream off, or never ends."""

from __future__ import annotations

import anyio
from faultserver import Peer, json_answer

__all__ = ["EVENT", "answer"]

STREAM = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n"
EVENT = b'{"Type":"container","Action":"start"}\n'


async def answer(request: bytes, peer: Peer) -> bytes | None:
    target = request.split(b" ")[1]
    if b"/events" in target:
        await peer.send(STREAM + b"%x\r\n%b\r\n" % (len(EVENT), EVENT))
        if b"since=1" in target:
            return None  # breaks off
        await anyio.sleep(60)
    if b"/missing/" in target:
        return json_answer(b'{"message":"no"}', b"404 Not Found")
    if b"/slow/" in target:
        await anyio.sleep(60)
    return json_answer(b'{"Id":"x"}')
