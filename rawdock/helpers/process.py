"""What `run` and `execute` have in common: a process with its output, its input, its timeout and its cleanup."""

from __future__ import annotations

import math
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

import anyio

from .._checks import is_seconds, is_whole_number
from .._declare.params import upload_body
from .._iterators import close_iterator
from .._shown import shown
from .._streams.faces.contexts import Runs
from .._streams.faces.items import half_close
from ..errors import (
    ClosedError,
    DecodeError,
    InvalidArgument,
    RawdockError,
    StillRunning,
    TimedOut,
    TruncatedError,
)
from .completion import MAX_WAIT, cleanup_limit_of, run_to_completion
from .terminal import EndOfInput, check_lines

if TYPE_CHECKING:
    from anyio.abc import TaskGroup

    from .._resources import Operations
    from .._streams.faces.process_output import ProcessStream
    from .._streams.split.frames import Frame

__all__ = ["Input", "OutputBuffer", "Process", "RunsProcess"]

_BEGIN = 4096
"""Bytes from the beginning of the output that are kept in any case: an Engine's error may be there."""

OUTPUT_LIMIT = 64 * 1024 * 1024
"""Bytes of stdout, and as many of stderr, that a result holds by default."""

Input = bytes | AsyncIterable[bytes] | None
"""The stdin of a process: all of it at once, or in parts."""


class _Result(Protocol):
    @property
    def exit_code(self) -> int: ...
    @property
    def stdout(self) -> bytes: ...
    @property
    def stderr(self) -> bytes: ...


E = TypeVar("E", bound=_Result)
R = TypeVar("R")


class OutputBuffer:
    """Keeps stdout and stderr up to a limit each.

    Output beyond a limit that the caller gave is dropped; beyond the default limit it is an error, since nobody asked
    for less than all of it.
    """

    def __init__(self, limit: int | None) -> None:
        self._limit = OUTPUT_LIMIT if limit is None else limit
        self._may_truncate = limit is not None
        self._parts: dict[str, list[bytes]] = {"stdout": [], "stderr": []}
        self._free = {"stdout": self._limit, "stderr": self._limit}
        self.truncated = False

    def add(self, frame: Frame) -> None:
        """Keep a frame, or as much of it as fits."""
        stream, data = frame
        free = self._free[stream]
        if len(data) > free:
            if not self._may_truncate:
                raise DecodeError(f"{stream} is larger than {self._limit} bytes; give output_limit, or iterate over it")
            self.truncated = True
            data = data[:free]
        if data:
            self._free[stream] = free - len(data)
            self._parts[stream].append(data)

    @property
    def stdout(self) -> bytes:
        return b"".join(self._parts["stdout"])

    @property
    def stderr(self) -> bytes:
        return b"".join(self._parts["stderr"])


