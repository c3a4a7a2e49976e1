"""A raw Docker Engine API client for async Python, straight to the Unix socket.

`async with rawdock.Docker() as docker:` is the beginning of everything. Requests and answers are models, under
`rawdock.models`; errors are in `rawdock.errors` and here.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from .errors import (
    AddressError,
    ArchiveError,
    BadRequest,
    BuildError,
    ClosedError,
    Conflict,
    ConnectError,
    DecodeError,
    FileError,
    Forbidden,
    InvalidArgument,
    NotFound,
    NotSupported,
    ProcessError,
    RawdockError,
    ServerError,
    StatusError,
    StillRunning,
    StreamError,
    TimedOut,
    TruncatedError,
    Unauthorized,
    Unhealthy,
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
    from ._tar.unpack import Skipped
    from ._transport.wire import Limits
    from ._types import Content, Filters, Moment
    from .helpers.copying import Copied
    from .helpers.execute import ExecuteResult
    from .helpers.resuming import Gap
    from .helpers.run import RunResult
    from .usage import Rates, Usage, rates_between, usage_of

__version__ = "0.1.0"
"""Of this package; pyproject.toml takes it from here."""

__all__ = [
    "AddressError",
    "ArchiveError",
    "BadRequest",
    "BuildChange",
    "BuildError",
    "BuildWarning",
    "Built",
    "ClosedError",
    "Conflict",
    "ConnectError",
    "Content",
    "Copied",
    "DecodeError",
    "Docker",
    "ExecuteResult",
    "FileError",
    "Filters",
    "Forbidden",
    "Gap",
    "InvalidArgument",
    "Limits",
    "Moment",
    "NotFound",
    "NotSupported",
    "ProcessError",
    "Rates",
    "RawdockError",
    "RunResult",
    "SecretStr",
    "ServerError",
    "Skipped",
    "StatusError",
    "Step",
    "StepDone",
    "StepOutput",
    "StepPart",
    "StepProgress",
    "StepStarted",
    "StepWarning",
    "StillRunning",
    "StreamError",
    "TimedOut",
    "Timestamp",
    "TruncatedError",
    "Unauthorized",
    "Unhealthy",
    "Usage",
    "VersionError",
    "__version__",
    "decode",
    "encode",
    "endpoint_of",
    "rates_between",
    "usage_of",
]

# What these need takes a hundred times as long to load as this module, so it waits until they are asked for.
_LATER = {
    "BuildChange": "_build.steps",
    "BuildWarning": "_build.steps",
    "Built": "_streams.building",
    "Content": "_types",
    "Copied": "helpers.copying",
    "Docker": "_client",
    "ExecuteResult": "helpers.execute",
    "Filters": "_types",
    "Gap": "helpers.resuming",
    "Limits": "_transport.wire",
    "Moment": "_types",
    "RunResult": "helpers.run",
    "Rates": "usage",
    "SecretStr": "_model",
    "Skipped": "_tar.unpack",
    "Step": "_build.steps",
    "StepDone": "_build.steps",
    "StepOutput": "_build.steps",
    "StepPart": "_build.steps",
    "StepProgress": "_build.steps",
    "StepStarted": "_build.steps",
    "StepWarning": "_build.steps",
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
