"""Volumes: volumes of a host and cluster volumes of a swarm."""

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
    """At least one of these."""
    preferred: list[Topology] = []
    """Tried first, in this order."""


class CapacityRange(Model):
    """The size limits of a cluster volume, in bytes; 0 is no limit."""

    required_bytes: int = 0
    limit_bytes: int = 0


class ClusterVolumeSecret(Model):
    """A swarm secret for the volume's plugin, under a key."""

    key: str = ""
    secret: str = ""
    """Name or id of the swarm's secret, not its content."""


class MountVolume(Model):
    """The volume is used as a file system."""

    fs_type: str = ""
    mount_flags: list[str] = []


class BlockVolume(Model):
    """The volume is used as a block device. It has no settings."""


class AccessMode(Model):
    """How a cluster volume can be used; exactly one of the last two is set."""

    scope: str = ""
    """single or multi: on how many nodes."""
    sharing: str = ""
    """none, readonly, onewriter or all: by how many tasks."""
    mount_volume: MountVolume | None = None
    block_volume: BlockVolume | None = None


class ClusterVolumeSpec(Model):
    """The settings of a cluster volume."""

    group: str = ""
    """Volumes of one group are interchangeable."""
    access_mode: AccessMode = AccessMode()
    accessibility_requirements: TopologyRequirement = TopologyRequirement()
    capacity_range: CapacityRange = CapacityRange()
    secrets: list[ClusterVolumeSecret] = []
    availability: str = ""
    """active, pause (no new tasks) or drain (tasks are stopped)."""


class ClusterVolumeInfo(Model):
    """The storage plugin's description of a volume."""

    capacity_bytes: int = 0
    volume_context: dict[str, str] = {}
    volume_id: Annotated[str, wire("VolumeID")] = ""
    """The plugin's own id; empty until the volume exists."""
    accessible_topology: list[Topology] = []


class PublishStatus(Model):
    """The status of publishing a cluster volume to one node."""

    node_id: Annotated[str, wire("NodeID")] = ""
    state: str = ""
    """pending-publish, published, pending-node-unpublish or pending-controller-unpublish."""
    publish_context: dict[str, str] = {}


class ClusterVolume(Model):
    """The swarm's description of a cluster volume."""

    id: Annotated[str, wire("ID")] = ""
    version: ObjectVersion = ObjectVersion()
    created_at: Timestamp = Timestamp("")
    updated_at: Timestamp = Timestamp("")
    spec: ClusterVolumeSpec = ClusterVolumeSpec()
    info: ClusterVolumeInfo = ClusterVolumeInfo()
    publish_status: list[PublishStatus] = []


class VolumeUsageData(Model):
    """The size of a volume and the number of containers that use it; -1 if not known."""

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
    """Information from the driver."""
    labels: dict[str, str] = {}
    scope: str = ""
    """local or global: available on this host, or in the whole cluster."""
    cluster_volume: Annotated[ClusterVolume | None, since("1.42")] = None
    """None if it is not a cluster volume."""
    options: dict[str, str] = {}
    usage_data: VolumeUsageData | None = None
    """Only from `system.data_usage`."""


class VolumeCreateRequest(Model):
    """The request to create a volume."""

    name: str = ""
    """Empty for a name chosen by the Engine."""
    driver: str = ""
    """Empty is local."""
    driver_opts: dict[str, str] = {}
    labels: dict[str, str] = {}
    cluster_volume_spec: Annotated[ClusterVolumeSpec | None, since("1.42")] = None
    """Set it to create a cluster volume."""


class VolumeList(Model):
    """A list of volumes, and the warnings of the listing."""

    volumes: list[Volume] = []
    warnings: list[str] = []


class VolumeUpdate(Model):
    """The changes of a cluster volume; only its availability can be changed."""

    spec: ClusterVolumeSpec = ClusterVolumeSpec()


class VolumesPruned(Model):
    """The result of pruning."""

    volumes_deleted: list[str] = []
    """By name."""
    space_reclaimed: int = 0
    """In bytes."""
