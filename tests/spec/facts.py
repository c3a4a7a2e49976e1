"""The official facts (`engine.json`, written by `scripts/spec`) compared with what rawdock declares.

A difference has a name, of a model's field or of an operation's parameter:

    AuthConfig.identitytoken extra          GET /system/df: query type since

and says what it is:

    missing   only the files have it
    extra     only rawdock has it
    type      both have it, with another type
    since     they name another first version
    until     they name another version that is the first without it
    required  the files ask for it, rawdock does not
    unknown   the files have no such schema or operation
    name      the method is not named as the file's operationId by the rule
    body      one of them has a body

Each one that is meant stands in `deviations.py` with its reason.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
import types
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin, get_type_hints
from urllib.parse import parse_qsl

import rawdock.api
import rawdock.models
from rawdock import endpoint_of
from rawdock._declare.endpoint import Endpoint
from rawdock._index import MODELS
from rawdock._models.model import Model, since, until, wire
from rawdock._resource import Resource
from rawdock._versions import Version, version_text

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
    """The names of the official schemas that a model stands for."""
    return SCHEMAS.get(model, (model,))


def official(schema: str) -> dict[str, Field] | None:
    """The official fields of a schema; None if there is no such schema."""
    facts = ENGINE["schemas"].get(schema)
    if facts is None:
        return None
    return {name: Field(row["type"], row.get("since"), row.get("until")) for name, row in facts["fields"].items()}


def models() -> dict[str, type[Model]]:
    """All public models."""
    return {name: getattr(rawdock.models, name) for name in MODELS}


def declared(model: type[Model]) -> dict[str, Field]:
    """The fields of a model by wire name, read from its annotations alone and not from the codec."""
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
    """The wire name that the rule gives to a field."""
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
    """Whether a declared type is the official one, under any of its names."""
    name = ours.strip("[]{}")
    return theirs in {ours.replace(name, schema) for schema in schemas(name)}


def differences(model: type[Model]) -> Iterator[tuple[str, str]]:
    """How a model differs from the files: the name of each difference, and a description."""
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


# Operations.


class Parameter(NamedTuple):
    """A query or header parameter in the terms of `engine.json`."""

    since: str | None = None
    until: str | None = None
    required: bool = False


class Operation(NamedTuple):
    """A route, with all public methods that send requests to it."""

    key: str
    """As `GET /containers/json`."""
    group: str
    names: tuple[str, ...]
    """Of the methods, as `containers.list`; the first one is named by the rule, where one is."""
    endpoints: tuple[Endpoint, ...]
    parameters: dict[str, Parameter]
    """By place and wire name, as `query all`."""
    since: str | None
    until: str | None
    body: bool


@cache
def resources() -> dict[str, type[Resource]]:
    """All groups of operations, by their name on a client."""
    found = {}
    for module in pkgutil.iter_modules(rawdock.api.__path__):
        loaded = importlib.import_module(f"rawdock.api.{module.name}")
        (found[module.name],) = (getattr(loaded, name) for name in loaded.__all__)
    return found


@cache
def methods() -> dict[str, Callable[..., Any]]:
    """All public methods, by their full name."""
    return {
        f"{group}.{name}": value
        for group, resource in resources().items()
        for name, value in vars(resource).items()
        if not name.startswith("_")
    }


@cache
def operations() -> dict[str, Operation]:
    """All operations, by method and path."""
    by_route: dict[str, list[str]] = {}
    for name, method in methods().items():
        endpoint = endpoint_of(method)
        by_route.setdefault(f"{endpoint.method} {endpoint.path}", []).append(name)
    return {key: _operation(key, names) for key, names in sorted(by_route.items())}


def _operation(key: str, names: list[str]) -> Operation:
    ruled = by_operation_id(ENGINE["operations"].get(key, {}).get("id", ""))
    names = sorted(names, key=lambda name: (name.partition(".")[2] != ruled, name))
    endpoints = tuple(endpoint_of(methods()[name]) for name in names)
    parameters: dict[str, Parameter] = {}
    for endpoint in endpoints:
        for one in endpoint.parameters:
            if one.place != "body":
                parameters[f"{one.place} {one.wire}"] = Parameter(_text(one.since), _text(one.until), one.required)
        for wire_name, _ in parse_qsl(endpoint.fixed):
            parameters[f"query {wire_name}"] = Parameter()
        uploads = any(one.place == "body" and one.encode.__name__ == "upload_body" for one in endpoint.parameters)
        if uploads and "header Content-type" in ENGINE["operations"].get(key, {}).get("parameters", {}):
            parameters["header Content-type"] = Parameter()  # sent with every upload
    body = any(one.place == "body" for endpoint in endpoints for one in endpoint.parameters)
    group = names[0].partition(".")[0]
    return Operation(key, group, tuple(names), endpoints, parameters, _text(endpoints[0].since), None, body)


def _text(version: Version | None) -> str | None:
    return version_text(version) if version else None


def by_operation_id(operation: str) -> str:
    """The name that the rule gives to a method: the operationId without its group, in snake case."""
    words = [word.lower() for word in re.findall(r"[A-Z]+(?=[A-Z][a-z])|[A-Z][a-z]+|[A-Z]+", operation)]
    groups = {group.rstrip("s") for group in resources()}
    for index, word in enumerate(words):
        if word in groups:
            return "_".join(words[:index] + words[index + 1 :])
    return "_".join(words)


def operation_differences(key: str) -> Iterator[tuple[str, str]]:
    """How an operation differs from the files: the name of each difference, and a description."""
    ours = operations()[key]
    theirs = ENGINE["operations"].get(key)
    if theirs is None:
        yield f"{key}: unknown", "no such operation"
        return
    ruled = by_operation_id(theirs["id"])
    if ours.names[0].partition(".")[2] != ruled:
        yield f"{key}: name", f"{ours.names[0]}, by the rule {ruled}"
    official = theirs["parameters"]
    for name in sorted(official.keys() - ours.parameters.keys()):
        yield f"{key}: {name} missing", official[name]["type"]
    for name in sorted(ours.parameters.keys() - official.keys()):
        yield f"{key}: {name} extra", "not in the files"
    for name in sorted(official.keys() & ours.parameters.keys()):
        mine, official_one = ours.parameters[name], official[name]
        if mine.since != official_one.get("since"):
            yield f"{key}: {name} since", f"{mine.since}, officially {official_one.get('since')}"
        if mine.until != official_one.get("until"):
            yield f"{key}: {name} until", f"{mine.until}, officially {official_one.get('until')}"
        if official_one.get("required") and not mine.required:
            yield f"{key}: {name} required", "may be left out"
    if ours.body != ("body" in theirs):
        yield f"{key}: body", f"{'a' if ours.body else 'no'} body"
    if ours.since != theirs.get("since"):
        yield f"{key}: since", f"{ours.since}, officially {theirs.get('since')}"


def missing_operations() -> set[str]:
    """The official operations that rawdock does not declare."""
    return set(ENGINE["operations"]) - set(operations())
