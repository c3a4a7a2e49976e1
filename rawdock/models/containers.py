"""Containers: their specification, the answers of inspect and list, and smaller answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Never, Self

from rawdock._models.model import Model, Timestamp, UnixTime, since, until, wire
from rawdock._options import UNSET

from .common import Descriptor, DriverData
from .health import HealthConfig
from .host_config import (
    DeviceMapping,
    DeviceRequest,
    HostConfig,
    Mount,
    Resources,
    RestartPolicy,
    ThrottleDevice,
    Ulimit,
    WeightDevice,
)
from .networks import Address, EndpointSettings, NetworkingConfig, PortBinding

Texts = Mapping[str, str] | Sequence[str]
Size = int | str
Rates = Sequence[str] | Mapping[str, int] | Mapping[str, str]
PortMap = Mapping[int, Any] | Mapping[str, Any] | Mapping[int | str, Any]


class ContainerConfig(Model):
    """What a container runs and how, independent of the host."""

    hostname: str = ""
    domainname: str = ""
    user: str = ""
    """Name or number, with ":group" if wanted."""
    attach_stdin: bool = False
    attach_stdout: bool = False
    attach_stderr: bool = False
    exposed_ports: dict[str, dict[str, object]] = {}
    """Ports as keys, like {"80/tcp": {}}."""
    tty: bool = False
    open_stdin: bool = False
    """Keep stdin open while nobody is attached."""
    stdin_once: bool = False
    """Close stdin when the input of the first attached client ends. Without it stdin stays open, and Docker drops what
    the container writes after the end of a client's input."""
    env: list[str] = []
    """Like "NAME=value"; a name alone removes the variable."""
    cmd: list[str] = []
    healthcheck: HealthConfig = HealthConfig()
    args_escaped: bool = False
    """Windows only: `cmd` is quoted already."""
    image: str = ""
    volumes: dict[str, dict[str, object]] = {}
    """Paths as keys, for each of which an anonymous volume is created."""
    working_dir: str = ""
    entrypoint: list[str] | None = None
    """[] runs `cmd` without an entrypoint, None uses the image's."""
    network_disabled: bool = False
    mac_address: Annotated[str, until("1.52", guards=True)] = ""
    """The MAC address of the container; from API 1.44 on that of the endpoint is used instead."""
    on_build: list[str] = []
    labels: dict[str, str] = {}
    stop_signal: str = ""
    stop_timeout: int | None = None
    """Seconds before a stop becomes a kill; None is the Engine's default."""
    shell: list[str] = []


