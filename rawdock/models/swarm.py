"""The swarm as a whole: its settings and what it says of itself."""

from __future__ import annotations

from typing import Annotated

from rawdock._model import Model, Secret, Timestamp, wire

from .common import Driver, ObjectVersion


class SwarmOrchestration(Model):
    """How tasks are looked after."""

    task_history_retention_limit: int | None = None
    """How many old tasks of an instance are kept; 0 or less keeps none."""


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
    signing_ca_key: Annotated[Secret, wire("SigningCAKey")] = Secret("")
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
