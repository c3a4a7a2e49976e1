"""Where foreign errors and error answers become rawdock's own: the one place that knows both sides."""

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

# Podman answers 500 to nearly everything; its `cause` is a constant of its source and tells what it was.
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
    """A transport's failure in rawdock's words; whoever calls keeps the cause."""
    text = str(error) or type(error).__name__
    if isinstance(error, Malformed):
        return DecodeError(f"the answer is not HTTP as an Engine speaks it: {text}")
    if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)):
        return ConnectError(text)
    return TruncatedError(text)


def status_error(response: httpx.Response, content: bytes) -> StatusError:
    """The error for an answer with an error status; the body may be JSON, text, HTML, or nothing."""
    status = response.status_code
    message, cause, lacks = _words(content)
    kind = NotSupported if lacks else _kind(status, cause)
    if kind is NotFound and not cause and _is_router(response):
        kind = NotSupported
        message = f"this Engine does not have this operation: {message}"
    return kind(message or f"no message ({response.reason_phrase or 'no reason'})", status=status, cause=cause)


def hidden_error(data: dict[str, Any]) -> StatusError | None:
    """The error that Podman's error object is, where it comes with the status of a success."""
    status, message, cause = data.get("response"), data.get("message"), data.get("cause")
    if not isinstance(status, int) or not isinstance(message, str) or not isinstance(cause, str):
        return None
    return _kind(status, cause)(message, status=status, cause=cause)


def _kind(status: int, cause: str) -> type[StatusError]:
    return _BY_CAUSE.get(cause) or _BY_STATUS.get(status) or (ServerError if status >= 500 else StatusError)


def _is_router(response: httpx.Response) -> bool:
    """A route that does not exist is answered by the router, which knows no version: only handlers of the Engine name
    theirs. Answers without a date come from a test, not from an Engine's HTTP server."""
    return "api-version" not in response.headers and "date" in response.headers


# How the cause of Podman begins where it knows a route of Docker's and has nothing behind it.
_PODMAN_UNSUPPORTED = "Podman does not support "


def _words(content: bytes) -> tuple[str, str, bool]:
    """The message, Podman's cause, and whether Podman says that it does not have the operation at all."""
    try:
        # The first value: Podman answers a bad filter of volumes with two error objects in a row.
        data: object = json.JSONDecoder().raw_decode(content.decode())[0] if content[:1] == b"{" else None
    except (ValueError, RecursionError):
        data = None
    if type(data) is dict:
        found = cast("dict[str, Any]", data)
        message, cause = found.get("message"), found.get("cause")
        if isinstance(message, str) and message:
            if not isinstance(cause, str):
                return message, "", False
            # For some routes it says no more than that by leaving cause and status of its error object empty.
            return message, cause, cause.startswith(_PODMAN_UNSUPPORTED) or (cause == "" and found.get("response") == 0)
    text = " ".join(content.decode(errors="replace").split())
    return (text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."), "", False