class ContainerSpec(ContainerConfig):
    """The request to create a container: the body of `containers.create`."""

    host_config: HostConfig = HostConfig()
    networking_config: NetworkingConfig = NetworkingConfig()

    @classmethod
    def of(
        cls,
        image: str,
        cmd: Sequence[str] | None = None,
        *,
        add_host: Texts = UNSET,
        annotations: Texts = UNSET,
        attach: Sequence[str] = UNSET,
        blkio_weight: int = UNSET,
        blkio_weight_device: Sequence[str] | Mapping[str, int] = UNSET,
        cap_add: Sequence[str] = UNSET,
        cap_drop: Sequence[str] = UNSET,
        cgroup_parent: str = UNSET,
        cgroupns: str = UNSET,
        cpu_count: int = UNSET,
        cpu_percent: int = UNSET,
        cpu_period: int = UNSET,
        cpu_quota: int = UNSET,
        cpu_rt_period: int = UNSET,
        cpu_rt_runtime: int = UNSET,
        cpu_shares: int = UNSET,
        cpus: float | str = UNSET,
        cpuset_cpus: str = UNSET,
        cpuset_mems: str = UNSET,
        device_cgroup_rule: Sequence[str] = UNSET,
        device_read_bps: Rates = UNSET,
        device_read_iops: Rates = UNSET,
        device_write_bps: Rates = UNSET,
        device_write_iops: Rates = UNSET,
        devices: Sequence[str | DeviceMapping] = UNSET,
        dns: Sequence[str] = UNSET,
        dns_option: Sequence[str] = UNSET,
        dns_search: Sequence[str] = UNSET,
        domainname: str = UNSET,
        entrypoint: str | Sequence[str] = UNSET,
        env: Texts = UNSET,
        expose: Sequence[int | str] = UNSET,
        gpus: int | str | Mapping[str, Any] | DeviceRequest = UNSET,
        group_add: Sequence[str] = UNSET,
        healthcheck: str | Sequence[str] | Mapping[str, Any] | HealthConfig | Literal[False] = UNSET,
        hostname: str = UNSET,
        init: bool = UNSET,
        interactive: bool = UNSET,
        io_maxbandwidth: Size = UNSET,
        io_maxiops: int = UNSET,
        ip: str = UNSET,
        ip6: str = UNSET,
        ipc: str = UNSET,
        isolation: str = UNSET,
        labels: Texts = UNSET,
        link_local_ip: Sequence[str] = UNSET,
        links: Sequence[str] = UNSET,
        log_driver: str = UNSET,
        log_opt: Texts = UNSET,
        mac_address: str = UNSET,
        memory: Size = UNSET,
        memory_reservation: Size = UNSET,
        memory_swap: Size = UNSET,
        memory_swappiness: int = UNSET,
        mounts: Sequence[str | Mapping[str, Any] | Mount] = UNSET,
        network: str | Sequence[str | Mapping[str, Any]] | Mapping[str, Any] = UNSET,
        network_alias: Sequence[str] = UNSET,
        oom_kill_disable: bool = UNSET,
        oom_score_adj: int = UNSET,
        pid: str = UNSET,
        pids_limit: int = UNSET,
        ports: Sequence[int | str] | PortMap = UNSET,
        privileged: bool = UNSET,
        publish_all: bool = UNSET,
        read_only: bool = UNSET,
        restart: str | RestartPolicy = UNSET,
        rm: bool = UNSET,
        runtime: str = UNSET,
        security_opt: Sequence[str] = UNSET,
        shm_size: Size = UNSET,
        stop_signal: str = UNSET,
        stop_timeout: int = UNSET,
        storage_opt: Texts = UNSET,
        sysctls: Texts = UNSET,
        tmpfs: Texts = UNSET,
        tty: bool = UNSET,
        ulimits: Sequence[str | Ulimit] | Mapping[str, Any] = UNSET,
        user: str = UNSET,
        userns: str = UNSET,
        uts: str = UNSET,
        volume_driver: str = UNSET,
        volumes: Sequence[str | Mount] = UNSET,
        volumes_from: Sequence[str] = UNSET,
        working_dir: str = UNSET,
        **unknown: Never,
    ) -> Self:
        """The specification of a container in the words of `docker run`; nothing is sent.

        Each option is the command's flag in snake_case and takes its text: `memory="64m"`, `cpus=1.5`,
        `restart="on-failure:3"`, `gpus="all"`, `cap_drop=["ALL"]`. Flags that can be repeated are lists, and texts with
        `=` in them are mappings too: `env={"NAME": "value"}` or `["NAME=value"]`. Some have other names: `ports` is
        `--publish`, `working_dir` is `--workdir`, `healthcheck` is all of `--health-*` and `--no-healthcheck`, and
        annotations, devices, labels, links, mounts, sysctls, ulimits and volumes are plural.

        `ports` maps ports of the container to those of the host: `{"80/tcp": 8080}`, `{80: ("127.0.0.1", 8080)}`, and
        `{80: None}` lets the Engine choose; or it has the command's texts, like `"8080:80"`. What is published is also
        exposed. `volumes` has the command's texts or `Mount`; a source that begins with a dot is a path from the
        current folder.

        Raises InvalidArgument for what the command or every Engine would refuse. What belongs to the call, as `name`,
        `platform`, `pull` and `timeout`, is an argument of `docker.run` and `containers.create`. It was compared with
        `docker run` 28.5.2. All options: docs/container-options.md.
        """
        options = {name: value for name, value in locals().items() if name not in ("cls", "image", "cmd", "unknown")}
        # Imported here: few programs need it.
        from rawdock._options.container import fields

        return cls(**fields(image, cmd, {**options, **unknown}))


class ContainerCreated(Model):
    """A container was created."""

    id: str
    warnings: list[str] = []


