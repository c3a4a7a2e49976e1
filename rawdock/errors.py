"""The errors that rawdock raises, named by what the caller can do about them.

    RawdockError
    ├── InvalidArgument    a wrong argument, found before anything was sent (also a ValueError)
    ├── AddressError       host, context or configuration cannot be used
    ├── ConnectError       nobody answers there
    ├── VersionError       operation, parameter or field needs another API version
    ├── StatusError        the Engine answered with an error status, or said the same inside a 200
    │   ├── BadRequest     400
    │   ├── Unauthorized   401
    │   ├── Forbidden      403
    │   ├── NotFound       404
    │   ├── Conflict       409, and what else the state of an object or a taken name does not allow
    │   ├── RateLimited    429: the registry refuses more for now
    │   ├── NotSupported   405, 501, a 404 for a route this Engine does not have, or no answer where one is due
    │   └── ServerError    5xx
    ├── StreamError        the Engine reported a failure inside a 200
    │   └── BuildError     a build failed; says in which step
    ├── TruncatedError     the answer ended early
    ├── DecodeError        the answer is not what the API says
    ├── ArchiveError       an archive may not be unpacked as asked
    ├── FileError          a file on this side cannot be read or written
    ├── ProcessError       a command ended with an exit code other than 0 (raised by `check()` only)
    ├── ContainerEnded     a container ended or went away while something waited for what runs in it
    ├── LimitsDropped      an Engine took limits and does not apply them
    ├── TimedOut           a command did not end before its timeout (also a TimeoutError)
    ├── StillRunning       a command was cancelled but could not be ended
    ├── Unhealthy          a container is not healthy and will not become healthy
    └── ClosedError        used after close, or in another event loop or process

Errors of other libraries and of the operating system are always translated to one of these, once, where they come in;
the original error is the `__cause__`.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from ._shown import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._build.steps import Step
    from ._tls_files import TlsFiles

__all__ = [
    "AddressError",
    "ArchiveError",
    "BadRequest",
    "BuildError",
    "ClosedError",
    "Conflict",
    "ConnectError",
    "ContainerEnded",
    "DecodeError",
    "FileError",
    "Forbidden",
    "InvalidArgument",
    "LimitsDropped",
    "NotFound",
    "NotSupported",
    "ProcessError",
    "RateLimited",
    "RawdockError",
    "ServerError",
    "StatusError",
    "StillRunning",
    "StreamError",
    "TimedOut",
    "TruncatedError",
    "Unauthorized",
    "Unhealthy",
    "VersionError",
]

# Credentials travel in these headers alone; their values never enter a message.
SECRET_HEADERS = frozenset(
    {"authorization", "x-docker-expose-session-sharedkey", "x-registry-auth", "x-registry-config"}
)
# Bodies longer than this are left out of `curl()`: the line is for a terminal.
_CURL_BODY = 4096


class Sent:
    """The request that an error belongs to, so that the error can name it and it can be repeated by hand."""

    __slots__ = ("address", "body", "headers", "method", "operation", "secret_body", "target", "tls")

    def __init__(
        self,
        method: str,
        target: str,
        *,
        address: str,
        operation: str = "",
        headers: Iterable[tuple[str, str]] = (),
        body: bytes | None = b"",
        secret_body: bool = False,
        tls: TlsFiles | None = None,
    ) -> None:
        self.method = method
        self.target = target
        self.address = address
        self.operation = operation
        self.headers = tuple(headers)
        self.body = body
        self.secret_body = secret_body
        self.tls = tls

    def curl(self) -> str:
        words = ["curl"]
        before: list[str] = []
        if self.address.startswith("tcp://"):
            base = f"http{'' if self.tls is None else 's'}://{self.address.removeprefix('tcp://')}"
            words += _curl_tls(self.tls)
        else:
            socket = self.address.removeprefix("unix://")
            if socket.startswith("ssh://"):
                host, slash, path = socket.removeprefix("ssh://").partition("/")
                before = ["ssh", f"ssh://{host}"]
                socket = slash + path or "/var/run/docker.sock"
            words += ["--unix-socket", socket]
            base = "http://docker"
        if self.method == "HEAD":
            words.append("--head")
        elif self.method != "GET":
            words += ["-X", self.method]
        for name, value in self.headers:
            if name.lower() in ("host", "user-agent", "accept", "content-length", "connection", "transfer-encoding"):
                continue
            words += ["-H", f"{name}: {'***' if name.lower() in SECRET_HEADERS else value}"]
        if self.body is None:
            words += ["--data-binary", "@-"]
        elif self.secret_body:
            words += ["-d", "***"]
        elif self.body:
            text = self.body.decode(errors="replace") if len(self.body) <= _CURL_BODY else "@-"
            words += ["-d" if text != "@-" else "--data-binary", text]
        words.append(base + self.target)
        line = shlex.join(words)
        return printable(shlex.join([*before, line]) if before else line)


def _curl_tls(files: TlsFiles | None) -> list[str]:
    if files is None:
        return []
    words = [] if files.verify else ["--insecure"]
    for option, path in (("--cacert", files.ca), ("--cert", files.cert), ("--key", files.key)):
        if path:
            words += [option, path]
    return words


class RawdockError(Exception):
    """The base class of rawdock's errors."""

    sent: Sent | None = None
    """The request that failed; None if there was none."""

    @property
    def operation(self) -> str:
        """The operation that failed, as `containers.create`; empty if there was none."""
        return self.sent.operation if self.sent else ""

    @property
    def address(self) -> str:
        """The Engine's address, as `unix:///var/run/docker.sock`; empty if it was not known yet."""
        return self.sent.address if self.sent else ""

    def curl(self) -> str:
        """The request as a curl command line, without secrets; empty if there was no request."""
        return self.sent.curl() if self.sent else ""

    def __str__(self) -> str:
        text = super().__str__()
        if self.sent:
            what = self.sent.operation or f"{self.sent.method} {self.sent.target.partition('?')[0]}"
            text = f"{what} on {self.sent.address}: {text}"
        return printable(text)


