"""Tasks: the single containers of a service, their specification and status."""

from __future__ import annotations

from typing import Annotated

from rawdock._models.model import Model, Timestamp, since, wire

from .common import Driver, GenericResource, ObjectVersion
from .health import HealthConfig
from .host_config import Mount, Ulimit
from .networks import ConfigReference


class NodePlatform(Model):
    """Operating system and processor of a node, as reported by its kernel."""

    architecture: str = ""
    """Like "x86_64"."""
    os: Annotated[str, wire("OS")] = ""


class CredentialSpec(Model):
    """Windows only: where the credentials of a managed service account are; one of the three is set."""

    config: str = ""
    """Id of a config, which the task must have with `runtime`."""
    file: str = ""
    """Name of a file in the Engine's folder CredentialSpecs."""
    registry: str = ""
    """Name of a value in the Windows registry."""


class SELinuxContext(Model):
    """The SELinux label of a task's container."""

    disable: bool = False
    user: str = ""
    role: str = ""
    type: str = ""
    level: str = ""


class SeccompOptions(Model):
    """Which system calls a task's container may make."""

    mode: str = ""
    """default, unconfined or custom; empty is default."""
    profile: str = ""
    """Of mode custom: the profile's JSON text, in base64."""


class AppArmorOptions(Model):
    """The AppArmor mode of a task's container."""

    mode: str = ""
    """default or disabled; empty is default."""


class Privileges(Model):
    """The privileges of a task's container."""

    credential_spec: CredentialSpec = CredentialSpec()
    se_linux_context: Annotated[SELinuxContext, wire("SELinuxContext")] = SELinuxContext()
    seccomp: Annotated[SeccompOptions, since("1.44")] = SeccompOptions()
    app_armor: Annotated[AppArmorOptions, since("1.44")] = AppArmorOptions()
    no_new_privileges: Annotated[bool, since("1.44")] = False


class DNSConfig(Model):
    """The resolv.conf of a task."""

    nameservers: list[str] = []
    search: list[str] = []
    options: list[str] = []
    """Like "ndots:3"."""


class SecretReferenceFile(Model):
    """The file in which a task finds a secret."""

    name: str = ""
    """In /run/secrets, unless it is a full path."""
    uid: Annotated[str, wire("UID")] = ""
    gid: Annotated[str, wire("GID")] = ""
    mode: int = 0
    """Permission bits as a number: 0o444 is 292."""


class SecretReference(Model):
    """A secret of a task."""

    secret_id: Annotated[str, wire("SecretID")] = ""
    secret_name: str = ""
    """Informative; only the id is used to find it."""
    file: SecretReferenceFile = SecretReferenceFile()


class ConfigReferenceFile(Model):
    """The file in which a task finds a config."""

    name: str = ""
    """A full path, or a name in /."""
    uid: Annotated[str, wire("UID")] = ""
    gid: Annotated[str, wire("GID")] = ""
    mode: int = 0
    """Permission bits as a number: 0o444 is 292."""


class ServiceConfigReference(Model):
    """A config of a task: exactly one of `file` and `runtime` is set."""

    config_id: Annotated[str, wire("ConfigID")] = ""
    config_name: str = ""
    """Informative; only the id is used to find it."""
    file: ConfigReferenceFile | None = None
    runtime: dict[str, object] | None = None
    """{} if it is read by the Engine, as a credential spec, and not mounted into the container."""


class TaskContainerSpec(Model):
    """The container that a task runs."""

    image: str = ""
    labels: dict[str, str] = {}
    """The labels of the container; those of the service are in its own spec."""
    command: list[str] = []
    """Replaces the image's entrypoint."""
    args: list[str] = []
    """Replaces the image's command."""
    hostname: str = ""
    env: list[str] = []
    """Like "NAME=value"."""
    dir: str = ""
    """The working directory."""
    user: str = ""
    """Name or number, with ":group" if wanted."""
    groups: list[str] = []
    """Further groups of the user."""
    privileges: Privileges = Privileges()
    capability_add: Annotated[list[str], since("1.41")] = []
    """Like "CAP_NET_ADMIN"."""
    capability_drop: Annotated[list[str], since("1.41")] = []
    tty: Annotated[bool, wire("TTY")] = False
    open_stdin: bool = False
    read_only: bool = False
    """The root file system cannot be written."""
    mounts: list[Mount] = []
    secrets: list[SecretReference] = []
    configs: list[ServiceConfigReference] = []
    stop_signal: str = ""
    stop_grace_period: int | None = None
    """Between a stop and a kill, in nanoseconds; None is 10 s."""
    healthcheck: HealthConfig = HealthConfig()
    hosts: list[str] = []
    """Lines of /etc/hosts, like "10.0.0.1 name alias": the address comes first."""
    dns_config: Annotated[DNSConfig, wire("DNSConfig")] = DNSConfig()
    isolation: str = ""
    """Windows only: default, process or hyperv."""
    init: bool | None = None
    """Run a small init as first process; None is the Engine's default."""
    sysctls: dict[str, str] = {}
    ulimits: Annotated[list[Ulimit], since("1.41")] = []
    oom_score_adj: Annotated[int, since("1.46")] = 0


