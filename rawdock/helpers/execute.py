"""`docker.execute`: run a command in a running container and get its exit code and output."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

import anyio
import attrs

from .._checks import is_whole_number
from .._declare.params import text_map, texts
from .._shown import shown
from .._streams.faces.contexts import named
from .._streams.faces.process_output import is_from_podman
from ..api.exec import create_dated, start_as_made
from ..errors import DecodeError, InvalidArgument, RawdockError, StatusError
from ..models import ExecConfig, ExecStartConfig
from .completion import run_to_completion
from .container_end import CommandBegin, container_end, may_have_ended
from .end_command import VARIABLE, end_command
from .never_started import never_started
from .process import Input, Process, RunsProcess
from .results import ProcessResult, title_of
from .terminal import new_detach_keys

if TYPE_CHECKING:
    from collections.abc import AsyncIterable

    from .._resources import Operations
    from .._streams.faces.contexts import Opens, Runs
    from .._streams.faces.process_output import ProcessStream
    from ..models import ExecInspect

__all__ = ["ExecuteResult", "Execution", "execute"]

_KILLED = 128 + 9
"""The exit code of a command that SIGKILL ended, as the end of its container does."""

_LOOKS = (0.01, 0.05, 0.1, 0.2, 0.5)
"""Seconds before each look for the exit code of a command that does not run any more."""


@attrs.frozen(kw_only=True)
class ExecuteResult(ProcessResult):
    """The result of a command in a container."""

    id: str
    """The id of the exec instance, for `exec.inspect`."""


class Execution(Process[ExecuteResult]):
    """A command that runs in a container. Leaving the block ends it and all processes that it has started."""

    id = ""
    """The id of the exec instance, for `exec.inspect` and `exec.resize`."""

    def __init__(
        self, docker: Operations, container: str, config: ExecConfig, marker: str, *, stdin: Input,
        timeout: float | None, output_limit: int | None, end_at_limit: bool,
    ) -> None:  # fmt: skip
        super().__init__(
            docker, tty=config.tty, stdin=stdin, timeout=timeout, output_limit=output_limit, end_at_limit=end_at_limit
        )
        self._container = container
        self._marker = marker
        self._config = config
        self._entered: Opens[ProcessStream] | None = None
        self._date = ""

    @property
    def _may_exist(self) -> bool:
        return bool(self.id)

    @property
    def place(self) -> str:
        return f"exec {self.id} in container {self._container}"

    async def _start(self) -> ProcessStream:
        config = self._config
        try:
            self.id, self._date = await create_dated(self._docker.exec, self._container, config)
        except BaseException:
            self._needs_no_kill = True
            raise
        # A command that is just starting cannot be found and ended, and an Engine whose connection breaks at that
        # moment reports it as ended. So the start is completed first, also when cancelled.
        try:
            await run_to_completion(self._open)
        except StatusError as error:
            if may_have_ended(error):
                await self._raise_if_ended(error)
            raise
        assert self._stream is not None
        return self._stream

    async def _open(self) -> None:
        start = ExecStartConfig(tty=self._config.tty, console_size=self._config.console_size)
        context = start_as_made(self._docker.exec, self.id, start)
        self._stream = await context.__aenter__()
        self._entered = context

    async def _until_it_runs(self) -> None:
        """Docker 28.5 lost the end of an empty input, if it came before the process, for 3 of 500 commands."""
        with suppress(RawdockError):  # whoever reads the output gets the same
            for pause in _LOOKS:
                state = await self._docker.exec.inspect(self.id)
                if state.pid or not state.running:
                    return
                await anyio.sleep(pause)

    async def _exit(self) -> ExecuteResult:
        # The output may end a moment before the process does, or long before if the process has closed it.
        pause = 0.001
        try:
            while (state := await self._docker.exec.inspect(self.id)).running:
                await anyio.sleep(pause)
                pause = min(pause * 2, 0.2)
            looks = iter(_LOOKS)
            while state.exit_code is None and (wait := next(looks, None)) is not None:
                await anyio.sleep(wait)
                state = await self._docker.exec.inspect(self.id)
        except StatusError as error:
            if may_have_ended(error):
                await self._raise_if_ended(error)
            raise
        if state.exit_code in (_KILLED, None):
            await self._raise_if_ended(state)
        if state.exit_code is None:  # unknown is not success
            self._needs_no_kill = not state.running
            raise DecodeError(
                f"{self.place} does not run, and the Engine knows no exit code of it: the output is read to its end, "
                "but whether the command succeeded is not known",
                path="$.ExitCode",
                model="ExecInspect",
            )
        assert self._stream is not None
        words = never_started(state, bytes(self._begin), podman=is_from_podman(self._stream, self._docker.is_podman))
        output = self._output
        return ExecuteResult(
            id=self.id,
            exit_code=state.exit_code,
            stdout=b"" if words else output.stdout,
            stderr=b"" if words else output.stderr,
            truncated=output.truncated and not words,
            error=words or self._why_ended(state.exit_code),
            title=title_of(self._config.cmd, f"in {self._container}"),
        )

    async def _raise_if_ended(self, sign: ExecInspect | StatusError) -> None:
        """Raise ContainerEnded if that is why the command ended, or is not known any more."""
        podman = self._stream is not None and is_from_podman(self._stream, self._docker.is_podman)
        begin = CommandBegin(sign, self._date, self.id if podman else "")
        ended = await container_end(self._docker, self._container, begin)
        if ended is None:
            return
        self._needs_no_kill = True  # it ended with its container
        ended.stdout, ended.stderr = self._output.stdout, self._output.stderr
        raise ended from (sign if isinstance(sign, StatusError) else None)

    async def _kill(self) -> bool:
        return await end_command(self._docker, self._container, self.id, self._marker, user=self._config.user)

    async def _close(self) -> None:
        context, self._entered = self._entered, None
        if context is not None:
            await context.__aexit__(None, None, None)


def _console_size(tty: bool, size: tuple[int, int]) -> list[int]:
    pair: tuple[object, ...] = size if isinstance(size, (tuple, list)) else ()  # pyright: ignore[reportUnnecessaryIsInstance]
    numbers = [one for one in pair if is_whole_number(one, 1) and one < 1 << 16]
    if len(pair) != 2 or len(numbers) != 2:
        raise InvalidArgument(f"execute: size: expected (rows, columns), as (24, 80), got {shown(size)}")
    if not tty:
        raise InvalidArgument("execute: size: only a terminal has one; set tty=True too")
    return numbers


def execute(
    docker: Operations,
    container: str,
    cmd: list[str],
    *,
    env: Mapping[str, str] | None = None,
    user: str = "",
    working_dir: str = "",
    tty: bool = False,
    size: tuple[int, int] | None = None,
    privileged: bool = False,
    stdin: bytes | AsyncIterable[bytes] | None = None,
    open_stdin: bool = False,
    timeout: float | None = None,
    output_limit: int | None = None,
    end_at_limit: bool = False,
) -> Runs[Execution, ExecuteResult]:
    """Execute a command in a running container (`docker exec`): await it for its exit code and output.

    Or enter it to read the output while it runs, and to `send` to its stdin if `open_stdin` is set.

    If it is cancelled, or left before its end, the command and all processes that it has started are ended. The
    Engine has no call for that: the processes carry the variable `RAWDOCK_EXECUTION`, and the container's own shell
    ends them, or this program does if there is no shell and the Engine runs on the same machine. If neither is
    possible, StillRunning is raised. A command that does not run, and has no exit code, is a DecodeError.

    With `tty`, the end of `stdin` is sent as the byte 4 (ctrl-d), twice in the middle of a line, because Docker drops
    all further output when the input of a terminal is closed. It ends a reader in line mode only. A line of more than
    4,095 bytes in a `stdin` of bytes is InvalidArgument, because the terminal would cut it. No other byte of the input
    is taken for the wish to detach.

    `size` is of the terminal, as (rows, columns), and needs API 1.42; `exec.resize` changes it later.

    `timeout` is in seconds and raises TimedOut, with the output so far and `may_still_run`. `output_limit` and
    `end_at_limit` are as with `run`. If the command could not be started, `error` says why, the output is empty,
    and the exit code is 126 or 127 (Docker 20.10 and 26.1: always 126). Docker reports that; on Podman it is
    guessed from the code and the output. An unknown user is such an error on Docker 20.10 and 26.1; newer ones
    raise BadRequest, and Podman ServerError.

    Raises ContainerEnded if the container ends, is removed or is started anew meanwhile. Raises NotFound if the
    container does not exist, and Conflict if it is paused or not running. Routes: POST /containers/{id}/exec,
    POST /exec/{id}/start, GET /exec/{id}/json; and GET /containers/{id}/json and GET /containers/{id}/top for an exit
    code of 137.
    Engines differ: docs/engines.md.
    """
    if not texts("execute: cmd", cmd):
        raise InvalidArgument('execute: cmd is empty; give the words of a command, as ["ls", "-l"]')
    marker = f"{VARIABLE}={secrets.token_hex(8)}"
    config = ExecConfig(
        cmd=cmd,
        env=[*(f"{name}={value}" for name, value in text_map("execute: env", env or {}).items()), marker],
        user=user,
        working_dir=working_dir,
        tty=tty,
        console_size=[] if size is None else _console_size(tty, size),
        privileged=privileged,
        attach_stdin=stdin is not None or open_stdin,
        attach_stdout=True,
        attach_stderr=True,
        detach_keys=new_detach_keys() if tty else "",
    )
    execution = Execution(
        docker, container, config, marker, stdin=stdin, timeout=timeout, output_limit=output_limit,
        end_at_limit=end_at_limit,
    )  # fmt: skip
    return named(RunsProcess(execution), "execute", container)
