"""rawdock, used as in its documentation."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

from bench_lib import sizes
from bench_lib.streams import Streams

__all__ = ["Rawdock", "RawdockBytes"]


class Rawdock:
    """`parser` is the JSON parser: `json`, or `msgspec` (`rawdock[fast]`)."""

    def __init__(self, parser: str = "json") -> None:
        from rawdock._models.codec import use_json

        use_json(parser)

    async def open(self, path: str, container: str) -> None:
        import rawdock

        self.path = path
        self.docker, self.container = rawdock.Docker(path), container
        self.held, self.shell = AsyncExitStack(), None

    async def close(self) -> None:
        await self.held.aclose()
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
        assert lines == sizes.PULL_LINES

    async def logs(self, size: int) -> None:
        frames = total = 0
        async with self.docker.containers.logs(self.container, stdout=True, stderr=True, tail=size) as logs:
            async for frame in logs:
                frames += 1
                total += len(frame.data)
        sizes.check_frames(size, frames, total)

    async def logs_100(self) -> None:
        await self.logs(100)

    async def logs_32k(self) -> None:
        await self.logs(32 * 1024)

    async def download(self) -> None:
        total = 0

        def count(part: memoryview) -> None:
            nonlocal total
            total += len(part)

        async with self.docker.containers.archive(self.container, path="/") as archive:
            await archive.write_to(count)
        sizes.check_download(total)

    async def upload(self) -> None:
        await self.docker.containers.put_archive(self.container, sizes.parts(), path="/")

    async def _shell(self, stack: AsyncExitStack) -> Any:
        from rawdock.models import ExecConfig

        config = ExecConfig(cmd=["cat"], attach_stdin=True, attach_stdout=True, attach_stderr=True)
        created = await self.docker.exec.create(self.container, config)
        return await stack.enter_async_context(self.docker.exec.start(created.id))

    async def exec_open(self) -> None:
        async with AsyncExitStack() as stack:
            await _echo(await self._shell(stack))

    async def echo(self) -> None:
        if self.shell is None:
            self.shell = await self._shell(self.held)
        await _echo(self.shell)

    async def execute(self) -> None:
        result = await self.docker.execute(self.container, ["true"])
        assert result.exit_code == 0

    async def run(self) -> None:
        result = await self.docker.run(sizes.image(self.container), sizes.RUN)
        assert (result.exit_code, result.stdout, result.stderr) == (0, b"hi\n", b"")

    async def event_streams(self) -> dict[str, float]:
        stack = AsyncExitStack()

        async def opened() -> Any:
            return aiter(await stack.enter_async_context(self.docker.system.events()))

        async def next_of(stream: Any) -> None:
            await anext(stream)

        async with stack:
            return await Streams(self.path, self.ping, opened, next_of).figures()


async def _echo(shell: Any) -> None:
    await shell.send(b"echo\n")
    size = 0
    while size < 5:
        size += len((await anext(shell)).data)


class RawdockBytes(Rawdock):
    """rawdock with an undecoded answer, and a download by iteration, to show the cost of the alternatives."""

    async def inspect(self) -> None:
        assert (await self.docker.request("GET", f"/containers/{self.container}/json")).content

    async def download(self) -> None:
        total = 0
        async with self.docker.containers.archive(self.container, path="/") as archive:
            async for part in archive:
                total += len(part)
        sizes.check_download(total)
