"""Processes executed in a running container."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated

from .._answers.exec_created import DatedExec, dated_exec_of
from .._declare.endpoint import endpoint, wraps_endpoint
from .._declare.params import query
from .._models.model import Model
from .._resource import Resource, name_as
from .._streams.faces.contexts import Opens
from .._streams.faces.process_output import is_from_podman
from ..errors import InvalidArgument

if TYPE_CHECKING:
    from .._streams.faces.process_output import ProcessStream
    from ..models import ExecConfig, ExecCreated, ExecInspect, ExecStartConfig

__all__ = ["Exec"]


def _prepare_start(
    resource: Exec, *, id: str, config: ExecStartConfig | None
) -> Callable[[ProcessStream], Awaitable[None]]:
    _check_config("exec.start", config)
    if config is not None and config.detach:
        raise InvalidArgument("exec.start: config.detach gives no stream; use exec.start_detached")

    async def prepare(stream: ProcessStream) -> None:
        podman = _is_from_podman(resource, stream)

        async def has_tty() -> bool:
            if podman:  # it goes by what the exec was made with, and Docker by what it is started with
                return (await resource.inspect(id)).process_config.tty
            return config is not None and config.tty

        await stream.detect_frames(has_tty)
        _refuse_eof(stream, podman)

    return prepare


def _check_config(operation: str, config: object) -> None:
    """Raise InvalidArgument for what is no model: the body is looked at before it is encoded."""
    if config is not None and not isinstance(config, Model):
        raise InvalidArgument(f"{operation}: config: expected ExecStartConfig, got {type(config).__name__}")


def _prepare_as_made(
    resource: Exec, *, id: str, config: ExecStartConfig | None
) -> Callable[[ProcessStream], Awaitable[None]]:
    async def has_tty() -> bool:
        return config is not None and config.tty

    async def prepare(stream: ProcessStream) -> None:
        await stream.detect_frames(has_tty)
        _refuse_eof(stream, _is_from_podman(resource, stream))

    return prepare


def _is_from_podman(resource: Exec, stream: ProcessStream) -> bool:
    return is_from_podman(stream, resource._client.is_podman)  # pyright: ignore[reportPrivateUsage]


def _refuse_eof(stream: ProcessStream, podman: bool) -> None:
    if stream.tty and not podman:
        stream.eof_problem = _eof_problem


async def _eof_problem() -> str:
    return TERMINAL_EOF


TERMINAL_EOF = (
    "the command has a terminal, and Docker would drop all its further output; send b'\\x04' (ctrl-d) in its place"
)


class Exec(Resource):
    """Processes that are executed in a running container: create, start, inspect."""

    __slots__ = ()

    @endpoint("POST /containers/{id}/exec")
    async def create(self, id: str, config: ExecConfig) -> ExecCreated:
        """Prepare a command in a running container (`docker exec`); the result has the id to start it with.

        Raises NotFound, and Conflict if the container is paused or is not running.
        Engines differ: docs/engines.md. Route: POST /containers/{id}/exec.
        """
        ...

    @endpoint("POST /exec/{id}/start", upgrade="tcp", prepare=_prepare_start)
    def start(self, id: str, config: ExecStartConfig | None = None) -> Opens[ProcessStream]:
        """Start a prepared command and connect to its output and input.

        Enter it. The streams that were attached at creation can be read and written. `config.tty` must be what it was
        at creation: with `tty=True` for a command that was made without, Docker loses its stderr, and with `tty=False`
        for one that was made with a terminal, its output cannot be read. Podman goes by the creation, so there it is
        looked up by `inspect`. If the command cannot be run, the output says why; the exit code is in `inspect`
        afterwards.

        Under a terminal, Docker takes the bytes 16 17 (ctrl-p ctrl-q) in the input for the wish to detach, unless
        `detach_keys` at creation says otherwise: the stream ends with "read escape sequence", `inspect` says 126, and
        the process runs on. The end of input is b"\\x04" there; `send_eof` raises InvalidArgument.

        Leaving early closes the connection; the process keeps running. If it was started before, Docker says so in the
        output and Podman raises Conflict. Raises NotFound (on Docker also when the container has stopped since), and
        Conflict if the container is paused or is not running.
        Engines differ: docs/engines.md. Route: POST /exec/{id}/start.
        """
        ...

    @endpoint("POST /exec/{id}/start", upgrade="tcp", prepare=_prepare_as_made)
    def _start_as_made(self, id: str, config: ExecStartConfig | None = None) -> Opens[ProcessStream]: ...

    @endpoint("POST /containers/{id}/exec", answer=dated_exec_of)
    async def _create_dated(self, id: str, config: ExecConfig) -> DatedExec: ...

    @endpoint("POST /exec/{id}/start")
    async def _start_detached(self, id: str, config: ExecStartConfig) -> None: ...

    @wraps_endpoint(_start_detached)
    async def start_detached(self, id: str, config: ExecStartConfig | None = None) -> None:
        """Start a prepared command without connecting to it.

        Raises NotFound, Conflict if it is running already, and BadRequest for a command that cannot be run.
        Engines differ: docs/engines.md. Route: POST /exec/{id}/start.
        """
        from ..models import ExecStartConfig

        _check_config("exec.start_detached", config)
        detached = (config or ExecStartConfig()).replace(detach=True)
        await self._start_detached(id, detached)

    @endpoint("POST /exec/{id}/resize")
    async def resize(self, id: str, *, height: Annotated[int, query("h")], width: Annotated[int, query("w")]) -> None:
        """Set the size of a command's terminal, in characters.

        Raises NotFound, and ServerError before it was started. Route: POST /exec/{id}/resize.
        """
        ...

    @endpoint("GET /exec/{id}/json")
    async def inspect(self, id: str) -> ExecInspect:
        """The state of a command: whether it runs, and its exit code when it has ended.

        Raises NotFound, also some minutes after the command has ended.
        Engines differ: docs/engines.md. Route: GET /exec/{id}/json.
        """
        ...


name_as(Exec, {"_create_dated": "create", "_start_as_made": "start"})


def start_as_made(exec: Exec, id: str, config: ExecStartConfig) -> Opens[ProcessStream]:
    """`exec.start` for a caller who knows that `config.tty` is what it was at creation: nothing is looked up."""
    return exec._start_as_made(id, config)  # pyright: ignore[reportPrivateUsage]


async def create_dated(exec: Exec, id: str, config: ExecConfig) -> DatedExec:
    """`exec.create` with the time of its answer."""
    return await exec._create_dated(id, config)  # pyright: ignore[reportPrivateUsage]
