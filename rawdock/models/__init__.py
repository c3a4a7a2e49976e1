"""All models: what requests are made of and answers are read into. Each resource has a module, loaded when first used.

Making the classes of one module takes milliseconds, and hardly any program needs all of them. So this package is only
an index: `rawdock.models.ContainerSpec`, or `from rawdock.models import ContainerSpec`, loads the module with it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .archive import ArchiveStat as ArchiveStat
    from .build import BuildLine as BuildLine
    from .build import BuildPruned as BuildPruned
    from .build import ImageID as ImageID
    from .checkpoints import Checkpoint as Checkpoint
    from .checkpoints import CheckpointCreateRequest as CheckpointCreateRequest
    from .common import Descriptor as Descriptor
    from .common import DiscreteResource as DiscreteResource
    from .common import Driver as Driver
    from .common import DriverData as DriverData
    from .common import ErrorDetail as ErrorDetail
    from .common import GenericResource as GenericResource
    from .common import IdResponse as IdResponse
    from .common import NamedResource as NamedResource
    from .common import ObjectVersion as ObjectVersion
    from .common import Platform as Platform
    from .common import ProgressDetail as ProgressDetail
    from .configs import Config as Config
    from .configs import ConfigSpec as ConfigSpec
    from .containers import Committed as Committed
    from .containers import ContainerConfig as ContainerConfig
    from .containers import ContainerCreated as ContainerCreated
    from .containers import ContainerInspect as ContainerInspect
    from .containers import ContainerSpec as ContainerSpec
    from .containers import ContainersPruned as ContainersPruned
    from .containers import ContainerState as ContainerState
    from .containers import ContainerSummary as ContainerSummary
    from .containers import ContainerTop as ContainerTop
    from .containers import ContainerUpdate as ContainerUpdate
    from .containers import ContainerUpdated as ContainerUpdated
    from .containers import FilesystemChange as FilesystemChange
    from .containers import Health as Health
    from .containers import HealthcheckResult as HealthcheckResult
    from .containers import HealthConfig as HealthConfig
    from .containers import HealthSummary as HealthSummary
    from .containers import HostConfigSummary as HostConfigSummary
    from .containers import MountPoint as MountPoint
    from .containers import NetworkSettings as NetworkSettings
    from .containers import NetworkSettingsSummary as NetworkSettingsSummary
    from .containers import Port as Port
    from .containers import RootFSStorage as RootFSStorage
    from .containers import RootFSStorageSnapshot as RootFSStorageSnapshot
    from .containers import Storage as Storage
    from .containers import WaitError as WaitError
    from .containers import WaitResponse as WaitResponse
    from .distribution import DistributionInspect as DistributionInspect
    from .events import EventActor as EventActor
    from .events import EventMessage as EventMessage
    from .exec import ExecConfig as ExecConfig
    from .exec import ExecCreated as ExecCreated
    from .exec import ExecInspect as ExecInspect
    from .exec import ExecStartConfig as ExecStartConfig
    from .exec import ProcessConfig as ProcessConfig
    from .host_config import BindOptions as BindOptions
    from .host_config import DeviceMapping as DeviceMapping
    from .host_config import DeviceRequest as DeviceRequest
    from .host_config import HostConfig as HostConfig
    from .host_config import ImageOptions as ImageOptions
    from .host_config import LogConfig as LogConfig
    from .host_config import Mount as Mount
    from .host_config import Resources as Resources
    from .host_config import RestartPolicy as RestartPolicy
    from .host_config import ThrottleDevice as ThrottleDevice
    from .host_config import TmpfsOptions as TmpfsOptions
    from .host_config import Ulimit as Ulimit
    from .host_config import VolumeOptions as VolumeOptions
    from .host_config import WeightDevice as WeightDevice
    from .images import AttestationData as AttestationData
    from .images import AttestationStatement as AttestationStatement
    from .images import BuildIdentity as BuildIdentity
    from .images import HistoryItem as HistoryItem
    from .images import Identity as Identity
    from .images import ImageConfig as ImageConfig
    from .images import ImageData as ImageData
    from .images import ImageDeleted as ImageDeleted
    from .images import ImageInspect as ImageInspect
    from .images import ImageManifestSummary as ImageManifestSummary
    from .images import ImageMetadata as ImageMetadata
    from .images import ImageSearchResult as ImageSearchResult
    from .images import ImagesPruned as ImagesPruned
    from .images import ImageSummary as ImageSummary
    from .images import LoadLine as LoadLine
    from .images import ManifestSize as ManifestSize
    from .images import PullIdentity as PullIdentity
    from .images import PullLine as PullLine
    from .images import PushAux as PushAux
    from .images import PushLine as PushLine
    from .images import RootFS as RootFS
    from .images import SignatureIdentity as SignatureIdentity
    from .images import SignatureTimestamp as SignatureTimestamp
    from .images import SignerIdentity as SignerIdentity
    from .images import UnpackedSize as UnpackedSize
    from .networks import IPAM as IPAM
    from .networks import Address as Address
    from .networks import ConfigReference as ConfigReference
    from .networks import EndpointIPAMConfig as EndpointIPAMConfig
    from .networks import EndpointResource as EndpointResource
    from .networks import EndpointSettings as EndpointSettings
    from .networks import IPAMConfig as IPAMConfig
    from .networks import IPAMStatus as IPAMStatus
    from .networks import Network as Network
    from .networks import NetworkConnectRequest as NetworkConnectRequest
    from .networks import NetworkCreated as NetworkCreated
    from .networks import NetworkCreateRequest as NetworkCreateRequest
    from .networks import NetworkDisconnectRequest as NetworkDisconnectRequest
    from .networks import NetworkingConfig as NetworkingConfig
    from .networks import NetworkInspect as NetworkInspect
    from .networks import NetworksPruned as NetworksPruned
    from .networks import NetworkStatus as NetworkStatus
    from .networks import NetworkSummary as NetworkSummary
    from .networks import NetworkTaskInfo as NetworkTaskInfo
    from .networks import PeerInfo as PeerInfo
    from .networks import PortBinding as PortBinding
    from .networks import ServiceInfo as ServiceInfo
    from .networks import SubnetStatus as SubnetStatus
    from .nodes import EngineDescription as EngineDescription
    from .nodes import ManagerStatus as ManagerStatus
    from .nodes import Node as Node
    from .nodes import NodeCSIInfo as NodeCSIInfo
    from .nodes import NodeDescription as NodeDescription
    from .nodes import NodeSpec as NodeSpec
    from .nodes import NodeStatus as NodeStatus
    from .nodes import PluginDescription as PluginDescription
    from .ping import Ping as Ping
    from .plugins import Plugin as Plugin
    from .plugins import PluginArgs as PluginArgs
    from .plugins import PluginConfig as PluginConfig
    from .plugins import PluginDevice as PluginDevice
    from .plugins import PluginEnv as PluginEnv
    from .plugins import PluginInterface as PluginInterface
    from .plugins import PluginLinux as PluginLinux
    from .plugins import PluginMount as PluginMount
    from .plugins import PluginNetwork as PluginNetwork
    from .plugins import PluginPrivilege as PluginPrivilege
    from .plugins import PluginRootFS as PluginRootFS
    from .plugins import PluginSettings as PluginSettings
    from .plugins import PluginUser as PluginUser
    from .secrets import Secret as Secret
    from .secrets import SecretSpec as SecretSpec
    from .services import EndpointSpec as EndpointSpec
    from .services import EndpointVirtualIP as EndpointVirtualIP
    from .services import GlobalJob as GlobalJob
    from .services import GlobalService as GlobalService
    from .services import JobStatus as JobStatus
    from .services import ReplicatedJob as ReplicatedJob
    from .services import ReplicatedService as ReplicatedService
    from .services import Service as Service
    from .services import ServiceCreated as ServiceCreated
    from .services import ServiceEndpoint as ServiceEndpoint
    from .services import ServiceMode as ServiceMode
    from .services import ServiceSpec as ServiceSpec
    from .services import ServiceStatus as ServiceStatus
    from .services import ServiceUpdated as ServiceUpdated
    from .services import UpdateConfig as UpdateConfig
    from .services import UpdateStatus as UpdateStatus
    from .stats import ContainerBlkioStatEntry as ContainerBlkioStatEntry
    from .stats import ContainerBlkioStats as ContainerBlkioStats
    from .stats import ContainerCPUStats as ContainerCPUStats
    from .stats import ContainerCPUUsage as ContainerCPUUsage
    from .stats import ContainerMemoryStats as ContainerMemoryStats
    from .stats import ContainerNetworkStats as ContainerNetworkStats
    from .stats import ContainerPidsStats as ContainerPidsStats
    from .stats import ContainerStats as ContainerStats
    from .stats import ContainerStorageStats as ContainerStorageStats
    from .stats import ContainerThrottlingData as ContainerThrottlingData
    from .swarm import ClusterInfo as ClusterInfo
    from .swarm import ExternalCA as ExternalCA
    from .swarm import JoinTokens as JoinTokens
    from .swarm import PeerNode as PeerNode
    from .swarm import Swarm as Swarm
    from .swarm import SwarmCAConfig as SwarmCAConfig
    from .swarm import SwarmDispatcher as SwarmDispatcher
    from .swarm import SwarmEncryptionConfig as SwarmEncryptionConfig
    from .swarm import SwarmInfo as SwarmInfo
    from .swarm import SwarmInitRequest as SwarmInitRequest
    from .swarm import SwarmJoinRequest as SwarmJoinRequest
    from .swarm import SwarmOrchestration as SwarmOrchestration
    from .swarm import SwarmRaft as SwarmRaft
    from .swarm import SwarmSpec as SwarmSpec
    from .swarm import SwarmTaskDefaults as SwarmTaskDefaults
    from .swarm import SwarmUnlockRequest as SwarmUnlockRequest
    from .swarm import TLSInfo as TLSInfo
    from .swarm import UnlockKey as UnlockKey
    from .system import AuthConfig as AuthConfig
    from .system import AuthResponse as AuthResponse
    from .system import BuildCache as BuildCache
    from .system import BuildCacheDiskUsage as BuildCacheDiskUsage
    from .system import Commit as Commit
    from .system import ContainerdInfo as ContainerdInfo
    from .system import ContainerdNamespaces as ContainerdNamespaces
    from .system import ContainersDiskUsage as ContainersDiskUsage
    from .system import DataUsage as DataUsage
    from .system import DefaultAddressPool as DefaultAddressPool
    from .system import DeviceInfo as DeviceInfo
    from .system import FirewallInfo as FirewallInfo
    from .system import ImagesDiskUsage as ImagesDiskUsage
    from .system import IndexInfo as IndexInfo
    from .system import NRIInfo as NRIInfo
    from .system import PluginsInfo as PluginsInfo
    from .system import RegistryServiceConfig as RegistryServiceConfig
    from .system import Runtime as Runtime
    from .system import SystemInfo as SystemInfo
    from .system import SystemVersion as SystemVersion
    from .system import VersionComponent as VersionComponent
    from .system import VersionPlatform as VersionPlatform
    from .system import VolumesDiskUsage as VolumesDiskUsage
    from .tasks import AppArmorOptions as AppArmorOptions
    from .tasks import ConfigReferenceFile as ConfigReferenceFile
    from .tasks import ContainerStatus as ContainerStatus
    from .tasks import CredentialSpec as CredentialSpec
    from .tasks import DNSConfig as DNSConfig
    from .tasks import EndpointPortConfig as EndpointPortConfig
    from .tasks import NetworkAttachment as NetworkAttachment
    from .tasks import NetworkAttachmentConfig as NetworkAttachmentConfig
    from .tasks import NetworkAttachmentSpec as NetworkAttachmentSpec
    from .tasks import NodePlatform as NodePlatform
    from .tasks import Placement as Placement
    from .tasks import PlacementPreference as PlacementPreference
    from .tasks import PortStatus as PortStatus
    from .tasks import Privileges as Privileges
    from .tasks import SeccompOptions as SeccompOptions
    from .tasks import SecretReference as SecretReference
    from .tasks import SecretReferenceFile as SecretReferenceFile
    from .tasks import SELinuxContext as SELinuxContext
    from .tasks import ServiceConfigReference as ServiceConfigReference
    from .tasks import SpreadOver as SpreadOver
    from .tasks import SwarmIPAM as SwarmIPAM
    from .tasks import SwarmIPAMConfig as SwarmIPAMConfig
    from .tasks import SwarmNetwork as SwarmNetwork
    from .tasks import SwarmNetworkSpec as SwarmNetworkSpec
    from .tasks import Task as Task
    from .tasks import TaskContainerSpec as TaskContainerSpec
    from .tasks import TaskLimits as TaskLimits
    from .tasks import TaskPluginPrivilege as TaskPluginPrivilege
    from .tasks import TaskPluginSpec as TaskPluginSpec
    from .tasks import TaskReservations as TaskReservations
    from .tasks import TaskResources as TaskResources
    from .tasks import TaskRestartPolicy as TaskRestartPolicy
    from .tasks import TaskSpec as TaskSpec
    from .tasks import TaskStatus as TaskStatus
    from .tasks import VolumeAttachment as VolumeAttachment
    from .volumes import AccessMode as AccessMode
    from .volumes import BlockVolume as BlockVolume
    from .volumes import CapacityRange as CapacityRange
    from .volumes import ClusterVolume as ClusterVolume
    from .volumes import ClusterVolumeInfo as ClusterVolumeInfo
    from .volumes import ClusterVolumeSecret as ClusterVolumeSecret
    from .volumes import ClusterVolumeSpec as ClusterVolumeSpec
    from .volumes import MountVolume as MountVolume
    from .volumes import PublishStatus as PublishStatus
    from .volumes import Topology as Topology
    from .volumes import TopologyRequirement as TopologyRequirement
    from .volumes import Volume as Volume
    from .volumes import VolumeCreateRequest as VolumeCreateRequest
    from .volumes import VolumeList as VolumeList
    from .volumes import VolumesPruned as VolumesPruned
    from .volumes import VolumeUpdate as VolumeUpdate
    from .volumes import VolumeUsageData as VolumeUsageData

MODULES: dict[str, str] = {
    "AccessMode": "volumes",
    "Address": "networks",
    "AppArmorOptions": "tasks",
    "ArchiveStat": "archive",
    "AttestationData": "images",
    "AttestationStatement": "images",
    "AuthConfig": "system",
    "AuthResponse": "system",
    "BindOptions": "host_config",
    "BlockVolume": "volumes",
    "BuildCache": "system",
    "BuildCacheDiskUsage": "system",
    "BuildIdentity": "images",
    "BuildLine": "build",
    "BuildPruned": "build",
    "CapacityRange": "volumes",
    "Checkpoint": "checkpoints",
    "CheckpointCreateRequest": "checkpoints",
    "ClusterInfo": "swarm",
    "ClusterVolume": "volumes",
    "ClusterVolumeInfo": "volumes",
    "ClusterVolumeSecret": "volumes",
    "ClusterVolumeSpec": "volumes",
    "Commit": "system",
    "Committed": "containers",
    "Config": "configs",
    "ConfigReference": "networks",
    "ConfigReferenceFile": "tasks",
    "ConfigSpec": "configs",
    "ContainerBlkioStatEntry": "stats",
    "ContainerBlkioStats": "stats",
    "ContainerCPUStats": "stats",
    "ContainerCPUUsage": "stats",
    "ContainerConfig": "containers",
    "ContainerCreated": "containers",
    "ContainerInspect": "containers",
    "ContainerMemoryStats": "stats",
    "ContainerNetworkStats": "stats",
    "ContainerPidsStats": "stats",
    "ContainerSpec": "containers",
    "ContainerState": "containers",
    "ContainerStats": "stats",
    "ContainerStatus": "tasks",
    "ContainerStorageStats": "stats",
    "ContainerSummary": "containers",
    "ContainerThrottlingData": "stats",
    "ContainerTop": "containers",
    "ContainerUpdate": "containers",
    "ContainerUpdated": "containers",
    "ContainerdInfo": "system",
    "ContainerdNamespaces": "system",
    "ContainersDiskUsage": "system",
    "ContainersPruned": "containers",
    "CredentialSpec": "tasks",
    "DNSConfig": "tasks",
    "DataUsage": "system",
    "DefaultAddressPool": "system",
    "Descriptor": "common",
    "DeviceInfo": "system",
    "DeviceMapping": "host_config",
    "DeviceRequest": "host_config",
    "DiscreteResource": "common",
    "DistributionInspect": "distribution",
    "Driver": "common",
    "DriverData": "common",
    "EndpointIPAMConfig": "networks",
    "EndpointPortConfig": "tasks",
    "EndpointResource": "networks",
    "EndpointSettings": "networks",
    "EndpointSpec": "services",
    "EndpointVirtualIP": "services",
    "EngineDescription": "nodes",
    "ErrorDetail": "common",
    "EventActor": "events",
    "EventMessage": "events",
    "ExecConfig": "exec",
    "ExecCreated": "exec",
    "ExecInspect": "exec",
    "ExecStartConfig": "exec",
    "ExternalCA": "swarm",
    "FilesystemChange": "containers",
    "FirewallInfo": "system",
    "GenericResource": "common",
    "GlobalJob": "services",
    "GlobalService": "services",
    "Health": "containers",
    "HealthConfig": "containers",
    "HealthSummary": "containers",
    "HealthcheckResult": "containers",
    "HistoryItem": "images",
    "HostConfig": "host_config",
    "HostConfigSummary": "containers",
    "IPAM": "networks",
    "IPAMConfig": "networks",
    "IPAMStatus": "networks",
    "IdResponse": "common",
    "Identity": "images",
    "ImageConfig": "images",
    "ImageData": "images",
    "ImageDeleted": "images",
    "ImageID": "build",
    "ImageInspect": "images",
    "ImageManifestSummary": "images",
    "ImageMetadata": "images",
    "ImageOptions": "host_config",
    "ImageSearchResult": "images",
    "ImageSummary": "images",
    "ImagesDiskUsage": "system",
    "ImagesPruned": "images",
    "IndexInfo": "system",
    "JobStatus": "services",
    "JoinTokens": "swarm",
    "LoadLine": "images",
    "LogConfig": "host_config",
    "ManagerStatus": "nodes",
    "ManifestSize": "images",
    "Mount": "host_config",
    "MountPoint": "containers",
    "MountVolume": "volumes",
    "NRIInfo": "system",
    "NamedResource": "common",
    "Network": "networks",
    "NetworkAttachment": "tasks",
    "NetworkAttachmentConfig": "tasks",
    "NetworkAttachmentSpec": "tasks",
    "NetworkConnectRequest": "networks",
    "NetworkCreateRequest": "networks",
    "NetworkCreated": "networks",
    "NetworkDisconnectRequest": "networks",
    "NetworkInspect": "networks",
    "NetworkSettings": "containers",
    "NetworkSettingsSummary": "containers",
    "NetworkStatus": "networks",
    "NetworkSummary": "networks",
    "NetworkTaskInfo": "networks",
    "NetworkingConfig": "networks",
    "NetworksPruned": "networks",
    "Node": "nodes",
    "NodeCSIInfo": "nodes",
    "NodeDescription": "nodes",
    "NodePlatform": "tasks",
    "NodeSpec": "nodes",
    "NodeStatus": "nodes",
    "ObjectVersion": "common",
    "PeerInfo": "networks",
    "PeerNode": "swarm",
    "Ping": "ping",
    "Placement": "tasks",
    "PlacementPreference": "tasks",
    "Platform": "common",
    "Plugin": "plugins",
    "PluginArgs": "plugins",
    "PluginConfig": "plugins",
    "PluginDescription": "nodes",
    "PluginDevice": "plugins",
    "PluginEnv": "plugins",
    "PluginInterface": "plugins",
    "PluginLinux": "plugins",
    "PluginMount": "plugins",
    "PluginNetwork": "plugins",
    "PluginPrivilege": "plugins",
    "PluginRootFS": "plugins",
    "PluginSettings": "plugins",
    "PluginUser": "plugins",
    "PluginsInfo": "system",
    "Port": "containers",
    "PortBinding": "networks",
    "PortStatus": "tasks",
    "Privileges": "tasks",
    "ProcessConfig": "exec",
    "ProgressDetail": "common",
    "PublishStatus": "volumes",
    "PullIdentity": "images",
    "PullLine": "images",
    "PushAux": "images",
    "PushLine": "images",
    "RegistryServiceConfig": "system",
    "ReplicatedJob": "services",
    "ReplicatedService": "services",
    "Resources": "host_config",
    "RestartPolicy": "host_config",
    "RootFS": "images",
    "RootFSStorage": "containers",
    "RootFSStorageSnapshot": "containers",
    "Runtime": "system",
    "SELinuxContext": "tasks",
    "SeccompOptions": "tasks",
    "Secret": "secrets",
    "SecretReference": "tasks",
    "SecretReferenceFile": "tasks",
    "SecretSpec": "secrets",
    "Service": "services",
    "ServiceConfigReference": "tasks",
    "ServiceCreated": "services",
    "ServiceEndpoint": "services",
    "ServiceInfo": "networks",
    "ServiceMode": "services",
    "ServiceSpec": "services",
    "ServiceStatus": "services",
    "ServiceUpdated": "services",
    "SignatureIdentity": "images",
    "SignatureTimestamp": "images",
    "SignerIdentity": "images",
    "SpreadOver": "tasks",
    "Storage": "containers",
    "SubnetStatus": "networks",
    "Swarm": "swarm",
    "SwarmCAConfig": "swarm",
    "SwarmDispatcher": "swarm",
    "SwarmEncryptionConfig": "swarm",
    "SwarmIPAM": "tasks",
    "SwarmIPAMConfig": "tasks",
    "SwarmInfo": "swarm",
    "SwarmInitRequest": "swarm",
    "SwarmJoinRequest": "swarm",
    "SwarmNetwork": "tasks",
    "SwarmNetworkSpec": "tasks",
    "SwarmOrchestration": "swarm",
    "SwarmRaft": "swarm",
    "SwarmSpec": "swarm",
    "SwarmTaskDefaults": "swarm",
    "SwarmUnlockRequest": "swarm",
    "SystemInfo": "system",
    "SystemVersion": "system",
    "TLSInfo": "swarm",
    "Task": "tasks",
    "TaskContainerSpec": "tasks",
    "TaskLimits": "tasks",
    "TaskPluginPrivilege": "tasks",
    "TaskPluginSpec": "tasks",
    "TaskReservations": "tasks",
    "TaskResources": "tasks",
    "TaskRestartPolicy": "tasks",
    "TaskSpec": "tasks",
    "TaskStatus": "tasks",
    "ThrottleDevice": "host_config",
    "TmpfsOptions": "host_config",
    "Topology": "volumes",
    "TopologyRequirement": "volumes",
    "Ulimit": "host_config",
    "UnlockKey": "swarm",
    "UnpackedSize": "images",
    "UpdateConfig": "services",
    "UpdateStatus": "services",
    "VersionComponent": "system",
    "VersionPlatform": "system",
    "Volume": "volumes",
    "VolumeAttachment": "tasks",
    "VolumeCreateRequest": "volumes",
    "VolumeList": "volumes",
    "VolumeOptions": "host_config",
    "VolumeUpdate": "volumes",
    "VolumeUsageData": "volumes",
    "VolumesDiskUsage": "system",
    "VolumesPruned": "volumes",
    "WaitError": "containers",
    "WaitResponse": "containers",
    "WeightDevice": "host_config",
}
"""In which module each model is."""

if not TYPE_CHECKING:  # checkers read the imports above, and take no list that is computed
    __all__ = list(MODULES)


def __getattr__(name: str) -> object:
    module = MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # Kept, so that this function runs once a name.
    model: object = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = model
    return model


def __dir__() -> list[str]:
    return [*MODULES, "MODULES"]
