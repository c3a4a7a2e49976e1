"""What a container gets from its host: limits, devices, mounts, namespaces, ports."""

from __future__ import annotations

from typing import Annotated

from rawdock._models.model import Model, since, until, wire

from .common import Driver
from .networks import PortBinding


class WeightDevice(Model):
    """The weight of a container's I/O at one block device."""

    path: str = ""
    weight: int = 0
    """10 to 1000."""


class ThrottleDevice(Model):
    """The maximum rate at one block device, in bytes or operations per second."""

    path: str = ""
    rate: int = 0


class DeviceMapping(Model):
    """A device of the host that the container may use."""

    path_on_host: str = ""
    path_in_container: str = ""
    cgroup_permissions: str = ""
    """Any of r, w and m (read, write, make nodes)."""


class DeviceRequest(Model):
    """Devices that a driver selects, such as GPUs."""

    driver: str = ""
    """A device driver, like "cdi"; empty for any driver with the capabilities."""
    count: int = 0
    """-1 for all."""
    device_ids: Annotated[list[str], wire("DeviceIDs")] = []
    """Instead of a count."""
    capabilities: list[list[str]] = []
    """Lists of capabilities: any one of the outer, all of the inner list."""
    options: dict[str, str] = {}


class Ulimit(Model):
    """A limit for the processes in the container, as set by setrlimit; -1 is no limit."""

    name: str = ""
    """Without RLIMIT_ and in lower case, like nofile."""
    soft: int = 0
    hard: int = 0


class RestartPolicy(Model):
    """Whether to restart a container after its end."""

    name: str = ""
    """no, always, unless-stopped or on-failure; empty is no."""
    maximum_retry_count: int = 0
    """The maximum number of restarts with on-failure; 0 is no limit."""


class LogConfig(Model):
    """Where the output of the container goes."""

    type: str = ""
    """The driver: json-file, local, journald, syslog, none, and so on; empty is the Engine's default."""
    config: dict[str, str] = {}


class BindOptions(Model):
    """Options of a mount of type bind."""

    propagation: str = ""
    """private, rprivate, shared, rshared, slave or rslave."""
    non_recursive: bool = False
    """Do not include mounts below the source."""
    create_mountpoint: Annotated[bool, since("1.42")] = False
    """Create the folder on the host if it does not exist."""
    read_only_non_recursive: Annotated[bool, since("1.44")] = False
    """Read-only at the top, writable below."""
    read_only_force_recursive: Annotated[bool, since("1.44")] = False
    """Fail if the kernel cannot make all of it read-only."""


class VolumeOptions(Model):
    """Options of a mount of type volume."""

    no_copy: bool = False
    """Do not copy the image's files into an empty volume."""
    labels: dict[str, str] = {}
    driver_config: Driver = Driver()
    subpath: Annotated[str, since("1.45")] = ""


class ImageOptions(Model):
    """Options of a mount of type image."""

    subpath: str = ""


class TmpfsOptions(Model):
    """Options of a mount of type tmpfs."""

    size_bytes: int = 0
    mode: int = 0
    """Permission bits as a number: 0o1777 is 1023."""
    options: Annotated[list[list[str]], since("1.46")] = []
    """Mount options: ["noexec"] for a flag, ["uid", "1000"] for a pair."""


class Mount(Model):
    """A mount of a new container. Options of another type than `type` are refused from API 1.42 on."""

    type: str = ""
    """bind, volume, tmpfs, image (from API 1.48 on), cluster or npipe."""
    source: str = ""
    """A path of the host, a volume's name (empty for a anonymous one) or an image."""
    target: str = ""
    """The path in the container."""
    read_only: bool = False
    consistency: str = ""
    """Used by Docker Desktop only: default, consistent, cached or delegated."""
    bind_options: BindOptions = BindOptions()
    volume_options: VolumeOptions = VolumeOptions()
    image_options: Annotated[ImageOptions, since("1.48")] = ImageOptions()
    tmpfs_options: TmpfsOptions = TmpfsOptions()


