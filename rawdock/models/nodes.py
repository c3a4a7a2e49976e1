"""Nodes of a swarm: their specification and status."""

from __future__ import annotations

from typing import Annotated

from rawdock._models.model import Model, Timestamp, since, wire

from .common import ObjectVersion
from .swarm import TLSInfo
from .tasks import NodePlatform, TaskReservations
from .volumes import Topology


class NodeSpec(Model):
    """The specification of a node: the body of `nodes.update`, which replaces the old one as a whole."""

    name: str = ""
    labels: dict[str, str] = {}
    role: str = ""
    """worker or manager."""
    availability: str = ""
    """active, pause (no new tasks) or drain (tasks are stopped)."""


class PluginDescription(Model):
    """A plugin that a node has, or a driver that came with its Engine."""

    type: str = ""
    """Log, Network, Volume and so on."""
    name: str = ""


class EngineDescription(Model):
    """The Engine of a node."""

    engine_version: str = ""
    labels: dict[str, str] = {}
    plugins: list[PluginDescription] = []


class NodeCSIInfo(Model):
    """A storage plugin of a node, and how it calls that node."""

    plugin_name: str = ""
    node_id: Annotated[str, wire("NodeID")] = ""
    """The plugin's own id of the node."""
    max_volumes_per_node: int = 0
    """0 sets no limit."""
    accessible_topology: Topology = Topology()


class NodeDescription(Model):
    """The description of a node."""

    hostname: str = ""
    platform: NodePlatform = NodePlatform()
    resources: TaskReservations = TaskReservations()
    """All resources, used or not."""
    engine: EngineDescription = EngineDescription()
    tls_info: Annotated[TLSInfo, wire("TLSInfo")] = TLSInfo()
    csi_info: Annotated[list[NodeCSIInfo], wire("CSIInfo"), since("1.42")] = []


class NodeStatus(Model):
    """The status of a node, as seen by managers."""

    state: str = ""
    """unknown, down, ready or disconnected."""
    message: str = ""
    addr: str = ""
    """Its IP address."""


class ManagerStatus(Model):
    """The status of a manager node."""

    leader: bool = False
    reachability: str = ""
    """unknown, unreachable or reachable."""
    addr: str = ""
    """Host and port."""


class Node(Model):
    """Everything that a manager reports about a node."""

    id: Annotated[str, wire("ID")]
    version: ObjectVersion = ObjectVersion()
    created_at: Timestamp = Timestamp("")
    updated_at: Timestamp = Timestamp("")
    spec: NodeSpec = NodeSpec()
    description: NodeDescription = NodeDescription()
    status: NodeStatus = NodeStatus()
    manager_status: ManagerStatus | None = None
    """None for a worker."""
