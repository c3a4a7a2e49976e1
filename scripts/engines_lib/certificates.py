"""Certificates for an engine's TLS port, made with the `openssl` program as Docker's documentation describes it."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from .failure import Failure

DAYS = "30"


def make_certificates(folder: Path) -> bool:
    """Make `ca.pem`, and `server/` and `client/` with certificates of it, each folder as a client or dockerd wants it.

    Whether that was possible: without the program there is no TLS port. They are made anew at each start.
    """
    if shutil.which("openssl") is None:
        return False
    shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        authority, key = work / "ca.pem", work / "ca-key.pem"
        _openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", DAYS, "-subj", "/CN=engines of tests",
                 "-keyout", str(key), "-out", str(authority))  # fmt: skip
        for name, extensions in (
            ("server", "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n"),
            ("client", "extendedKeyUsage=clientAuth\n"),
        ):
            place = folder / name
            place.mkdir(parents=True)
            (work / "extensions").write_text(extensions)
            _openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}",
                     "-keyout", str(place / "key.pem"), "-out", str(work / "request"))  # fmt: skip
            _openssl("x509", "-req", "-sha256", "-days", DAYS, "-in", str(work / "request"), "-CA", str(authority),
                     "-CAkey", str(key), "-CAcreateserial", "-extfile", str(work / "extensions"),
                     "-out", str(place / "cert.pem"))  # fmt: skip
            shutil.copy(authority, place / "ca.pem")
    return True


def _openssl(*arguments: str) -> None:
    done = subprocess.run(["openssl", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        raise Failure(f"openssl {arguments[0]} failed:\n{done.stderr[-1000:]}")
