"""Mapping the transport's errors, and answers with an error status, to rawdock's exceptions."""

from __future__ import annotations

import json
import time
from typing import Any, cast

import httpx

from ._error_kinds import IN_A_SUCCESS, kind_in_a_success, kind_of_error
from ._http_dates import seconds_of
from ._transport.errors import ClosedHere, Malformed
from .errors import (
    ClosedError,
    ConnectError,
    DecodeError,
    NotFound,
    NotSupported,
    RateLimited,
    RawdockError,
    StatusError,
    StreamError,
    TruncatedError,
)

__all__ = ["hidden_error", "reported_error", "status_error", "translate"]

_SHOWN = 2000

# What a server that is written in Go, as dockerd is, answers to a request without TLS at a port with TLS.
_TLS_PORT = "Client sent an HTTP request to an HTTPS server."


def translate(error: httpx.TransportError) -> RawdockError:
    """rawdock's exception for an error of the transport. The caller raises it from that error."""
    text = str(error) or type(error).__name__
    if isinstance(error, Malformed):
        return DecodeError(f"the answer is not valid HTTP/1.1: {text}")
    if isinstance(error, ClosedHere):
        return ClosedError(text)
    if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)):
        return ConnectError(text)
    return TruncatedError(text)


def status_error(response: httpx.Response, content: bytes, operation: str) -> StatusError:
    """The error for an answer with an error status; the body may be JSON, text, HTML, or nothing."""
    status = response.status_code
    message, cause, unsupported = _parse_body(content)
    kind = NotSupported if unsupported else kind_of_error(status, message, cause, operation)
    if kind is NotFound and not cause and _is_from_router(response):
        kind = NotSupported
        message = f"this Engine does not have this operation: {message}"
    if status == 400 and message.startswith(_TLS_PORT):
        message = f"{message} Give the files for TLS, and set DOCKER_TLS_VERIFY=1, or pass `tls`"
    message = message or f"no message ({response.reason_phrase or 'no reason'})"
    if kind is RateLimited:
        seconds = _seconds(response.headers.get("retry-after", ""))
        return RateLimited(message, status=status, cause=cause, retry_after=seconds)
    return kind(message, status=status, cause=cause)


def hidden_error(data: dict[str, Any], operation: str) -> StatusError | None:
    """The exception for an error object that Podman has sent with a status of success; None for other objects."""
    status, message, cause = data.get("response"), data.get("message"), data.get("cause")
    if not isinstance(status, int) or not isinstance(message, str) or not isinstance(cause, str):
        return None
    return kind_of_error(status, message, cause, operation)(message, status=status, cause=cause)


def reported_error(message: str, code: int | None, operation: str) -> StreamError | StatusError:
    """The exception for a failure that the Engine reports in a stream with a status of success."""
    kind = kind_in_a_success(message, operation)
    return kind(message, status=IN_A_SUCCESS) if kind else StreamError(message, code=code)


def _seconds(text: str) -> float | None:
    """What the header Retry-After says: a number of seconds or a date. None if it says neither."""
    text = text.strip()
    if text.isascii() and text.isdecimal():
        return float(text)
    moment = seconds_of(text)
    return None if moment is None else max(0.0, moment - time.time())


def _is_from_router(response: httpx.Response) -> bool:
    """Whether a 404 comes from the Engine's router, because the route does not exist. The router's answers have no
    Api-Version header, which handlers set. (Answers without a date are not from an Engine, but from a test.)"""
    return "api-version" not in response.headers and "date" in response.headers


# The beginning of Podman's cause for operations that it knows but does not support.
_PODMAN_UNSUPPORTED = "Podman does not support "


def _parse_body(content: bytes) -> tuple[str, str, bool]:
    """The message, Podman's cause, and whether Podman says that it does not support the operation."""
    whole = content.decode(errors="replace")  # Podman 6.1 repeats what it was sent, cut anywhere
    try:
        # Only the first value: Podman answers a wrong filter of volumes with two error objects. Not strict, for the
        # same reason as above.
        data: object = json.JSONDecoder(strict=False).raw_decode(whole)[0] if whole[:1] == "{" else None
    except (ValueError, RecursionError):
        data = None
    if type(data) is dict:
        found = cast("dict[str, Any]", data)
        message, cause = found.get("message"), found.get("cause")
        if isinstance(message, str) and message:
            if not isinstance(cause, str):
                return message, "", False
            # For some unsupported operations it leaves the cause and the status of the error object empty.
            return message, cause, cause.startswith(_PODMAN_UNSUPPORTED) or (cause == "" and found.get("response") == 0)
        if message := _line_of_a_stream(found):
            return message, "", False
    text = " ".join(whole.split())
    return (text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."), "", False


def _line_of_a_stream(data: dict[str, Any]) -> str:
    """The message of a failure in the form that streams have: Podman sends it with an error status too."""
    detail = data.get("errorDetail")
    texts = (cast("dict[str, Any]", detail).get("message") if type(detail) is dict else detail, data.get("error"))
    return next((text.strip() for text in texts if isinstance(text, str) and text.strip()), "")
