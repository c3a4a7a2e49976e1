"""The clients that are compared. A client takes part in each workload that it has a method for."""

from __future__ import annotations

from typing import Any, NamedTuple

from bench_lib.docker_command import DockerCommand
from bench_lib.hand_written import HandWritten
from bench_lib.over_ssh import DockerPySsh, RawdockSsh
from bench_lib.over_tls import DockerPyTls, RawdockTls
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
    """Blocks its thread, so it takes no part in workloads with several callers."""
    slowness: int = 1
    """Divides the number of calls in a round, for slow clients. The time of one call is compared."""
    only: tuple[str, ...] = ()
    """The methods that it takes part with; empty means all."""

    def takes(self, method: str) -> bool:
        """Whether it takes part in workloads with this method."""
        return hasattr(self.client, method) and (not self.only or method in self.only)


_FAST = ("ping", "inspect", "list", "pull")
# Other event loops differ in their I/O, so only workloads that depend on it run on them.
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
    "rawdock, TLS": Contestant(RawdockTls),
    "rawdock, TLS, trio": Contestant(RawdockTls, loop="trio"),
    "docker-py, TLS": Contestant(DockerPyTls, blocking=True, slowness=4),
    "rawdock, ssh": Contestant(RawdockSsh),
    "docker-py, ssh": Contestant(DockerPySsh, blocking=True, slowness=400),
}
PEERS = ("aiodocker", "httpx", "docker-py")
"""The clients that `BEST` is chosen from."""
