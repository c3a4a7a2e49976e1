"""Contexts in the form in which the docker command writes them."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

__all__ = ["write_context"]


def write_context(
    config: Path, name: str, host: str, certificates: Path | None = None, *, skip_verify: bool = False
) -> Path:
    """Write a context below a configuration folder. Returns the folder of its files for TLS, which may not exist."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    meta = config / "contexts" / "meta" / digest / "meta.json"
    meta.parent.mkdir(parents=True)
    endpoint = {"Host": host, "SkipTLSVerify": skip_verify}
    meta.write_text(json.dumps({"Name": name, "Metadata": {}, "Endpoints": {"docker": endpoint}}))
    folder = config / "contexts" / "tls" / digest / "docker"
    if certificates is not None:
        shutil.copytree(certificates, folder)
    return folder
