"""Where the models differ from the official files on purpose, and why. `facts.py` says how a difference is named."""

from __future__ import annotations

_ACCESS_MODE = "the files nest it one level too deep: the Engine's ClusterVolumeSpec holds it, its AccessMode does not"
_ITEMS = "the files leave open what the items are; the Engine sends the same objects as in the lists beside"
_LEGACY_USAGE = "Engines of API 1.52 and newer go on sending it unless verbose is asked for"
_NO_SCHEMA = "the files have no schema for it"
_INIT = "HostConfig has it; an update would not heed it"
_SENT = "the Engine sends it; the files do not show it"
_CREDENTIAL = "read from X-Registry-Auth and from the body of POST /auth; the files do not show it"

DEVIATIONS: dict[str, str] = {
    "AccessMode.AccessibilityRequirements missing": _ACCESS_MODE,
    "AccessMode.Availability missing": _ACCESS_MODE,
    "AccessMode.BlockVolume extra": "stands in the description of MountVolume, where its indentation hides it",
    "AccessMode.CapacityRange missing": _ACCESS_MODE,
    "AccessMode.MountVolume type": "its fields are hidden in its description",
    "AccessMode.Secrets missing": _ACCESS_MODE,
    "AuthConfig.identitytoken extra": _CREDENTIAL,
    "AuthConfig.registrytoken extra": _CREDENTIAL,
    "BlockVolume unknown": _NO_SCHEMA,
    "BuildCacheDiskUsage.Items type": _ITEMS,
    "ClusterVolumeSpec.AccessibilityRequirements extra": _ACCESS_MODE,
    "ClusterVolumeSpec.Availability extra": _ACCESS_MODE,
    "ClusterVolumeSpec.CapacityRange extra": _ACCESS_MODE,
    "ClusterVolumeSpec.Secrets extra": _ACCESS_MODE,
    "ContainerUpdate.Init missing": _INIT,
    "ContainersDiskUsage.Items type": _ITEMS,
    "DataUsage.BuildCache until": _LEGACY_USAGE,
    "DataUsage.BuilderSize extra": "Engines under API 1.42 send it; the files never showed it",
    "DataUsage.Containers until": _LEGACY_USAGE,
    "DataUsage.Images until": _LEGACY_USAGE,
    "DataUsage.LayersSize until": _LEGACY_USAGE,
    "DataUsage.Volumes until": _LEGACY_USAGE,
    "EndpointSettings.MacAddress since": "as a wish it is passed over in silence under 1.44; answers always had it",
    "ImagesDiskUsage.Items type": _ITEMS,
    "MountVolume unknown": "its fields are hidden in a description of the files",
    "Ping unknown": "made from headers",
    "ProgressDetail.hidecounts extra": _SENT,
    "ProgressDetail.start extra": _SENT,
    "ProgressDetail.units extra": _SENT,
    "PullLine.aux extra": _SENT,
    "PushAux unknown": _NO_SCHEMA,
    "PushLine.aux extra": _SENT,
    "PushLine.errorDetail since": "Engines of every version send it; only the files forgot it before 1.48",
    "PushLine.id extra": _SENT,
    "Resources.Init missing": _INIT,
    "VersionComponent.Details type": "the Engine's values are all text",
    "Volume.Status type": "drivers may put any value there, not objects alone",
    "VolumesDiskUsage.Items type": _ITEMS,
}
