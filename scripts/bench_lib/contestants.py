"""The clients that are compared. A client without a method for a task is left out of it."""

from __future__ import annotations

from typing import Any, NamedTuple

from bench_lib.docker_command import DockerCommand
from bench_lib.hand_written import HandWritten
from bench_lib.with_aiodocker import Aiodocker
from bench_lib.with_docker_py import DockerPy
from bench_lib.with_httpx import Httpx
from bench_lib.with_rawdock import Rawdock, RawdockBytes

__all__ = ["CONTESTANTS", "PEERS", "Contestant"]


class Contestant(NamedTuple):
    client: type[Any]
    arguments: tuple[str, ...] = ()
    loop: str = "asyncio"
    blocking: bool = False
    """Blocks its thread, so it has no place among many callers."""
    slowness: int = 1
    """It makes so many times fewer calls a round; what is compared is the time of one."""
    only: tuple[str, ...] = ()
    """The works it is measured in; all, if empty."""

    def takes(self, method: str) -> bool:
        """Whether it has a part in a work."""
        return hasattr(self.client, method) and (not self.only or method in self.only)


_FAST = ("ping", "inspect", "list", "pull")
# On other loops it is the way of the bytes that differs.
_LOOPS = ("ping", "inspect", "list", "pull", "logs_100", "logs_32k", "download", "upload", "exec_open", "echo")

CONTESTANTS: dict[str, Contestant] = {
    "rawdock": Contestant(Rawdock),
    "rawdock[fast]": Contestant(Rawdock, ("msgspec",), only=_FAST),
    "rawdock, bytes": Contestant(RawdockBytes, only=("inspect", "download")),
    "rawdock on uvloop": Contestant(Rawdock, loop="uvloop", only=_LOOPS),
    "rawdock on trio": Contestant(Rawdock, loop="trio", only=_LOOPS),
    "hand-written": Contestant(HandWritten),
    "aiodocker": Contestant(Aiodocker),
    "httpx": Contestant(Httpx, slowness=8),
    "docker-py": Contestant(DockerPy, blocking=True, slowness=4),
    "docker command": Contestant(DockerCommand),
}
PEERS = ("aiodocker", "httpx", "docker-py")
"""The clients whose best result counts."""
