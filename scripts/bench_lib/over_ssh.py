"""rawdock and docker-py over ssh, each with an sshd of its own on this machine, and the real docker command there.

They take part only as root, with OpenSSH and the docker command (DOCKER_CLI is another one than the usual).
"""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from pathlib import Path

from bench_lib.docker_command import DockerCommand

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "support"))
from private_sshd import missing_for_sshd, private_sshd  # type: ignore[import-not-found]

__all__ = ["DockerPySsh", "RawdockSsh"]

_POSSIBLE = bool(DockerCommand.program) and not missing_for_sshd()


class _OverSsh:
    def start(self, path: str) -> None:
        self.stack = ExitStack()
        server = self.stack.enter_context(private_sshd(f'exec "{DockerCommand.program}" "$@"', f"unix://{path}"))
        os.environ["PATH"] = server.path
        self.port: int = server.port


class RawdockSsh(_OverSsh):
    async def open(self, path: str, container: str) -> None:
        import rawdock

        self.start(path)
        self.docker = rawdock.Docker("ssh://engine", connect_timeout=60)

    async def close(self) -> None:
        await self.docker.aclose()
        self.stack.close()

    if _POSSIBLE:

        async def ssh_ping(self) -> None:
            await self.docker.system.ping()


class DockerPySsh(_OverSsh):
    async def open(self, path: str, container: str) -> None:
        import docker

        self.start(path)
        # With the port, as it calls ssh with -p 22 otherwise, over what ssh_config says.
        self.client = docker.APIClient(base_url=f"ssh://engine:{self.port}", use_ssh_client=True, version="1.41")

    async def close(self) -> None:
        self.client.close()
        self.stack.close()

    if _POSSIBLE:

        async def ssh_ping(self) -> None:
            self.client.ping()
