"""Images: the answers of inspect, list, history and search, and the lines of a pull, push or load."""

from __future__ import annotations

from typing import Annotated, ClassVar

from rawdock._models.model import Model, Timestamp, UnixTime, since, until, wire

from .common import Descriptor, DriverData, Platform, ProgressLine
from .containers import ContainerConfig
from .health import HealthConfig


class BuildIdentity(Model):
    """A build on this Engine that created the image."""

    ref: str = ""
    created_at: Timestamp = Timestamp("")


class PullIdentity(Model):
    """A repository that the image was pulled from."""

    repository: str = ""


class SignatureTimestamp(Model):
    """The time of a signature as attested by a third party."""

    type: str = ""
    """Tlog (a transparency log) or TimestampAuthority."""
    uri: Annotated[str, wire("URI")] = ""
    timestamp: Timestamp = Timestamp("")


class SignerIdentity(Model):
    """The signer, according to the (Fulcio) certificate."""

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
    """A verified signature of the image."""

    name: str = ""
    timestamps: list[SignatureTimestamp] = []
    known_signer: str = ""
    """DHI for Docker's hardened images; otherwise empty."""
    docker_reference: str = ""
    signer: SignerIdentity = SignerIdentity()
    signature_type: str = ""
    """bundle-v0.3 or simplesigning-v1."""
    error: str = ""
    """The error of a failed verification."""
    warnings: list[str] = []


class Identity(Model):
    """The origin of an image, as far as the Engine can verify it."""

    signature: list[SignatureIdentity] = []
    pull: list[PullIdentity] = []
    build: list[BuildIdentity] = []


class ManifestSize(Model):
    """The disk use of one manifest of an image, in bytes."""

    total: int = 0
    content: int = 0
    """The compressed content, as pulled."""


class UnpackedSize(Model):
    """The disk use of the unpacked layers."""

    unpacked: int = 0
    """In bytes."""


class ImageData(Model):
    """A manifest that is an image of one platform."""

    platform: Platform = Platform()
    identity: Annotated[Identity, since("1.54")] = Identity()
    containers: list[str] = []
    """The ids of containers that use it."""
    size: UnpackedSize = UnpackedSize()


class AttestationData(Model):
    """An attestation manifest, which describes another one."""

    for_: str = ""
    """The digest of the described manifest."""


class ImageManifestSummary(Model):
    """One manifest of an image of several platforms; only with containerd's image store."""

    id: Annotated[str, wire("ID")] = ""
    descriptor: Descriptor = Descriptor()
    available: bool = False
    """Whether all of its content is available locally."""
    size: ManifestSize = ManifestSize()
    kind: str = ""
    """image, attestation or unknown: decides which of the next two fields is set."""
    image_data: ImageData = ImageData()
    attestation_data: AttestationData = AttestationData()


class ImageSummary(Model):
    """An image in a list."""

    id: str
    parent_id: str = ""
    repo_tags: list[str] = []
    repo_digests: list[str] = []
    """With containerd's image store only that of the last tag by the alphabet (Docker 28.5, 29.8); inspect has all."""
    created: UnixTime = UnixTime(0)
    """In seconds since 1970."""
    size: int = 0
    """In bytes, including shared layers. With containerd's image store the compressed content and, where the image is
    unpacked, the snapshots: more than the layers of the other store, which are unpacked only."""
    shared_size: int = 0
    """In bytes; -1 unless requested."""
    virtual_size: Annotated[int, until("1.44")] = 0
    """The same as `size`."""
    labels: dict[str, str] = {}
    containers: int = 0
    """The number of containers that use it; -1 if not counted."""
    manifests: Annotated[list[ImageManifestSummary], since("1.47")] = []
    """Only if requested."""
    descriptor: Annotated[Descriptor, since("1.48")] = Descriptor()


class ImageConfig(Model):
    """The defaults of an image for its containers."""

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
    """Always "layers", or empty if the image of this platform is not available locally."""
    layers: list[str] = []


class ImageMetadata(Model):
    """Local information about an image, which is not pushed with it."""

    last_tag_time: Timestamp = Timestamp("")


class ImageInspect(Model):
    """Everything that the Engine reports about an image. Platform fields are empty if its manifest is not local."""

    id: str
    descriptor: Annotated[Descriptor, since("1.48")] = Descriptor()
    manifests: Annotated[list[ImageManifestSummary], since("1.48")] = []
    """Only if requested."""
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
    """In bytes: the layers, unpacked. With containerd's image store the compressed content alone on Docker 28.5, and
    what the list says, but for attestations, on 29.8."""
    virtual_size: Annotated[int, until("1.44")] = 0
    """The same as `size`."""
    graph_driver: DriverData = DriverData()
    root_fs: Annotated[RootFS, wire("RootFS")] = RootFS()
    metadata: ImageMetadata = ImageMetadata()


class HistoryItem(Model):
    """A step in the creation of an image."""

    id: str = ""
    """The text "<missing>" for a step that was not built here."""
    created: UnixTime = UnixTime(0)
    """In seconds since 1970."""
    created_by: str = ""
    tags: list[str] = []
    size: int = 0
    """In bytes."""
    comment: str = ""


class ImageDeleted(Model):
    """A reference that was removed or something that was deleted; the other field is empty."""

    untagged: str = ""
    """A name, or an id: the classic builder's intermediate images have no name."""
    deleted: str = ""
    """The id of an image or a layer; with containerd's image store also of a manifest."""


class ImagesPruned(Model):
    """The result of pruning."""

    images_deleted: list[ImageDeleted] = []
    space_reclaimed: int = 0
    """In bytes: layers unpacked; with containerd's image store the compressed content (Docker 28.5), or that and the
    snapshots (29.8)."""


class PushAux(Model):
    """The pushed image; only from the classic image store."""

    tag: str = ""
    digest: str = ""
    size: int = 0
    """Of the manifest, in bytes."""


class PullLine(ProgressLine):
    """A line of a pull or import."""

    aux: Annotated[object, wire("aux")] = None


class PushLine(ProgressLine):
    """A line of a push."""

    aux: Annotated[object, wire("aux")] = None
    """A `PushAux` in the last line."""


class LoadLine(ProgressLine):
    """A line of a load."""

    stream: Annotated[str, wire("stream")] = ""
    """The loaded image as text for people: "Loaded image: " and a reference, or "Loaded image ID: " and an id."""


class ImageSearchResult(Model):
    """A repository that a search found."""

    _other_names: ClassVar[dict[str, str]] = {"stars": "star_count"}  # Podman before 6

    name: Annotated[str, wire("name")] = ""
    description: Annotated[str, wire("description")] = ""
    star_count: Annotated[int, wire("star_count")] = 0
    is_official: Annotated[bool, wire("is_official")] = False
    is_automated: Annotated[bool, wire("is_automated")] = False
    """Always False: Docker Hub no longer has automated builds."""


class AttestationStatement(Model):
    """An in-toto statement about an image, such as how it was built or what is in it."""

    descriptor: Descriptor = Descriptor()
    predicate_type: str = ""
    """The URL that names its type, like "https://slsa.dev/provenance/v1"."""
    statement: dict[str, object] = {}
    """The statement itself; only if requested."""
