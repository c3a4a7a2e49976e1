"""The certificates of a TLS connection. Files that were renewed are read again for the next connection."""

from __future__ import annotations

import os
import ssl

from .._tls_files import TlsFiles
from .errors import TlsFileError

__all__ = ["TlsSettings"]


class _PassphraseNeeded(Exception):
    pass


class TlsSettings:
    """An `ssl.SSLContext`, given as it is or made of files."""

    def __init__(self, given: TlsFiles | ssl.SSLContext) -> None:
        self.files = given if isinstance(given, TlsFiles) else TlsFiles()
        self._given = None if isinstance(given, TlsFiles) else given
        self._made: tuple[object, ssl.SSLContext] | None = None

    def context(self) -> ssl.SSLContext:
        """What the next connection uses. Raises TlsFileError if a file cannot be used."""
        if self._given is not None:
            return self._given
        stamps = tuple(_stamp(path) for path in self.files[:3])
        if self._made is None or self._made[0] != stamps:
            self._made = (stamps, _make_context(self.files))
        return self._made[1]


def _stamp(path: str) -> object:
    """What changes when a file is written again or replaced."""
    if not path:
        return None
    try:
        found = os.stat(path)
    except OSError as error:
        return error.errno
    return found.st_mtime_ns, found.st_size, found.st_ino


def _make_context(files: TlsFiles) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.options |= ssl.OP_NO_RENEGOTIATION
    # Without VERIFY_X509_STRICT, which Python 3.13 would set in a default context: authorities made as Docker's
    # documentation says lack an extension that it asks for. Like the docker command, any certificate in ca.pem is
    # trusted by itself, also one that another authority has signed.
    context.verify_flags = ssl.VERIFY_X509_TRUSTED_FIRST | ssl.VERIFY_X509_PARTIAL_CHAIN
    if not files.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif files.ca:
        _load_authorities(context, files.ca)
    else:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    if files.cert or files.key:
        _load_certificate(context, files)
    return context


def _load_authorities(context: ssl.SSLContext, path: str) -> None:
    _read(path)
    try:
        context.load_verify_locations(cafile=path)
    except ssl.SSLError as error:
        raise TlsFileError(
            f"{path} holds no certificate in PEM form ({error.reason}): it must be the authority's"
        ) from error


def _load_certificate(context: ssl.SSLContext, files: TlsFiles) -> None:
    if not (files.cert and files.key):
        missing = "cert.pem" if files.key else "key.pem"
        raise TlsFileError(
            f"there is {files.cert or files.key}, but no {missing} beside it: a client certificate needs both"
        )
    if b"-----BEGIN CERTIFICATE-----" not in _read(files.cert):
        raise TlsFileError(f"{files.cert} holds no certificate in PEM form")
    if b"PRIVATE KEY-----" not in _read(files.key):
        raise TlsFileError(f"{files.key} holds no private key in PEM form")
    problem = ""
    try:
        # Without a function here, OpenSSL would ask for a passphrase on the terminal.
        context.load_cert_chain(files.cert, files.key, password=_refuse)
    except _PassphraseNeeded:
        problem = (
            f"{files.key} is encrypted with a passphrase, for which nobody is asked: decrypt it "
            "(`openssl pkey -in key.pem -out key.pem`), or pass an ssl.SSLContext as Docker(tls=...)"
        )
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            problem = f"{files.key} is not the key of the certificate {files.cert}"
        else:
            problem = f"{files.cert} and {files.key} cannot be used as a client certificate: {error.reason or error}"
    if problem:  # raised out here, as the context of an error could hold a part of the key
        raise TlsFileError(problem)


def _refuse() -> str:
    raise _PassphraseNeeded


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise TlsFileError(f"cannot read {path}: {error.strerror}") from error
