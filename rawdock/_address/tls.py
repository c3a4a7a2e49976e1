"""What a TCP address needs for TLS: from an argument, from the environment, or from a context's own files."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from .._config_file import config_folder
from .._shown import shortened, shown
from .._tls_files import TlsFiles
from .._transport.errors import TlsFileError
from .._transport.tls_settings import TlsSettings
from ..errors import AddressError, InvalidArgument
from .contexts import Context

__all__ = ["tls_of_argument", "tls_of_context", "tls_of_environment"]


def tls_of_argument(tls: object) -> TlsSettings:
    """A folder with ca.pem, and with cert.pem and key.pem for a client certificate; or an ssl.SSLContext."""
    if isinstance(tls, ssl.SSLContext):
        if tls.protocol == ssl.PROTOCOL_TLS_SERVER:
            raise InvalidArgument("tls: this ssl.SSLContext is for a server: make it with ssl.create_default_context()")
        return TlsSettings(tls)
    path: object = os.fspath(cast("os.PathLike[str]", tls)) if isinstance(tls, os.PathLike) else tls
    if not isinstance(path, str):
        raise InvalidArgument(f"tls: expected a folder or an ssl.SSLContext, got {shown(path)}")
    if not path or "\0" in path:
        raise InvalidArgument(f"tls: expected the path of a folder, got {shown(path)}")
    folder = Path(path).absolute()
    if not os.path.isdir(folder):
        raise AddressError(f"tls: there is no folder {shortened(str(folder))}")
    return _of_folder(folder, "tls", verify=True)


def tls_of_environment(environ: Mapping[str, str]) -> TlsSettings | None:
    """As the docker command: whether the variables say anything counts, not what they say."""
    verify = bool(environ.get("DOCKER_TLS_VERIFY"))
    if not verify and not environ.get("DOCKER_TLS"):
        return None
    folder = Path(environ.get("DOCKER_CERT_PATH") or config_folder(environ)).absolute()
    return _of_folder(folder, "DOCKER_TLS_VERIFY" if verify else "DOCKER_TLS", verify=verify)


def tls_of_context(name: str, context: Context) -> TlsSettings | None:
    """The context's own files. One without files speaks TLS only if it says that certificates are not checked."""
    if not (context.ca or context.cert or context.key or context.skip_verify):
        return None
    files = TlsFiles(context.ca, context.cert, context.key, not context.skip_verify)
    return _checked(files, f"context {name}")


def _of_folder(folder: Path, source: str, *, verify: bool) -> TlsSettings:
    ca, cert, key = (folder / name for name in ("ca.pem", "cert.pem", "key.pem"))
    if not os.path.exists(ca):  # the docker command wants it also where nothing is verified
        where = "" if source == "tls" else f", name another folder in DOCKER_CERT_PATH, or unset {source}"
        raise AddressError(
            f"{source}: there is no {ca}, the certificate of the authority that signed the Engine's. "
            f"Put it there{where}."
        )
    files = TlsFiles(
        str(ca) if verify else "",
        str(cert) if os.path.exists(cert) else "",
        str(key) if os.path.exists(key) else "",
        verify,
    )
    return _checked(files, source)


def _checked(files: TlsFiles, source: str) -> TlsSettings:
    """Read the files at once, so that what is wrong with them is known before anything is connected to."""
    settings = TlsSettings(files)
    try:
        settings.context()
    except TlsFileError as error:
        raise AddressError(f"{source}: {error}") from error.__cause__
    return settings