class TaskPluginPrivilege(Model):
    """A privilege of a plugin, such as a mount."""

    name: Annotated[str, wire("name")] = ""
    description: Annotated[str, wire("description")] = ""
    value: Annotated[list[str], wire("value")] = []


class TaskPluginSpec(Model):
    """The plugin that a task installs."""

    name: Annotated[str, wire("name")] = ""
    """Its name on the node."""
    remote: Annotated[str, wire("remote")] = ""
    """The reference that it is pulled from."""
    privileges: Annotated[list[TaskPluginPrivilege], wire("privileges")] = []
    disabled: Annotated[bool, wire("disabled")] = False
    """Install it without enabling it."""
    env: Annotated[list[str], wire("env")] = []
    """Like "NAME=value"."""


class NetworkAttachmentSpec(Model):
    """A container outside services that is in a network of the swarm. Only answers have it."""

    container_id: Annotated[str, wire("ContainerID")] = ""


class TaskLimits(Model):
    """The resource limits of a task; 0 is no limit."""

    nano_cpus: Annotated[int, wire("NanoCPUs")] = 0
    """In billionths of a CPU."""
    memory_bytes: int = 0
    pids: Annotated[int, since("1.41")] = 0


class TaskReservations(Model):
    """Resources that are reserved for a task, or that a node has."""

    nano_cpus: Annotated[int, wire("NanoCPUs")] = 0
    """In billionths of a CPU."""
    memory_bytes: int = 0
    generic_resources: list[GenericResource] = []


class TaskResources(Model):
    """The resources of each task of a service."""

    limits: TaskLimits = TaskLimits()
    reservations: TaskReservations = TaskReservations()
    """Only a node with as many free resources is chosen."""
    swap_bytes: Annotated[int | None, since("1.52")] = None
    """In addition to a memory limit; -1 is no limit, None leaves it to the node's Engine."""
    memory_swappiness: Annotated[int | None, since("1.52")] = None
    """0 to 100; None and -1 are the node's default."""


class TaskRestartPolicy(Model):
    """Whether to start a new task after one has ended."""

    condition: str = ""
    """none, on-failure or any; empty is any."""
    delay: int | None = None
    """Before the next task, in nanoseconds; None is 5 s."""
    max_attempts: int | None = None
    """None and 0 never give up."""
    window: int | None = None
    """In which attempts are counted, in nanoseconds; None and 0 count all."""


class SpreadOver(Model):
    """Tasks are spread evenly over the values of a label of nodes."""

    spread_descriptor: str = ""
    """Like "node.labels.rack" or "engine.labels.zone"."""


class PlacementPreference(Model):
    """A preference for the placement of tasks."""

    spread: SpreadOver = SpreadOver()


class Placement(Model):
    """Constraints and preferences for the placement of tasks."""

    constraints: list[str] = []
    """A node must meet all of them, like "node.role==manager" or "node.labels.disk!=slow"."""
    preferences: list[PlacementPreference] = []
    """The most important first."""
    max_replicas: int = 0
    """On one node; 0 sets no limit."""
    platforms: list[NodePlatform] = []
    """Those that the image is made for; empty allows all."""


class NetworkAttachmentConfig(Model):
    """A network that tasks join."""

    target: str = ""
    """Name or id."""
    aliases: list[str] = []
    """Further names of the tasks in this network."""
    driver_opts: dict[str, str] = {}


class TaskSpec(Model):
    """The specification of tasks. One of the first three fields is set, and `runtime` says which."""

    container_spec: TaskContainerSpec | None = None
    plugin_spec: TaskPluginSpec | None = None
    network_attachment_spec: NetworkAttachmentSpec | None = None
    runtime: str = ""
    """container, plugin or attachment; empty is container."""
    resources: TaskResources = TaskResources()
    restart_policy: TaskRestartPolicy = TaskRestartPolicy()
    placement: Placement = Placement()
    networks: list[NetworkAttachmentConfig] = []
    log_driver: Driver = Driver()
    """No name is the swarm's default."""
    force_update: int = 0
    """Change this number to replace all tasks."""


