"""The contexts of the docker command, as it writes them below its folder of configuration."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any, NamedTuple, cast

from .._config_file import read_json
from .._shown import shown
from ..errors import AddressError

__all__ = ["Context", "context_names", "read_context"]


class Context(NamedTuple):
    """What a context says of its Engine."""

    host: str
    skip_verify: bool
    """Whether the certificate of the Engine is not to be checked."""
    ca: str
    cert: str
    key: str
    """The paths of its own files for TLS, empty for those that it has not."""


def read_context(config: Path, name: str) -> Context:
    """The context of this name. Raises AddressError if there is none, or if it cannot be read."""
    digest = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()
    meta = config / "contexts" / "meta" / digest / "meta.json"
    data = read_json(meta)
    if data is None:
        known = ", ".join(context_names(config)) or "none"
        raise AddressError(
            f"the docker context {shown(name)} does not exist under {config}; contexts there: {known}. "
            "Choose one of them, or make it with `docker context create`."
        )
    endpoint = _object(_object(data.get("Endpoints")).get("docker"))
    host = endpoint.get("Host")
    if not isinstance(host, str) or not host.strip():
        raise AddressError(f"context {name}: it has no address of an Engine (Endpoints.docker.Host in {meta})")
    skip = endpoint.get("SkipTLSVerify", False)
    if not isinstance(skip, bool):
        raise AddressError(f"context {name}: SkipTLSVerify in {meta} is neither true nor false: {shown(skip)}")
    folder = config / "contexts" / "tls" / digest / "docker"
    return Context(host, skip, *(str(path) if os.path.exists(path) else "" for path in _pem_files(folder)))


def context_names(config: Path) -> list[str]:
    """The names of the contexts that there are, but for `default`. Those that cannot be read are left out."""
    names: list[str] = []
    for meta in sorted((config / "contexts" / "meta").glob("*/meta.json")):
        try:
            data = read_json(meta) or {}
        except AddressError:
            continue
        if isinstance(name := data.get("Name"), str):
            names.append(name)
    return sorted(names)


def _pem_files(folder: Path) -> tuple[Path, Path, Path]:
    return folder / "ca.pem", folder / "cert.pem", folder / "key.pem"


def _object(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
