"""A minimal client without checks, versions, errors or models: the upper bound for a client on asyncio."""

from __future__ import annotations

import asyncio
import json
from typing import Any

__all__ = ["HandWritten"]


class _Protocol(asyncio.BufferedProtocol):
    def __init__(self) -> None:
        self.buffer = memoryview(bytearray(256 * 1024))
        self.data = b""
        self.waiter: asyncio.Future[bytes] | None = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def get_buffer(self, hint: int) -> memoryview:
        return self.buffer

    def buffer_updated(self, size: int) -> None:
        data = self.data = self.data + bytes(self.buffer[:size])
        end = data.find(b"\r\n\r\n") + 4
        if end < 4:
            return
        mark = data.find(b"Content-Length: ", 0, end)
        if mark >= 0:
            length = int(data[mark + 16 : data.find(b"\r\n", mark)])
            if len(data) - end < length:
                return
            body = data[end:]
        elif data.endswith(b"\r\n0\r\n\r\n"):
            body = data[data.find(b"\r\n", end) + 2 : -7]
        else:
            return
        self.data = b""
        assert self.waiter is not None
        self.waiter.set_result(body)


class HandWritten:
    async def open(self, path: str, container: str) -> None:
        self.path = path
        self.idle: list[_Protocol] = []
        self.get = f"GET /v1.41/containers/{container}/json HTTP/1.1\r\nHost: d\r\n\r\n".encode()

    async def close(self) -> None:
        for connection in self.idle:
            connection.transport.close()

    async def call(self, data: bytes) -> bytes:
        loop = asyncio.get_running_loop()
        if self.idle:
            connection = self.idle.pop()
        else:
            _, connection = await loop.create_unix_connection(_Protocol, self.path)
        waiter = connection.waiter = loop.create_future()
        connection.transport.write(data)
        body: bytes = await waiter
        self.idle.append(connection)
        return body

    async def ping(self) -> None:
        await self.call(b"GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n")

    async def inspect(self) -> None:
        json.loads(await self.call(self.get))
