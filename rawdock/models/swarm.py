"""The swarm as a whole: its settings and status."""

from __future__ import annotations

from typing import Annotated

from rawdock._models.model import Model, SecretStr, Timestamp, wire

from .common import Driver, ObjectVersion


class SwarmOrchestration(Model):
    """Settings for the management of tasks."""

    task_history_retention_limit: int | None = None
    """How many old tasks are kept per instance; a negative number keeps all."""


class SwarmRaft(Model):
    """The consensus between managers. Ticks are counted in the raft clock, one second long."""

    snapshot_interval: int = 0
    """Log entries between two snapshots."""
    keep_old_snapshots: int | None = None
    log_entries_for_slow_followers: int = 0
    election_tick: int = 0
    """Ticks without a leader before an election; more than `heartbeat_tick`."""
    heartbeat_tick: int = 0


class SwarmDispatcher(Model):
    """Settings for the communication of managers with nodes."""

    heartbeat_period: int = 0
    """The time between two heartbeats of a node, in nanoseconds."""


class ExternalCA(Model):
    """A certificate authority outside of the swarm that signs for it."""

    protocol: str = ""
    """So far only "cfssl"."""
    url: Annotated[str, wire("URL")] = ""
    options: dict[str, str] = {}
    ca_cert: Annotated[str, wire("CACert")] = ""
    """Root certificate that the authority uses, as PEM."""


class SwarmCAConfig(Model):
    """The swarm's certificate authority."""

    node_cert_expiry: int = 0
    """The validity of node certificates, in nanoseconds."""
    external_cas: Annotated[list[ExternalCA], wire("ExternalCAs")] = []
    signing_ca_cert: Annotated[str, wire("SigningCACert")] = ""
    """The new root certificate to use, as PEM."""
    signing_ca_key: Annotated[SecretStr, wire("SigningCAKey")] = SecretStr("")
    """Private key of that certificate, as PEM."""
    force_rotate: int = 0
    """Change this number to renew all certificates."""


class SwarmEncryptionConfig(Model):
    """Encryption of the managers' data on disk."""

    auto_lock_managers: bool = False
    """A restarted manager must be unlocked by hand."""


class SwarmTaskDefaults(Model):
    """Defaults for tasks."""

    log_driver: Driver = Driver()


class SwarmSpec(Model):
    """The settings of a swarm."""

    name: str = ""
    """Always "default"."""
    labels: dict[str, str] = {}
    orchestration: SwarmOrchestration = SwarmOrchestration()
    raft: SwarmRaft = SwarmRaft()
    dispatcher: SwarmDispatcher = SwarmDispatcher()
    ca_config: Annotated[SwarmCAConfig, wire("CAConfig")] = SwarmCAConfig()
    task_defaults: SwarmTaskDefaults = SwarmTaskDefaults()
    encryption_config: SwarmEncryptionConfig = SwarmEncryptionConfig()


class TLSInfo(Model):
    """The issuer of the certificates of a node or swarm."""

    trust_root: str = ""
    """The trusted root certificates, as PEM."""
    cert_issuer_subject: str = ""
    """In base64 (DER inside), as is the public key."""
    cert_issuer_public_key: str = ""


class ClusterInfo(Model):
    """The swarm, as seen by a manager."""

    id: Annotated[str, wire("ID")] = ""
    version: ObjectVersion = ObjectVersion()
    created_at: Timestamp = Timestamp("")
    updated_at: Timestamp = Timestamp("")
    spec: SwarmSpec = SwarmSpec()
    tls_info: Annotated[TLSInfo, wire("TLSInfo")] = TLSInfo()
    root_rotation_in_progress: bool = False
    data_path_port: int = 0
    """UDP port of overlay traffic; 0 is 4789."""
    default_addr_pool: list[str] = []
    """The address pools for subnets of overlay networks."""
    subnet_size: int = 0
    """Prefix length of those subnets."""


class JoinTokens(Model):
    """The tokens with which nodes join."""

    worker: SecretStr = SecretStr("")
    manager: SecretStr = SecretStr("")


class Swarm(ClusterInfo):
    """Everything that a manager reports about the swarm."""

    join_tokens: JoinTokens = JoinTokens()


class SwarmInitRequest(Model):
    """The request to create a swarm, with this Engine as its first manager."""

    listen_addr: str = ""
    """The listening address of this manager: an address or interface, with ":port" if not 2377; empty is 0.0.0.0."""
    advertise_addr: str = ""
    """The address of this node for others, in the same form; empty lets the Engine find it."""
    data_path_addr: str = ""
    """Address or interface of overlay traffic; empty is `advertise_addr`."""
    data_path_port: int = 0
    """UDP port of overlay traffic, 1024 to 49151; 0 is 4789."""
    default_addr_pool: list[str] = []
    """The address pools for subnets of overlay networks, like "10.10.0.0/16"."""
    subnet_size: int = 0
    """Prefix length of those subnets; 0 is 24."""
    force_new_cluster: bool = False
    """Create a new swarm from this manager's state of its old one."""
    auto_lock_managers: bool = False
    """Lock the swarm from the start; must be set in `spec.encryption_config` too."""
    availability: str = ""
    """Of this node: active, pause or drain; empty is active."""
    spec: SwarmSpec = SwarmSpec()


class SwarmJoinRequest(Model):
    """The request to join a swarm. The token decides whether as worker or as manager."""

    remote_addrs: list[str] = []
    """Managers of the swarm, like "10.0.0.1:2377"; the first one is contacted."""
    join_token: SecretStr = SecretStr("")
    listen_addr: str = ""
    """As in `SwarmInitRequest`, for the time when this node is a manager."""
    advertise_addr: str = ""
    """The address of this node for others; empty for the one that the manager sees."""
    data_path_addr: str = ""
    """Address or interface of overlay traffic; empty is `advertise_addr`."""
    availability: str = ""
    """Of this node: active, pause or drain; empty is active."""


class SwarmUnlockRequest(Model):
    """The key that unlocks a manager after a restart."""

    unlock_key: SecretStr = SecretStr("")


class UnlockKey(Model):
    """The key that unlocks managers; empty if the swarm does not lock them."""

    unlock_key: SecretStr = SecretStr("")


class PeerNode(Model):
    """A manager of the swarm that this node knows."""

    node_id: Annotated[str, wire("NodeID")] = ""
    addr: str = ""
    """Host and port."""


class SwarmInfo(Model):
    """The role of this Engine in a swarm."""

    node_id: Annotated[str, wire("NodeID")] = ""
    node_addr: str = ""
    local_node_state: str = ""
    """inactive, pending, active, error or locked."""
    control_available: bool = False
    """Whether it is a manager."""
    error: str = ""
    remote_managers: list[PeerNode] = []
    nodes: int = 0
    managers: int = 0
    cluster: ClusterInfo = ClusterInfo()
    """Only on managers."""
