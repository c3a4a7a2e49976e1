"""What a container uses, in the figures that `docker stats` shows, made of the samples that the Engine gives. Pure.

The formulas are those of the docker command, but that Podman's CPU time is compared with the clock. What an Engine does
not tell is None here, where the command shows 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from ._models.model import Timestamp
from .errors import InvalidArgument

if TYPE_CHECKING:
    from .models import ContainerMemoryStats, ContainerStats

__all__ = ["Rates", "Usage", "rates_between", "usage_of"]


@attrs.frozen
class Usage:
    """What a container used when a sample was taken. None is what the Engine does not tell."""

    time: Timestamp
    """When; not set for a container that does not run, of which all the rest is None."""
    cpu_percent: float | None
    """CPU time since the sample before, where 100 is one processor all the time. None for a first sample: there is
    nothing to compare it with."""
    memory: int | None
    """In bytes, without the page cache that can be given back. None without a memory controller."""
    memory_limit: int | None
    """In bytes: the container's, or the host's memory."""
    memory_percent: float | None
    """`memory` of `memory_limit`."""
    network_received: int | None
    """In bytes since the start, over all interfaces. None in the network of the host, or without one."""
    network_sent: int | None
    block_read: int | None
    """In bytes since the start, over all block devices. None if nothing is counted: some Engines cannot, and others do
    not before there is something."""
    block_written: int | None
    pids: int | None
    """Processes and threads."""


@attrs.frozen
class Rates:
    """Traffic between two samples, in bytes a second. None is what one of them does not tell."""

    network_received: float | None
    network_sent: float | None
    block_read: float | None
    block_written: float | None


def usage_of(stats: ContainerStats) -> Usage:
    """The figures of one sample, as `docker stats` shows them.

    The share of CPU time needs a sample that was compared with one before: the second of `containers.stats` or later,
    or `containers.stats_once` without `one_shot` on Docker.
    """
    windows = stats.os_type == "windows" or stats.num_procs > 0
    memory = _windows_memory(stats) if windows else _memory(stats.memory_stats)
    limit = stats.memory_stats.limit or None
    networks = stats.networks.values()
    read, written = _windows_blocks(stats) if windows else _blocks(stats)
    return Usage(
        time=stats.read,
        cpu_percent=_windows_cpu(stats) if windows else _cpu(stats),
        memory=memory,
        memory_limit=limit,
        memory_percent=None if memory is None or limit is None else memory / limit * 100,
        network_received=sum(one.rx_bytes for one in networks) if networks else None,
        network_sent=sum(one.tx_bytes for one in networks) if networks else None,
        block_read=read,
        block_written=written,
        pids=stats.pids_stats.current or None,
    )


def rates_between(before: Usage, after: Usage) -> Rates:
    """The traffic from one sample to a later one of the same container.

    A counter that went down was reset by a restart: it counts from 0. Raises InvalidArgument unless the second one is
    later.
    """
    begin, end = before.time.nanoseconds, after.time.nanoseconds
    if begin is None or end is None or end <= begin:
        raise InvalidArgument("rates_between: the second sample has to be later than the first one")
    seconds = (end - begin) / 1e9

    def rate(first: int | None, second: int | None) -> float | None:
        if first is None or second is None:
            return None
        return (second - first if second >= first else second) / seconds

    return Rates(
        network_received=rate(before.network_received, after.network_received),
        network_sent=rate(before.network_sent, after.network_sent),
        block_read=rate(before.block_read, after.block_read),
        block_written=rate(before.block_written, after.block_written),
    )


def _cpu(stats: ContainerStats) -> float | None:
    now, before = stats.cpu_stats, stats.precpu_stats
    processors = now.online_cpus or len(now.cpu_usage.percpu_usage)
    if not (stats.read and stats.preread and before.system_cpu_usage and processors):
        return None
    used = now.cpu_usage.total_usage - before.cpu_usage.total_usage
    possible = (now.system_cpu_usage - before.system_cpu_usage) / processors
    # Podman, which alone has `cpu`, leaves the time out in which the host was idle: containers/podman#28761.
    if "cpu" in now.extra:
        possible = (stats.read.nanoseconds or 0) - (stats.preread.nanoseconds or 0)
    return used / possible * 100 if used > 0 and possible > 0 else 0.0


def _windows_cpu(stats: ContainerStats) -> float | None:
    """There a container is counted in hundreds of nanoseconds, and the host not at all."""
    now, before = stats.read.nanoseconds, stats.preread.nanoseconds
    if now is None or before is None:
        return None
    possible = (now - before) // 100 * stats.num_procs
    used = stats.cpu_stats.cpu_usage.total_usage - stats.precpu_stats.cpu_usage.total_usage
    return used / possible * 100 if possible > 0 else 0.0


def _memory(memory: ContainerMemoryStats) -> int | None:
    """The cache that nobody used lately is not counted; cgroup v1 and v2 name it in their own way."""
    if not memory.usage:
        return None
    for name in ("total_inactive_file", "inactive_file"):
        cache = memory.stats.get(name)
        if cache is not None and cache < memory.usage:
            return memory.usage - cache
    return memory.usage


def _windows_memory(stats: ContainerStats) -> int | None:
    return stats.memory_stats.privateworkingset or None


def _blocks(stats: ContainerStats) -> tuple[int | None, int | None]:
    counted = stats.blkio_stats.io_service_bytes_recursive
    if not counted:
        return None, None
    read = sum(entry.value for entry in counted if entry.op[:1] in ("r", "R"))
    return read, sum(entry.value for entry in counted if entry.op[:1] in ("w", "W"))


def _windows_blocks(stats: ContainerStats) -> tuple[int | None, int | None]:
    return stats.storage_stats.read_size_bytes, stats.storage_stats.write_size_bytes
