"""The Engine itself: ping, version, information, login and disk usage."""

from __future__ import annotations

from typing import Annotated

from rawdock._models.model import Model, SecretStr, Timestamp, since, until, wire

from .common import GenericResource
from .containers import ContainerSummary
from .images import ImageSummary
from .swarm import SwarmInfo
from .volumes import Volume


class VersionPlatform(Model):
    """The product that the Engine is part of."""

    name: str = ""


class VersionComponent(Model):
    """A component of the Engine."""

    name: str = ""
    version: str = ""
    details: dict[str, str] = {}


class SystemVersion(Model):
    """Versions of the Engine and its parts."""

    platform: VersionPlatform = VersionPlatform()
    components: list[VersionComponent] = []
    version: str = ""
    api_version: str = ""
    min_api_version: Annotated[str, wire("MinAPIVersion")] = ""
    git_commit: str = ""
    go_version: str = ""
    os: str = ""
    arch: str = ""
    kernel_version: str = ""
    experimental: bool = False
    build_time: str = ""


class PluginsInfo(Model):
    """Names of the drivers and plugins the Engine can use, by kind."""

    volume: list[str] = []
    network: list[str] = []
    authorization: list[str] = []
    log: list[str] = []


class IndexInfo(Model):
    """A registry in the Engine's configuration."""

    name: str = ""
    mirrors: list[str] = []
    secure: bool = False
    """Whether it is only used over verified TLS."""
    official: bool = False
    """Whether it is Docker Hub."""


class RegistryServiceConfig(Model):
    """The Engine's settings for registries."""

    allow_nondistributable_artifacts_cidrs: Annotated[
        list[str], wire("AllowNondistributableArtifactsCIDRs"), until("1.49")
    ] = []
    allow_nondistributable_artifacts_hostnames: Annotated[list[str], until("1.49")] = []
    insecure_registry_cidrs: Annotated[list[str], wire("InsecureRegistryCIDRs")] = []
    index_configs: dict[str, IndexInfo] = {}
    mirrors: list[str] = []


class Runtime(Model):
    """A container runtime."""

    path: Annotated[str, wire("path")] = ""
    runtime_args: Annotated[list[str], wire("runtimeArgs")] = []
    status: Annotated[dict[str, str], wire("status"), since("1.44")] = {}
    """Its own description, such as its features as JSON text."""


class Commit(Model):
    """The source that an external program was built from."""

    id: Annotated[str, wire("ID")] = ""
    expected: Annotated[str, until("1.49")] = ""


class DefaultAddressPool(Model):
    """An address pool for networks without a subnet of their own."""

    base: str = ""
    size: int = 0
    """Prefix length of a subnet."""


class DeviceInfo(Model):
    """A device that a driver found."""

    source: str = ""
    """The driver, such as cdi."""
    id: Annotated[str, wire("ID")] = ""


class FirewallInfo(Model):
    """The firewall backend of the host."""

    driver: str = ""
    """iptables, nftables or firewalld."""
    info: list[list[str]] = []
    """Pairs of a label and a value."""


class NRIInfo(Model):
    """The Node Resource Interface, if it is on."""

    info: list[list[str]] = []
    """Pairs of a label and a value."""


class ContainerdNamespaces(Model):
    """The namespaces of containerd that the Engine works in."""

    containers: str = ""
    plugins: str = ""


class ContainerdInfo(Model):
    """The containerd that the Engine uses."""

    address: str = ""
    namespaces: ContainerdNamespaces = ContainerdNamespaces()