class InvalidArgument(RawdockError, ValueError):
    """An argument is invalid; nothing was sent."""


class AddressError(RawdockError):
    """The address, context or configuration cannot be used; the message says which and why."""


class ConnectError(RawdockError):
    """Nobody answers at the address; the message says what to do about it."""


class VersionError(RawdockError):
    """An operation, parameter or field does not exist in the API version spoken with this Engine."""

    def __init__(self, message: str, *, needed: str = "", actual: str = "") -> None:
        super().__init__(message)
        self.needed = needed
        self.actual = actual


class StatusError(RawdockError):
    """The Engine answered with an error status, or with an error of the same kind inside a success (`status` 200).

    The same failure has the same class on every Engine, also where their statuses differ.
    """

    def __init__(self, message: str, *, status: int, cause: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        """The message of the Engine."""
        self.cause = cause
        """Podman's short reason, by which its errors are classified; empty on Docker."""

    def __str__(self) -> str:
        return f"{super().__str__()} (status {self.status})"


class BadRequest(StatusError):
    """400: the Engine does not accept the request."""


class Unauthorized(StatusError):
    """401: credentials are missing or wrong, also where a registry's 401 comes in another form."""

    credentials = ""
    """Where the refused credentials were found, or where none were; empty if the caller gave some, or if nobody looked.
    Never the credentials themselves."""

    def __str__(self) -> str:
        return f"{super().__str__()}{'; ' + printable(self.credentials) if self.credentials else ''}"


class Forbidden(StatusError):
    """403: not allowed, or not while it is in use."""


# The messages of Docker and of Podman.
_NO_IMAGE = re.compile(r"no such image: (\S+?):?(?:\s|$)", re.IGNORECASE)


class NotFound(StatusError):
    """404: no such container, image, ..."""

    def __str__(self) -> str:
        text = super().__str__()
        missing = _NO_IMAGE.match(self.message) if self.operation == "containers.create" else None
        return f'{text}. Pull it first: docker.images.pull("{printable(missing[1])}")' if missing else text


class Conflict(StatusError):
    """409: a name, port or network is taken, or the object is in a state that does not allow this, or has changed."""


class RateLimited(StatusError):
    """429: the registry, or what is between it and here, refuses more requests for now."""

    def __init__(self, message: str, *, status: int, cause: str = "", retry_after: float | None = None) -> None:
        super().__init__(message, status=status, cause=cause)
        self.retry_after = retry_after
        """After how many seconds to ask again; None if nobody says it: Engines do not pass on what a registry said."""


class NotSupported(StatusError):
    """This Engine does not have the operation."""


class ServerError(StatusError):
    """5xx: the Engine failed, or gave no better status."""


class StreamError(RawdockError):
    """The Engine reported a failure inside an answer that began as a success."""

    def __init__(self, message: str, *, code: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        """The message of the Engine."""
        self.code = code


class BuildError(StreamError):
    """A build failed. The output of the failed step is in `logs`."""

    def __init__(self, message: str, *, code: int | None = None, step: Step | None = None) -> None:
        super().__init__(message, code=code)
        self.step = step
        """The step that failed; None if the build failed outside of its steps, as for an invalid Dockerfile."""

    @property
    def exit_code(self) -> int | None:
        """The exit code of the command that failed; None if it was not a command that failed."""
        return self.code

    @property
    def logs(self) -> bytes:
        """The end of the output of the failed step."""
        return self.step.logs if self.step else b""


class TruncatedError(RawdockError):
    """The answer ended early and is not complete."""


class DecodeError(RawdockError):
    """The answer is not what the API says; `path` is where in the answer, as `$.State.Health`.

    A call only checks the ids of its answer. A wrong value elsewhere raises this error when the field is read, also in
    `hasattr`, in `getattr` with a default and in `match`, since it is not an AttributeError. The request may not be
    known then.
    """

    def __init__(self, message: str, *, path: str = "$", model: str = "") -> None:
        super().__init__(message)
        self.path = path
        self.model = model
        """The model that has the field, as `ContainerSummary`; empty if the value is not in a model."""

    def __str__(self) -> str:
        return f"{super().__str__()} (at {printable(self.path)}{f' in {self.model}' if self.model else ''})"

    def curl(self) -> str:
        """The request as a curl command line, without secrets; a comment that says why if it is not known."""
        return super().curl() or "# the request is not known: the value was read after the call had returned"


class ArchiveError(RawdockError):
    """An archive cannot be unpacked safely: a member leads out of the destination, or a limit is exceeded."""

    def __init__(self, message: str, *, member: str = "") -> None:
        super().__init__(message)
        self.member = member
        """The name of the member in the archive."""


class FileError(RawdockError):
    """A file of this machine cannot be read or written, or changed meanwhile; the OSError is the `__cause__`."""

    def __init__(self, message: str, *, path: str = "") -> None:
        super().__init__(message)
        self.path = path
        """The path of the file; for an archive that is unpacked, the name of the member."""


class ClosedError(RawdockError):
    """The client was used after close, in another event loop, or in another process."""


class ProcessError(RawdockError):
    """A command ended with an exit code other than 0."""

    def __init__(self, message: str, *, exit_code: int, stdout: bytes, stderr: bytes) -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.stdout = stdout
        self.stderr = stderr


class ContainerEnded(RawdockError):
    """A container ended, was removed or was started anew while a command ran in it, or while it was waited for."""

    def __init__(
        self, message: str, *, status: str, exit_code: int | None = None, stdout: bytes = b"", stderr: bytes = b""
    ) -> None:
        super().__init__(message)
        self.status = status
        """The status of the container: as `exited`; `removed` if it is gone, `running` if it was started anew."""
        self.exit_code = exit_code
        """The exit code of the container; None if it is gone or runs again."""
        self.stdout = stdout
        """The output of the command until then; output that was iterated over is not in it."""
        self.stderr = stderr


class LimitsDropped(RawdockError):
    """The Engine created a container without limits that were asked for; the container was removed."""

    def __init__(self, message: str, *, fields: Iterable[str], warnings: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.fields = tuple(fields)
        """The fields of HostConfig that the Engine did not apply, as `memory`."""
        self.warnings = tuple(warnings)
        """What the Engine said when it created the container; it may have said nothing."""


class TimedOut(RawdockError, TimeoutError):
    """A command did not end before its timeout. It was ended, unless `may_still_run` is set."""

    def __init__(self, message: str, *, stdout: bytes, stderr: bytes, may_still_run: bool) -> None:
        super().__init__(message)
        self.stdout = stdout
        """The output until the timeout; output that was iterated over is not in it."""
        self.stderr = stderr
        self.may_still_run = may_still_run
        """Whether the command could not be ended."""


class StillRunning(RawdockError):
    """A cancelled command could not be ended and may still run on the Engine. The cancellation is the `__cause__`.

    Also what is left of a `temporary` block that could not be removed.
    """

    may_still_run = True


class Unhealthy(RawdockError):
    """A container whose health was waited for is unhealthy, has stopped, or has no health check."""

    def __init__(self, message: str, *, status: str) -> None:
        super().__init__(message)
        self.status = status
        """The status of the health, as `unhealthy`, or of the container, as `exited`."""
