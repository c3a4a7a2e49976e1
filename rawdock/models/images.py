"""Images: what inspect, list, history and search say of them, and the lines of a pull, push or load."""

from __future__ import annotations

from typing import Annotated

from rawdock._models.model import Model, Timestamp, since, until, wire

from .common import Descriptor, DriverData, ErrorDetail, Platform, ProgressDetail
from .containers import ContainerConfig, HealthConfig


class BuildIdentity(Model):
    """A build on this Engine that made the image."""

    ref: str = ""
    created_at: Timestamp = Timestamp("")


class PullIdentity(Model):
    """A repository that the image was pulled from."""

    repository: str = ""


class SignatureTimestamp(Model):
    """When a signature was made, in the word of a third party."""

    type: str = ""
    """Tlog (a transparency log) or TimestampAuthority."""
    uri: Annotated[str, wire("URI")] = ""
    timestamp: Timestamp = Timestamp("")


class SignerIdentity(Model):
    """Who signed, as the certificate (of Fulcio) tells."""

    certificate_issuer: str = ""
    subject_alternative_name: str = ""
    issuer: str = ""
    """The OIDC issuer."""
    build_signer_uri: Annotated[str, wire("BuildSignerURI")] = ""
    build_signer_digest: str = ""
    runner_environment: str = ""
    source_repository_uri: Annotated[str, wire("SourceRepositoryURI")] = ""
    source_repository_digest: str = ""
    source_repository_ref: str = ""
    source_repository_identifier: str = ""
    source_repository_owner_uri: Annotated[str, wire("SourceRepositoryOwnerURI")] = ""
    source_repository_owner_identifier: str = ""
    build_config_uri: Annotated[str, wire("BuildConfigURI")] = ""
    build_config_digest: str = ""
    build_trigger: str = ""
    run_invocation_uri: Annotated[str, wire("RunInvocationURI")] = ""
    source_repository_visibility_at_signing: str = ""


class SignatureIdentity(Model):
    """A signature of the image that was checked."""

    name: str = ""
    timestamps: list[SignatureTimestamp] = []
    known_signer: str = ""
    """DHI for Docker's hardened images; empty for anyone else."""
    docker_reference: str = ""
    signer: SignerIdentity = SignerIdentity()
    signature_type: str = ""
    """bundle-v0.3 or simplesigning-v1."""
    error: str = ""
    """Why the check failed."""
    warnings: list[str] = []


class Identity(Model):
    """Where an image comes from, as far as the Engine can vouch for it."""

    signature: list[SignatureIdentity] = []
    pull: list[PullIdentity] = []
    build: list[BuildIdentity] = []


class ManifestSize(Model):
    """How much one manifest of an image takes up, in bytes."""

    total: int = 0
    content: int = 0
    """As it was pulled, packed."""


class UnpackedSize(Model):
    """How much the unpacked layers take up."""

    unpacked: int = 0
    """In bytes."""


class ImageData(Model):
    """A manifest that is an image of one platform."""

    platform: Platform = Platform()
    identity: Annotated[Identity, since("1.54")] = Identity()
    containers: list[str] = []
    """Ids of those that use it."""
    size: UnpackedSize = UnpackedSize()


class AttestationData(Model):
    """A manifest that says something about another one."""

    for_: str = ""
    """Digest of that other one."""


class ImageManifestSummary(Model):
    """One manifest of an image of several platforms; only with containerd's image store."""

    id: Annotated[str, wire("ID")] = ""
    descriptor: Descriptor = Descriptor()
    available: bool = False
    """All of it is here."""
    size: ManifestSize = ManifestSize()
    kind: str = ""
    """image, attestation or unknown: says which of the next two is filled."""
    image_data: ImageData = ImageData()
    attestation_data: AttestationData = AttestationData()


class ImageSummary(Model):
    """An image in a list."""

    id: str
    parent_id: str = ""
    repo_tags: list[str] = []
    repo_digests: list[str] = []
    created: int = 0
    """In seconds since 1970."""
    size: int = 0
    """In bytes, with the layers it shares."""
    shared_size: int = 0
    """In bytes; -1 unless asked for."""
    virtual_size: Annotated[int, until("1.44")] = 0
    """The same as `size`."""
    labels: dict[str, str] = {}
    containers: int = 0
    """How many use it; -1 where that was not counted."""
    manifests: Annotated[list[ImageManifestSummary], since("1.47")] = []
    """Only if asked for."""
    descriptor: Annotated[Descriptor, since("1.48")] = Descriptor()


class ImageConfig(Model):
    """What an image says about the containers that are made from it."""

    user: str = ""
    exposed_ports: dict[str, dict[str, object]] = {}
    env: list[str] = []
    cmd: list[str] = []
    healthcheck: HealthConfig = HealthConfig()
    args_escaped: bool = False
    volumes: dict[str, dict[str, object]] = {}
    working_dir: str = ""
    entrypoint: list[str] = []
    on_build: list[str] = []
    labels: dict[str, str] = {}
    stop_signal: str = ""
    shell: list[str] = []

    # The rest are fields of containers that no image fills.
    hostname: Annotated[str, until("1.50")] = ""
    domainname: Annotated[str, until("1.50")] = ""
    attach_stdin: Annotated[bool, until("1.50")] = False
    attach_stdout: Annotated[bool, until("1.50")] = False
    attach_stderr: Annotated[bool, until("1.50")] = False
    tty: Annotated[bool, until("1.50")] = False
    open_stdin: Annotated[bool, until("1.50")] = False
    stdin_once: Annotated[bool, until("1.50")] = False
    image: Annotated[str, until("1.50")] = ""
    network_disabled: Annotated[bool, until("1.50")] = False
    mac_address: Annotated[str, until("1.50")] = ""
    stop_timeout: Annotated[int | None, until("1.50")] = None


