"""`docker.execute`: a command in a running container, from its start to its exit code."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING

import anyio
import attrs

from ..errors import InvalidArgument
from ..models import ExecConfig, ExecStartConfig
from .completion import run_to_completion
from .end_command import VARIABLE, end_command
from .process import Input, Process, ProcessResult, RunsProcess

if TYPE_CHECKING:
    from collections.abc import AsyncIterable

    from .._resources import Operations
    from .._streams.faces.contexts import Opens
    from .._streams.faces.process_output import ProcessStream

__all__ = ["ExecuteResult", "Execution", "execute"]


@attrs.frozen(kw_only=True)
class ExecuteResult(ProcessResult):
    """What came of a command in a container."""

    id: str
    """Of the execution, for `exec.inspect`."""


class Execution(Process[ExecuteResult]):
    """A command that runs in a container. Leaving the block ends it, with the processes that it has started."""

    id = ""
    """For `exec.inspect` and `exec.resize`."""

    def __init__(
        self, docker: Operations, container: str, config: ExecConfig, mark: str, *, stdin: Input, timeout: float | None,
        output_limit: int | None,
    ) -> None:  # fmt: skip
        super().__init__(docker, stdin=stdin, timeout=timeout, output_limit=output_limit)
        self._container = container
        self._mark = mark
        self._config = config
        self._opened: Opens[ProcessStream] | None = None

    async def _start(self) -> ProcessStream:
        config = self._config
        try:
            self.id = (await self._docker.exec.create(self._container, config)).id
        except BaseException:
            self._over = True  # nothing was started
            raise
        # To its end, though it be cancelled: a command that is only beginning could not be found to be ended, and an
        # Engine whose connection breaks at that moment takes it for ended.
        await run_to_completion(self._open)
        assert self._stream is not None
        return self._stream

    async def _open(self) -> None:
        start = ExecStartConfig(tty=self._config.tty, console_size=self._config.console_size)
        opens = self._docker.exec.start(self.id, start)
        self._stream = await opens.__aenter__()
        self._opened = opens

    async def _exit(self) -> ExecuteResult:
        # Its output may end a moment before it does, or much earlier if it has closed it.
        pause = 0.001
        while (found := await self._docker.exec.inspect(self.id)).running:
            await anyio.sleep(pause)
            pause = min(pause * 2, 0.2)
        output = self._output
        return ExecuteResult(
            id=self.id,
            exit_code=found.exit_code or 0,
            stdout=output.stdout,
            stderr=output.stderr,
            truncated=output.truncated,
        )

    async def _kill(self) -> bool:
        return await end_command(self._docker, self._container, self.id, self._mark, user=self._config.user)

    async def _close(self) -> None:
        opened, self._opened = self._opened, None
        if opened is not None:
            await opened.__aexit__(None, None, None)


def execute(
    docker: Operations,
    container: str,
    cmd: list[str],
    *,
    env: Mapping[str, str] | None = None,
    user: str = "",
    working_dir: str = "",
    tty: bool = False,
    privileged: bool = False,
    stdin: bytes | AsyncIterable[bytes] | None = None,
    open_stdin: bool = False,
    timeout: float | None = None,
    output_limit: int | None = None,
) -> RunsProcess[Execution, ExecuteResult]:
    """Execute a command in a running container (`docker exec`): await it for its exit code and output.

    Or enter it to get the output while it runs, and to `send` to it with `open_stdin`. If it is cancelled, or left
    before its end, the command is ended with all that it has started, which no call of the Engine does: its
    processes have the variable `RAWDOCK_EXECUTION`, and are ended from inside by the container's own shell, or from
    outside where this program may (no shell, the Engine on the same machine). Where neither can be, StillRunning
    is raised. `timeout` is in seconds, and raises TimedOut with the output so far; its `may_still_run` says the
    same. `output_limit` is as with `run`. A command that there is none of has the exit code 126 or 127, and its
    output says why. Raises NotFound, and Conflict if the container is paused or does not run.
    """
    if not cmd:
        raise InvalidArgument('execute: cmd is empty; give the words of a command, as ["ls", "-l"]')
    mark = f"{VARIABLE}={secrets.token_hex(8)}"
    config = ExecConfig(
        cmd=cmd,
        env=[*(f"{name}={value}" for name, value in (env or {}).items()), mark],
        user=user,
        working_dir=working_dir,
        tty=tty,
        privileged=privileged,
        attach_stdin=stdin is not None or open_stdin,
        attach_stdout=True,
        attach_stderr=True,
    )
    execution = Execution(
        docker, container, config, mark, stdin=stdin, timeout=timeout, output_limit=output_limit
    )  # fmt: skip
    return RunsProcess(execution)
