"""The official facts (`engine.json`, drawn by `scripts/spec`) beside what the models declare, and how they differ.

A difference has a name, like `AuthConfig.identitytoken extra`: the model, the wire name of the field, and what it is:

    missing   the files have the field, the model has not
    extra     the model has it, the files have not
    type      both have it, with another type
    since     they name another first version
    until     they name another version that is the first without it

Each one that is meant stands in `deviations.py` with its reason.
"""

from __future__ import annotations

import json
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin, get_type_hints

import rawdock.models
from rawdock._model import Model, since, until, wire

ENGINE: dict[str, Any] = json.loads((Path(__file__).parent / "engine.json").read_text())

# Model -> schema, where the names differ. One model may stand for several schemas, the first of which it is held to.
SCHEMAS: dict[str, tuple[str, ...]] = {
    "AccessMode": ("ClusterVolumeSpec.AccessMode",),
    "AppArmorOptions": ("TaskSpec.ContainerSpec.Privileges.AppArmor",),
    "AttestationData": ("ImageManifestSummary.AttestationData",),
    "BindOptions": ("Mount.BindOptions",),
    "BuildLine": ("BuildInfo",),
    "BuildPruned": ("BuildPruneResponse",),
    "CapacityRange": ("ClusterVolumeSpec.AccessMode.CapacityRange",),
    "ClusterVolumeInfo": ("ClusterVolume.Info",),
    "ClusterVolumeSecret": ("ClusterVolumeSpec.AccessMode.Secrets",),
    "Committed": ("IDResponse",),
    "ConfigReferenceFile": ("TaskSpec.ContainerSpec.Configs.File",),
    "ConfigSpec": ("ConfigSpec", "ConfigCreate.body"),
    "ContainerCreated": ("ContainerCreateResponse",),
    "ContainerInspect": ("ContainerInspectResponse",),
    "ContainerSpec": ("ContainerCreate.body",),
    "ContainerStats": ("ContainerStatsResponse",),
    "ContainerStatus": ("ContainerStatus", "TaskStatus.ContainerStatus"),
    "ContainerTop": ("ContainerTopResponse",),
    "ContainerUpdate": ("ContainerUpdate.body",),
    "ContainerUpdated": ("ContainerUpdateResponse",),
    "ContainerdNamespaces": ("ContainerdInfo.Namespaces",),
    "ContainersPruned": ("ContainerPruneResponse",),
    "CredentialSpec": ("TaskSpec.ContainerSpec.Privileges.CredentialSpec",),
    "DNSConfig": ("TaskSpec.ContainerSpec.DNSConfig",),
    "DataUsage": ("SystemDataUsageResponse",),
    "DefaultAddressPool": ("SystemInfo.DefaultAddressPools",),
    "Descriptor": ("OCIDescriptor",),
    "DiscreteResource": ("GenericResources.DiscreteResourceSpec",),
    "Driver": ("Driver", "Mount.VolumeOptions.DriverConfig", "SwarmSpec.TaskDefaults.LogDriver", "TaskSpec.LogDriver"),
    "EndpointVirtualIP": ("Service.Endpoint.VirtualIPs",),
    "ExecCreated": ("IDResponse",),
    "ExecInspect": ("ExecInspectResponse",),
    "ExternalCA": ("SwarmSpec.CAConfig.ExternalCAs",),
    "GenericResource": ("GenericResources",),
    "HealthSummary": ("ContainerSummary.Health",),
    "HistoryItem": ("ImageHistoryResponseItem",),
    "HostConfigSummary": ("ContainerSummary.HostConfig",),
    "IdResponse": ("IDResponse",),
    "ImageData": ("ImageManifestSummary.ImageData",),
    "ImageDeleted": ("ImageDeleteResponseItem",),
    "ImageMetadata": ("ImageInspect.Metadata",),
    "ImageOptions": ("Mount.ImageOptions",),
    "ImageSearchResult": ("ImageSearchResponseItem",),
    "ImagesPruned": ("ImagePruneResponse",),
    "JobStatus": ("Service.JobStatus",),
    "LogConfig": ("HostConfig.LogConfig",),
    "ManifestSize": ("ImageManifestSummary.Size",),
    "NamedResource": ("GenericResources.NamedResourceSpec",),
    "NetworkAttachmentSpec": ("TaskSpec.NetworkAttachmentSpec",),
    "NetworkCreated": ("NetworkCreateResponse",),
    "NetworkSettingsSummary": ("ContainerSummary.NetworkSettings",),
    "NetworksPruned": ("NetworkPruneResponse",),
    "NodePlatform": ("Platform",),
    "Placement": ("TaskSpec.Placement",),
    "PlacementPreference": ("TaskSpec.Placement.Preferences",),
    "Platform": ("OCIPlatform",),
    "PluginArgs": ("Plugin.Config.Args",),
    "PluginConfig": ("Plugin.Config",),
    "PluginDescription": ("EngineDescription.Plugins",),
    "PluginInterface": ("Plugin.Config.Interface",),
    "PluginLinux": ("Plugin.Config.Linux",),
    "PluginNetwork": ("Plugin.Config.Network",),
    "PluginRootFS": ("Plugin.Config.rootfs",),
    "PluginSettings": ("Plugin.Settings",),
    "PluginUser": ("Plugin.Config.User",),
    "Port": ("PortSummary",),
    "Privileges": ("TaskSpec.ContainerSpec.Privileges",),
    "PublishStatus": ("ClusterVolume.PublishStatus",),
    "PullLine": ("CreateImageInfo",),
    "PushLine": ("PushImageInfo",),
    "ReplicatedJob": ("ServiceSpec.Mode.ReplicatedJob",),
    "ReplicatedService": ("ServiceSpec.Mode.Replicated",),
    "RootFS": ("ImageInspect.RootFS",),
    "SELinuxContext": ("TaskSpec.ContainerSpec.Privileges.SELinuxContext",),
    "SeccompOptions": ("TaskSpec.ContainerSpec.Privileges.Seccomp",),
    "SecretReference": ("TaskSpec.ContainerSpec.Secrets",),
    "SecretReferenceFile": ("TaskSpec.ContainerSpec.Secrets.File",),
    "SecretSpec": ("SecretSpec", "SecretCreate.body"),
    "ServiceConfigReference": ("TaskSpec.ContainerSpec.Configs",),
    "ServiceCreated": ("ServiceCreateResponse",),
    "ServiceEndpoint": ("Service.Endpoint",),
    "ServiceMode": ("ServiceSpec.Mode",),
    "ServiceSpec": ("ServiceSpec", "ServiceCreate.body", "ServiceUpdate.body"),
    "ServiceStatus": ("Service.ServiceStatus",),
    "ServiceUpdated": ("ServiceUpdateResponse",),
    "SpreadOver": ("TaskSpec.Placement.Preferences.Spread",),
    "SwarmCAConfig": ("SwarmSpec.CAConfig",),
    "SwarmDispatcher": ("SwarmSpec.Dispatcher",),
    "SwarmEncryptionConfig": ("SwarmSpec.EncryptionConfig",),
    "SwarmOrchestration": ("SwarmSpec.Orchestration",),
    "SwarmRaft": ("SwarmSpec.Raft",),
    "SwarmTaskDefaults": ("SwarmSpec.TaskDefaults",),
    "TaskContainerSpec": ("TaskSpec.ContainerSpec",),
    "TaskLimits": ("Limit",),
    "TaskPluginSpec": ("TaskSpec.PluginSpec",),
    "TaskReservations": ("ResourceObject",),
    "TaskResources": ("TaskSpec.Resources",),
    "TaskRestartPolicy": ("TaskSpec.RestartPolicy",),
    "TmpfsOptions": ("Mount.TmpfsOptions",),
    "TopologyRequirement": ("ClusterVolumeSpec.AccessMode.AccessibilityRequirements",),
    "Ulimit": ("Resources.Ulimits", "TaskSpec.ContainerSpec.Ulimits"),
    "UnlockKey": ("UnlockKeyResponse",),
    "UnpackedSize": ("ImageManifestSummary.ImageData.Size",),
    "UpdateConfig": ("ServiceSpec.UpdateConfig", "ServiceSpec.RollbackConfig"),
    "UpdateStatus": ("Service.UpdateStatus",),
    "VersionComponent": ("SystemVersion.Components",),
    "VersionPlatform": ("SystemVersion.Platform",),
    "VolumeList": ("VolumeListResponse",),
    "VolumeOptions": ("Mount.VolumeOptions",),
    "VolumeUpdate": ("VolumeUpdate.body",),
    "VolumeUsageData": ("Volume.UsageData",),
    "VolumesPruned": ("VolumePruneResponse",),
    "WaitError": ("ContainerWaitExitError",),
    "WaitResponse": ("ContainerWaitResponse",),
    "WeightDevice": ("Resources.BlkioWeightDevice",),
}