class Resources(Model):
    """Limits of a container, which `containers.update` can change while it runs."""

    cpu_shares: int = 0
    """The weight relative to other containers; 1024 is the default."""
    memory: int = 0
    """Limit in bytes; 0 is none."""
    nano_cpus: int = 0
    """Limit in billionths of a processor: 1_500_000_000 is one and a half."""
    cgroup_parent: str = ""
    blkio_weight: int = 0
    """10 to 1000; 0 leaves it unchanged."""
    blkio_weight_device: list[WeightDevice] = []
    blkio_device_read_bps: list[ThrottleDevice] = []
    blkio_device_write_bps: list[ThrottleDevice] = []
    blkio_device_read_iops: Annotated[list[ThrottleDevice], wire("BlkioDeviceReadIOps")] = []
    blkio_device_write_iops: Annotated[list[ThrottleDevice], wire("BlkioDeviceWriteIOps")] = []
    cpu_period: int = 0
    """Length of a CFS period in microseconds; `cpu_quota` is the usable part of it."""
    cpu_quota: int = 0
    """In microseconds."""
    cpu_realtime_period: int = 0
    """In microseconds, as is the runtime."""
    cpu_realtime_runtime: int = 0
    cpuset_cpus: str = ""
    """Processors by number, like "0-2,7"."""
    cpuset_mems: str = ""
    """Memory nodes by number."""
    devices: list[DeviceMapping] = []
    device_cgroup_rules: list[str] = []
    """Like "c 13:* rwm"."""
    device_requests: list[DeviceRequest] = []
    kernel_memory: Annotated[int, until("1.42", guards=True)] = 0
    """Limit in bytes."""
    kernel_memory_tcp: Annotated[int, wire("KernelMemoryTCP"), until("1.52", guards=True)] = 0
    """Limit in bytes of TCP buffers."""
    memory_reservation: int = 0
    """Soft limit in bytes."""
    memory_swap: int = 0
    """Limit in bytes of memory and swap together; -1 is no limit of swap."""
    memory_swappiness: int | None = None
    """0 to 100; None for the kernel's default."""
    oom_kill_disable: bool | None = None
    """None with cgroup v2, which has no such setting."""
    pids_limit: int | None = None
    """-1 (or 0) is no limit; None leaves it unchanged."""
    ulimits: list[Ulimit] = []
    cpu_count: int = 0
    """Windows only, as are `cpu_percent` and the two maxima of I/O."""
    cpu_percent: int = 0
    io_maximum_iops: Annotated[int, wire("IOMaximumIOps")] = 0
    io_maximum_bandwidth: Annotated[int, wire("IOMaximumBandwidth")] = 0
    """In bytes per second."""


class HostConfig(Resources):
    """The settings of a container that depend on the host."""

    binds: list[str] = []
    """Like "/host:/inside:ro" or "volume:/inside"."""
    container_id_file: Annotated[str, wire("ContainerIDFile")] = ""
    log_config: LogConfig = LogConfig()
    network_mode: str = ""
    """bridge, host, none, container:ID, or the name of a network."""
    port_bindings: dict[str, list[PortBinding]] = {}
    """By port and protocol, like "80/tcp"."""
    restart_policy: RestartPolicy = RestartPolicy()
    auto_remove: bool = False
    """Remove the container and its anonymous volumes when it ends."""
    volume_driver: str = ""
    volumes_from: list[str] = []
    """Containers whose volumes are mounted too, like "name:ro"."""
    mounts: list[Mount] = []
    console_size: list[int] = []
    """Height and width, in characters."""
    umask: Annotated[int | None, since("1.56")] = None
    """The container's first umask, like 0o027, also of commands and health checks; None for the default. Not run on an
    Engine."""
    annotations: Annotated[dict[str, str], since("1.43")] = {}
    """Passed to the container runtime."""
    cap_add: list[str] = []
    cap_drop: list[str] = []
    capabilities: Annotated[list[str], until("1.41", guards=True)] = []
    """All capabilities, instead of `cap_add` and `cap_drop`."""
    cgroupns_mode: Annotated[str, since("1.41")] = ""
    """private or host."""
    dns: list[str] = []
    dns_options: list[str] = []
    dns_search: list[str] = []
    extra_hosts: list[str] = []
    """Like "name:10.0.0.1"; the address host-gateway is the host."""
    group_add: list[str] = []
    ipc_mode: str = ""
    """none, private, shareable, host or container:ID."""
    cgroup: str = ""
    links: list[str] = []
    """Like "container:alias"."""
    oom_score_adj: int = 0
    pid_mode: str = ""
    """host or container:ID; empty is a namespace of its own."""
    privileged: bool = False
    publish_all_ports: bool = False
    readonly_rootfs: bool = False
    security_opt: list[str] = []
    storage_opt: dict[str, str] = {}
    tmpfs: dict[str, str] = {}
    """Mount options by path, like {"/run": "rw,size=64m"}."""
    uts_mode: Annotated[str, wire("UTSMode")] = ""
    userns_mode: str = ""
    shm_size: int = 0
    """Of /dev/shm in bytes; 0 is the Engine's default."""
    sysctls: dict[str, str] = {}
    runtime: str = ""
    isolation: str = ""
    """Windows only: default, process or hyperv."""
    masked_paths: list[str] | None = None
    """Hidden in the container; [] hides nothing, None what the Engine hides by default."""
    readonly_paths: list[str] | None = None
    """Read-only in the container; [] none, None the Engine's default."""
    init: bool | None = None
    """Run a small init as first process; None is the Engine's default."""