class ContainerUpdate(Resources):
    """The changes of `containers.update`; zero leaves a limit unchanged.

    Of the rules for single devices, None leaves those that there are unchanged, and an empty list removes them. Engines
    under API 1.55 would ignore them.
    """

    blkio_weight_device: Annotated[list[WeightDevice] | None, since("1.55")] = None  # type: ignore[assignment]
    blkio_device_read_bps: Annotated[list[ThrottleDevice] | None, since("1.55")] = None  # type: ignore[assignment]
    blkio_device_write_bps: Annotated[list[ThrottleDevice] | None, since("1.55")] = None  # type: ignore[assignment]
    blkio_device_read_iops: Annotated[  # pyright: ignore[reportIncompatibleVariableOverride]
        list[ThrottleDevice] | None,
        wire("BlkioDeviceReadIOps"),
        since("1.55"),
    ] = None  # type: ignore[assignment]
    blkio_device_write_iops: Annotated[  # pyright: ignore[reportIncompatibleVariableOverride]
        list[ThrottleDevice] | None,
        wire("BlkioDeviceWriteIOps"),
        since("1.55"),
    ] = None  # type: ignore[assignment]
    restart_policy: RestartPolicy = RestartPolicy()


class ContainerUpdated(Model):
    """A container was changed."""

    warnings: list[str] = []


class HealthcheckResult(Model):
    """One check of a container's health."""

    start: Timestamp = Timestamp("")
    end: Timestamp = Timestamp("")
    exit_code: int = 0
    """0 healthy, 1 unhealthy, 2 reserved, anything else a failure of the check itself."""
    output: str = ""


class Health(Model):
    """The health of a container and its last checks."""

    status: str = ""
    """none, starting, healthy or unhealthy."""
    failing_streak: int = 0
    log: list[HealthcheckResult] = []


class ContainerState(Model):
    """The state of a container."""

    status: str = ""
    """created, running, paused, restarting, removing, exited or dead."""
    running: bool = False
    """Also True for a paused or restarting container."""
    paused: bool = False
    restarting: bool = False
    oom_killed: Annotated[bool, wire("OOMKilled")] = False
    dead: bool = False
    pid: int = 0
    exit_code: int = 0
    error: str = ""
    """The error of the last start, if it failed."""
    started_at: Timestamp = Timestamp("")
    finished_at: Timestamp = Timestamp("")
    health: Health | None = None
    """None without a health check."""


class MountPoint(Model):
    """A mount of a container."""

    type: str = ""
    """bind, volume, tmpfs, image, cluster or npipe."""
    name: str = ""
    """The name of the volume."""
    source: str = ""
    destination: str = ""
    driver: str = ""
    mode: str = ""
    """The options given in a bind, like "z"."""
    rw: Annotated[bool, wire("RW")] = False
    propagation: str = ""


class NetworkSettings(Model):
    """A container's networks and published ports. The flat fields are those of the default bridge."""

    sandbox_id: Annotated[str, wire("SandboxID")] = ""
    sandbox_key: str = ""
    """Path of the network namespace."""
    ports: dict[str, list[PortBinding]] = {}
    """By port and protocol; an exposed port that is not published has no binding."""
    networks: dict[str, EndpointSettings] = {}
    bridge: Annotated[str, until("1.52")] = ""
    hairpin_mode: Annotated[bool, until("1.52")] = False
    link_local_ipv6_address: Annotated[str, wire("LinkLocalIPv6Address"), until("1.52")] = ""
    link_local_ipv6_prefix_len: Annotated[int, wire("LinkLocalIPv6PrefixLen"), until("1.52")] = 0
    secondary_ip_addresses: Annotated[list[Address], wire("SecondaryIPAddresses"), until("1.52")] = []
    secondary_ipv6_addresses: Annotated[list[Address], wire("SecondaryIPv6Addresses"), until("1.52")] = []
    endpoint_id: Annotated[str, wire("EndpointID"), until("1.52")] = ""
    gateway: Annotated[str, until("1.52")] = ""
    global_ipv6_address: Annotated[str, wire("GlobalIPv6Address"), until("1.52")] = ""
    global_ipv6_prefix_len: Annotated[int, wire("GlobalIPv6PrefixLen"), until("1.52")] = 0
    ip_address: Annotated[str, wire("IPAddress"), until("1.52")] = ""
    ip_prefix_len: Annotated[int, wire("IPPrefixLen"), until("1.52")] = 0
    ipv6_gateway: Annotated[str, wire("IPv6Gateway"), until("1.52")] = ""
    mac_address: Annotated[str, until("1.52")] = ""


class RootFSStorageSnapshot(Model):
    """The snapshotter that holds a container's file system."""

    name: str = ""


