"""Write images without an engine: into a registry's storage folder, and as archives for `POST /images/load`."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Files = dict[str, bytes | str | None]
Document = dict[str, Any]

_DOCKER_TYPES = (
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.container.image.v1+json",
    "application/vnd.docker.image.rootfs.diff.tar.gzip",
)
_OCI = "application/vnd.oci.image."
_OCI_TYPES = (f"{_OCI}manifest.v1+json", f"{_OCI}config.v1+json", f"{_OCI}layer.v1.tar+gzip")
_INDEX_TYPE = f"{_OCI}index.v1+json"
_CREATED = "2024-01-02T03:04:05.678901234Z"
_MODIFIED = 1704164645


def tar(files: Files) -> bytes:
    """An archive, the same on every run. Values: bytes for a file, str for a link's target, None for a folder."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, what in files.items():
            info = tarfile.TarInfo(name)
            info.mtime = _MODIFIED
            info.mode = 0o755
            if what is None:
                info.type = tarfile.DIRTYPE
            elif isinstance(what, str):
                info.type, info.linkname = tarfile.SYMTYPE, what
            else:
                info.size = len(what)
            archive.addfile(info, io.BytesIO(what) if isinstance(what, bytes) else None)
    return out.getvalue()


@dataclass(frozen=True)
class Image:
    """An image for one platform: its layers, the lowest first, and the `config` part of its configuration."""

    layers: list[bytes]
    config: Document
    architecture: str
    variant: str = ""
    oci: bool = False

    @property
    def configuration(self) -> bytes:
        history: list[Document] = [{"created": _CREATED, "created_by": f"layer {i}"} for i in range(len(self.layers))]
        document = {
            "architecture": self.architecture,
            "os": "linux",
            "created": _CREATED,
            "author": "rawdock tests",
            "config": self.config,
            "rootfs": {"type": "layers", "diff_ids": [_digest(layer) for layer in self.layers]},
            "history": [
                *history,
                {"created": _CREATED, "created_by": "CMD", "comment": "no layer", "empty_layer": True},
            ],
        }
        return json.dumps(document | self._variant).encode()

    @property
    def platform(self) -> Document:
        return {"architecture": self.architecture, "os": "linux", **self._variant}

    @property
    def _variant(self) -> Document:
        return {"variant": self.variant} if self.variant else {}


class Store:
    """Writes into the folder `out`: `registry` is the `rootdirectory` of a registry, the archives are next to it."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._registry = out / "registry/docker/registry/v2"

    def has(self, repository: str, tag: str) -> bool:
        """Whether there is an image with this tag."""
        return self._registry.joinpath("repositories", repository, "_manifests/tags", tag, "current/link").exists()

    def image(self, repository: str, tag: str, image: Image) -> None:
        """Store an image for one platform under a tag."""
        self._tag(repository, tag, self._manifest(repository, image)["digest"])

    def index(self, repository: str, tag: str, images: list[Image]) -> None:
        """Store images for several platforms under one tag."""
        manifests = [self._manifest(repository, image) | {"platform": image.platform} for image in images]
        index = {"schemaVersion": 2, "mediaType": _INDEX_TYPE, "manifests": manifests}
        self._tag(repository, tag, self._revision(repository, index)["digest"])

    def archive(self, repository: str, tag: str, image: Image) -> None:
        """Write `REPOSITORY-TAG.tar`, as `docker save` would."""
        configuration = image.configuration
        name = f"{_digest(configuration).removeprefix('sha256:')}.json"
        layers = {
            f"{i:03}-{_digest(layer).removeprefix('sha256:')[:12]}/layer.tar": layer
            for i, layer in enumerate(image.layers)
        }
        manifest = [{"Config": name, "RepoTags": [f"{repository}:{tag}"], "Layers": list(layers)}]
        files: Files = {name: configuration, **layers, "manifest.json": json.dumps(manifest).encode()}
        (self._out / f"{repository}-{tag}.tar").write_bytes(tar(files))

    def _manifest(self, repository: str, image: Image) -> Document:
        manifest_type, config_type, layer_type = _OCI_TYPES if image.oci else _DOCKER_TYPES
        packed = [gzip.compress(layer, 1, mtime=0) for layer in image.layers]
        manifest = {
            "schemaVersion": 2,
            "mediaType": manifest_type,
            "config": {"mediaType": config_type, **self._blob(image.configuration)},
            "layers": [{"mediaType": layer_type, **self._blob(layer)} for layer in packed],
        }
        return self._revision(repository, manifest)

    def _revision(self, repository: str, manifest: Document) -> Document:
        """Store a manifest or an index in a repository. Returns its descriptor."""
        descriptor = self._blob(json.dumps(manifest, indent=2).encode())
        parts = [*manifest.get("layers", ()), *([manifest["config"]] if "config" in manifest else ())]
        for part in parts:
            self._link(repository, "_layers", *part["digest"].split(":"), digest=part["digest"])
        digest = descriptor["digest"]
        self._link(repository, "_manifests/revisions", *digest.split(":"), digest=digest)
        return {"mediaType": manifest["mediaType"], **descriptor}

    def _tag(self, repository: str, tag: str, digest: str) -> None:
        self._link(repository, "_manifests/tags", tag, "current", digest=digest)
        self._link(repository, "_manifests/tags", tag, "index", *digest.split(":"), digest=digest)

    def _blob(self, data: bytes) -> Document:
        digest = _digest(data)
        path = _blob_path(self._out / "registry", digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return {"digest": digest, "size": len(data)}

    def _link(self, *parts: str, digest: str) -> None:
        path = self._registry.joinpath("repositories", *parts, "link")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(digest)


def _blob_path(registry: Path, digest: str) -> Path:
    """The path of the blob with this digest in a registry's storage folder."""
    algorithm, name = digest.split(":")
    return registry / "docker/registry/v2/blobs" / algorithm / name[:2] / name / "data"


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