class RootFS(Model):
    """The layers of an image."""

    type: str = ""
    """Always "layers", or empty where this platform's image is not here."""
    layers: list[str] = []


class ImageMetadata(Model):
    """What this Engine remembers about an image; it does not travel with it."""

    last_tag_time: Timestamp = Timestamp("")


class ImageInspect(Model):
    """All the Engine knows about an image. The platform's fields are empty where its manifest is not here."""

    id: str
    descriptor: Annotated[Descriptor, since("1.48")] = Descriptor()
    manifests: Annotated[list[ImageManifestSummary], since("1.48")] = []
    """Only if asked for."""
    identity: Annotated[Identity, since("1.53")] = Identity()
    repo_tags: list[str] = []
    repo_digests: list[str] = []
    parent: Annotated[str, until("1.52")] = ""
    comment: str = ""
    created: Timestamp = Timestamp("")
    container: Annotated[str, until("1.45")] = ""
    container_config: Annotated[ContainerConfig, until("1.45")] = ContainerConfig()
    docker_version: Annotated[str, until("1.52")] = ""
    author: str = ""
    config: ImageConfig = ImageConfig()
    architecture: str = ""
    variant: str = ""
    os: str = ""
    os_version: str = ""
    size: int = 0
    """In bytes."""
    virtual_size: Annotated[int, until("1.44")] = 0
    """The same as `size`."""
    graph_driver: DriverData = DriverData()
    root_fs: Annotated[RootFS, wire("RootFS")] = RootFS()
    metadata: ImageMetadata = ImageMetadata()


class HistoryItem(Model):
    """A step that made an image."""

    id: str = ""
    """The text "<missing>" for a step that was not built here."""
    created: int = 0
    """In seconds since 1970."""
    created_by: str = ""
    tags: list[str] = []
    size: int = 0
    """In bytes."""
    comment: str = ""


class ImageDeleted(Model):
    """One thing that went: a reference or an image; the other field is empty."""

    untagged: str = ""
    deleted: str = ""


class ImagesPruned(Model):
    """What pruning took away."""

    images_deleted: list[ImageDeleted] = []
    space_reclaimed: int = 0
    """In bytes."""


class PushAux(Model):
    """What was pushed; only the classic image store says it."""

    tag: str = ""
    digest: str = ""
    size: int = 0
    """Of the manifest, in bytes."""


class PullLine(Model):
    """A line of a pull or import."""

    status: Annotated[str, wire("status")] = ""
    id: Annotated[str, wire("id")] = ""
    """A layer, or the tag in the first line."""
    progress_detail: Annotated[ProgressDetail, wire("progressDetail")] = ProgressDetail()
    progress: Annotated[str, wire("progress"), until("1.52")] = ""
    """A bar drawn by the Engine, for a terminal."""
    aux: Annotated[object, wire("aux")] = None
    error: Annotated[str, wire("error"), until("1.52")] = ""
    """The same as the message in `error_detail`."""
    error_detail: Annotated[ErrorDetail, wire("errorDetail")] = ErrorDetail()


class PushLine(Model):
    """A line of a push."""

    status: Annotated[str, wire("status")] = ""
    id: Annotated[str, wire("id")] = ""
    progress_detail: Annotated[ProgressDetail, wire("progressDetail")] = ProgressDetail()
    progress: Annotated[str, wire("progress"), until("1.52")] = ""
    """A bar drawn by the Engine, for a terminal."""
    aux: Annotated[object, wire("aux")] = None
    """At the end, what `PushAux` describes."""
    error: Annotated[str, wire("error"), until("1.52")] = ""
    """The same as the message in `error_detail`."""
    error_detail: Annotated[ErrorDetail, wire("errorDetail")] = ErrorDetail()


class LoadLine(Model):
    """A line of a load."""

    stream: Annotated[str, wire("stream")] = ""
    """What was loaded, for people: "Loaded image: " and a reference, or "Loaded image ID: " and an id."""
    status: Annotated[str, wire("status")] = ""
    id: Annotated[str, wire("id")] = ""
    """A layer."""
    progress_detail: Annotated[ProgressDetail, wire("progressDetail")] = ProgressDetail()
    progress: Annotated[str, wire("progress"), until("1.52")] = ""
    """A bar drawn by the Engine, for a terminal."""
    error: Annotated[str, wire("error"), until("1.52")] = ""
    """The same as the message in `error_detail`."""
    error_detail: Annotated[ErrorDetail, wire("errorDetail")] = ErrorDetail()


class ImageSearchResult(Model):
    """A repository that a search found."""

    name: Annotated[str, wire("name")] = ""
    description: Annotated[str, wire("description")] = ""
    star_count: Annotated[int, wire("star_count")] = 0
    is_official: Annotated[bool, wire("is_official")] = False
    is_automated: Annotated[bool, wire("is_automated")] = False
    """Always False: Docker Hub gave these builds up."""


class AttestationStatement(Model):
    """Something that is said of an image (in-toto), such as how it was built or what is in it."""

    descriptor: Descriptor = Descriptor()
    predicate_type: str = ""
    """The address that names its form, like "https://slsa.dev/provenance/v1"."""
    statement: dict[str, object] = {}
    """The statement itself; only if asked for."""