class RootFSStorage(Model):
    """The storage of a container's file system."""

    snapshot: RootFSStorageSnapshot = RootFSStorageSnapshot()


class Storage(Model):
    """The storage of a container in containerd's image store; replaces `graph_driver`."""

    root_fs: Annotated[RootFSStorage, wire("RootFS")] = RootFSStorage()


class ContainerInspect(Model):
    """Everything that the Engine reports about a container."""

    id: str
    created: Timestamp = Timestamp("")
    path: str = ""
    """The program; `args` are its arguments. Together they are the entrypoint and command."""
    args: list[str] = []
    state: ContainerState = ContainerState()
    image: str = ""
    """The image's id."""
    image_manifest_descriptor: Annotated[Descriptor, since("1.48")] = Descriptor()
    """The manifest of this platform; only with containerd's image store."""
    resolv_conf_path: str = ""
    hostname_path: str = ""
    hosts_path: str = ""
    log_path: str = ""
    name: str = ""
    """With a leading slash."""
    restart_count: int = 0
    driver: str = ""
    """The storage driver."""
    platform: str = ""
    """The operating system."""
    mount_label: str = ""
    process_label: str = ""
    app_armor_profile: str = ""
    exec_ids: Annotated[list[str], wire("ExecIDs")] = []
    host_config: HostConfig = HostConfig()
    graph_driver: DriverData = DriverData()
    storage: Annotated[Storage, since("1.52")] = Storage()
    size_rw: int | None = None
    """Bytes written by the container; None unless requested."""
    size_root_fs: int | None = None
    """Bytes of all files; None unless requested."""
    mounts: list[MountPoint] = []
    config: ContainerConfig = ContainerConfig()
    network_settings: NetworkSettings = NetworkSettings()


class Port(Model):
    """A port of a container, and where it is published."""

    ip: Annotated[str, wire("IP")] = ""
    private_port: int = 0
    public_port: int = 0
    """0 if it is not published."""
    type: str = ""
    """tcp, udp or sctp."""


class HostConfigSummary(Model):
    """The host configuration of a container in a list."""

    network_mode: str = ""
    annotations: Annotated[dict[str, str], since("1.46")] = {}


class NetworkSettingsSummary(Model):
    """The networks of a container in a list."""

    networks: dict[str, EndpointSettings] = {}


class HealthSummary(Model):
    """The health of a container in a list."""

    status: str = ""
    """none, starting, healthy or unhealthy."""
    failing_streak: int = 0


class ContainerSummary(Model):
    """A container in a list."""

    id: str
    names: list[str] = []
    """Each with a leading slash; names from links are included."""
    image: str = ""
    image_id: Annotated[str, wire("ImageID")] = ""
    image_manifest_descriptor: Annotated[Descriptor, since("1.48")] = Descriptor()
    command: str = ""
    created: UnixTime = UnixTime(0)
    """In seconds since 1970."""
    ports: list[Port] = []
    size_rw: int | None = None
    """In bytes, as `size_root_fs`. None unless requested; Docker does not say it either where it is 0."""
    size_root_fs: int | None = None
    labels: dict[str, str] = {}
    state: str = ""
    """created, running, paused, restarting, removing, exited or dead."""
    status: str = ""
    """The state as text for people, like "Up 3 minutes"."""
    host_config: HostConfigSummary = HostConfigSummary()
    network_settings: NetworkSettingsSummary = NetworkSettingsSummary()
    mounts: list[MountPoint] = []
    health: Annotated[HealthSummary, since("1.52")] = HealthSummary()


class ContainerTop(Model):
    """The processes of a container, as ps prints them."""

    titles: list[str] = []
    processes: list[list[str]] = []
    """One row per process, with a value for each title."""


class FilesystemChange(Model):
    """A path at which a container differs from its image."""

    path: str = ""
    kind: int = 0
    """0 changed, 1 added, 2 deleted."""


class WaitError(Model):
    """The error of a failed wait."""

    message: str = ""


class WaitResponse(Model):
    """The exit of a container."""

    status_code: int = 0
    error: WaitError | None = None
    """None if there was no error; there may be a status code too."""


class ContainersPruned(Model):
    """The result of pruning."""

    containers_deleted: list[str] = []
    space_reclaimed: int = 0
    """In bytes."""


class Committed(Model):
    """An image was created from a container."""

    id: str
    """Of its config; with containerd's image store that of its manifest."""