class Field(NamedTuple):
    """A field in the terms of `engine.json`."""

    type: str
    since: str | None = None
    until: str | None = None


def schemas(model: str) -> tuple[str, ...]:
    """The official names of what a model stands for."""
    return SCHEMAS.get(model, (model,))


def official(schema: str) -> dict[str, Field] | None:
    """What the files say of a schema; None if they have no such thing."""
    facts = ENGINE["schemas"].get(schema)
    if facts is None:
        return None
    return {name: Field(row["type"], row.get("since"), row.get("until")) for name, row in facts["fields"].items()}


def models() -> dict[str, type[Model]]:
    """All public models."""
    return {name: getattr(rawdock.models, name) for name in rawdock.models.MODULES}


def declared(model: type[Model]) -> dict[str, Field]:
    """What a model says, by wire name; read from its annotations alone, not from anything the codec made of them."""
    found = {}
    for name, hint in get_type_hints(model, include_extras=True).items():
        if name.startswith("_") or name == "extra":
            continue
        marks = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
        wired = [mark.name for mark in marks if isinstance(mark, wire)]
        first = [mark.version for mark in marks if isinstance(mark, since)]
        gone = [mark.version for mark in marks if isinstance(mark, until)]
        found[wired[0] if wired else by_rule(name)] = Field(
            short(hint), first[0] if first else None, gone[0] if gone else None
        )
    return found


