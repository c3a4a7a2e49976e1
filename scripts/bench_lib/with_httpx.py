"""httpx with its own transport for Unix sockets, and hand-written paths."""

from __future__ import annotations

import json
from typing import Any

from bench_lib import sizes
from bench_lib.streams import Streams

__all__ = ["Httpx"]


class Httpx:
    async def open(self, path: str, container: str) -> None:
        import httpx

        # The default limit of 100 connections would block other calls.
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
        transport = httpx.AsyncHTTPTransport(uds=path, verify=False, limits=limits)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://docker", trust_env=False, timeout=None)
        self.path, self.container = path, container

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
        assert lines == sizes.PULL_LINES

    async def download(self) -> None:
        total = 0
        async with self.client.stream("GET", f"/v1.41/containers/{self.container}/archive?path=/") as response:
            async for part in response.aiter_raw():
                total += len(part)
        sizes.check_download(total)

    async def upload(self) -> None:
        target = f"/v1.41/containers/{self.container}/archive?path=/"
        (await self.client.put(target, content=sizes.parts())).raise_for_status()

    async def event_streams(self) -> dict[str, float]:
        async def opened() -> Any:
            response = await self.client.send(self.client.build_request("GET", "/v1.41/events"), stream=True)
            responses.append(response)
            return response.aiter_lines()

        async def next_of(stream: Any) -> None:
            json.loads(await anext(stream))

        responses: list[Any] = []
        figures = await Streams(self.path, self.ping, opened, next_of).figures()
        for response in responses:
            await response.aclose()
        return figures
