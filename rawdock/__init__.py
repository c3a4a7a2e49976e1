"""A raw Docker Engine API client for async Python, straight to the Unix socket.

`async with rawdock.Docker() as docker:` is the beginning of everything. Requests and answers are models, under
`rawdock.models`; errors are in `rawdock.errors` and here.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from .errors import (
    AddressError,
    BadRequest,
    ClosedError,
    Conflict,
    ConnectError,
    DecodeError,
    Forbidden,
    InvalidArgument,
    NotFound,
    NotSupported,
    RawdockError,
    ServerError,
    StatusError,
    StreamError,
    TruncatedError,
    Unauthorized,
    VersionError,
)

if TYPE_CHECKING:
    from ._client import Docker
    from ._codec import decode, encode
    from ._endpoint import endpoint_of
    from ._model import SecretStr, Timestamp
    from ._transport.wire import Limits
    from ._types import Content, Filters, Moment
    from .helpers.resuming import Gap
    from .usage import Rates, Usage, rates_between, usage_of

__all__ = [
    "AddressError",
    "BadRequest",
    "ClosedError",
    "Conflict",
    "ConnectError",
    "Content",
    "DecodeError",
    "Docker",
    "Filters",
    "Forbidden",
    "Gap",
    "InvalidArgument",
    "Limits",
    "Moment",
    "NotFound",
    "NotSupported",
    "Rates",
    "RawdockError",
    "SecretStr",
    "ServerError",
    "StatusError",
    "StreamError",
    "Timestamp",
    "TruncatedError",
    "Unauthorized",
    "Usage",
    "VersionError",
    "decode",
    "encode",
    "endpoint_of",
    "rates_between",
    "usage_of",
]

# What these need takes a hundred times as long to load as this module, so it waits until they are asked for.
_LATER = {
    "Content": "_types",
    "Docker": "_client",
    "Filters": "_types",
    "Gap": "helpers.resuming",
    "Limits": "_transport.wire",
    "Moment": "_types",
    "Rates": "usage",
    "SecretStr": "_model",
    "Timestamp": "_model",
    "Usage": "usage",
    "decode": "_codec",
    "encode": "_codec",
    "endpoint_of": "_endpoint",
    "rates_between": "usage",
    "usage_of": "usage",
}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f".{_LATER[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
