"""Each client, used as its own documentation says. A method that is missing leaves its client out of that work."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from bench_lib.bodies import PULL_LINES
from bench_lib.hand_written import HandWritten

__all__ = ["CONTESTANTS", "Contestant"]


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

    async def pull(self) -> None:
        async with self.docker.images.pull("app:1") as pull:
            lines = 0
            async for _ in pull:
                lines += 1
        assert lines == PULL_LINES


class RawdockBytes:
    """An answer in bytes by `docker.request`, nothing decoded: what models cost is the difference to `Rawdock`."""

    async def open(self, path: str, container: str) -> None:
        import rawdock

        self.docker, self.container = rawdock.Docker(path), container

    async def close(self) -> None:
        await self.docker.aclose()

    async def inspect(self) -> None:
        assert (await self.docker.request("GET", f"/containers/{self.container}/json")).content


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

    async def pull(self) -> None:
        lines = 0
        async for _ in self.docker.images.pull("app", tag="1", stream=True):
            lines += 1
        assert lines == PULL_LINES


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

    async def pull(self) -> None:
        lines = 0
        async with self.client.stream("POST", "/v1.41/images/create?fromImage=app:1") as response:
            async for line in response.aiter_lines():
                if line:
                    json.loads(line)
                    lines += 1
        assert lines == PULL_LINES


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

    async def pull(self) -> None:
        lines = sum(1 for _ in self.client.pull("app", tag="1", stream=True, decode=True))
        assert lines == PULL_LINES


class Contestant(NamedTuple):
    client: type[Any]
    arguments: tuple[str, ...] = ()
    loop: str = "asyncio"
    blocking: bool = False
    """Blocks its thread, so it has no place among many callers."""
    slowness: int = 1
    """It makes so many times fewer calls a round; what is compared is the time of one."""


CONTESTANTS: dict[str, Contestant] = {
    "rawdock": Contestant(Rawdock),
    "rawdock[fast]": Contestant(Rawdock, ("msgspec",)),
    "rawdock, bytes": Contestant(RawdockBytes),
    "rawdock on uvloop": Contestant(Rawdock, loop="uvloop"),
    "rawdock on trio": Contestant(Rawdock, loop="trio"),
    "hand-written": Contestant(HandWritten),
    "aiodocker": Contestant(Aiodocker),
    "httpx": Contestant(Httpx, slowness=8),
    "docker-py": Contestant(DockerPy, blocking=True, slowness=4),
}