class SystemInfo(Model):
    """Information about the Engine and its host."""

    id: Annotated[str, wire("ID")] = ""
    containers: int = 0
    containers_running: int = 0
    containers_paused: int = 0
    containers_stopped: int = 0
    images: int = 0
    driver: str = ""
    """The storage driver."""
    driver_status: list[list[str]] = []
    """Pairs of a label and a value."""
    system_status: Annotated[list[list[str]], until("1.41")] = []
    docker_root_dir: str = ""
    plugins: PluginsInfo = PluginsInfo()

    # What the kernel lets the Engine do.
    memory_limit: bool = False
    swap_limit: bool = False
    kernel_memory: Annotated[bool, until("1.42")] = False
    kernel_memory_tcp: Annotated[bool, wire("KernelMemoryTCP"), until("1.52")] = False
    cpu_cfs_period: bool = False
    cpu_cfs_quota: bool = False
    cpu_shares: Annotated[bool, wire("CPUShares")] = False
    cpu_set: Annotated[bool, wire("CPUSet")] = False
    pids_limit: bool = False
    oom_kill_disable: bool = False
    ipv4_forwarding: Annotated[bool, wire("IPv4Forwarding")] = False
    bridge_nf_iptables: Annotated[bool, until("1.50")] = False
    bridge_nf_ip6tables: Annotated[bool, until("1.50")] = False

    debug: bool = False
    n_fd: int = 0
    """Open file descriptors."""
    n_goroutines: int = 0
    system_time: Timestamp = Timestamp("")
    logging_driver: str = ""
    cgroup_driver: str = ""
    """cgroupfs, systemd or none."""
    cgroup_version: Annotated[str, since("1.41")] = ""
    """Either "1" or "2"."""
    n_events_listener: int = 0
    kernel_version: str = ""
    operating_system: str = ""
    """The name and version as text, like "Debian GNU/Linux 13"."""
    os_version: Annotated[str, wire("OSVersion"), since("1.41")] = ""
    os_type: Annotated[str, wire("OSType")] = ""
    """linux or windows."""
    architecture: str = ""
    """The machine of uname, like x86_64."""
    ncpu: Annotated[int, wire("NCPU")] = 0
    mem_total: int = 0
    """In bytes."""
    index_server_address: str = ""
    registry_config: RegistryServiceConfig = RegistryServiceConfig()
    generic_resources: list[GenericResource] = []
    http_proxy: str = ""
    https_proxy: str = ""
    no_proxy: str = ""
    name: str = ""
    """The host's."""
    labels: list[str] = []
    """Of the Engine, like "key=value"."""
    experimental_build: bool = False
    server_version: str = ""
    cluster_store: Annotated[str, until("1.42")] = ""
    cluster_advertise: Annotated[str, until("1.42")] = ""
    runtimes: dict[str, Runtime] = {}
    default_runtime: str = ""
    swarm: SwarmInfo = SwarmInfo()
    live_restore_enabled: bool = False
    """Whether containers keep running while the Engine is stopped."""
    isolation: str = ""
    """Windows only."""
    init_binary: str = ""
    containerd_commit: Commit = Commit()
    runc_commit: Commit = Commit()
    init_commit: Commit = Commit()
    security_options: list[str] = []
    """Like "name=seccomp,profile=builtin"."""
    product_license: str = ""
    default_address_pools: Annotated[list[DefaultAddressPool], since("1.41")] = []
    firewall_backend: Annotated[FirewallInfo, since("1.49")] = FirewallInfo()
    discovered_devices: Annotated[list[DeviceInfo], since("1.50")] = []
    nri: Annotated[NRIInfo, wire("NRI"), since("1.53")] = NRIInfo()
    warnings: list[str] = []
    cdi_spec_dirs: Annotated[list[str], wire("CDISpecDirs"), since("1.44")] = []
    containerd: Annotated[ContainerdInfo, since("1.46")] = ContainerdInfo()


class AuthConfig(Model):
    """Credentials for a registry: to check them (`system.auth`), or for a pull, push or build."""

    username: Annotated[str, wire("username")] = ""
    password: Annotated[SecretStr, wire("password")] = SecretStr("")
    email: Annotated[str, wire("email"), until("1.52")] = ""
    """Not used any more."""
    serveraddress: Annotated[str, wire("serveraddress")] = ""
    """The registry's host, without a path; used by containerd's image store."""
    identitytoken: Annotated[SecretStr, wire("identitytoken")] = SecretStr("")
    """A refresh token, instead of a password."""
    registrytoken: Annotated[SecretStr, wire("registrytoken")] = SecretStr("")
    """A bearer token, sent to the registry as it is."""


class AuthResponse(Model):
    """A login succeeded."""

    status: str = ""
    identity_token: SecretStr = SecretStr("")
    """To use instead of the password from now on; may be empty."""


