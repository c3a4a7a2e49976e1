"""Statistics of a container. Values that an Engine cannot measure (cgroup v2, Podman, Windows) are zero."""

from __future__ import annotations

from typing import Annotated, ClassVar

from rawdock._models.model import Model, Timestamp, since, wire


class ContainerThrottlingData(Model):
    """How often a container was throttled by its CPU limit."""

    periods: Annotated[int, wire("periods")] = 0
    """Elapsed scheduler periods."""
    throttled_periods: Annotated[int, wire("throttled_periods")] = 0
    """Periods in which the container was throttled."""
    throttled_time: Annotated[int, wire("throttled_time")] = 0
    """In nanoseconds, in total."""


class ContainerCPUUsage(Model):
    """CPU time since the start, in nanoseconds (on Windows in hundreds of them)."""

    total_usage: Annotated[int, wire("total_usage")] = 0
    percpu_usage: Annotated[list[int], wire("percpu_usage")] = []
    """By processor; empty with cgroup v2."""
    usage_in_kernelmode: Annotated[int, wire("usage_in_kernelmode")] = 0
    usage_in_usermode: Annotated[int, wire("usage_in_usermode")] = 0


class ContainerCPUStats(Model):
    """The CPU time of a container and of the host."""

    cpu_usage: Annotated[ContainerCPUUsage, wire("cpu_usage")] = ContainerCPUUsage()
    system_cpu_usage: Annotated[int, wire("system_cpu_usage")] = 0
    """CPU time of the host, in nanoseconds; 0 in `precpu_stats` of a first sample."""
    online_cpus: Annotated[int, wire("online_cpus")] = 0
    """The number of processors; 0 if not known."""
    throttling_data: Annotated[ContainerThrottlingData, wire("throttling_data")] = ContainerThrottlingData()


class ContainerMemoryStats(Model):
    """The memory of a container, in bytes."""

    usage: Annotated[int, wire("usage")] = 0
    """Including the page cache; 0 without a memory controller."""
    max_usage: Annotated[int, wire("max_usage")] = 0
    """Only with cgroup v1."""
    limit: Annotated[int, wire("limit")] = 0
    """The limit of the container, or the memory of the host if there is none."""
    stats: Annotated[dict[str, int], wire("stats")] = {}
    """The lines of memory.stat, which differ between cgroup v1 and v2."""
    failcnt: Annotated[int, wire("failcnt")] = 0
    """How often the limit was reached; only with cgroup v1."""
    commitbytes: Annotated[int, wire("commitbytes")] = 0
    """Windows only, as are the next two."""
    commitpeakbytes: Annotated[int, wire("commitpeakbytes")] = 0
    privateworkingset: Annotated[int, wire("privateworkingset")] = 0


class ContainerPidsStats(Model):
    """The processes and threads of a container."""

    current: Annotated[int, wire("current")] = 0
    limit: Annotated[int, wire("limit")] = 0
    """0 is no limit, as is 2**64 - 1."""


class ContainerBlkioStatEntry(Model):
    """A number of one block device."""

    major: Annotated[int, wire("major")] = 0
    """With `minor` the number of the device."""
    minor: Annotated[int, wire("minor")] = 0
    op: Annotated[str, wire("op")] = ""
    """read, write and more, in upper or lower case by the version of cgroups."""
    value: Annotated[int, wire("value")] = 0


class ContainerBlkioStats(Model):
    """Traffic with block devices. With cgroup v2 only the first is filled."""

    io_service_bytes_recursive: Annotated[list[ContainerBlkioStatEntry], wire("io_service_bytes_recursive")] = []
    """In bytes."""
    io_serviced_recursive: Annotated[list[ContainerBlkioStatEntry], wire("io_serviced_recursive")] = []
    io_queue_recursive: Annotated[list[ContainerBlkioStatEntry], wire("io_queue_recursive")] = []
    io_service_time_recursive: Annotated[list[ContainerBlkioStatEntry], wire("io_service_time_recursive")] = []
    io_wait_time_recursive: Annotated[list[ContainerBlkioStatEntry], wire("io_wait_time_recursive")] = []
    io_merged_recursive: Annotated[list[ContainerBlkioStatEntry], wire("io_merged_recursive")] = []
    io_time_recursive: Annotated[list[ContainerBlkioStatEntry], wire("io_time_recursive")] = []
    sectors_recursive: Annotated[list[ContainerBlkioStatEntry], wire("sectors_recursive")] = []


class ContainerStorageStats(Model):
    """Traffic with the disk; Windows only."""

    read_count_normalized: Annotated[int, wire("read_count_normalized")] = 0
    read_size_bytes: Annotated[int, wire("read_size_bytes")] = 0
    write_count_normalized: Annotated[int, wire("write_count_normalized")] = 0
    write_size_bytes: Annotated[int, wire("write_size_bytes")] = 0


class ContainerNetworkStats(Model):
    """Traffic of one interface."""

    rx_bytes: Annotated[int, wire("rx_bytes")] = 0
    rx_packets: Annotated[int, wire("rx_packets")] = 0
    rx_errors: Annotated[int, wire("rx_errors")] = 0
    rx_dropped: Annotated[int, wire("rx_dropped")] = 0
    tx_bytes: Annotated[int, wire("tx_bytes")] = 0
    tx_packets: Annotated[int, wire("tx_packets")] = 0
    tx_errors: Annotated[int, wire("tx_errors")] = 0
    tx_dropped: Annotated[int, wire("tx_dropped")] = 0
    endpoint_id: Annotated[str, wire("endpoint_id")] = ""
    """Windows only, as is the next."""
    instance_id: Annotated[str, wire("instance_id")] = ""


class ContainerStats(Model):
    """A sample of a container's resource usage."""

    _other_names: ClassVar[dict[str, str]] = {}  # Podman 4.3 says `Id`

    id: Annotated[str, wire("id")] = ""
    """Missing in a one-shot sample of some Engines, as is `name`."""
    name: Annotated[str, wire("name")] = ""
    """With a slash in front; Podman has none."""
    os_type: Annotated[str, wire("os_type"), since("1.52")] = ""
    """linux or windows."""
    read: Annotated[Timestamp, wire("read")] = Timestamp("")
    """The time of the sample; not set if the container is not running."""
    preread: Annotated[Timestamp, wire("preread")] = Timestamp("")
    """The time of the previous sample; not set in the first sample."""
    cpu_stats: Annotated[ContainerCPUStats, wire("cpu_stats")] = ContainerCPUStats()
    precpu_stats: Annotated[ContainerCPUStats, wire("precpu_stats")] = ContainerCPUStats()
    """The values of the previous sample; the difference gives the CPU usage."""
    memory_stats: Annotated[ContainerMemoryStats, wire("memory_stats")] = ContainerMemoryStats()
    pids_stats: Annotated[ContainerPidsStats, wire("pids_stats")] = ContainerPidsStats()
    blkio_stats: Annotated[ContainerBlkioStats, wire("blkio_stats")] = ContainerBlkioStats()
    networks: Annotated[dict[str, ContainerNetworkStats], wire("networks")] = {}
    """By interface, like "eth0"; empty in the network of the host."""
    num_procs: Annotated[int, wire("num_procs")] = 0
    """Windows only, as are `storage_stats`."""
    storage_stats: Annotated[ContainerStorageStats, wire("storage_stats")] = ContainerStorageStats()
