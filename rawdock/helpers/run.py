"""`docker.run`: create a container for one command, start it, collect its output and exit code, and remove it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import anyio
import attrs

from .._declare.params import text_map, texts
from .._log import log
from .._shown import shown
from .._streams.faces.contexts import named
from ..errors import (
    BadRequest,
    ClosedError,
    Conflict,
    DecodeError,
    InvalidArgument,
    LimitsDropped,
    NotFound,
    RawdockError,
    ServerError,
    StatusError,
    TruncatedError,
)
from ..models import ContainerSpec
from .bounded_log import is_refused, with_bounded_log, without_bounded_log
from .completion import cleanup_limit_of, is_no_answer, run_to_completion
from .ensure_image import PullPolicy, check_policy, find_image, pull_shared
from .limits import dropped_limits, limits_without_cgroup
from .owner import LABEL, new_label
from .process import Input, Process, RunsProcess
from .removal import delete_container, remove_container
from .results import ProcessResult, title_of
from .terminal import new_detach_keys

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Mapping

    from .._resources import Operations
    from .._streams.faces.container_wait import Waiting
    from .._streams.faces.contexts import Opens, Runs
    from .._streams.faces.process_output import ProcessStream
    from ..models import AuthConfig, ContainerCreated

__all__ = ["LOOKS", "PullPolicy", "RunResult", "Running", "run"]

LOOKS = (0.0, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0)
"""Seconds before each look for a container whose creation was not answered."""


@attrs.frozen(kw_only=True)
class RunResult(ProcessResult):
    """The result of a container's command."""

    id: str
    """The container's id; the container still exists only with `remove=False`, or if `not_removed` says why."""
    oom_killed: bool | None = False
    """Whether the Engine saw the kernel end a process of it for want of memory, which need not be the one whose exit
    code this is. Looked up if the exit code is not 0 or a memory limit was set; None if the container was gone."""
    not_removed: str = ""
    """The container and why it could not be removed; empty if it was, or was not to be. It is logged too."""


