"""Usage compared with the output of `docker stats`: for the same samples, and for a real container.

The command is that of an engine of `scripts/engines`, or of the machine.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import anyio.to_thread
import pytest
from faultserver import Peer, json_answer, serving
from scenarios.kit import container
from stats_samples import V1
from test_live import ENGINES

from rawdock import Docker, Usage, decode, usage_of
from rawdock.models import ContainerStats

pytestmark = [pytest.mark.live, pytest.mark.anyio, pytest.mark.timeout(180)]


def _command() -> str:
    """Where the docker command is; empty if nowhere."""
    for entry in ENGINES:
        socket = Path(entry.partition("=")[2])
        for found in socket.parents[2].glob("roots/*/usr/bin/docker") if len(socket.parents) > 2 else ():
            return str(found)
    return shutil.which("docker") or ""


COMMAND = _command()
if not COMMAND:
    pytestmark.append(pytest.mark.skip(reason="there is no docker command to compare with"))


def _size(number: float, base: int, units: str, digits: int) -> str:
    """As the command writes sizes."""
    names = units.split()
    while number >= base and len(names) > 1:
        number /= base
        names.pop(0)
    return f"{number:.{digits}g}{names[0]}"


def shown(usage: Usage) -> dict[str, str]:
    """As the command shows it: 0 for what is not known."""

    def memory(number: int | None) -> str:
        return _size(number or 0, 1024, "B KiB MiB GiB TiB", 4)

    def traffic(number: int | None) -> str:
        return _size(number or 0, 1000, "B kB MB GB TB", 3)

    return {
        "CPUPerc": f"{usage.cpu_percent or 0:.2f}%",
        "MemPerc": f"{usage.memory_percent or 0:.2f}%",
        "MemUsage": f"{memory(usage.memory)} / {memory(usage.memory_limit)}",
        "NetIO": f"{traffic(usage.network_received)} / {traffic(usage.network_sent)}",
        "BlockIO": f"{traffic(usage.block_read)} / {traffic(usage.block_written)}",
        "PIDs": str(usage.pids or 0),
    }


async def _of_command(address: str, name: str, folder: Path) -> dict[str, str]:
    environment = {"DOCKER_HOST": f"unix://{address}", "DOCKER_CONFIG": str(folder), "PATH": os.environ["PATH"]}
    arguments = [COMMAND, "stats", "--no-stream", "--format", "{{json .}}", name]

    def run() -> dict[str, str]:
        done = subprocess.run(arguments, env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        found: dict[str, str] = json.loads(done.stdout)
        return found

    return await anyio.to_thread.run_sync(run)


_CACHE = {"total_inactive_file": 400_000_000, "inactive_file": 100}
_CPU: Any = V1["cpu_stats"]
SAMPLES: dict[str, dict[str, Any]] = {
    "small": {},
    "large": {
        "memory_stats": {"usage": 5_123_456_789, "limit": 25_276_063_744, "stats": _CACHE},
        "networks": {"eth0": {"rx_bytes": 12_345_678, "tx_bytes": 999}, "eth1": {"rx_bytes": 1, "tx_bytes": 1_000_001}},
        "pids_stats": {"current": 1234},
    },
    "cgroup v2": {
        "memory_stats": {"usage": 50_123_456, "limit": 100_000_000, "stats": {"inactive_file": 123_456, "file": 9}},
        "blkio_stats": {"io_service_bytes_recursive": [{"op": "read", "value": 4096}, {"op": "write", "value": 8192}]},
    },
    "more than all processors": {"cpu_stats": _CPU | {"system_cpu_usage": 40_100_000_000}},
    "idle": {"precpu_stats": _CPU},
    "without a number of processors": {"cpu_stats": _CPU | {"online_cpus": 0}},
    "a cache that cannot be": {"memory_stats": {"usage": 1000, "limit": 4000, "stats": {"total_inactive_file": 2000}}},
    "no controllers": {"memory_stats": {}, "pids_stats": {}, "networks": {}, "blkio_stats": {}},
}


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize("name", SAMPLES)
async def test_the_same_sample(name: str, tmp_path: Path) -> None:
    """The command is given samples by a server of ours, and shows of each what is computed here."""
    sample = json.dumps(V1 | {"name": "/web", "id": "a" * 64} | SAMPLES[name]).encode()

    async def answer(request: bytes, peer: Peer) -> bytes:
        if b"/stats?" in request:
            return json_answer(sample)
        return json_answer(b'{"OSType":"linux"}')  # what else it wants to know

    async with serving(answer) as server:
        told = await _of_command(server.path, "web", tmp_path)
    mine = shown(usage_of(decode(ContainerStats, sample)))
    assert {key: told[key] for key in mine} == mine


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize("entry", ENGINES or [""], ids=lambda entry: entry.partition("=")[0] or "none")
async def test_a_real_container(entry: str, tmp_path: Path) -> None:
    """What does not change from one second to the next is the same."""
    if not entry:
        pytest.skip("RAWDOCK_LIVE_ENGINES names no engine (NAME=SOCKET, ...)")
    if entry.startswith("podman"):
        pytest.skip("the command and Podman differ in what a share of CPU time is, and Podman answers with one sample")
    socket = entry.partition("=")[2]
    async with Docker(socket) as docker, container(docker, "rawdock-s-figures", ["sleep", "100"]) as id:
        await docker.containers.start(id)
        for _ in range(10):  # at first it changes
            mine = shown(usage_of(await docker.containers.stats_once(id)))
            told = await _of_command(socket, "rawdock-s-figures", tmp_path)
            found = {key: told[key] for key in mine}
            if found == mine:
                break
    assert found == mine
    assert found["PIDs"] == "1"
    assert not found["MemUsage"].startswith("0B")