class BuildCache(Model):
    """A record of the build cache."""

    id: Annotated[str, wire("ID")] = ""
    parent: Annotated[str, until("1.42")] = ""
    parents: Annotated[list[str], wire(" Parents"), since("1.42")] = []
    """Docker writes the name with a blank before it."""
    type: str = ""
    """internal, frontend, source.local, source.git.checkout, exec.cachemount or regular."""
    description: str = ""
    in_use: bool = False
    shared: bool = False
    """Whether images or containers use it."""
    size: int = 0
    """In bytes."""
    created_at: Timestamp = Timestamp("")
    last_used_at: Timestamp = Timestamp("")
    usage_count: int = 0


class ImagesDiskUsage(Model):
    """The disk usage of images; sizes in bytes."""

    active_count: int = 0
    """How many have containers."""
    total_count: int = 0
    reclaimable: int = 0
    total_size: int = 0
    items: list[ImageSummary] = []
    """If `verbose` is set; Docker 29.8 sends them in any case."""


class ContainersDiskUsage(Model):
    """The disk usage of containers; sizes in bytes."""

    active_count: int = 0
    """How many run."""
    total_count: int = 0
    reclaimable: int = 0
    total_size: int = 0
    items: list[ContainerSummary] = []
    """If `verbose` is set; Docker 29.8 sends them in any case."""


class VolumesDiskUsage(Model):
    """The disk usage of volumes; sizes in bytes."""

    active_count: int = 0
    """How many are used by containers."""
    total_count: int = 0
    reclaimable: int = 0
    total_size: int = 0
    items: list[Volume] = []
    """If `verbose` is set; Docker 29.8 sends them in any case."""


class BuildCacheDiskUsage(Model):
    """The disk usage of the build cache; sizes in bytes."""

    active_count: int = 0
    """How many records are in use."""
    total_count: int = 0
    reclaimable: int = 0
    total_size: int = 0
    items: list[BuildCache] = []
    """If `verbose` is set; Docker 29.8 sends them in any case."""


class DataUsage(Model):
    """The disk usage of the Engine, as it was sent; the properties read whichever form came.

    Below API 1.52 only the lists come. Docker 29 (API 1.52 and above) sends the lists and `image_usage` to
    `build_cache_usage` with the same objects once more; with `verbose` only the latter. It leaves out what is zero.
    """

    layers_size: int = 0
    """Of all image layers, in bytes."""
    images: list[ImageSummary] = []
    containers: list[ContainerSummary] = []
    volumes: list[Volume] = []
    build_cache: list[BuildCache] = []
    builder_size: Annotated[int, until("1.42")] = 0
    """In bytes."""
    image_usage: Annotated[ImagesDiskUsage, since("1.52")] = ImagesDiskUsage()
    container_usage: Annotated[ContainersDiskUsage, since("1.52")] = ContainersDiskUsage()
    volume_usage: Annotated[VolumesDiskUsage, since("1.52")] = VolumesDiskUsage()
    build_cache_usage: Annotated[BuildCacheDiskUsage, since("1.52")] = BuildCacheDiskUsage()

    @property
    def all_images(self) -> list[ImageSummary]:
        """The images, each once, from whichever form came."""
        return self.images or self.image_usage.items

    @property
    def all_containers(self) -> list[ContainerSummary]:
        """The containers, each once, from whichever form came."""
        return self.containers or self.container_usage.items

    @property
    def all_volumes(self) -> list[Volume]:
        """The volumes, each once, from whichever form came."""
        return self.volumes or self.volume_usage.items

    @property
    def all_build_cache(self) -> list[BuildCache]:
        """The records of the build cache, each once, from whichever form came."""
        return self.build_cache or self.build_cache_usage.items

    @property
    def images_size(self) -> int:
        """The bytes of all images together, shared layers once; from whichever form came."""
        return self.image_usage.total_size or self.layers_size

    @property
    def containers_size(self) -> int:
        """The bytes that containers have written; from whichever form came."""
        return self.container_usage.total_size or sum(one.size_rw or 0 for one in self.all_containers)

    @property
    def volumes_size(self) -> int:
        """The bytes of volumes whose size is known; from whichever form came."""
        return self.volume_usage.total_size or sum(
            max(one.usage_data.size, 0) for one in self.all_volumes if one.usage_data
        )

    @property
    def build_cache_size(self) -> int:
        """The bytes of the build cache without what images share with it; from whichever form came."""
        own = sum(one.size for one in self.all_build_cache if not one.shared)
        return self.build_cache_usage.total_size or own or self.builder_size