class Running(Process[RunResult]):
    """A container that runs a command. Leaving the block before the command has ended kills and removes it."""

    id = ""
    """The container's id."""
    warnings: tuple[str, ...] = ()
    """What the Engine warned of when it created the container; each was also logged."""

    def __init__(
        self, docker: Operations, spec: ContainerSpec, *, name: str | None, platform: str | None, pull: PullPolicy,
        auth_config: AuthConfig | None, remove: bool, stdin: Input, timeout: float | None, output_limit: int | None,
        end_at_limit: bool, strict_limits: bool,
    ) -> None:  # fmt: skip
        super().__init__(
            docker, tty=spec.tty, stdin=stdin, timeout=timeout, output_limit=output_limit, end_at_limit=end_at_limit
        )
        self._name = name
        self._spec = spec
        self.label()
        self._platform = platform
        self._pull = pull
        self._auth = auth_config
        self._remove = remove
        self._strict_limits = strict_limits
        self._is_asked_for = False
        self._is_gone = False
        self._attach_context: Opens[ProcessStream] | None = None
        self._wait_context: Opens[Waiting] | None = None
        self._waiting: Waiting | None = None

    @property
    def _title(self) -> str:
        return title_of(self._spec.cmd, f"in a container of {self._spec.image}")

    @property
    def _may_exist(self) -> bool:
        return bool(self.id) or self._is_asked_for

    @property
    def place(self) -> str:
        if self.id:
            return f"container {self.id}"
        return f"a container of {self._spec.image} with the label {LABEL}={self._label}"

    def label(self, labels: Mapping[str, str] | None = None, lifetime: float | None = None) -> None:
        """Label the container as one of this process, which nobody needs after `lifetime` seconds."""
        self._label = new_label(self._name, lifetime)
        self._spec = self._spec.replace(labels={**(labels or {}), **self._spec.labels, LABEL: self._label})

    @property
    def may_still_exist(self) -> bool:
        """Whether there is, or may be, a container to remove."""
        return self._may_exist and not self._is_gone

    async def forget(self) -> None:
        """Remove the container if it is still there after its end, as with `remove=False`."""
        if self.id and not self._is_gone:
            await self._remove_ended()

    async def _start(self) -> ProcessStream:
        if self._pull == "always":
            await self._pull_image()
        await self._pull_and_create()
        containers = self._docker.containers
        if self._strict_limits:
            await self._check_limits()
        # Attach and wait before the start: a short command has ended when `start` returns.
        keys = new_detach_keys() if self._spec.tty else None
        attach_context = containers.attach(self.id, stdin=self._spec.open_stdin, detach_keys=keys)
        stream = await attach_context.__aenter__()
        self._attach_context = attach_context
        wait_context = containers.wait(self.id, condition="next-exit")
        self._waiting = await wait_context.__aenter__()
        self._wait_context = wait_context
        await containers.start(self.id)
        return stream

    async def _check_limits(self) -> None:
        asked = self._spec.host_config
        fields = dropped_limits(asked, (await self._docker.containers.inspect(self.id)).host_config)
        without = await limits_without_cgroup(self._docker, self.id, asked)
        fields += [name for name in without if name not in fields]
        if fields:
            words = f": {'; '.join(self.warnings)}" if self.warnings else ""
            raise LimitsDropped(
                f"run: the Engine does not apply these limits: {', '.join(fields)}{words}",
                fields=fields,
                warnings=self.warnings,
            )

    async def _pull_image(self) -> None:
        await pull_shared(self._docker, self._spec.image, self._platform, self._auth)

    async def _pull_and_create(self) -> None:
        try:
            await run_to_completion(self._create)
        except NotFound:
            # What is missing may also be the image of a mount, a network, or a driver of a volume.
            if self._pull != "missing" or await find_image(self._docker, self._spec.image, self._platform):
                raise
            await self._pull_image()
            await run_to_completion(self._create)

    async def _create(self) -> None:
        self._is_asked_for = True
        try:
            try:
                created = await self._create_as_specified()
            except BadRequest as error:
                if not is_refused(self._spec, error):
                    raise
                self._spec = without_bounded_log(self._spec)
                created = await self._create_as_specified()
        except (TruncatedError, DecodeError, ClosedError):
            raise  # the answer was lost: the container may have been created
        except RawdockError as error:
            self._is_asked_for = isinstance(error, ServerError) and is_no_answer(error)
            raise
        self.id = created.id
        self.warnings = tuple(created.warnings)

    async def _create_as_specified(self) -> ContainerCreated:
        return await self._docker.containers.create(self._spec, name=self._name, platform=self._platform)

    async def _exit(self) -> RunResult:
        assert self._waiting is not None
        exited = await self._waiting.result()
        oom_killed: bool | None = False
        if exited.status_code or self._spec.host_config.memory:
            oom_killed = await self._was_oom_killed()
        not_removed = await self._remove_ended() if self._remove and not self._is_ended_from_here else ""
        output = self._output
        return RunResult(
            id=self.id,
            exit_code=exited.status_code,
            stdout=output.stdout,
            stderr=output.stderr,
            truncated=output.truncated,
            error=exited.error.message if exited.error else self._why_ended(exited.status_code),
            warnings=self.warnings,
            oom_killed=oom_killed,
            not_removed=not_removed,
            title=self._title,
        )

    async def _was_oom_killed(self) -> bool | None:
        try:
            return (await self._docker.containers.inspect(self.id)).state.oom_killed
        except (StatusError, DecodeError):  # the rest of the result is known all the same
            return None

    async def _remove_ended(self) -> str:
        """Remove the container, whose result is known; which one could not be removed and why, or an empty text."""
        cleanup = cleanup_limit_of(self._docker)
        why = "the Engine did not answer in time"
        try:
            with cleanup.apply():
                await cleanup.try_until_answered(self._delete, self.place)
                return ""
        except RawdockError as error:
            why = str(error)
        left = f"{self.place} was not removed: {why}"
        log.warning("%s", left)
        return left

    async def _kill(self) -> bool:
        if not self.id and self._is_asked_for and not await self._look_for_it():
            return False  # the Engine may create it yet
        if not self.id:
            return True
        if self._is_over_limit and not self._remove:
            with suppress(Conflict, NotFound):  # it has ended by itself
                await self._docker.containers.kill(self.id)
            return True
        await remove_container(self._docker, self.id)
        self._is_gone = True
        return True

    async def _look_for_it(self) -> bool:
        """Find a container whose id was not received; the Engine may still be creating it."""
        for pause in LOOKS:
            await anyio.sleep(pause)
            for one in await self._docker.containers.list(all=True, filters={"label": f"{LABEL}={self._label}"}):
                if one.labels.get(LABEL) == self._label:  # not every Engine may filter as it was asked to
                    self.id = one.id
                    return True
        return False

    async def _delete(self) -> None:
        await delete_container(self._docker, self.id)
        self._is_gone = True

    async def _close(self) -> None:
        wait_context, self._wait_context = self._wait_context, None
        attach_context, self._attach_context = self._attach_context, None
        try:
            if wait_context is not None:
                await wait_context.__aexit__(None, None, None)
        finally:
            if attach_context is not None:
                await attach_context.__aexit__(None, None, None)


