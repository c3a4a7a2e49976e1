"""Whether an Engine has taken the limits that a container was to have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import StatusError

if TYPE_CHECKING:
    from .._resources import Operations
    from ..models import HostConfig, Ulimit

__all__ = ["dropped_limits", "limits_without_cgroup"]

_LIMITS = (
    "memory",
    "memory_reservation",
    "memory_swap",
    "memory_swappiness",
    "kernel_memory",
    "oom_kill_disable",
    "nano_cpus",
    "cpu_shares",
    "cpu_period",
    "cpu_quota",
    "cpu_realtime_period",
    "cpu_realtime_runtime",
    "cpuset_cpus",
    "cpuset_mems",
    "pids_limit",
    "blkio_weight",
    "blkio_weight_device",
    "blkio_device_read_bps",
    "blkio_device_read_iops",
    "blkio_device_write_bps",
    "blkio_device_write_iops",
)


def dropped_limits(asked: HostConfig, found: HostConfig) -> list[str]:
    """The limits of `asked` that `found`, which an Engine says, has not. One that was not set counts for nothing."""
    dropped = [name for name in _LIMITS if (value := getattr(asked, name)) and getattr(found, name) != value]
    if not _texts(asked.ulimits) <= _texts(found.ulimits):
        dropped.append("ulimits")
    return dropped


async def limits_without_cgroup(docker: Operations, container: str, asked: HostConfig) -> list[str]:
    """The limits of `asked` if a Podman gives the container no control group, as a rootless one without systemd.

    It takes them without a warning, shows them when the container is inspected, and keeps none. Its refusal of stats
    tells, also before the start.
    """
    wanted = [name for name in _LIMITS if getattr(asked, name)]
    if wanted and docker.is_podman:
        try:
            await docker.containers.stats_once(container)
        except StatusError as error:  # Conflict where it will get one: it does not run yet
            if "does not have a cgroup" in error.message:
                return wanted
    return []


def _texts(ulimits: list[Ulimit]) -> set[tuple[str, int, int]]:
    """Podman calls `nofile` RLIMIT_NOFILE."""
    return {(one.name.upper().removeprefix("RLIMIT_"), one.soft, one.hard) for one in ulimits}
