"""Models that are used by more than one resource."""

from __future__ import annotations

from typing import Annotated

from rawdock._models.model import Model, since, until, wire


class Driver(Model):
    """A driver (of logs, volumes, secrets) with its options."""

    name: str = ""
    options: dict[str, str] = {}


class DriverData(Model):
    """The storage driver's description of the layers of an image or container."""

    name: str = ""
    data: dict[str, str] = {}
    """Paths and ids, with keys that depend on the driver; empty with containerd's image store."""


class ErrorDetail(Model):
    """The error of an operation that failed after its answer had started."""

    code: Annotated[int, wire("code")] = 0
    """Exit code of a failed build step; 0 elsewhere."""
    message: Annotated[str, wire("message")] = ""


class ProgressDetail(Model):
    """The progress in a line of a pull, push, load or build."""

    current: Annotated[int, wire("current")] = 0
    total: Annotated[int, wire("total")] = 0
    """0 if the size is not known."""
    start: Annotated[int, wire("start")] = 0
    """The start, in seconds since 1970."""
    hidecounts: Annotated[bool, wire("hidecounts")] = False
    """Whether the numbers should not be displayed."""
    units: Annotated[str, wire("units")] = ""
    """The unit of the numbers: bytes if empty, "s" for seconds."""


class ProgressLine(Model):
    """The common fields of a line of a pull, push, load or build."""

    status: Annotated[str, wire("status")] = ""
    id: Annotated[str, wire("id")] = ""
    """The layer; in the first line of a pull the tag, in a build with BuildKit the type of `aux`."""
    progress_detail: Annotated[ProgressDetail, wire("progressDetail")] = ProgressDetail()
    progress: Annotated[str, wire("progress"), until("1.52")] = ""
    """A bar drawn by the Engine, for a terminal."""
    error: Annotated[str, wire("error"), until("1.52")] = ""
    """The same as the message in `error_detail`."""
    error_detail: Annotated[ErrorDetail, wire("errorDetail")] = ErrorDetail()


class PruneLine(ProgressLine):
    """A line of a prune: the `id` of an object and what was done with it. The last one has the report as `aux`."""

    aux: Annotated[object, wire("aux")] = None


class Platform(Model):
    """Operating system and processor, as in an OCI image index."""

    architecture: Annotated[str, wire("architecture")] = ""
    os: Annotated[str, wire("os")] = ""
    os_version: Annotated[str, wire("os.version")] = ""
    os_features: Annotated[list[str], wire("os.features")] = []
    variant: Annotated[str, wire("variant")] = ""
    """The variant of the processor, like "v7" of arm."""


class Descriptor(Model):
    """A blob in a registry or content store (OCI): what it is, its digest and its size."""

    media_type: Annotated[str, wire("mediaType")] = ""
    digest: Annotated[str, wire("digest")] = ""
    size: Annotated[int, wire("size")] = 0
    """In bytes."""
    urls: Annotated[list[str], wire("urls"), since("1.48")] = []
    annotations: Annotated[dict[str, str], wire("annotations"), since("1.48")] = {}
    data: Annotated[str, wire("data"), since("1.48")] = ""
    """The content of a small blob, in base64."""
    platform: Annotated[Platform, wire("platform"), since("1.48")] = Platform()
    artifact_type: Annotated[str, wire("artifactType"), since("1.48")] = ""


class NamedResource(Model):
    """A resource that is identified by a name, such as one GPU."""

    kind: str = ""
    value: str = ""


class DiscreteResource(Model):
    """A resource that is only counted."""

    kind: str = ""
    value: int = 0


class GenericResource(Model):
    """A resource that the operator of a node has defined, counted or named: one of the two fields is set."""

    named_resource_spec: NamedResource | None = None
    discrete_resource_spec: DiscreteResource | None = None


class ObjectVersion(Model):
    """The version of a swarm object, which an update must send back."""

    index: int = 0


class IdResponse(Model):
    """A secret or config was created."""

    id: Annotated[str, wire("ID")]
