"""Mapping the transport's errors, and answers with an error status, to rawdock's exceptions."""

from __future__ import annotations

import json
from typing import Any, cast

import httpx

from ._transport.errors import Malformed
from .errors import (
    BadRequest,
    Conflict,
    ConnectError,
    DecodeError,
    Forbidden,
    NotFound,
    NotSupported,
    RawdockError,
    ServerError,
    StatusError,
    TruncatedError,
    Unauthorized,
)

__all__ = ["hidden_error", "status_error", "translate"]

_SHOWN = 2000

_BY_STATUS: dict[int, type[StatusError]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    405: NotSupported,
    409: Conflict,
    501: NotSupported,
}

# Podman answers nearly every error with 500; its `cause` is a constant in its source code and says what it was.
_BY_CAUSE: dict[str, type[StatusError]] = {
    "UNIQUE constraint failed: ContainerConfig.Name": Conflict,  # a rename to a name in use
    "layer not known": NotFound,  # the changes of no such container
    "no such container": NotFound,
    "no such exec session": NotFound,
    "no such pod": NotFound,
    "no such volume": NotFound,
    "image not known": NotFound,
    "network not found": NotFound,
    "container already exists": Conflict,
    "container is stopped": Conflict,
    "container state improper": Conflict,
    "exec session state improper": Conflict,
    "image is in use by a container": Conflict,
    "network already exists": Conflict,
    "network is being used": Conflict,
    "that name is already in use": Conflict,
    "volume already exists": Conflict,
    "volume is being used": Conflict,
    "address already in use": Conflict,
    "this container is not logging output": NotSupported,
    "invalid argument": BadRequest,
}


def translate(error: httpx.TransportError) -> RawdockError:
    """rawdock's exception for an error of the transport. The caller raises it from that error."""
    text = str(error) or type(error).__name__
    if isinstance(error, Malformed):
        return DecodeError(f"the answer is not valid HTTP/1.1: {text}")
    if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)):
        return ConnectError(text)
    return TruncatedError(text)


def status_error(response: httpx.Response, content: bytes) -> StatusError:
    """The error for an answer with an error status; the body may be JSON, text, HTML, or nothing."""
    status = response.status_code
    message, cause, unsupported = _parse_body(content)
    kind = NotSupported if unsupported else _kind(status, cause)
    if kind is NotFound and not cause and _is_from_router(response):
        kind = NotSupported
        message = f"this Engine does not have this operation: {message}"
    return kind(message or f"no message ({response.reason_phrase or 'no reason'})", status=status, cause=cause)


def hidden_error(data: dict[str, Any]) -> StatusError | None:
    """The exception for an error object that Podman has sent with a status of success; None for other objects."""
    status, message, cause = data.get("response"), data.get("message"), data.get("cause")
    if not isinstance(status, int) or not isinstance(message, str) or not isinstance(cause, str):
        return None
    return _kind(status, cause)(message, status=status, cause=cause)


def _kind(status: int, cause: str) -> type[StatusError]:
    return _BY_CAUSE.get(cause) or _BY_STATUS.get(status) or (ServerError if status >= 500 else StatusError)


def _is_from_router(response: httpx.Response) -> bool:
    """Whether a 404 comes from the Engine's router, because the route does not exist. The router's answers have no
    Api-Version header, which handlers set. (Answers without a date are not from an Engine, but from a test.)"""
    return "api-version" not in response.headers and "date" in response.headers


# The beginning of Podman's cause for operations that it knows but does not support.
_PODMAN_UNSUPPORTED = "Podman does not support "


def _parse_body(content: bytes) -> tuple[str, str, bool]:
    """The message, Podman's cause, and whether Podman says that it does not support the operation."""
    try:
        # Only the first value: Podman answers a wrong filter of volumes with two error objects.
        data: object = json.JSONDecoder().raw_decode(content.decode())[0] if content[:1] == b"{" else None
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
    text = " ".join(content.decode(errors="replace").split())
    return (text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."), "", False
