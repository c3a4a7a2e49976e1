"""Containers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Literal

from .._answers.archive_stat import stat_of
from .._answers.named_inspect import NamedInspect, named_inspect_of
from .._answers.stats import stats_of
from .._declare.adapted import adapt, refuse_ignored
from .._declare.endpoint import endpoint, wraps_endpoint
from .._declare.params import content, filters, lines_text, query, tail
from .._declare.path_names import container_text
from .._models.model import since
from .._resource import Resource, name_as
from .._streams.faces.contexts import Opens, Prunes, Runs
from .._streams.faces.logs import detect_log_format
from .._types import Content, Filters, Moment
from ..errors import NotFound

if TYPE_CHECKING:
    from .._streams.faces.container_wait import Waiting
    from .._streams.faces.downloads import ArchiveStream, Chunks
    from .._streams.faces.logs import Logs
    from .._streams.faces.process_output import ProcessStream
    from .._streams.faces.prunes import ContainersPruneStream
    from .._streams.faces.stats import StatsStream
    from .._streams.faces.websocket import WebSocket
    from ..models import (
        ArchiveStat,
        Committed,
        ContainerConfig,
        ContainerCreated,
        ContainerInspect,
        ContainerSpec,
        ContainersPruned,
        ContainerStats,
        ContainerSummary,
        ContainerTop,
        ContainerUpdate,
        ContainerUpdated,
        FilesystemChange,
        WaitResponse,
    )

__all__ = ["Containers"]


async def _has_tty(containers: Containers, *, id: str, **_: object) -> bool:
    return (await containers.inspect(id)).config.tty


def _prepare_attach(
    containers: Containers, *, id: str, stdin: bool, **_: object
) -> Callable[[ProcessStream], Awaitable[None]]:
    async def prepare(stream: ProcessStream) -> None:
        await stream.detect_frames(lambda: _has_tty(containers, id=id))
        if stdin:
            stream.eof_problem = lambda: _eof_problem(containers, id)

    return prepare


async def _eof_problem(containers: Containers, id: str) -> str:
    """Why a half-close would lose output: Docker then drops what a container with an input that stays open writes."""
    try:
        look = await containers._inspect_named(id)  # pyright: ignore[reportPrivateUsage]
    except NotFound:
        return ""
    config = look.container.config
    if look.is_podman or not config.open_stdin or look.container.state.status in ("exited", "dead"):
        return ""
    if config.tty:
        return (
            "the container has a terminal, and Docker would drop all its further output; send b'\\x04' (ctrl-d) in its "
            "place"
        )
    if not config.stdin_once:
        return (
            "the container was created without stdin_once, so its input stays open, and Docker would drop all its "
            "further output; create it with stdin_once=True, or leave the block"
        )
    return ""


class Containers(Resource):
    """Containers, by id (also its beginning) or name."""

    __slots__ = ()

    @endpoint("POST /containers/create")
    async def create(
        self,
        spec: Annotated[ContainerSpec, adapt(refuse_ignored)],
        *,
        name: str | None = None,
        platform: Annotated[str | None, since("1.41")] = None,
    ) -> ContainerCreated:
        """Create a container from an image (`docker create`). It is not started.

        Podman (5.4 to 6.1) takes `masked_paths`, `readonly_paths`, `device_requests` and the `mac_address` of the
        container, and ignores them: there they are NotSupported, and the message says what works.
        `platform` is `os[/arch[/variant]]`. Raises NotFound if there is no such image (nothing is pulled), Conflict if
        the name is in use. Engines differ: docs/engines.md. Route: POST /containers/create.
        """
        ...

    @endpoint("POST /containers/{id}/start")
    async def start(
        self,
        id: str,
        *,
        detach_keys: str | None = None,
        checkpoint: str | None = None,
        checkpoint_dir: Annotated[str | None, query("checkpoint-dir")] = None,
    ) -> bool:
        """Start a container (`docker start`); False if it was running already.

        `detach_keys` is the key sequence to detach, as `ctrl-p,ctrl-q`. With `checkpoint` it resumes from that
        checkpoint (see `checkpoints`; Engines often fail to). Raises NotFound, BadRequest if its command cannot be run,
        and Conflict if a port that it publishes is taken or it is paused. Route: POST /containers/{id}/start.
        """
        ...

    @endpoint("POST /containers/{id}/stop")
    async def stop(
        self,
        id: str,
        *,
        timeout: Annotated[int | None, query("t")] = None,
        signal: Annotated[str | None, since("1.42")] = None,
    ) -> bool:
        """Stop a container (`docker stop`); False if it was not running.

        It gets its stop signal (or `signal`), and SIGKILL after `timeout` seconds: 10 unless the container says
        otherwise, -1 for never. The answer comes once it has stopped. Raises NotFound.
        Route: POST /containers/{id}/stop.
        """
        ...

    @endpoint("POST /containers/{id}/restart")
    async def restart(
        self,
        id: str,
        *,
        timeout: Annotated[int | None, query("t")] = None,
        signal: Annotated[str | None, since("1.42")] = None,
    ) -> None:
        """Stop a container as `stop` does, and start it (`docker restart`).

        Raises NotFound. Route: POST /containers/{id}/restart.
        """
        ...

    @endpoint("POST /containers/{id}/kill")
    async def kill(self, id: str, *, signal: str | None = None) -> None:
        """Send a signal to the container's first process (`docker kill`): SIGKILL unless another is given.

        Raises NotFound, and Conflict if it is not running. Route: POST /containers/{id}/kill.
        """
        ...

    @endpoint("POST /containers/{id}/pause")
    async def pause(self, id: str) -> None:
        """Freeze every process of a container (`docker pause`).

        Raises NotFound, and Conflict if it is paused or not running. Route: POST /containers/{id}/pause.
        """
        ...

    @endpoint("POST /containers/{id}/unpause")
    async def unpause(self, id: str) -> None:
        """Resume a paused container (`docker unpause`).

        Raises NotFound, and Conflict if it is not paused. Route: POST /containers/{id}/unpause.
        """
        ...

    @endpoint("POST /containers/{id}/rename")
    async def rename(self, id: str, *, name: str) -> None:
        """Rename a container (`docker rename`).

        Raises NotFound, and Conflict if the name is in use. Route: POST /containers/{id}/rename.
        """
        ...

    @endpoint("POST /containers/{id}/wait")
    def wait(
        self, id: str, *, condition: Literal["not-running", "next-exit", "removed"] | None = None
    ) -> Runs[Waiting, WaitResponse]:
        """Wait until a container has stopped (`docker wait`); the result has its exit code.

        Await it for the result. Or enter it: then the Engine has registered the wait, so that a later exit cannot
        be missed, and `result()` waits. The default, `not-running`, is true at once for a container that was never
        started; register `next-exit` before starting one. Raises NotFound. Route: POST /containers/{id}/wait.
        """
        ...

    @endpoint("DELETE /containers/{id}")
    async def delete(
        self,
        id: str,
        *,
        volumes: Annotated[bool, query("v")] = False,
        force: bool = False,
        link: bool = False,
    ) -> None:
        """Remove a container (`docker rm`); `volumes` with its anonymous ones, `force` also if it is running.

        Raises NotFound, and Conflict if it is running or already being removed. Route: DELETE /containers/{id}.
        """
        ...

    @endpoint("POST /containers/prune")
    def _prune(
        self,
        *,
        filters: Annotated[Filters | None, filters] = None,
        stream: Annotated[bool, query(if_known=True), since("1.56")] = False,
    ) -> Runs[ContainersPruneStream, ContainersPruned]: ...

    @wraps_endpoint(_prune)
    def prune(self, *, filters: Filters | None = None) -> Prunes[ContainersPruneStream, ContainersPruned]:
        """Delete all containers that are not running (`docker container prune`).

        Await it for the report. Entered, it is asked for a line for each object that it deletes, from API 1.56 on (not
        run on an Engine); other Engines send no lines. Raises StreamError for a failure among them.
        Filters: `until`, `label`. Route: POST /containers/prune.
        """
        return Prunes(lambda stream: self._prune(filters=filters, stream=stream))

    @endpoint("GET /containers/{id}/json")
    async def inspect(self, id: str, *, size: bool = False) -> ContainerInspect:
        """Everything about a container (`docker inspect`).

        `size` adds `size_rw` and `size_root_fs` in bytes, which takes time. Raises NotFound.
        Route: GET /containers/{id}/json.
        """
        ...

    @endpoint("GET /containers/{id}/top")
    async def top(self, id: str, *, ps_args: Annotated[str | None, query("ps_args")] = None) -> ContainerTop:
        """The processes of a running container (`docker top`), as `ps` of the Engine's machine shows them.

        `ps_args` are its options, `-ef` if left out. Raises NotFound, Conflict if it is not running, and NotSupported
        if Podman answers with nothing.
        Engines differ: docs/engines.md. Route: GET /containers/{id}/top.
        """
        ...

    @endpoint("GET /containers/{id}/changes")
    async def changes(self, id: str) -> list[FilesystemChange]:
        """Files that differ from the image (`docker diff`): kind 0 modified, 1 added, 2 deleted.

        Raises NotFound. Engines differ: docs/engines.md. Route: GET /containers/{id}/changes.
        """
        ...

    @endpoint("POST /commit")
    async def commit(
        self,
        container: Annotated[str, query(encode=container_text)],
        config: ContainerConfig | None = None,
        *,
        repo: str | None = None,
        tag: str | None = None,
        comment: str | None = None,
        author: str | None = None,
        pause: bool = True,
        changes: Annotated[list[str] | str | None, query(encode=lines_text)] = None,
    ) -> Committed:
        """Create an image from a container's files (`docker commit`); the result has its id.

        It is paused meanwhile unless `pause=False`. `config` replaces the container's own where it is set; `changes`
        are Dockerfile lines such as `['CMD ["sh"]', "USER ada"]`, or one text with all of them. Raises NotFound.
        Route: POST /commit.
        """
        ...

    @endpoint("POST /containers/{id}/update")
    async def update(self, id: str, update: ContainerUpdate) -> ContainerUpdated:
        """Change the limits and the restart policy of a container (`docker update`); omitted values stay unchanged.

        Raises NotFound. Engines differ: docs/engines.md. Route: POST /containers/{id}/update.
        """
        ...

    @endpoint("GET /containers/{id}/json", answer=named_inspect_of)
    async def _inspect_named(self, id: str) -> NamedInspect: ...

    @endpoint("POST /containers/{id}/attach", upgrade="tcp", prepare=_prepare_attach)
    def attach(
        self,
        id: str,
        *,
        stream: Annotated[bool, query(always=True)] = True,
        logs: bool = False,
        stdin: bool = False,
        stdout: Annotated[bool, query(always=True)] = True,
        stderr: Annotated[bool, query(always=True)] = True,
        detach_keys: str | None = None,
    ) -> Opens[ProcessStream]:
        """Connect to the output and input of a container's first process (`docker attach`).

        Enter it, best before the container is started, so that nothing is missed; send input after the start. While
        much is sent, another task has to read, or both wait for ever. `logs` first sends the output so far,
        `stream=False` ends after that. Leaving closes the connection; the container keeps running.

        `send_eof` ends the input of a container that was created with `stdin_once`. It looks at the container first:
        for one without `stdin_once`, or with a terminal, Docker would drop all further output, so there it raises
        InvalidArgument; under a terminal send b"\\x04". Under a terminal, the bytes 16 17 (ctrl-p ctrl-q) in the input
        end the attach on Docker while the container runs on, unless `detach_keys` names other keys.

        Raises NotFound. Engines differ: docs/engines.md. Route: POST /containers/{id}/attach.
        """
        ...

    @endpoint("GET /containers/{id}/attach/ws", upgrade="websocket")
    def attach_websocket(
        self,
        id: str,
        *,
        stream: Annotated[bool, query(always=True)] = True,
        logs: bool = False,
        stdin: bool = False,
        stdout: Annotated[bool, query(always=True)] = True,
        stderr: Annotated[bool, query(always=True)] = True,
        detach_keys: str | None = None,
    ) -> Opens[WebSocket]:
        """Connect to the output and input of a container's first process over a WebSocket.

        Enter it. Stdout and stderr are not distinguished. Under a terminal, the bytes 16 17 (ctrl-p ctrl-q) in the
        input end it while the container runs on, unless `detach_keys` names other keys. Engines before API 1.42 attach
        all three streams, whatever is chosen. Raises NotFound. Route: GET /containers/{id}/attach/ws.
        """
        ...

    @endpoint("GET /containers/{id}/logs", prepare=detect_log_format(_has_tty))
    def logs(
        self,
        id: str,
        *,
        follow: bool = False,
        stdout: Annotated[bool, query(always=True)] = True,
        stderr: Annotated[bool, query(always=True)] = True,
        since: Moment | None = None,
        until: Moment | None = None,
        timestamps: bool = False,
        tail: Annotated[int | Literal["all"] | None, query("tail", tail)] = None,
        details: bool = False,
    ) -> Logs:
        """What a container has written (`docker logs`).

        Enter it to read the output as it comes, or enter `.entries()` to read it line by line. `follow` goes on with
        what is still to come. `tail` is a number of lines, where each 16 KiB of a longer line count as one; so the log
        may begin inside a line, and so it may if the log driver has dropped its oldest file. `timestamps` puts the time
        before each line, `details` the extra attributes of its log driver; entries hold both apart from the line.
        Raises NotFound, and NotSupported for a log driver that cannot be read.
        Engines differ: docs/engines.md. Route: GET /containers/{id}/logs.
        """
        ...

    @endpoint("POST /containers/{id}/resize")
    async def resize(self, id: str, *, height: Annotated[int, query("h")], width: Annotated[int, query("w")]) -> None:
        """Set the size of a container's terminal, in characters.

        Raises NotFound, and Conflict if it is not running. Route: POST /containers/{id}/resize.
        """
        ...

    @endpoint("GET /containers/{id}/stats?stream=true")
    def stats(self, id: str) -> Opens[StatsStream]:
        """Sample the resource usage of a container (`docker stats`), about once per second.

        Enter it. The first sample has no previous one: its `precpu_stats` are empty. For a container that is not
        running Docker sends zeros, and Podman raises Conflict. Raises NotFound.
        Engines differ: docs/engines.md. Route: GET /containers/{id}/stats.
        """
        ...

    @endpoint("GET /containers/{id}/stats?stream=false", answer=stats_of)
    async def stats_once(
        self, id: str, *, one_shot: Annotated[bool, query("one-shot"), since("1.41")] = False
    ) -> ContainerStats:
        """Sample the resource usage of a container once. Docker takes two samples, unless `one_shot` is set.

        Raises NotFound; for a container that is not running Docker sends zeros, and Podman raises Conflict.
        Engines differ: docs/engines.md. Route: GET /containers/{id}/stats.
        """
        ...

    @endpoint("GET /containers/{id}/archive")
    def archive(self, id: str, *, path: str) -> Opens[ArchiveStream]:
        """A file or folder of a container as a tar archive (`docker cp`), as a stream; `stat` describes it.

        Enter it. Raises NotFound if the container or the path does not exist.
        Engines differ: docs/engines.md. Route: GET /containers/{id}/archive.
        """
        ...

    @endpoint("HEAD /containers/{id}/archive", answer=stat_of)
    async def archive_info(self, id: str, *, path: str) -> ArchiveStat:
        """What a path inside a container is: name, size, mode, time, and where a link leads.

        Raises NotFound, without a message, if the container or the path does not exist.
        Route: HEAD /containers/{id}/archive.
        """
        ...

    @endpoint("PUT /containers/{id}/archive")
    async def put_archive(
        self,
        id: str,
        archive: Annotated[Content, content],
        *,
        path: str,
        no_overwrite_dir_non_dir: Annotated[bool, query("noOverwriteDirNonDir")] = False,
        copy_uid_gid: Annotated[bool, query("copyUIDGID")] = False,
    ) -> None:
        """Unpack a tar archive into a folder of a container (`docker cp`); it may be compressed.

        `no_overwrite_dir_non_dir` refuses to replace a folder by a file or a file by a folder. The archive's owners
        are kept; with `copy_uid_gid` all of it belongs to the container's own user. Raises NotFound if the container
        or the folder does not exist (Podman creates the folder), and BadRequest where it is read-only (Podman writes).
        Engines differ: docs/engines.md. Route: PUT /containers/{id}/archive.
        """
        ...

    @endpoint("GET /containers/{id}/export")
    def export(self, id: str) -> Opens[Chunks]:
        """All files of a container as a tar archive (`docker export`), as a stream, without those of its volumes.

        Enter it. Raises NotFound. Route: GET /containers/{id}/export.
        """
        ...

    @endpoint("GET /containers/json")
    async def list(
        self,
        *,
        all: bool = False,
        limit: int | None = None,
        size: bool = False,
        filters: Annotated[Filters | None, filters] = None,
    ) -> list[ContainerSummary]:
        """List the running containers (`docker ps`), or `all` of them (`docker ps -a`), the newest first.

        `limit` lists that many of the newest, whatever their state. `size` adds sizes in bytes, which takes time. The
        filter `annotation`, as `key` or `key=value`, needs API 1.56 (not run on an Engine).
        Route: GET /containers/json.
        """
        ...


name_as(Containers, {"_inspect_named": "inspect"})