def by_rule(name: str) -> str:
    """The wire name of a field that says nothing else."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def short(hint: Any) -> str:
    """A Python type in the short words of `engine.json`, with models under their own names."""
    arguments = get_args(hint)
    match get_origin(hint):
        case origin if origin is Annotated:
            return short(arguments[0])
        case origin if origin is list:
            return f"[{short(arguments[0])}]"
        case origin if origin is dict:
            return "{" + short(arguments[1]) + "}"
        case origin if origin is Union or origin is types.UnionType:
            return short(next(argument for argument in arguments if argument is not types.NoneType))
    if issubclass(hint, Model):
        return hint.__name__
    for kind, word in ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string")):
        if issubclass(hint, kind):
            return word
    return "any"


def same_type(ours: str, theirs: str) -> bool:
    """Whether a declared type is the official one, under whichever of its names."""
    name = ours.strip("[]{}")
    return theirs in {ours.replace(name, schema) for schema in schemas(name)}


def differences(model: type[Model]) -> Iterator[tuple[str, str]]:
    """How a model differs from the files: the name of each difference, and a few words for people."""
    name = model.__name__
    theirs = official(schemas(name)[0])
    if theirs is None:
        yield f"{name} unknown", "no such schema"
        return
    ours = declared(model)
    for field in sorted(theirs.keys() - ours.keys()):
        yield f"{name}.{field} missing", theirs[field].type
    for field in sorted(ours.keys() - theirs.keys()):
        yield f"{name}.{field} extra", ours[field].type
    for field in sorted(ours.keys() & theirs.keys()):
        mine, official_one = ours[field], theirs[field]
        if not same_type(mine.type, official_one.type):
            yield f"{name}.{field} type", f"{mine.type}, officially {official_one.type}"
        if mine.since != official_one.since:
            yield f"{name}.{field} since", f"{mine.since}, officially {official_one.since}"
        if mine.until != official_one.until:
            yield f"{name}.{field} until", f"{mine.until}, officially {official_one.until}"
