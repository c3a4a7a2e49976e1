"""A raw Docker Engine API client for async Python, straight to the Unix socket.

`async with rawdock.Docker() as docker:` is the beginning of everything. Requests and answers are models, under
`rawdock.models`; errors are in `rawdock.errors` and here.
"""

from ._client import Docker
from ._codec import decode, encode
from ._endpoint import endpoint_of
from ._transport.wire import Limits
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

__all__ = [
    "AddressError",
    "BadRequest",
    "ClosedError",
    "Conflict",
    "ConnectError",
    "DecodeError",
    "Docker",
    "Forbidden",
    "InvalidArgument",
    "Limits",
    "NotFound",
    "NotSupported",
    "RawdockError",
    "ServerError",
    "StatusError",
    "StreamError",
    "TruncatedError",
    "Unauthorized",
    "VersionError",
    "decode",
    "encode",
    "endpoint_of",
]