def _specification(image: str | ContainerSpec, cmd: list[str] | None, spec: ContainerSpec | None) -> ContainerSpec:
    """The specification of the container, with image and command; neither may be given twice."""
    if isinstance(image, ContainerSpec):
        if spec is not None:
            raise InvalidArgument("run: two specifications; give one of them")
        spec, image = image, image.image
    elif spec is not None and isinstance(spec, ContainerSpec) and spec.image:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgument("run: the image is given twice; the specification has one: write docker.run(spec)")
    if not isinstance(image, str) or not image:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgument("run: image is empty; give the name or the id of an image")
    spec = ContainerSpec() if spec is None else spec
    if not isinstance(spec, ContainerSpec):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgument(f"run: spec: expected ContainerSpec, got {type(spec).__name__}")
    text_map("run: spec.labels", spec.labels)
    if cmd is None:
        return spec.replace(image=image)
    if isinstance(cmd, str):
        raise InvalidArgument(
            f'run: cmd: expected a list of str, got str; for a shell write ["sh", "-c", {shown(cmd)}]'
        )
    texts("run: cmd", cmd)
    if spec.cmd:
        raise InvalidArgument("run: the command is given twice; the specification has one")
    return spec.replace(image=image, cmd=cmd)


def run(
    docker: Operations,
    image: str | ContainerSpec,
    cmd: list[str] | None = None,
    *,
    spec: ContainerSpec | None = None,
    name: str | None = None,
    platform: str | None = None,
    pull: PullPolicy = "missing",
    auth_config: AuthConfig | None = None,
    remove: bool = True,
    stdin: bytes | AsyncIterable[bytes] | None = None,
    open_stdin: bool = False,
    timeout: float | None = None,
    output_limit: int | None = None,
    end_at_limit: bool = False,
    strict_limits: bool = False,
) -> Runs[Running, RunResult]:
    """Run a command in a new container (`docker run`): await it for its exit code and output.

    Or enter it to read the output while it runs, and to `send` to its stdin if `open_stdin` is set.

    In place of an image it takes a specification, which has the other settings too, such as limits, mounts and `tty`:
    `docker.run(ContainerSpec.of("busybox:1", ["id"], user="nobody"))`. Or `spec` has them, without an image. An image
    or a command that is given twice is an InvalidArgument. `pull` says when to pull the image: "missing" is if the
    Engine does not have it, or not for `platform`. Without `auth_config` it is pulled with the credentials that the
    docker command would use (docs/registries.md). The output is attached and the exit awaited before the container
    starts, so nothing is missed. At the end the container and its anonymous volumes are removed, unless `remove=False`.
    If the call is cancelled, fails, or is left before the end, the container is killed and removed in any case. If only
    the removal fails after the end, `not_removed` of the result says why.

    With `tty`, the end of `stdin` is the byte 4 (ctrl-d), as with `execute`.

    The Engine's log of the container is bounded to 10 MB (`max-size`), so that endless output does not fill its disk,
    unless the container is kept, its `log_config` says otherwise, or the Engine's own log driver has no such option.

    Engines drop limits that the machine cannot apply, often with no more than a warning. With `strict_limits` the
    limits of `spec.host_config` are compared with what the Engine has taken, before the start: for one that differs, or
    that a Podman without control groups cannot keep, LimitsDropped is raised, and the container is removed. See
    docs/sandboxes.md.

    `timeout` is in seconds from the start on and raises TimedOut with the output so far. `output_limit` is in bytes
    for each of stdout and stderr: output beyond it is dropped and `truncated` is set; without it more than 64 MiB
    raise a DecodeError. With `end_at_limit` the command is killed at the first byte beyond it, and the result tells
    so: `truncated` is set, `exit_code` is 137 unless it ended by itself, and `error` says why. What is iterated
    over does not count. Raises NotFound if there is no such image, and the Engine's error for a command that cannot
    be started (Docker: BadRequest, Podman: ServerError or Conflict). Routes: POST /containers/create,
    POST /containers/{id}/attach, POST /containers/{id}/wait, POST /containers/{id}/start, and
    DELETE /containers/{id}; GET /containers/{id}/json before the removal if the exit code is not 0 or a memory limit
    was set; GET /containers/{id}/json after the creation with `strict_limits`, and on Podman
    GET /containers/{id}/stats; and GET /images/{name}/json if the creation is NotFound.
    Engines differ: docs/engines.md.
    """
    check_policy("run", pull)
    spec = _specification(image, cmd, spec)
    changes: dict[str, object] = {"attach_stdout": True, "attach_stderr": True}
    if stdin is not None or open_stdin:
        changes |= {"open_stdin": True, "stdin_once": True, "attach_stdin": True}
    if (config := docker.command_config) is not None:
        platform = config.platform(platform)
        if proxies := config.environment(texts("run: spec.env", spec.env)):
            changes["env"] = [*spec.env, *proxies]
    run_spec = spec.replace(**changes)
    if remove:
        run_spec = with_bounded_log(run_spec)

    running = Running(
        docker, run_spec, name=name, platform=platform, pull=pull, auth_config=auth_config, remove=remove,
        stdin=stdin, timeout=timeout, output_limit=output_limit, end_at_limit=end_at_limit,
        strict_limits=strict_limits,
    )  # fmt: skip
    return named(RunsProcess(running), "run", run_spec.image)
