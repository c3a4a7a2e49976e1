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
    BuildError,
    ClosedError,
    Conflict,
    ConnectError,
    ContextError,
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
    from ._build.steps import (
        BuildChange,
        BuildWarning,
        Step,
        StepDone,
        StepOutput,
        StepPart,
        StepProgress,
        StepStarted,
        StepWarning,
    )
    from ._client import Docker
    from ._codec import decode, encode
    from ._endpoint import endpoint_of
    from ._model import SecretStr, Timestamp
    from ._streams.building import Built
    from ._transport.wire import Limits
    from ._types import Content, Filters, Moment

__all__ = [
    "AddressError",
    "BadRequest",
    "BuildChange",
    "BuildError",
    "BuildWarning",
    "Built",
    "ClosedError",
    "Conflict",
    "ConnectError",
    "Content",
    "ContextError",
    "DecodeError",
    "Docker",
    "Filters",
    "Forbidden",
    "InvalidArgument",
    "Limits",
    "Moment",
    "NotFound",
    "NotSupported",
    "RawdockError",
    "SecretStr",
    "ServerError",
    "StatusError",
    "Step",
    "StepDone",
    "StepOutput",
    "StepPart",
    "StepProgress",
    "StepStarted",
    "StepWarning",
    "StreamError",
    "Timestamp",
    "TruncatedError",
    "Unauthorized",
    "VersionError",
    "decode",
    "encode",
    "endpoint_of",
]

# What these need takes a hundred times as long to load as this module, so it waits until they are asked for.
_LATER = {
    "BuildChange": "_build.steps",
    "BuildWarning": "_build.steps",
    "Built": "_streams.building",
    "Content": "_types",
    "Docker": "_client",
    "Filters": "_types",
    "Limits": "_transport.wire",
    "Moment": "_types",
    "SecretStr": "_model",
    "Step": "_build.steps",
    "StepDone": "_build.steps",
    "StepOutput": "_build.steps",
    "StepPart": "_build.steps",
    "StepProgress": "_build.steps",
    "StepStarted": "_build.steps",
    "StepWarning": "_build.steps",
    "Timestamp": "_model",
    "decode": "_codec",
    "encode": "_codec",
    "endpoint_of": "_endpoint",
}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f".{_LATER[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
