"""The docker command, started for each call, as many programs do."""

from __future__ import annotations

import os
import shutil
from typing import ClassVar

import anyio

__all__ = ["DockerCommand"]


class DockerCommand:
    """The command named by `DOCKER_CLI` or found in `PATH`; without one, it takes no part."""

    program: ClassVar[str] = os.environ.get("DOCKER_CLI", "") or shutil.which("docker") or ""

    async def open(self, path: str, container: str) -> None:
        self.command = [self.program, "--host", f"unix://{path}"]
        self.container = container

    async def close(self) -> None:
        pass

    if program:

        async def execute(self) -> None:
            await anyio.run_process([*self.command, "exec", self.container, "true"])
