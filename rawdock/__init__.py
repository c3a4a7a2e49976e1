"""A raw Docker Engine API client for async Python, straight to the Unix socket.

Start with `async with rawdock.Docker() as docker:`. Requests and answers are models in `rawdock.models`; errors are in
`rawdock.errors` and also here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._index import PUBLIC
from ._lazy import lazy_attributes
from ._version import __version__ as __version__
from .errors import (
    AddressError,
    ArchiveError,
    BadRequest,
    BuildError,
    ClosedError,
    Conflict,
    ConnectError,
    ContainerEnded,
    DecodeError,
    FileError,
    Forbidden,
    InvalidArgument,
    LimitsDropped,
    NotFound,
    NotSupported,
    ProcessError,
    RateLimited,
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
    from ._build.session_options import EnvSecret
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
    from ._declare.endpoint import endpoint_of
    from ._docker import Docker
    from ._models.codec import decode, encode
    from ._models.json_text import from_json, to_json
    from ._models.model import SecretStr, Timestamp, UnixTime
    from ._streams.faces.build_steps import Built
    from ._tar.unpack import Skipped
    from ._transport.wire import Limits
    from ._type_names import type_names
    from ._types import Content, Filters, Moment
    from .calls import Call, CallEnd, OnCall
    from .helpers.copy import Copied
    from .helpers.engine import EngineInfo
    from .helpers.event_position import Gap
    from .helpers.execute import ExecuteResult
    from .helpers.follow_logs import FollowedLogs, LogGap, LogLine
    from .helpers.published import Published
    from .helpers.reap import Reaped, ReapedObject
    from .helpers.run import RunResult
    from .helpers.temporary import Temporary
    from .usage import Rates, Usage, rates_between, usage_of

__all__ = [
    "AddressError",
    "ArchiveError",
    "BadRequest",
    "BuildChange",
    "BuildError",
    "BuildWarning",
    "Built",
    "Call",
    "CallEnd",
    "ClosedError",
    "Conflict",
    "ConnectError",
    "ContainerEnded",
    "Content",
    "Copied",
    "DecodeError",
    "Docker",
    "EngineInfo",
    "EnvSecret",
    "ExecuteResult",
    "FileError",
    "Filters",
    "FollowedLogs",
    "Forbidden",
    "Gap",
    "InvalidArgument",
    "Limits",
    "LimitsDropped",
    "LogGap",
    "LogLine",
    "Moment",
    "NotFound",
    "NotSupported",
    "OnCall",
    "ProcessError",
    "Published",
    "RateLimited",
    "Rates",
    "RawdockError",
    "Reaped",
    "ReapedObject",
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
    "Temporary",
    "TimedOut",
    "Timestamp",
    "TruncatedError",
    "Unauthorized",
    "Unhealthy",
    "UnixTime",
    "Usage",
    "VersionError",
    "__version__",
    "decode",
    "encode",
    "endpoint_of",
    "from_json",
    "rates_between",
    "to_json",
    "type_names",
    "usage_of",
]

_SUBMODULES = ("bars", "errors", "files", "models", "progress", "streams", "testing", "usage")

if not TYPE_CHECKING:
    # Loading what these need takes a hundred times as long as this module, so they are loaded on first use.
    __getattr__, __dir__ = lazy_attributes(__name__, globals(), PUBLIC, _SUBMODULES)
