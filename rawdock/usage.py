"""The figures of `docker stats`, computed from the samples of the Engine. Pure.

The formulas are those of the docker command, except that Podman's CPU time is compared with the clock. A value that the
Engine does not report is None here, where the command shows 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from ._models.model import Model, Timestamp
from .errors import DecodeError, InvalidArgument

if TYPE_CHECKING:
    from .models import ContainerMemoryStats, ContainerStats

__all__ = ["Rates", "Usage", "rates_between", "usage_of"]


@attrs.frozen
class Usage:
    """The resource usage of a container at the time of a sample. None if the Engine does not report a value."""

    time: Timestamp
    """The time of the sample; not set for a container that is not running, whose other values are None."""
    cpu_percent: float | None
    """CPU time since the previous sample, where 100 is one processor in full use. None for the first sample, which has
    no previous one."""
    memory: int | None
    """Memory in bytes, without page cache that can be reclaimed. None without a memory controller."""
    memory_limit: int | None
    """The memory limit of the container in bytes, or the memory of the host."""
    memory_percent: float | None
    """`memory` as a percentage of `memory_limit`."""
    network_received: int | None
    """Bytes received since the start, over all interfaces. None in the host's network, or without a network."""
    network_sent: int | None
    """Bytes sent since the start, over all interfaces."""
    block_read: int | None
    """Bytes read since the start, from all block devices. None if nothing was counted: some Engines do not count, and
    others report nothing before the first access."""
    block_written: int | None
    """Bytes written since the start, to all block devices."""
    pids: int | None
    """The number of processes and threads."""


@attrs.frozen
class Rates:
    """Traffic between two samples, in bytes per second. None if one of the two samples has no value."""

    network_received: float | None
    network_sent: float | None
    block_read: float | None
    block_written: float | None


def usage_of(stats: ContainerStats) -> Usage:
    """Compute the figures of one sample, as `docker stats` shows them.

    `cpu_percent` needs a sample that includes the previous one: any of `containers.stats` but the first, or that of
    `containers.stats_once` without `one_shot` on Docker. Raises DecodeError for numbers that no Engine has.
    """
    if not isinstance(stats, Model):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgument(f"usage_of: expected ContainerStats, got {type(stats).__name__}")
    try:
        return _usage_of(stats)
    except OverflowError as error:
        raise DecodeError("the sample has numbers that are too large") from error


def _usage_of(stats: ContainerStats) -> Usage:
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
        network_received=sum(network.rx_bytes for network in networks) if networks else None,
        network_sent=sum(network.tx_bytes for network in networks) if networks else None,
        block_read=read,
        block_written=written,
        pids=stats.pids_stats.current or None,
    )


def rates_between(before: Usage, after: Usage) -> Rates:
    """Compute the traffic between one sample and a later one of the same container.

    A counter that fell was reset by a restart and counts from 0 again. Raises InvalidArgument unless the second sample
    is later than the first.
    """
    for one in (before, after):
        if not isinstance(one, Usage):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidArgument(f"rates_between: expected Usage, got {type(one).__name__}")
    start, end = before.time.nanoseconds, after.time.nanoseconds
    if start is None or end is None or end <= start:
        raise InvalidArgument("rates_between: the second sample must be later than the first one")
    seconds = (end - start) / 1e9

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
    # Podman, the only one with `cpu`, does not count the host's idle time: containers/podman#28761.
    if "cpu" in now.extra:
        possible = (stats.read.nanoseconds or 0) - (stats.preread.nanoseconds or 0)
    return used / possible * 100 if used > 0 and possible > 0 else 0.0


def _windows_cpu(stats: ContainerStats) -> float | None:
    """On Windows CPU time is in units of 100 nanoseconds, and that of the host is not reported."""
    now, before = stats.read.nanoseconds, stats.preread.nanoseconds
    if now is None or before is None:
        return None
    possible = (now - before) // 100 * stats.num_procs
    used = stats.cpu_stats.cpu_usage.total_usage - stats.precpu_stats.cpu_usage.total_usage
    return used / possible * 100 if possible > 0 else 0.0


def _memory(memory: ContainerMemoryStats) -> int | None:
    """Memory without the inactive page cache, which cgroup v1 and v2 report under different names."""
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
