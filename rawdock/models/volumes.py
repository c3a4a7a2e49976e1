"""Volumes: those of a host, and cluster volumes that a swarm keeps."""

from __future__ import annotations

from typing import Annotated

from rawdock._models.model import Model, Timestamp, since, wire

from .common import ObjectVersion


class Topology(Model):
    """A place in the cluster, such as a zone and a rack."""

    segments: dict[str, str] = {}


class TopologyRequirement(Model):
    """Where a cluster volume must be reachable from."""

    requisite: list[Topology] = []
    """One of these at least."""
    preferred: list[Topology] = []
    """Tried first, in this order."""


class CapacityRange(Model):
    """How large a cluster volume may be, in bytes; 0 leaves that side open."""

    required_bytes: int = 0
    limit_bytes: int = 0


class ClusterVolumeSecret(Model):
    """A swarm secret that the volume's plugin gets under a key."""

    key: str = ""
    secret: str = ""
    """Name or id of the swarm's secret, not its content."""


class MountVolume(Model):
    """The volume is used as a file system."""

    fs_type: str = ""
    mount_flags: list[str] = []


class BlockVolume(Model):
    """The volume is used as a block device. There is nothing to say about it."""


class AccessMode(Model):
    """Who may use a cluster volume at once, and as what; exactly one of the last two is set."""

    scope: str = ""
    """single or multi: on how many nodes."""
    sharing: str = ""
    """none, readonly, onewriter or all: by how many tasks."""
    mount_volume: MountVolume | None = None
    block_volume: BlockVolume | None = None


class ClusterVolumeSpec(Model):
    """The settings of a cluster volume."""

    group: str = ""
    """Volumes of one group may stand in for each other."""
    access_mode: AccessMode = AccessMode()
    accessibility_requirements: TopologyRequirement = TopologyRequirement()
    capacity_range: CapacityRange = CapacityRange()
    secrets: list[ClusterVolumeSecret] = []
    availability: str = ""
    """active, pause (no new tasks) or drain (tasks are stopped)."""


class ClusterVolumeInfo(Model):
    """What the storage plugin says of a volume it made."""

    capacity_bytes: int = 0
    volume_context: dict[str, str] = {}
    volume_id: Annotated[str, wire("VolumeID")] = ""
    """The plugin's own id; empty until the volume exists."""
    accessible_topology: list[Topology] = []


class PublishStatus(Model):
    """How far a cluster volume is on its way to one node."""

    node_id: Annotated[str, wire("NodeID")] = ""
    state: str = ""
    """pending-publish, published, pending-node-unpublish or pending-controller-unpublish."""
    publish_context: dict[str, str] = {}


class ClusterVolume(Model):
    """A volume as the swarm knows it."""

    id: Annotated[str, wire("ID")] = ""
    version: ObjectVersion = ObjectVersion()
    created_at: Timestamp = Timestamp("")
    updated_at: Timestamp = Timestamp("")
    spec: ClusterVolumeSpec = ClusterVolumeSpec()
    info: ClusterVolumeInfo = ClusterVolumeInfo()
    publish_status: list[PublishStatus] = []


class VolumeUsageData(Model):
    """How much a volume holds and how many containers use it; -1 where that was not found out."""

    size: int = 0
    """In bytes."""
    ref_count: int = 0


class Volume(Model):
    """A volume."""

    name: str = ""
    driver: str = ""
    mountpoint: str = ""
    """The folder on the host."""
    created_at: Timestamp = Timestamp("")
    status: dict[str, object] = {}
    """Whatever the driver has to say."""
    labels: dict[str, str] = {}
    scope: str = ""
    """local or global: known on this host, or in the whole cluster."""
    cluster_volume: Annotated[ClusterVolume | None, since("1.42")] = None
    """None if no swarm keeps it."""
    options: dict[str, str] = {}
    usage_data: VolumeUsageData | None = None
    """Only `system.data_usage` counts it."""


class VolumeCreateRequest(Model):
    """A volume to be made."""

    name: str = ""
    """Empty lets the Engine make one up."""
    driver: str = ""
    """Empty is local."""
    driver_opts: dict[str, str] = {}
    labels: dict[str, str] = {}
    cluster_volume_spec: Annotated[ClusterVolumeSpec | None, since("1.42")] = None
    """Anything but None makes it a volume of the swarm."""


class VolumeList(Model):
    """Volumes, and what went wrong while they were listed."""

    volumes: list[Volume] = []
    warnings: list[str] = []


class VolumeUpdate(Model):
    """What is to change of a cluster volume; only its availability can."""

    spec: ClusterVolumeSpec = ClusterVolumeSpec()


class VolumesPruned(Model):
    """What pruning took away."""

    volumes_deleted: list[str] = []
    """By name."""
    space_reclaimed: int = 0
    """In bytes."""
