"""Keep containers running: `python supervisor.py wanted.json PORT`.

The file maps names to options of `ContainerSpec.of`. Each container is labelled, made anew if its options have changed,
and started again with backoff if it ends. `http://127.0.0.1:PORT` shows what runs. The file is read again on SIGHUP.
"""

import asyncio
import hashlib
import json
import signal
import sys
import time
from pathlib import Path
from typing import Any

from rawdock import Docker, RawdockError
from rawdock.models import ContainerSpec

LABEL = "example.supervisor"


class Supervisor:
    def __init__(self, docker: Docker, path: Path) -> None:
        self.docker = docker
        self.path = path
        self.status: dict[str, str] = {}
        self.changed = asyncio.Event()

    async def pull(self, name: str, image: str) -> None:
        async with self.docker.images.pull(image) as pull:
            async for _ in pull:
                self.status[name] = f"pulling {image}: {pull.progress.current} of {pull.progress.total} bytes"

    async def update(self, name: str, options: dict[str, Any]) -> None:
        digest = hashlib.sha256(json.dumps(options, sort_keys=True).encode()).hexdigest()
        found = await self.docker.containers.list(all=True, filters={"label": f"{LABEL}={name}"})
        if found and found[0].labels.get(f"{LABEL}.digest") != digest:
            await self.pull(name, options["image"])
            await self.docker.containers.delete(found.pop(0).id, force=True)
        if not found:
            await self.docker.ensure_image(options["image"])
            labels = {LABEL: name, f"{LABEL}.digest": digest}
            await self.docker.containers.create(ContainerSpec.of(**options, labels=labels), name=name)
        await self.docker.containers.start(name)
        self.status[name] = "running"

    async def keep(self, name: str, options: dict[str, Any]) -> None:
        """Keep one container as wanted, until this is cancelled."""
        failures = 0
        while True:
            began = time.monotonic()
            try:
                await self.update(name, options)
                exited = await self.docker.containers.wait(name)
                self.status[name] = f"ended with exit code {exited.status_code}"
            except RawdockError as error:
                self.status[name] = f"failed: {error}"
            failures = 0 if time.monotonic() - began > 60 else failures + 1
            await asyncio.sleep(min(0.1 * 2**failures, 60))

    async def run(self) -> None:
        while True:
            self.changed.clear()
            wanted = json.loads(self.path.read_text())
            for one in await self.docker.containers.list(all=True, filters={"label": LABEL}):
                if one.labels[LABEL] not in wanted:
                    await self.docker.containers.delete(one.id, force=True)
            tasks = [asyncio.create_task(self.keep(name, options)) for name, options in wanted.items()]
            await self.changed.wait()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def show(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        page = "".join(f"{name}: {status}\n" for name, status in sorted(self.status.items()))
        writer.write(f"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n{page}".encode())
        writer.close()


async def main(path: str, port: str) -> None:
    async with Docker() as docker:
        supervisor = Supervisor(docker, Path(path))
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, supervisor.changed.set)
        async with await asyncio.start_server(supervisor.show, "127.0.0.1", int(port)):
            await supervisor.run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
