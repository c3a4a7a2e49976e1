"""Where rawdock differs from the official API files on purpose, and why. `facts.py` explains the names."""

from __future__ import annotations

_ACCESS_MODE = "the files nest it one level too deep: the Engine's ClusterVolumeSpec holds it, its AccessMode does not"
_BLANK = "Docker writes the name with a blank before it"
_BASE64 = "text in base64 in the files, which is the business of the wire: bytes here"
_ITEMS = "the files leave open what the items are; the Engine sends the same objects as in the lists beside"
_LEGACY_USAGE = "Engines of API 1.52 and newer go on sending it unless verbose is asked for"
_NO_SCHEMA = "the files have no schema for it"
_INIT = "HostConfig has it; an update ignores it"
_SENT = "the Engine sends it; the files do not show it"
_CREDENTIAL = "read from X-Registry-Auth and from the body of POST /auth; the files do not show it"
_FORGOTTEN = "Engines of every version have it; only the files forgot it before 1.41"
_IPV4 = "the files show it from 1.47 on, the Engine reads and sends it from 1.48 on"
_SWAPPED = "the files of 1.40 and 1.41 show the body of connect for disconnect and the other way round"
_CHECKPOINTS = "the files do not have the routes of checkpoints"
_LEGACY_EVENT = "Engines under API 1.52 send it too; the files never showed it"
_SWARM_ID = "the Engine writes ID here, where the files say Id"
_HONOURED = "the Engine reads it; the files do not show it"
_EMPTY = "the files leave open what it holds; the Engine's object is empty"
_UPDATED = "in an update, Engines under 1.55 ignore it silently, Podman too; the files show it from 1.40 on"
_TASK_PLUGIN = "the Engine writes this object in lower case, with `privileges` and `env`, in answers too"
_SWARM_NETWORK = "the Engine sends a network in the format of the swarm, which the files show only in an example"

_READ = "the Engine reads it; the files do not show it"
_RELEASED = "released with Engine 29.8.0, and not yet in its API file; not run on an Engine"
_UNDOCUMENTED = "the Engine serves it without documenting it"
_WORD = "named as in the docker command, because the operationId reads badly"
_WEBSOCKET = "Engines under 1.42 ignore it and attach all three, so sending it does no harm"

