"""`docker.run`: a container for one command, from its creation to its removal, with nothing missed between."""

from __future__ import annotations

import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, Literal

import attrs

from ..errors import Conflict, DecodeError, InvalidArgument, NotFound, RawdockError, TruncatedError
from ..models import ContainerSpec
from .completion import run_to_completion
from .process import Input, Process, ProcessResult, RunsProcess

if TYPE_CHECKING:
    from collections.abc import AsyncIterable

    from .._resources import Operations
    from .._streams.faces.container_wait import Waiting
    from .._streams.faces.contexts import Opens
    from .._streams.faces.process_output import ProcessStream
    from ..models import AuthConfig

__all__ = ["LABEL", "PullPolicy", "RunResult", "Running", "run"]

LABEL = "rawdock.run"
"""The label of containers that `run` makes; its value is another one each time."""

PullPolicy = Literal["always", "missing", "never"]


@attrs.frozen(kw_only=True)
class RunResult(ProcessResult):
    """What came of a container's command."""

    id: str
    """The container's; it is there still only with `remove=False`."""
    error: str
    """What the Engine says that went wrong beside it; mostly empty."""


class Running(Process[RunResult]):
    """A container's command that runs. Leaving the block before it has ended ends it, and removes the container."""

    id = ""
    """The container's."""

    def __init__(
        self, docker: Operations, spec: ContainerSpec, *, name: str | None, platform: str | None, pull: PullPolicy,
        auth_config: AuthConfig | None, remove: bool, stdin: Input, timeout: float | None, output_limit: int | None,
    ) -> None:  # fmt: skip
        super().__init__(docker, stdin=stdin, timeout=timeout, output_limit=output_limit)
        self._label = secrets.token_hex(8)
        self._spec = spec.replace(labels={**spec.labels, LABEL: self._label})
        self._name = name
        self._platform = platform
        self._pull = pull
        self._auth = auth_config
        self._remove = remove
        self._may_be_there = False
        self._attached: Opens[ProcessStream] | None = None
        self._waits: Opens[Waiting] | None = None
        self._waiting: Waiting | None = None

    async def _start(self) -> ProcessStream:
        if self._pull == "always":
            await self._fetch()
        await self._create()
        containers = self._docker.containers
        # All that can be heard of it is registered before it starts: a short command is over when `start` answers.
        attached = containers.attach(self.id, stdin=self._spec.open_stdin)
        stream = await attached.__aenter__()
        self._attached = attached
        waits = containers.wait(self.id, condition="next-exit")
        self._waiting = await waits.__aenter__()
        self._waits = waits
        await containers.start(self.id)
        return stream

    async def _fetch(self) -> None:
        await self._docker.images.pull(self._spec.image, platform=self._platform, auth_config=self._auth)

    async def _create(self) -> None:
        try:
            await run_to_completion(self._created)
        except NotFound:
            if self._pull != "missing":
                raise
            await self._fetch()
            await run_to_completion(self._created)

    async def _created(self) -> None:
        self._may_be_there = True
        try:
            created = await self._docker.containers.create(self._spec, name=self._name, platform=self._platform)
        except (TruncatedError, DecodeError):
            raise  # the answer was lost: was it made?
        except RawdockError:
            self._may_be_there = False
            raise
        self.id = created.id

    async def _exit(self) -> RunResult:
        assert self._waiting is not None
        exited = await self._waiting.result()
        if self._remove:
            await self._delete()
        output = self._output
        return RunResult(
            id=self.id,
            exit_code=exited.status_code,
            stdout=output.stdout,
            stderr=output.stderr,
            truncated=output.truncated,
            error=exited.error.message if exited.error else "",
        )

    async def _kill(self) -> bool:
        if not self.id and self._may_be_there:
            found = await self._docker.containers.list(all=True, filters={"label": f"{LABEL}={self._label}"})
            self.id = found[0].id if found else ""
        if not self.id:
            return True
        try:
            # A removal by force waits on Podman until the process has had its time to stop.
            await self._docker.containers.kill(self.id)
        except (NotFound, Conflict):
            pass  # it has not begun, or has ended
        except RawdockError:
            pass  # the removal tells whether that matters
        await self._delete()
        return True

    async def _delete(self) -> None:
        """Remove it with its volumes. The Engine may be at it already, if it was to remove the container itself."""
        try:
            await self._docker.containers.delete(self.id, force=True, volumes=True)
        except NotFound:
            pass
        except Conflict:
            with suppress(NotFound):
                await self._docker.containers.wait(self.id, condition="removed")

    async def _close(self) -> None:
        waits, self._waits = self._waits, None
        attached, self._attached = self._attached, None
        try:
            if waits is not None:
                await waits.__aexit__(None, None, None)
        finally:
            if attached is not None:
                await attached.__aexit__(None, None, None)


def run(
    docker: Operations,
    image: str,
    cmd: list[str] | None = None,
    *,
    spec: ContainerSpec | None = None,
    name: str | None = None,
    platform: str | None = None,
    pull: Literal["always", "missing", "never"] = "missing",
    auth_config: AuthConfig | None = None,
    remove: bool = True,
    stdin: bytes | AsyncIterable[bytes] | None = None,
    open_stdin: bool = False,
    timeout: float | None = None,
    output_limit: int | None = None,
) -> RunsProcess[Running, RunResult]:
    """Run a command in a container of its own (`docker run`): await it for its exit code and output.

    Or enter it to get the output while it runs, and to `send` to it with `open_stdin`. `spec` has all else of the
    container, as limits, mounts and networks. It is created, attached to and waited for before it starts, so that
    nothing is missed; what it says of a terminal is its `spec.tty`. In the end it is removed, with its anonymous
    volumes, unless `remove=False`. If it is cancelled, fails, or is left before its end, it is ended and removed,
    whatever `remove` says. `timeout` is in seconds from its start on, and raises TimedOut with the output so far.
    `output_limit` is in bytes for each of stdout and stderr: what is beyond is read and dropped, and `truncated`
    says so; without it more than 64 MiB are a DecodeError. Raises NotFound for an image that cannot be had, and
    what the Engine says of a command that it cannot start (Docker: BadRequest, Podman: ServerError or Conflict).
    """
    if pull not in ("always", "missing", "never"):
        raise InvalidArgument(f"run: pull: {pull!r} is not one of 'always', 'missing', 'never'")
    if not image:
        raise InvalidArgument("run: image is empty; give the name or the id of an image")
    spec = spec or ContainerSpec()
    changes: dict[str, object] = {"image": image, "attach_stdout": True, "attach_stderr": True}
    if cmd is not None:
        changes["cmd"] = cmd
    if stdin is not None or open_stdin:
        changes |= {"open_stdin": True, "stdin_once": True, "attach_stdin": True}
    whole = spec.replace(**changes)

    running = Running(
        docker, whole, name=name, platform=platform, pull=pull, auth_config=auth_config, remove=remove, stdin=stdin,
        timeout=timeout, output_limit=output_limit,
    )  # fmt: skip
    return RunsProcess(running)
