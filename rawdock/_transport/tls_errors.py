"""Explaining to users why a TLS connection does not come about."""

from __future__ import annotations

import ssl

from .errors import Unreachable

__all__ = ["refused_by_peer", "tls_error"]

_UNKNOWN_AUTHORITY = (18, 19, 20, 21)  # X509_V_ERR_* of OpenSSL
_NOT_YET_VALID, _EXPIRED = 9, 10
_WRONG_HOST = (62, 64)

# OpenSSL's names of the alerts by which a server refuses the client's certificate.
_ALERTS = {
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "it wants a client certificate, and accepts none or not the one it was given",
    "TLSV1_ALERT_UNKNOWN_CA": "it does not know the authority that signed the client certificate",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "the client certificate has expired, or is not valid yet",
    "SSLV3_ALERT_CERTIFICATE_REVOKED": "the client certificate is revoked",
    "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE": "the client certificate is not made for clients (clientAuth)",
    "SSLV3_ALERT_BAD_CERTIFICATE": "it accepts no client certificate, or not the one it was given",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "it does not accept the client certificate",
    "TLSV1_ALERT_ACCESS_DENIED": "it denies access to the client certificate",
    "TLSV1_ALERT_DECRYPT_ERROR": "the client's key does not belong to its certificate",
}
_OLD = ("TLSV1_ALERT_PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL", "WRONG_SSL_VERSION")


def refused_by_peer(where: str, error: ssl.SSLError, certificate: str) -> Unreachable | None:
    """The error for an alert by which the peer refuses the client; None for other errors."""
    reason = error.reason or ""
    if (why := _ALERTS.get(reason)) is not None:
        return Unreachable(
            f"{where} refused the TLS connection: {why}. {_certificate_sent(certificate)} (TLS alert: {reason})"
        )
    if "ALERT" in reason and reason not in _OLD:
        return Unreachable(
            f"{where} refused the TLS connection. {_certificate_sent(certificate)} (TLS alert: {reason})"
        )
    return None


def _certificate_sent(certificate: str) -> str:
    if certificate:
        return f"The client certificate is {certificate}."
    return (
        "No client certificate was given: put cert.pem and key.pem beside ca.pem "
        "(DOCKER_CERT_PATH, Docker(tls=folder), or `docker context create --docker cert=...,key=...`)."
    )


def tls_error(where: str, host: str, error: OSError, *, ca: str, certificate: str, beginning: bytes) -> Unreachable:
    """The error for a handshake that failed."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Unreachable(_verification(where, host, error, ca))
    if beginning.startswith(b"HTTP/"):
        return Unreachable(
            f"{where} answers in plain HTTP, without TLS. If that is meant, unset DOCKER_TLS_VERIFY and DOCKER_TLS "
            "(or leave out `tls`); the Engine's TLS port is usually 2376."
        )
    if isinstance(error, ssl.SSLError):
        if (refused := refused_by_peer(where, error, certificate)) is not None:
            return refused
        reason = error.reason or ""
        if reason in _OLD:
            return Unreachable(
                f"{where} speaks no version of TLS that this client accepts (TLS 1.2 or newer): {reason}. "
                "Update the Engine or the proxy before it."
            )
        if reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "UNEXPECTED_MESSAGE", "PACKET_LENGTH_TOO_LONG"):
            return Unreachable(f"what listens at {where} does not speak TLS ({reason}). Check the port.")
        if isinstance(error, ssl.SSLEOFError):
            return Unreachable(
                f"{where} closed the connection during the TLS handshake. Check that the port is the Engine's TLS port."
            )
    what = getattr(error, "reason", "") or error.strerror or str(error)
    return Unreachable(f"the TLS handshake with {where} failed: {what}. Check that the port is the Engine's TLS port.")


def _verification(where: str, host: str, error: ssl.SSLCertVerificationError, ca: str) -> str:
    code = error.verify_code
    begin = f"the certificate of {where}"
    if code == _EXPIRED:
        return f"{begin} has expired. Renew it on the Engine's machine."
    if code == _NOT_YET_VALID:
        return f"{begin} is not valid yet. Check the clocks of both machines."
    if code in _UNKNOWN_AUTHORITY:
        whose = f"an authority in {ca}" if ca else "an authority that this system knows"
        return (
            f"{begin} is not signed by {whose} ({error.verify_message}). "
            "Give the certificate of the authority that signed it, as ca.pem."
        )
    if code in _WRONG_HOST:
        return (
            f"{begin} is for another host: {host} is not among its subject alternative names (its common name does "
            "not count). Use a name that is in the certificate, or make one with this name."
        )
    return f"{begin} is not accepted: {error.verify_message}."
