"""Each client, used as its own documentation says. A method that is missing leaves its client out of that work."""

from __future__ import annotations

import asyncio
import json
from typing import Any


class Rawdock:
    """`parser` is who parses JSON: the standard library, or msgspec (`rawdock[fast]`)."""

    def __init__(self, parser: str = "json") -> None:
        from rawdock._codec import use_json

        use_json(parser)

    async def open(self, path: str, container: str) -> None:
        import rawdock

        self.docker, self.container = rawdock.Docker(path), container

    async def close(self) -> None:
        await self.docker.aclose()

    async def ping(self) -> None:
        await self.docker.system.ping()

    async def inspect(self) -> None:
        await self.docker.containers.inspect(self.container)

    async def list(self) -> None:
        assert len(await self.docker.containers.list(all=True)) == 500

    async def pull(self) -> int:
        async with self.docker.images.pull("app:1") as pull:
            lines = 0
            async for _ in pull:
                lines += 1
        return lines


class RawdockRequest(Rawdock):
    """The untyped request: what the models cost is the difference to `Rawdock`."""

    list = pull = ping = None  # type: ignore[assignment]

    async def inspect(self) -> None:
        await self.docker.request("GET", f"/containers/{self.container}/json")


class Aiodocker:
    async def open(self, path: str, container: str) -> None:
        import aiodocker
        import aiohttp

        connector = aiohttp.UnixConnector(path, limit=0)  # its default of 100 connections stops other calls
        self.docker = aiodocker.Docker(url=f"unix://{path}", connector=connector, api_version="v1.41")
        self.docker.docker_host = "unix://localhost"
        self.container = container

    async def close(self) -> None:
        await self.docker.close()
        await self.docker.connector.close()

    async def ping(self) -> None:
        async with self.docker._query("_ping", versioned_api=False) as response:  # it has no ping of its own
            await response.text()

    async def inspect(self) -> None:
        await self.docker.containers.container(self.container).show()

    async def list(self) -> None:
        assert len(await self.docker.containers.list(all=1)) == 500

    async def pull(self) -> int:
        lines = 0
        async for _ in self.docker.images.pull("app", tag="1", stream=True):
            lines += 1
        return lines


class Httpx:
    async def open(self, path: str, container: str) -> None:
        import httpx

        transport = httpx.AsyncHTTPTransport(uds=path, verify=False)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://docker", trust_env=False, timeout=None)
        self.container = container

    async def close(self) -> None:
        await self.client.aclose()

    async def ping(self) -> None:
        (await self.client.get("/_ping")).raise_for_status()

    async def inspect(self) -> None:
        (await self.client.get(f"/v1.41/containers/{self.container}/json")).json()

    async def list(self) -> None:
        assert len((await self.client.get("/v1.41/containers/json?all=1")).json()) == 500

    async def pull(self) -> int:
        lines = 0
        async with self.client.stream("POST", "/v1.41/images/create?fromImage=app:1") as response:
            async for line in response.aiter_lines():
                if line:
                    json.loads(line)
                    lines += 1
        return lines


class DockerPy:
    """Blocking; a thread for each caller."""

    async def open(self, path: str, container: str) -> None:
        import docker

        self.client = docker.APIClient(base_url=f"unix://{path}", version="1.41")
        self.container = container

    async def close(self) -> None:
        self.client.close()

    async def ping(self) -> None:
        self.client.ping()

    async def inspect(self) -> None:
        self.client.inspect_container(self.container)

    async def list(self) -> None:
        assert len(self.client.containers(all=True)) == 500

    async def pull(self) -> int:
        return sum(1 for _ in self.client.pull("app", tag="1", stream=True, decode=True))


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


class Raw:
    """Hand-written for this bench: no checks, no versions, no errors, dictionaries. The bound for asyncio."""

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


# name: (class, arguments, loop)
CONTESTANTS: dict[str, tuple[type[Any], tuple[str, ...], str]] = {
    "rawdock": (Rawdock, (), "asyncio"),
    "rawdock[fast]": (Rawdock, ("msgspec",), "asyncio"),
    "rawdock, untyped": (RawdockRequest, (), "asyncio"),
    "rawdock on uvloop": (Rawdock, (), "uvloop"),
    "rawdock on trio": (Rawdock, (), "trio"),
    "hand-written": (Raw, (), "asyncio"),
    "aiodocker": (Aiodocker, (), "asyncio"),
    "httpx": (Httpx, (), "asyncio"),
    "docker-py": (DockerPy, (), "asyncio"),
}