DEVIATIONS: dict[str, str] = {
    "DELETE /containers/{id}/checkpoints/{checkpoint}: unknown": _UNDOCUMENTED,
    "GET /containers/{id}/attach/ws: query stderr since": _WEBSOCKET,
    "GET /containers/{id}/attach/ws: query stdin since": _WEBSOCKET,
    "GET /containers/{id}/attach/ws: query stdout since": _WEBSOCKET,
    "GET /containers/{id}/checkpoints: unknown": _UNDOCUMENTED,
    "GET /containers/{id}/logs: query details extra": _READ,
    "GET /distribution/{name}/json: header X-Registry-Auth extra": _READ,
    "GET /images/get: name": _WORD,
    "GET /images/{name}/get: name": _WORD,
    "GET /plugins/privileges: header X-Registry-Auth extra": _READ,
    "GET /swarm/unlockkey: name": "two words, as in its model and in the docker command",
    "GET /system/df: query type since": "the files of 1.40 and 1.41 show it, the Engine has read it from 1.42 on",
    "POST /build/cancel: unknown": _UNDOCUMENTED,
    "POST /build/prune: query keep-storage until": "removed from the files in 1.52, but still read by the Engine",
    "POST /build/prune: query stream extra": _RELEASED,
    "POST /build: query buildid extra": _READ,
    "POST /build: query cgroupparent extra": _READ,
    "POST /build: query cpusetmems extra": _READ,
    "POST /build: query isolation extra": _READ,
    "POST /build: query securityopt extra": _READ,
    "POST /build: query session extra": _READ,
    "POST /build: query ulimits extra": _READ,
    "POST /containers/prune: query stream extra": _RELEASED,
    "POST /containers/{id}/checkpoints: unknown": _UNDOCUMENTED,
    "POST /containers/{id}/exec: name": "it creates the command that `exec.start` starts",
    "POST /containers/{id}/start: query checkpoint extra": _READ,
    "POST /containers/{id}/start: query checkpoint-dir extra": _READ,
    "POST /grpc: unknown": _UNDOCUMENTED,
    "POST /images/create: name": "two operations on one path: pull and import_",
    "POST /images/prune: query stream extra": _RELEASED,
    "POST /networks/prune: query stream extra": _RELEASED,
    "POST /plugins/{name}/push: header X-Registry-Auth extra": _READ,
    "POST /session: header X-Docker-Expose-Session-Grpc-Method extra": _READ,
    "POST /session: header X-Docker-Expose-Session-Name extra": _READ,
    "POST /session: header X-Docker-Expose-Session-Sharedkey extra": _READ,
    "POST /session: header X-Docker-Expose-Session-Uuid extra": _READ,
    "POST /session: name": "the rule gives no name",
    "POST /volumes/prune: query stream extra": _RELEASED,
    "AccessMode.AccessibilityRequirements missing": _ACCESS_MODE,
    "AccessMode.Availability missing": _ACCESS_MODE,
    "AccessMode.BlockVolume extra": "by its indentation in the files, it is part of the description of MountVolume",
    "AccessMode.CapacityRange missing": _ACCESS_MODE,
    "AccessMode.MountVolume type": "its fields are hidden in its description",
    "AccessMode.Secrets missing": _ACCESS_MODE,
    "ArchiveStat unknown": "the JSON in X-Docker-Container-Path-Stat, for which the files have no schema",
    "AuthConfig.identitytoken extra": _CREDENTIAL,
    "AuthConfig.registrytoken extra": _CREDENTIAL,
    "BlockVolume unknown": _NO_SCHEMA,
    "BuildCache. Parents extra": _BLANK,
    "BuildCache.Parents missing": _BLANK,
    "BuildCacheDiskUsage.Items type": _ITEMS,
    "BuildLine.aux type": "an object of the classic builder, but text where BuildKit traces what it does",
    "Checkpoint unknown": _CHECKPOINTS,
    "CheckpointCreateRequest unknown": _CHECKPOINTS,
    "ClusterVolumeSpec.AccessibilityRequirements extra": _ACCESS_MODE,
    "ClusterVolumeSpec.Availability extra": _ACCESS_MODE,
    "ClusterVolumeSpec.CapacityRange extra": _ACCESS_MODE,
    "ClusterVolumeSpec.Secrets extra": _ACCESS_MODE,
    "ConfigSpec.Data type": _BASE64,
    "ContainerStats.networks type": "the files leave open what the values are; the Engine sends ContainerNetworkStats",
    "ContainerUpdate.BlkioDeviceReadBps since": _UPDATED,
    "ContainerUpdate.BlkioDeviceReadIOps since": _UPDATED,
    "ContainerUpdate.BlkioDeviceWriteBps since": _UPDATED,
    "ContainerUpdate.BlkioDeviceWriteIOps since": _UPDATED,
    "ContainerUpdate.BlkioWeightDevice since": _UPDATED,
    "ContainerUpdate.Init missing": _INIT,
    "ContainersDiskUsage.Items type": _ITEMS,
    "DataUsage.BuildCache until": _LEGACY_USAGE,
    "DataUsage.BuilderSize extra": "Engines under API 1.42 send it; the files never showed it",
    "DataUsage.Containers until": _LEGACY_USAGE,
    "DataUsage.Images until": _LEGACY_USAGE,
    "DataUsage.LayersSize until": _LEGACY_USAGE,
    "DataUsage.Volumes until": _LEGACY_USAGE,
    "EndpointSettings.MacAddress since": "in a request, Engines under 1.44 ignore it silently; answers always had it",
    "EventMessage.from extra": _LEGACY_EVENT,
    "EventMessage.id extra": _LEGACY_EVENT,
    "EventMessage.status extra": _LEGACY_EVENT,
    "GlobalJob unknown": _NO_SCHEMA,
    "GlobalService unknown": _NO_SCHEMA,
    "HostConfig.Umask extra": _RELEASED,
    "IdResponse.ID extra": _SWARM_ID,
    "IdResponse.Id missing": _SWARM_ID,
    "ImagesDiskUsage.Items type": _ITEMS,
    "LoadLine unknown": _NO_SCHEMA,
    "MountVolume unknown": "its fields are hidden in a description of the files",
    "Network.ConfigFrom since": _FORGOTTEN,
    "Network.ConfigOnly since": _FORGOTTEN,
    "Network.Containers missing": "NetworkInspect has it, as in the files of 1.52 and newer",
    "Network.EnableIPv4 since": _IPV4,
    "Network.Peers since": _FORGOTTEN,
    "NetworkAttachment.Network type": _SWARM_NETWORK,
    "NetworkConnectRequest.EndpointConfig since": _SWAPPED,
    "NetworkConnectRequest.Force missing": _SWAPPED,
    "NetworkCreateRequest.ConfigFrom since": _FORGOTTEN,
    "NetworkCreateRequest.ConfigOnly since": _FORGOTTEN,
    "NetworkCreateRequest.EnableIPv4 since": _IPV4,
    "NetworkCreateRequest.Scope since": _FORGOTTEN,
    "NetworkDisconnectRequest.EndpointConfig missing": _SWAPPED,
    "NetworkDisconnectRequest.Force since": _SWAPPED,
    "NetworkInspect.EnableIPv4 since": _IPV4,
    "NetworkInspect.Services type": "the files leave open what the values are",
    "NetworkInspect.Status since": "the model also reads answers under 1.52, where the files have no NetworkInspect",
    "NetworkSummary.Containers extra": "Engines under API 1.52 send it, empty",
    "NetworkSummary.EnableIPv4 since": _IPV4,
    "NodeCSIInfo unknown": _NO_SCHEMA,
    "NodeDescription.CSIInfo extra": _SENT,
    "Ping unknown": "made from headers",
    "ProgressDetail.hidecounts extra": _SENT,
    "ProgressDetail.start extra": _SENT,
    "ProgressDetail.units extra": _SENT,
    "ProgressLine unknown": _NO_SCHEMA,
    "PruneLine unknown": _RELEASED,
    "PullLine.aux extra": _SENT,
    "PushAux unknown": _NO_SCHEMA,
    "PushLine.aux extra": _SENT,
    "PushLine.errorDetail since": "Engines of every version send it; only the files forgot it before 1.48",
    "PushLine.id extra": _SENT,
    "Resources.Init missing": _INIT,
    "Service.PreviousSpec extra": _SENT,
    "ServiceCreated.Warning missing": "no Engine sends it: under 1.44 the files have the name wrong",
    "ServiceCreated.Warnings since": "Engines of every version send it; the files had the name wrong before 1.44",
    "SecretSpec.Data type": _BASE64,
    "ServiceMode.Global type": _EMPTY,
    "ServiceMode.GlobalJob type": _EMPTY,
    "ServiceSpec.Networks until": "from 1.52 on Engines ignore it silently; TaskTemplate has a field for it",
    "SwarmIPAM unknown": _SWARM_NETWORK,
    "SwarmIPAMConfig unknown": _SWARM_NETWORK,
    "SwarmInitRequest.AutoLockManagers extra": _HONOURED,
    "SwarmInitRequest.Availability extra": _HONOURED,
    "SwarmJoinRequest.Availability extra": _HONOURED,
    "SwarmNetwork unknown": _SWARM_NETWORK,
    "SwarmNetworkSpec unknown": _SWARM_NETWORK,
    "Task.AssignedGenericResources missing": "the Engine sends it as GenericResources",
    "Task.GenericResources extra": "the files call it AssignedGenericResources",
    "Task.Volumes extra": _SENT,
    "TaskContainerSpec.HealthCheck missing": "the Engine sends it as Healthcheck",
    "TaskContainerSpec.Healthcheck extra": "the files call it HealthCheck, which the Engine accepts but never sends",
    "TaskLimits.Pids since": "under 1.41 the Engine ignores it silently; the files have no Limit there at all",
    "TaskPluginPrivilege unknown": _TASK_PLUGIN,
    "TaskPluginSpec.Disabled missing": _TASK_PLUGIN,
    "TaskPluginSpec.Name missing": _TASK_PLUGIN,
    "TaskPluginSpec.PluginPrivilege missing": _TASK_PLUGIN,
    "TaskPluginSpec.Remote missing": _TASK_PLUGIN,
    "TaskPluginSpec.disabled extra": _TASK_PLUGIN,
    "TaskPluginSpec.env extra": _TASK_PLUGIN,
    "TaskPluginSpec.name extra": _TASK_PLUGIN,
    "TaskPluginSpec.privileges extra": _TASK_PLUGIN,
    "TaskPluginSpec.remote extra": _TASK_PLUGIN,
    "TaskStatus.PortStatus since": "Engines of every version send it; only the files forgot it before 1.44",
    "VersionComponent.Details type": "the Engine's values are all text",
    "Volume.Status type": "drivers may put any value there, not objects alone",
    "VolumeAttachment unknown": _NO_SCHEMA,
    "VolumesDiskUsage.Items type": _ITEMS,
}

# Schemas without a model.
NO_MODEL: dict[str, str] = {
    "ErrorResponse": "it is read by errors.py",
    "PluginInterfaceType": "the Engine writes it as one string, as in `docker.volumedriver/1.0`",
}

_ONE_NODE = "it takes a second Engine, in the same swarm; its errors are recorded and run"
_LOCKED = "it takes a manager that was restarted while locked; its errors are recorded and run"
_LARGE = "a plugin that runs is made of 20 MB of the machine's files; its errors are recorded"

# Operations without a success in any live run, and operations without a success in any recording.
NOT_LIVE: dict[str, str] = {
    "DELETE /nodes/{id}": _ONE_NODE,
    "POST /swarm/join": _ONE_NODE,
    "POST /swarm/unlock": _LOCKED,
}
NOT_RECORDED: dict[str, str] = NOT_LIVE | {
    "POST /plugins/{name}/disable": _LARGE,
    "POST /plugins/{name}/enable": _LARGE,
}
