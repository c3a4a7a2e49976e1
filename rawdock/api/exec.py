"""Processes executed in a running container."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated

from .._declare.endpoint import endpoint, wraps_endpoint
from .._declare.params import query
from .._resource import Resource
from .._streams.faces.contexts import Opens
from .._streams.faces.process_output import detect_frames
from ..errors import InvalidArgument

if TYPE_CHECKING:
    from .._streams.faces.process_output import ProcessStream
    from ..models import ExecConfig, ExecCreated, ExecInspect, ExecStartConfig

__all__ = ["Exec"]


async def _has_tty(_: Exec, *, config: ExecStartConfig | None, **__: object) -> bool:
    return config is not None and config.tty


def _frames_if_attached(
    resource: Exec, *, id: str, config: ExecStartConfig | None
) -> Callable[[ProcessStream], Awaitable[None]]:
    if config is not None and config.detach:
        raise InvalidArgument("exec.start: config.detach gives no stream; use exec.start_detached")
    return detect_frames(_has_tty)(resource, id=id, config=config)


class Exec(Resource):
    """Processes that are executed in a running container: create, start, inspect."""

    __slots__ = ()

    @endpoint("POST /containers/{id}/exec")
    async def create(self, id: str, config: ExecConfig) -> ExecCreated:
        """Prepare a command in a running container (`docker exec`); the result has the id to start it with.

        Raises NotFound, and Conflict if the container is paused or is not running. Route: POST /containers/{id}/exec.
        """
        ...

    @endpoint("POST /exec/{id}/start", upgrade="tcp", prepare=_frames_if_attached)
    def start(self, id: str, config: ExecStartConfig | None = None) -> Opens[ProcessStream]:
        """Start a prepared command and connect to its output and input.

        Enter it. The streams that were attached at creation can be read and written. `config.tty` must be what it was
        at creation. If the command cannot be run, the output says why; the exit code is in `inspect` afterwards.
        Leaving early closes the connection; the process keeps running. If it was started before, Docker says so in the
        output and Podman raises Conflict. Raises NotFound (on Docker also when the container has stopped since), and
        Conflict if the container is paused or is not running. Route: POST /exec/{id}/start.
        """
        ...

    @endpoint("POST /exec/{id}/start")
    async def _start_detached(self, id: str, config: ExecStartConfig) -> None: ...

    @wraps_endpoint(_start_detached)
    async def start_detached(self, id: str, config: ExecStartConfig | None = None) -> None:
        """Start a prepared command without connecting to it.

        Raises NotFound, Conflict if it is running already, and BadRequest for a command that cannot be run.
        Route: POST /exec/{id}/start.
        """
        from ..models import ExecStartConfig

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

        Raises NotFound, also some minutes after the command has ended. Route: GET /exec/{id}/json.
        """
        ...
