"""The swarm as a whole: its settings and what it says of itself."""

from __future__ import annotations

from typing import Annotated

from rawdock._models.model import Model, SecretStr, Timestamp, wire

from .common import Driver, ObjectVersion


class SwarmOrchestration(Model):
    """How tasks are looked after."""

    task_history_retention_limit: int | None = None
    """How many old tasks of an instance are kept; less than 0 keeps all."""


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
    """How managers and nodes keep in touch."""

    heartbeat_period: int = 0
    """Between two signs of life of a node, in nanoseconds."""


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
    """How long certificates of nodes are good for, in nanoseconds."""
    external_cas: Annotated[list[ExternalCA], wire("ExternalCAs")] = []
    signing_ca_cert: Annotated[str, wire("SigningCACert")] = ""
    """The root certificate to go over to, as PEM."""
    signing_ca_key: Annotated[SecretStr, wire("SigningCAKey")] = SecretStr("")
    """Private key of that certificate, as PEM."""
    force_rotate: int = 0
    """Change this number to have all certificates renewed."""


class SwarmEncryptionConfig(Model):
    """Encryption of what managers keep on disk."""

    auto_lock_managers: bool = False
    """A restarted manager must be unlocked by hand."""


class SwarmTaskDefaults(Model):
    """What tasks get that say nothing themselves."""

    log_driver: Driver = Driver()


class SwarmSpec(Model):
    """The settings of a swarm."""

    name: str = ""
    """There is no other name than "default"."""
    labels: dict[str, str] = {}
    orchestration: SwarmOrchestration = SwarmOrchestration()
    raft: SwarmRaft = SwarmRaft()
    dispatcher: SwarmDispatcher = SwarmDispatcher()
    ca_config: Annotated[SwarmCAConfig, wire("CAConfig")] = SwarmCAConfig()
    task_defaults: SwarmTaskDefaults = SwarmTaskDefaults()
    encryption_config: SwarmEncryptionConfig = SwarmEncryptionConfig()


class TLSInfo(Model):
    """Who signs the certificates of a node or swarm."""

    trust_root: str = ""
    """The root certificates that are trusted, as PEM."""
    cert_issuer_subject: str = ""
    """In base64 (DER inside), as is the public key."""
    cert_issuer_public_key: str = ""


class ClusterInfo(Model):
    """A swarm as a manager of it sees it."""

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
    """Where overlay networks take their subnets from."""
    subnet_size: int = 0
    """Prefix length of those subnets."""


class JoinTokens(Model):
    """What a new node has to show when it joins."""

    worker: SecretStr = SecretStr("")
    manager: SecretStr = SecretStr("")


class Swarm(ClusterInfo):
    """All a manager knows about the swarm."""

    join_tokens: JoinTokens = JoinTokens()


class SwarmInitRequest(Model):
    """A swarm to be made, with this Engine as its first manager."""

    listen_addr: str = ""
    """Where managers talk to each other: an address or interface, with ":port" if not 2377; empty is 0.0.0.0."""
    advertise_addr: str = ""
    """Where others reach this node, in the same form; empty lets the Engine find it."""
    data_path_addr: str = ""
    """Address or interface of overlay traffic; empty is `advertise_addr`."""
    data_path_port: int = 0
    """UDP port of overlay traffic, 1024 to 49151; 0 is 4789."""
    default_addr_pool: list[str] = []
    """Where overlay networks take their subnets from, like "10.10.0.0/16"."""
    subnet_size: int = 0
    """Prefix length of those subnets; 0 is 24."""
    force_new_cluster: bool = False
    """Make a new swarm from what this manager has of its old one."""
    auto_lock_managers: bool = False
    """Lock the swarm from the start; to be said in `spec.encryption_config` too."""
    availability: str = ""
    """Of this node: active, pause or drain; empty is active."""
    spec: SwarmSpec = SwarmSpec()


class SwarmJoinRequest(Model):
    """A swarm that this Engine is to join. The token decides whether as worker or as manager."""

    remote_addrs: list[str] = []
    """Managers of the swarm, like "10.0.0.1:2377"; the first is asked."""
    join_token: SecretStr = SecretStr("")
    listen_addr: str = ""
    """As in `SwarmInitRequest`, for the time when this node is a manager."""
    advertise_addr: str = ""
    """Where others reach this node; empty is what the manager sees."""
    data_path_addr: str = ""
    """Address or interface of overlay traffic; empty is `advertise_addr`."""
    availability: str = ""
    """Of this node: active, pause or drain; empty is active."""


class SwarmUnlockRequest(Model):
    """What unlocks a manager after a restart."""

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
    """This Engine's part in a swarm."""

    node_id: Annotated[str, wire("NodeID")] = ""
    node_addr: str = ""
    local_node_state: str = ""
    """inactive, pending, active, error or locked."""
    control_available: bool = False
    """It is a manager."""
    error: str = ""
    remote_managers: list[PeerNode] = []
    nodes: int = 0
    managers: int = 0
    cluster: ClusterInfo = ClusterInfo()
    """Filled on managers only."""