class EndpointPortConfig(Model):
    """A port of a service, and how it is published."""

    name: str = ""
    protocol: str = ""
    """tcp, udp or sctp; empty is tcp."""
    target_port: int = 0
    """In the container."""
    published_port: int = 0
    """The port on the nodes; 0 lets the swarm choose one."""
    publish_mode: str = ""
    """ingress (on every node) or host (on nodes with a task); empty is ingress."""


class ContainerStatus(Model):
    """The container of a task."""

    container_id: Annotated[str, wire("ContainerID")] = ""
    """Empty before there is one."""
    pid: Annotated[int, wire("PID")] = 0
    exit_code: int = 0


class PortStatus(Model):
    """The ports of a node that are published for a task alone, in mode host."""

    ports: list[EndpointPortConfig] = []


class TaskStatus(Model):
    """The status of a task."""

    timestamp: Timestamp = Timestamp("")
    """The time of this status."""
    state: str = ""
    """new, pending, assigned, accepted, preparing, ready, starting, running, complete, failed and so on."""
    message: str = ""
    err: str = ""
    """The reason why it failed or has to wait."""
    container_status: ContainerStatus = ContainerStatus()
    port_status: PortStatus = PortStatus()


class SwarmIPAMConfig(Model):
    """A range of addresses of a network, in the format of the swarm."""

    subnet: str = ""
    range: str = ""
    """The part of the subnet for tasks."""
    gateway: str = ""


class SwarmIPAM(Model):
    """The address management of a network, in the format of the swarm."""

    driver: Driver = Driver()
    configs: list[SwarmIPAMConfig] = []


class SwarmNetworkSpec(Model):
    """The specification of a swarm's network."""

    name: str = ""
    labels: dict[str, str] = {}
    driver_configuration: Driver = Driver()
    ipv6_enabled: Annotated[bool, wire("IPv6Enabled")] = False
    internal: bool = False
    """Without access to other networks."""
    attachable: bool = False
    """Containers outside services may join."""
    ingress: bool = False
    """It carries the published ports of services."""
    ipam_options: Annotated[SwarmIPAM, wire("IPAMOptions")] = SwarmIPAM()
    config_from: ConfigReference = ConfigReference()
    scope: str = ""


class SwarmNetwork(Model):
    """A network as stored by the swarm, in another format than that of `networks.inspect`."""

    id: Annotated[str, wire("ID")] = ""
    version: ObjectVersion = ObjectVersion()
    created_at: Timestamp = Timestamp("")
    updated_at: Timestamp = Timestamp("")
    spec: SwarmNetworkSpec = SwarmNetworkSpec()
    driver_state: Driver = Driver()
    """The driver as it runs, with the options that it chose itself."""
    ipam_options: Annotated[SwarmIPAM, wire("IPAMOptions")] = SwarmIPAM()


class NetworkAttachment(Model):
    """A network that a task is in."""

    network: SwarmNetwork = SwarmNetwork()
    addresses: list[str] = []
    """Of the task, each with the length of its prefix."""


class VolumeAttachment(Model):
    """A cluster volume of a task."""

    id: Annotated[str, wire("ID")] = ""
    source: str = ""
    """The source of the mount: the volume's name, or its group."""
    target: str = ""
    """The path in the container."""


class Task(Model):
    """Everything that the Engine reports about a task."""

    id: Annotated[str, wire("ID")]
    name: str = ""
    """Usually empty: tasks are identified by service and slot."""
    labels: dict[str, str] = {}
    version: ObjectVersion = ObjectVersion()
    created_at: Timestamp = Timestamp("")
    updated_at: Timestamp = Timestamp("")
    service_id: Annotated[str, wire("ServiceID")] = ""
    slot: int = 0
    """Its number among the replicas, from 1 on; 0 in a global service."""
    node_id: Annotated[str, wire("NodeID")] = ""
    """Empty until a node is chosen."""
    spec: TaskSpec = TaskSpec()
    status: TaskStatus = TaskStatus()
    desired_state: str = ""
    """The desired state: a value of `status.state`, or shutdown or remove."""
    job_iteration: Annotated[ObjectVersion | None, since("1.41")] = None
    """The run of the job that it belongs to; None outside of jobs."""
    networks_attachments: list[NetworkAttachment] = []
    generic_resources: list[GenericResource] = []
    """Those that it was given."""
    volumes: Annotated[list[VolumeAttachment], since("1.42")] = []
