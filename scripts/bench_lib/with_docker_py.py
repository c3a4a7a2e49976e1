"""docker-py, used as in its documentation. It blocks."""

from __future__ import annotations

from bench_lib import sizes

__all__ = ["DockerPy"]


class DockerPy:
    """Uses the low-level client, which has every call, and the high-level client for `run`."""

    async def open(self, path: str, container: str) -> None:
        import docker

        self.high = docker.DockerClient(base_url=f"unix://{path}", version="1.41")
        self.client = self.high.api
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
        assert lines == sizes.PULL_LINES

    async def logs(self, size: int) -> None:
        frames = total = 0
        # It joins frames that are split across reads, and does not report their stream.
        for part in self.client.logs(self.container, stdout=True, stderr=True, stream=True, follow=True, tail=size):
            frames += 1
            total += len(part)
        sizes.check_frames(size, frames, total)

    async def logs_100(self) -> None:
        await self.logs(100)

    async def logs_32k(self) -> None:
        await self.logs(32 * 1024)

    async def download(self) -> None:
        parts, _ = self.client.get_archive(self.container, "/")
        sizes.check_download(sum(map(len, parts)))

    async def upload(self) -> None:
        assert self.client.put_archive(self.container, "/", sizes.parts_blocking())

    async def run(self) -> None:
        assert self.high.containers.run(sizes.image(self.container), sizes.RUN, remove=True) == b"hi\n"
