"""Small models that more than one resource uses."""

from __future__ import annotations

from typing import Annotated

from rawdock._models.model import Model, since, wire


class Driver(Model):
    """A driver (of logs, volumes, secrets) with its options."""

    name: str = ""
    options: dict[str, str] = {}


class DriverData(Model):
    """What the storage driver says of the layers of an image or container."""

    name: str = ""
    data: dict[str, str] = {}
    """Paths and ids, by the driver's own names; empty with containerd's image store."""


class ErrorDetail(Model):
    """Why an operation failed after its answer had begun."""

    code: Annotated[int, wire("code")] = 0
    """Exit code of a failed build step; 0 elsewhere."""
    message: Annotated[str, wire("message")] = ""


class ProgressDetail(Model):
    """How far a line of a pull, push, load or build has come."""

    current: Annotated[int, wire("current")] = 0
    total: Annotated[int, wire("total")] = 0
    """0 where the size is not known."""
    start: Annotated[int, wire("start")] = 0
    """When it began, in seconds since 1970."""
    hidecounts: Annotated[bool, wire("hidecounts")] = False
    """The numbers are not meant to be shown."""
    units: Annotated[str, wire("units")] = ""
    """What is counted: bytes if empty, "s" for seconds."""


class Platform(Model):
    """Operating system and processor, as an image index (OCI) writes them."""

    architecture: Annotated[str, wire("architecture")] = ""
    os: Annotated[str, wire("os")] = ""
    os_version: Annotated[str, wire("os.version")] = ""
    os_features: Annotated[list[str], wire("os.features")] = []
    variant: Annotated[str, wire("variant")] = ""
    """Of the processor, like "v7" of arm."""


class Descriptor(Model):
    """A blob in a registry or content store (OCI): what it is, its digest and its size."""

    media_type: Annotated[str, wire("mediaType")] = ""
    digest: Annotated[str, wire("digest")] = ""
    size: Annotated[int, wire("size")] = 0
    """In bytes."""
    urls: Annotated[list[str], wire("urls"), since("1.48")] = []
    annotations: Annotated[dict[str, str], wire("annotations"), since("1.48")] = {}
    data: Annotated[str, wire("data"), since("1.48")] = ""
    """The blob itself in base64, where it is small enough to be carried along."""
    platform: Annotated[Platform, wire("platform"), since("1.48")] = Platform()
    artifact_type: Annotated[str, wire("artifactType"), since("1.48")] = ""


class NamedResource(Model):
    """One thing that has a name of its own, such as one GPU."""

    kind: str = ""
    value: str = ""


class DiscreteResource(Model):
    """A number of things that are all alike."""

    kind: str = ""
    value: int = 0


class GenericResource(Model):
    """A resource of a node that its operator made up: counted or named, so one of the two fields is set."""

    named_resource_spec: NamedResource | None = None
    discrete_resource_spec: DiscreteResource | None = None


class ObjectVersion(Model):
    """The version of a swarm object, to be sent along with an update of it."""

    index: int = 0


class IdResponse(Model):
    """A secret or config was made."""

    id: Annotated[str, wire("ID")]
