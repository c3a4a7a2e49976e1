"""aiodocker, used as in its documentation; where it has no method, through its connection."""

from __future__ import annotations

from typing import Any

from bench_lib import sizes
from bench_lib.streams import Streams

__all__ = ["Aiodocker"]


class Aiodocker:
    async def open(self, path: str, container: str) -> None:
        import aiodocker
        import aiohttp

        connector = aiohttp.UnixConnector(path, limit=0)  # the default limit of 100 connections would block other calls
        self.docker = aiodocker.Docker(url=f"unix://{path}", connector=connector, api_version="v1.41")
        self.docker.docker_host = "unix://localhost"
        self.path, self.container = path, container
        self.shell: Any = None

    async def close(self) -> None:
        if self.shell is not None:
            await self.shell.close()
        await self.docker.close()
        await self.docker.connector.close()

    async def ping(self) -> None:
        async with self.docker._query("_ping", versioned_api=False) as response:  # it has no ping
            await response.text()

    async def inspect(self) -> None:
        await self.docker.containers.container(self.container).show()

    async def list(self) -> None:
        assert len(await self.docker.containers.list(all=1)) == 500

    async def pull(self) -> None:
        lines = 0
        async for _ in self.docker.images.pull("app", tag="1", stream=True):
            lines += 1
        assert lines == sizes.PULL_LINES

    async def logs(self, size: int) -> None:
        frames = total = 0
        container = self.docker.containers.container(self.container)
        async for text in container.log(stdout=True, stderr=True, follow=True, tail=size):
            frames += 1
            total += len(text)
        sizes.check_frames(size, frames, total)

    async def logs_100(self) -> None:
        await self.logs(100)

    async def logs_32k(self) -> None:
        await self.logs(32 * 1024)

    async def download(self) -> None:
        archive = await self.docker.containers.container(self.container).get_archive("/")  # all of it in memory
        assert archive.next().size == sizes.DOWNLOAD

    async def upload(self) -> None:
        # Its put_archive() fails on the Engine's empty answer, which has no content type.
        path = f"containers/{self.container}/archive"
        async with self.docker._query(path, "PUT", data=sizes.parts(), params={"path": "/"}):
            pass

    async def _shell(self) -> Any:
        container = self.docker.containers.container(self.container)
        command = await container.exec(["cat"], stdin=True, stdout=True, stderr=True, tty=False)
        shell = command.start(detach=False)
        await shell._init()
        return shell

    async def exec_open(self) -> None:
        shell = await self._shell()
        await _echo(shell)
        await shell.close()

    async def echo(self) -> None:
        if self.shell is None:
            self.shell = await self._shell()
        await _echo(self.shell)

    async def execute(self) -> None:
        container = self.docker.containers.container(self.container)
        command = await container.exec(["true"], stdout=True, stderr=True)
        async with command.start(detach=False) as output:
            while await output.read_out() is not None:
                pass
        assert (await command.inspect())["ExitCode"] == 0

    async def event_streams(self) -> dict[str, float]:
        from aiodocker.jsonstream import json_stream_stream

        async def opened() -> Any:
            response = await self.docker._do_query("events", "GET", params={"stream": True})
            return json_stream_stream(response, raise_on_error=False)

        async def next_of(stream: Any) -> None:
            await anext(stream)

        streams = Streams(self.path, self.ping, opened, next_of)
        figures = await streams.figures()
        for stream in streams.open:
            await stream._close()
        return figures


async def _echo(shell: Any) -> None:
    await shell.write_in(b"echo\n")
    size = 0
    while size < 5:
        size += len((await shell.read_out()).data)