class Process(Generic[E]):
    """A running process. Iterate to get its output as it comes; `result` holds what was not iterated over.

    Leaving the block ends the process if it has not ended by itself.
    """

    may_still_run = False
    """Whether the process could not be ended."""

    def __init__(
        self, docker: Operations, *, tty: bool, stdin: Input, timeout: float | None, output_limit: int | None
    ) -> None:
        self._docker = docker
        self._stdin = upload_body("stdin", stdin) if stdin is not None else None
        if tty:
            check_lines(self._stdin)
        self._terminal = EndOfInput() if tty else None
        if timeout is not None and not is_seconds(timeout):
            raise InvalidArgument(f"timeout: {shown(timeout)} is not a number of seconds")
        if output_limit is not None and not is_whole_number(output_limit, 0):
            raise InvalidArgument(f"output_limit: {shown(output_limit)} is not a number of bytes")
        self._timeout = timeout
        self._deadline = math.inf
        self._output = OutputBuffer(output_limit)
        self._begin = bytearray()  # of the output, also of what is iterated over or beyond the limit
        self._stream: ProcessStream | None = None
        self._result: E | None = None
        self._needs_no_kill = False
        self._timeout_error: TimedOut | None = None

    # Implemented by subclasses.

    async def _start(self) -> ProcessStream:
        """Start the process and return its stream. From the call on there may be a process to end."""
        raise NotImplementedError

    async def _exit(self) -> E:
        """Wait for the exit of the process; called after the end of its output."""
        raise NotImplementedError

    async def _kill(self) -> bool:
        """End the process and whatever belongs to it; False if it may still run."""
        raise NotImplementedError

    async def _close(self) -> None:
        """Close the open streams, also when cancelled. May be called twice."""
        raise NotImplementedError

    # For the caller.

    def __aiter__(self) -> AsyncIterator[Frame]:
        return self

    async def __anext__(self) -> Frame:
        stream = self._stream
        assert stream is not None
        if self._timeout is None:
            frame = await anext(stream)
        else:
            frame = await self._before_deadline(lambda: anext(stream))
        if len(self._begin) < _BEGIN:
            self._begin += frame.data[:_BEGIN]
        return frame

    async def send(self, data: bytes) -> None:
        """Send bytes to its stdin. Needs `open_stdin`."""
        assert self._stream is not None
        await self._stream.send(data)
        if self._terminal is not None:
            self._terminal.sent(data)

    async def send_eof(self) -> None:
        """End its stdin; its output goes on.

        Under a terminal this sends byte 4 (ctrl-d), twice in the middle of a line: it ends a reader in line mode, as
        `cat`, a shell or `read`, but not one in raw mode, nor a second reader after it.
        """
        stream = self._stream
        assert stream is not None
        if self._terminal is not None:  # Docker drops all further output when the input of a terminal is closed
            await stream.send(self._terminal.take())
        else:
            await half_close(stream)

    async def result(self) -> E:
        """Wait until the process has ended, and return its result. Raises TimedOut if `timeout` passes before."""
        if self._result is None:
            self._result = await self._before_deadline(self._read_to_exit)
            self._needs_no_kill = True
        return self._result

    async def _read_to_exit(self) -> E:
        assert self._stream is not None
        add, begin = self._output.add, self._begin
        async for frame in self._stream:
            if len(begin) < _BEGIN:
                begin += frame.data[:_BEGIN]
            add(frame)
        return await self._exit()

    # For `RunsProcess`.

    async def start(self) -> None:
        """Start the process and its timeout."""
        self._stream = await self._start()
        if self._timeout is not None:
            self._deadline = anyio.current_time() + self._timeout

    @property
    def has_input(self) -> bool:
        """Whether `send_input` has anything to send."""
        return self._stdin is not None

    async def send_input(self) -> None:
        """Send all of `stdin`, then end it. It is no error if the process ends without reading it."""
        data = self._stdin
        try:
            if isinstance(data, bytes):
                await self.send(data)
            elif data is not None:
                async for part in data:
                    await self.send(part)
            await self.send_eof()
        except (TruncatedError, ClosedError):
            pass
        finally:
            await close_iterator(data)

    async def aclose(self) -> None:
        """End the process if it still runs, also when the caller is cancelled. Sets `may_still_run` if that fails."""
        try:
            if not self._needs_no_kill:
                self._needs_no_kill = True
                with anyio.CancelScope(shield=True):
                    await self._kill_with_time_limit()
        finally:
            await self._close()

    def report_still_running(self, exc: BaseException | None) -> None:
        """If the process could not be ended, say so: in a note on the current error, or by raising StillRunning if
        there is no error or only a cancellation."""
        if not self.may_still_run or self._timeout_error is not None:
            return
        if exc is None or isinstance(exc, anyio.get_cancelled_exc_class()):
            raise StillRunning(_MAY_STILL_RUN) from exc
        exc.add_note(_MAY_STILL_RUN)

    async def _kill_with_time_limit(self) -> None:
        cleanup = cleanup_limit_of(self._docker)

        async def kill() -> None:
            # The Engine ends a process only after its output was read. If the connection is closed instead, a command
            # that is just starting keeps running, and nobody can find it.
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._drain)
                # Whatever fails or takes too long means only that the process may still run.
                with cleanup.apply(), suppress(RawdockError):
                    self.may_still_run = not await self._kill()
                    cleanup.extend()
                tasks.cancel_scope.cancel()

        self.may_still_run = True
        await run_to_completion(kill, max_wait=MAX_WAIT)

    async def _drain(self) -> None:
        if self._stream is not None:
            with suppress(RawdockError):
                async for _ in self._stream:
                    pass

    async def _before_deadline(self, work: Callable[[], Awaitable[R]]) -> R:
        """The result of `work`; at the deadline the process is ended and TimedOut raised."""
        if self._timeout is None:
            return await work()
        if self._timeout_error is not None:
            raise self._timeout_error
        with anyio.CancelScope(deadline=self._deadline) as scope:
            return await work()
        assert scope.cancelled_caught
        self._needs_no_kill = True
        await self._kill_with_time_limit()
        self._timeout_error = TimedOut(
            f"not ended after {self._timeout} s{'; it may still run' if self.may_still_run else ''}",
            stdout=self._output.stdout,
            stderr=self._output.stderr,
            may_still_run=self.may_still_run,
        )
        raise self._timeout_error


_MAY_STILL_RUN = "the process may still run: the Engine offered no way to end it, or not in time"

P = TypeVar("P", bound=Process)  # type: ignore[type-arg]


class RunsProcess(Runs[P, E], Generic[P, E]):
    """A process that is not started yet: enter it to follow the process, or await it for the result."""

    def __init__(self, process: P) -> None:
        self._not_started: P | None = process
        self._input_tasks: TaskGroup | None = None

    async def __aenter__(self) -> P:
        process = self._not_started
        if process is None:
            raise RuntimeError("this process was started already; call the method again for another")
        self._not_started = None
        try:
            await process.start()
            if process.has_input:
                self._input_tasks = await anyio.create_task_group().__aenter__()
                self._input_tasks.start_soon(process.send_input)
        except BaseException as error:
            await process.aclose()
            process.report_still_running(error)
            raise
        self._stream = process
        return process

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        process = self._stream
        assert process is not None
        try:
            await process.aclose()
        finally:
            if self._input_tasks is not None:
                await _cancel(self._input_tasks)
        process.report_still_running(exc)


async def _cancel(tasks: TaskGroup) -> None:
    """Cancel a group of one task and leave it. An error of the task is raised without the exception group."""
    tasks.cancel_scope.cancel()
    try:
        await tasks.__aexit__(None, None, None)
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from None
