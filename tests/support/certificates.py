"""Certificates for tests, made once by the `openssl` program in the way that Docker's documentation describes."""

from __future__ import annotations

import atexit
import functools
import shutil
import ssl
import subprocess
import tempfile
from pathlib import Path

import pytest

__all__ = ["Certificates", "certificates", "needs_openssl", "server_context"]

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="the openssl program makes the certificates")

_CA_CONFIG = """\
[ca]
default_ca = own
[own]
dir = {folder}
database = {folder}/index.txt
new_certs_dir = {folder}
serial = {folder}/serial
default_md = sha256
policy = anything
unique_subject = no
[anything]
commonName = supplied
"""
_LOCAL = "subjectAltName=DNS:localhost,IP:127.0.0.1"
# name: the authority, the extensions, and whether it has expired
_KINDS = {
    "server": ("ours", f"{_LOCAL}\nextendedKeyUsage=serverAuth", False),
    "server, expired": ("ours", f"{_LOCAL}\nextendedKeyUsage=serverAuth", True),
    "server, another host": ("ours", "subjectAltName=DNS:engine.example\nextendedKeyUsage=serverAuth", False),
    "server, no names": ("ours", "extendedKeyUsage=serverAuth", False),
    "client": ("ours", "extendedKeyUsage=clientAuth", False),
    "client, expired": ("ours", "extendedKeyUsage=clientAuth", True),
    "client, for servers": ("ours", "extendedKeyUsage=serverAuth", False),
    "client, of others": ("theirs", "extendedKeyUsage=clientAuth", False),
}


class Certificates:
    """One folder for each kind, with ca.pem, cert.pem and key.pem, as a client wants it."""

    def __init__(self, place: Path) -> None:
        self._place = place

    def folder(self, kind: str) -> Path:
        return self._place / kind

    def authority(self, name: str = "ours") -> Path:
        return self._place / f"{name}.pem"

    def copy(self, kind: str, to: Path, *, ca: str = "ours") -> Path:
        """A folder of its own for a client, whose ca.pem is another one if `ca` says so."""
        shutil.copytree(self.folder(kind), to, dirs_exist_ok=True)
        shutil.copy(self.authority(ca), to / "ca.pem")
        return to


@functools.cache
def certificates() -> Certificates:
    place = Path(tempfile.mkdtemp(prefix="rdcert"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    for authority in ("ours", "theirs"):
        _openssl(
            *("req", "-x509", *_NEW_KEY, "-days", "9", "-subj", f"/CN={authority}"),
            *("-keyout", f"{place}/{authority}.key", "-out", f"{place}/{authority}.pem"),
        )
    (place / "ca.cnf").write_text(_CA_CONFIG.format(folder=place))
    (place / "index.txt").touch()
    (place / "serial").write_text("1000\n")
    for kind, (authority, extensions, expired) in _KINDS.items():
        folder = place / kind
        folder.mkdir()
        (place / "extensions").write_text(extensions + "\n")
        subject = "/CN=localhost" if kind.startswith("server") else "/CN=client"
        _openssl("req", *_NEW_KEY, "-subj", subject, "-keyout", f"{folder}/key.pem", "-out", f"{place}/request")
        dates = ("-startdate", "200101000000Z", "-enddate", "200102000000Z") if expired else ("-days", "9")
        _openssl(
            *("ca", "-batch", "-notext", "-config", f"{place}/ca.cnf", *dates, "-in", f"{place}/request"),
            *("-cert", f"{place}/{authority}.pem", "-keyfile", f"{place}/{authority}.key"),
            *("-extfile", f"{place}/extensions", "-out", f"{folder}/cert.pem"),
        )
        shutil.copy(place / "ours.pem", folder / "ca.pem")
    return Certificates(place)


def server_context(kind: str = "server", *, client: str = "", newest: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    """The server's side, which asks for a client certificate of this authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    folder = certificates().folder(kind)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    if client:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(certificates().authority(client))
    if newest is not None:
        context.minimum_version, context.maximum_version = ssl.TLSVersion.MINIMUM_SUPPORTED, newest
    return context


_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


def _openssl(*arguments: str) -> None:
    done = subprocess.run(["openssl", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
