"""All models: what requests are made of and answers are read into. Each resource has a module, loaded when first used.

Making the classes of one module takes milliseconds, and hardly any program needs all of them. So this package is only
an index: `rawdock.models.ContainerSpec`, or `from rawdock.models import ContainerSpec`, loads the module with it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .common import Descriptor as Descriptor
    from .common import DiscreteResource as DiscreteResource
    from .common import Driver as Driver
    from .common import DriverData as DriverData
    from .common import ErrorDetail as ErrorDetail
    from .common import GenericResource as GenericResource
    from .common import NamedResource as NamedResource
    from .common import ObjectVersion as ObjectVersion
    from .common import Platform as Platform
    from .common import ProgressDetail as ProgressDetail
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
    from .images import BuildIdentity as BuildIdentity
    from .images import HistoryItem as HistoryItem
    from .images import Identity as Identity
    from .images import ImageConfig as ImageConfig
    from .images import ImageData as ImageData
    from .images import ImageDeleted as ImageDeleted
    from .images import ImageInspect as ImageInspect
    from .images import ImageManifestSummary as ImageManifestSummary
    from .images import ImageMetadata as ImageMetadata
    from .images import ImagesPruned as ImagesPruned
    from .images import ImageSummary as ImageSummary
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
    from .networks import Address as Address
    from .networks import EndpointIPAMConfig as EndpointIPAMConfig
    from .networks import EndpointSettings as EndpointSettings
    from .networks import NetworkingConfig as NetworkingConfig
    from .networks import PortBinding as PortBinding
    from .ping import Ping as Ping
    from .swarm import ClusterInfo as ClusterInfo
    from .swarm import ExternalCA as ExternalCA
    from .swarm import PeerNode as PeerNode
    from .swarm import SwarmCAConfig as SwarmCAConfig
    from .swarm import SwarmDispatcher as SwarmDispatcher
    from .swarm import SwarmEncryptionConfig as SwarmEncryptionConfig
    from .swarm import SwarmInfo as SwarmInfo
    from .swarm import SwarmOrchestration as SwarmOrchestration
    from .swarm import SwarmRaft as SwarmRaft
    from .swarm import SwarmSpec as SwarmSpec
    from .swarm import SwarmTaskDefaults as SwarmTaskDefaults
    from .swarm import TLSInfo as TLSInfo
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
    from .volumes import VolumeUsageData as VolumeUsageData

MODULES: dict[str, str] = {
    "AccessMode": "volumes",
    "Address": "networks",
    "AttestationData": "images",
    "AuthConfig": "system",
    "AuthResponse": "system",
    "BindOptions": "host_config",
    "BlockVolume": "volumes",
    "BuildCache": "system",
    "BuildCacheDiskUsage": "system",
    "BuildIdentity": "images",
    "CapacityRange": "volumes",
    "ClusterInfo": "swarm",
    "ClusterVolume": "volumes",
    "ClusterVolumeInfo": "volumes",
    "ClusterVolumeSecret": "volumes",
    "ClusterVolumeSpec": "volumes",
    "Commit": "system",
    "Committed": "containers",
    "ContainerConfig": "containers",
    "ContainerCreated": "containers",
    "ContainerInspect": "containers",
    "ContainerSpec": "containers",
    "ContainerState": "containers",
    "ContainerSummary": "containers",
    "ContainerTop": "containers",
    "ContainerUpdate": "containers",
    "ContainerUpdated": "containers",
    "ContainerdInfo": "system",
    "ContainerdNamespaces": "system",
    "ContainersDiskUsage": "system",
    "ContainersPruned": "containers",
    "DataUsage": "system",
    "DefaultAddressPool": "system",
    "Descriptor": "common",
    "DeviceInfo": "system",
    "DeviceMapping": "host_config",
    "DeviceRequest": "host_config",
    "DiscreteResource": "common",
    "Driver": "common",
    "DriverData": "common",
    "EndpointIPAMConfig": "networks",
    "EndpointSettings": "networks",
    "ErrorDetail": "common",
    "ExternalCA": "swarm",
    "FilesystemChange": "containers",
    "FirewallInfo": "system",
    "GenericResource": "common",
    "Health": "containers",
    "HealthConfig": "containers",
    "HealthSummary": "containers",
    "HealthcheckResult": "containers",
    "HistoryItem": "images",
    "HostConfig": "host_config",
    "HostConfigSummary": "containers",
    "Identity": "images",
    "ImageConfig": "images",
    "ImageData": "images",
    "ImageDeleted": "images",
    "ImageInspect": "images",
    "ImageManifestSummary": "images",
    "ImageMetadata": "images",
    "ImageOptions": "host_config",
    "ImageSummary": "images",
    "ImagesDiskUsage": "system",
    "ImagesPruned": "images",
    "IndexInfo": "system",
    "LogConfig": "host_config",
    "ManifestSize": "images",
    "Mount": "host_config",
    "MountPoint": "containers",
    "MountVolume": "volumes",
    "NRIInfo": "system",
    "NamedResource": "common",
    "NetworkSettings": "containers",
    "NetworkSettingsSummary": "containers",
    "NetworkingConfig": "networks",
    "ObjectVersion": "common",
    "PeerNode": "swarm",
    "Ping": "ping",
    "Platform": "common",
    "PluginsInfo": "system",
    "Port": "containers",
    "PortBinding": "networks",
    "ProgressDetail": "common",
    "PublishStatus": "volumes",
    "PullIdentity": "images",
    "PullLine": "images",
    "PushAux": "images",
    "PushLine": "images",
    "RegistryServiceConfig": "system",
    "Resources": "host_config",
    "RestartPolicy": "host_config",
    "RootFS": "images",
    "RootFSStorage": "containers",
    "RootFSStorageSnapshot": "containers",
    "Runtime": "system",
    "SignatureIdentity": "images",
    "SignatureTimestamp": "images",
    "SignerIdentity": "images",
    "Storage": "containers",
    "SwarmCAConfig": "swarm",
    "SwarmDispatcher": "swarm",
    "SwarmEncryptionConfig": "swarm",
    "SwarmInfo": "swarm",
    "SwarmOrchestration": "swarm",
    "SwarmRaft": "swarm",
    "SwarmSpec": "swarm",
    "SwarmTaskDefaults": "swarm",
    "SystemInfo": "system",
    "SystemVersion": "system",
    "TLSInfo": "swarm",
    "ThrottleDevice": "host_config",
    "TmpfsOptions": "host_config",
    "Topology": "volumes",
    "TopologyRequirement": "volumes",
    "Ulimit": "host_config",
    "UnpackedSize": "images",
    "VersionComponent": "system",
    "VersionPlatform": "system",
    "Volume": "volumes",
    "VolumeOptions": "host_config",
    "VolumeUsageData": "volumes",
    "VolumesDiskUsage": "system",
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
