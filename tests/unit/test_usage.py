"""The figures of `docker stats`, computed from samples of Engines."""

from __future__ import annotations

import json
from typing import Any

import pytest
from faultserver import Peer, serving
from pages import PROJECT
from stats_samples import V1

from rawdock import Docker, InvalidArgument, Usage, decode, rates_between, usage_of
from rawdock.models import ContainerStats
from rawdock.testing.format import from_piece


def usage(**changes: Any) -> Usage:
    return usage_of(decode(ContainerStats, json.dumps(V1 | changes)))


def test_cgroup_v1() -> None:
    found = usage()
    assert found.cpu_percent == 25.0  # a sixteenth of four processors
    assert (found.memory, found.memory_limit, found.memory_percent) == (600, 4000, 15.0)
    assert (found.network_received, found.network_sent) == (30, 3)
    assert (found.block_read, found.block_written) == (55, 6)
    assert found.pids == 3
    assert found.time == "2026-01-02T03:04:06.5Z"


def test_cgroup_v2() -> None:
    """Other names, in lower case, and no list of processors."""
    found = usage(
        memory_stats={"usage": 1000, "limit": 4000, "stats": {"inactive_file": 100}},
        blkio_stats={"io_service_bytes_recursive": [{"op": "read", "value": 5}, {"op": "write", "value": 6}]},
    )
    assert (found.memory, found.block_read, found.block_written) == (900, 5, 6)


@pytest.mark.parametrize(
    ("stats", "memory"),
    [
        ({"total_inactive_file": 1000, "inactive_file": 100}, 900),
        ({"total_inactive_file": 5000, "inactive_file": 5000}, 1000),
        ({}, 1000),
    ],
)
def test_an_impossible_cache_size(stats: dict[str, int], memory: int) -> None:
    """As much as is used, or more: the docker command then does not believe it."""
    assert usage(memory_stats={"usage": 1000, "limit": 4000, "stats": stats}).memory == memory


def test_processors_are_counted_where_their_number_is_missing() -> None:
    cpu = V1["cpu_stats"]
    assert isinstance(cpu, dict)
    assert usage(cpu_stats={**cpu, "online_cpus": 0}).cpu_percent == 25.0


def test_the_first_sample() -> None:
    """A first or single sample has no CPU percentage."""
    assert usage(preread="0001-01-01T00:00:00Z", precpu_stats={}).cpu_percent is None
    idle = V1["cpu_stats"]
    assert isinstance(idle, dict)
    assert usage(precpu_stats={**idle}).cpu_percent == 0.0


def test_unreported_values_are_none() -> None:
    found = usage(memory_stats={"stats": {"inactive_file": 5}}, networks={}, blkio_stats={}, pids_stats={})
    assert found.memory is found.memory_limit is found.memory_percent is None
    assert found.network_received is found.network_sent is None
    assert found.block_read is found.block_written is None
    assert found.pids is None
    stopped = usage_of(ContainerStats())
    assert not stopped.time
    assert stopped.cpu_percent is stopped.memory is stopped.pids is None


def test_podman() -> None:
    """Podman does not count the idle time of the host, so the clock is used."""
    cpu = V1["cpu_stats"]
    assert isinstance(cpu, dict)
    assert usage(cpu_stats={**cpu, "cpu": 1.5, "system_cpu_usage": 40_250_000_000}).cpu_percent == 25.0


def test_windows() -> None:
    found = usage(
        num_procs=2,
        cpu_stats={"cpu_usage": {"total_usage": 6_000_000}},
        precpu_stats={"cpu_usage": {"total_usage": 1_000_000}},
        memory_stats={"privateworkingset": 700},
        storage_stats={"read_size_bytes": 8, "write_size_bytes": 9},
    )
    assert found.cpu_percent == 25.0  # of two processors, each with ten million steps in that second
    assert (found.memory, found.memory_percent) == (700, None)
    assert (found.block_read, found.block_written) == (8, 9)
    assert usage(num_procs=2, preread="0001-01-01T00:00:00Z").cpu_percent is None


def test_rates() -> None:
    """Bytes a second; a counter that begins anew counts from 0; what one sample does not tell has none."""
    first = usage()
    networks = {"eth0": {"rx_bytes": 110, "tx_bytes": 1}}
    later = usage(read="2026-01-02T03:04:08.5Z", networks=networks, blkio_stats={})
    rates = rates_between(first, later)
    assert (rates.network_received, rates.network_sent) == (40.0, 0.5)
    assert rates.block_read is rates.block_written is None
    for wrong in ((later, first), (first, first), (first, usage_of(ContainerStats()))):
        with pytest.raises(InvalidArgument):
            rates_between(*wrong)


RECORDED = sorted((PROJECT / "tests" / "recordings").glob("*/usage-samples.json"))


def test_recorded_samples() -> None:
    """Of every Engine that was recorded: all figures that it has, and none of a first sample's processors."""
    engines = set()
    for path in RECORDED:
        samples = []
        for exchange in json.loads(path.read_text())["exchanges"]:
            if "/stats?" in exchange["request"]["target"]:
                body = b"".join(map(from_piece, exchange["response"]["chunks"]))
                samples += [decode(ContainerStats, line) for line in body.splitlines() if line.endswith(b"}")]
        first, second = map(usage_of, samples[:2])
        engine = path.parent.name.partition("-")[0]
        assert first.cpu_percent == (0.0 if engine == "podman" else None)
        assert second.cpu_percent is not None
        assert 0 <= second.cpu_percent <= 100 * samples[1].cpu_stats.online_cpus
        assert second.memory is not None
        assert 0 < second.memory <= samples[1].memory_stats.usage
        assert second.memory_percent
        assert second.pids
        assert rates_between(first, second).network_received is not None
        engines.add(engine)
    assert engines == {"docker", "podman"}


@pytest.mark.anyio
async def test_usage_of_a_stream() -> None:
    line = json.dumps(V1).encode() + b"\n"

    async def answer(request: bytes, peer: Peer) -> bytes:
        return (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            + b"%x\r\n%b\r\n" % (len(line), line) * 2
            + b"0\r\n\r\n"
        )

    async with serving(answer) as server, Docker(server.path) as docker, docker.containers.stats("x") as stats:
        assert [one async for one in stats.usage()] == [usage(), usage()]
