"""What `run` and `execute` have in common: a process with its output, its input, its timeout and its cleanup."""

from __future__ import annotations

import math
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Generator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

import anyio

from .._background import BackgroundTask, wait_for_event
from .._checks import is_seconds, is_whole_number
from .._declare.params import upload_body
from .._iterators import close_iterator
from .._log import log
from .._shown import shown
from .._streams.faces.contexts import Runs
from .._streams.faces.items import half_close
from .._streams.faces.output_lines import OutputLines
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

__all__ = ["Input", "OutputBuffer", "Process", "RunsProcess", "is_thrown_away"]

OVER_LIMIT = "its output went over output_limit, where it was to be ended"

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

    Somebody has to read: a process whose output nobody reads stops at its next write, once all buffers on the way are
    full. Leaving the block ends the process if it has not ended by itself.
    """

    may_still_run = False
    """Whether the process could not be ended."""
    before_hold: Callable[[], None] | None = None
    """Called before the process is started; may raise, so that it is not."""

    def __init__(
        self, docker: Operations, *, tty: bool, stdin: Input, timeout: float | None, output_limit: int | None,
        end_at_limit: bool,
    ) -> None:  # fmt: skip
        self._docker = docker
        self._stdin = upload_body("stdin", stdin) if stdin is not None else None
        if tty:
            check_lines(self._stdin)
        self._terminal = EndOfInput() if tty else None
        if timeout is not None and not is_seconds(timeout):
            raise InvalidArgument(f"timeout: {shown(timeout)} is not a number of seconds")
        if output_limit is not None and not is_whole_number(output_limit, 0):
            raise InvalidArgument(f"output_limit: {shown(output_limit)} is not a number of bytes")
        if not isinstance(end_at_limit, bool):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidArgument(f"end_at_limit: expected bool, got {shown(end_at_limit)}")
        if end_at_limit and output_limit is None:
            raise InvalidArgument("end_at_limit: there is no limit; give output_limit, in bytes, too")
        self._timeout = timeout
        self._deadline = math.inf
        self._output = OutputBuffer(output_limit)
        self._end_at_limit = end_at_limit
        self._is_over_limit = False
        self._begin = bytearray()  # of the output, also of what is iterated over or beyond the limit
        self._stream: ProcessStream | None = None
        self._result: E | None = None
        self._needs_no_kill = False
        self._timeout_error: TimedOut | None = None
        self._starting: anyio.CancelScope | None = None
        self._start_over = anyio.Event()
        self._end_over: anyio.Event | None = None
        self._reads = 0
        self._read_over: anyio.Event | None = None
        self._client_closed = False

    # Implemented by subclasses.

    @property
    def _may_exist(self) -> bool:
        """Whether the Engine has been asked for the process."""
        raise NotImplementedError

    @property
    def place(self) -> str:
        """What to look for on the Engine if it could not be ended."""
        raise NotImplementedError

    async def _start(self) -> ProcessStream:
        """Start the process and return its stream. From the call on there may be a process to end."""
        raise NotImplementedError

    async def _until_it_runs(self) -> None:
        """Wait until the end of an empty input cannot be lost any more."""

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
        with self._reading():
            if self._timeout is None:
                frame = await anext(stream, None)
            else:
                frame = await self._before_deadline(lambda: anext(stream, None))
        if frame is None:
            raise StopAsyncIteration
        if len(self._begin) < _BEGIN:
            self._begin += frame.data[:_BEGIN]
        return frame

    def lines(self, *, timestamps: bool = False) -> OutputLines:
        """The output line by line, to iterate over instead of this: `LogEntry`, as those of `containers.logs`.

        With `timestamps`, `time` is when the beginning of the line came to this client, by this machine's clock. So
        nobody needs to follow the logs beside. `data` is without the line break; `continues` is set for pieces of a
        line of more than 16 MiB. A character that is not UTF-8 is U+FFFD in `text`.
        """
        stream = self._stream
        assert stream is not None
        return OutputLines(self, lambda: stream.has_come, tty=stream.tty, timestamps=timestamps)

    async def send(self, data: bytes) -> None:
        """Send bytes to its stdin. Needs `open_stdin`.

        Waits while all buffers on the way are full, as when the process waits for its own output to be read: send much
        only while another task reads.
        """
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
            with self._reading():
                result = await self._before_deadline(self._read_to_exit)
                if result is None:
                    result = await self._end_over_limit()
            self._result = result
            self._needs_no_kill = True
        return self._result

    async def _read_to_exit(self) -> E | None:
        """The result; None if the process is to be ended for its output."""
        assert self._stream is not None
        add, begin = self._output.add, self._begin
        async for frame in self._stream:
            if len(begin) < _BEGIN:
                begin += frame.data[:_BEGIN]
            add(frame)
            if self._end_at_limit and self._output.truncated:
                self._is_over_limit = True
                return None
        return await self._exit()

    async def _end_over_limit(self) -> E:
        """End the process, as its output is over the limit, and return its result."""
        await self._end_while_it_is_read()
        if self.may_still_run:
            raise StillRunning(f"{self.place}: its output is over output_limit, and {_MAY_STILL_RUN}")
        return await self._exit()

    def _why_ended(self, exit_code: int) -> str:
        """For `error` of the result: of a process that has failed, also one that ended by itself meanwhile."""
        return OVER_LIMIT if self._is_over_limit and exit_code else ""

    @contextmanager
    def _reading(self) -> Generator[None, None, None]:
        """A block that reads the output. Once the client is closed, it raises ClosedError, whatever comes of it."""
        self._check_open()
        self._reads += 1
        try:
            yield
            self._check_open()
        except RawdockError as error:
            if self._client_closed and not isinstance(error, ClosedError):
                raise _client_closed() from error
            raise
        finally:
            self._reads -= 1
            if self._read_over is not None:
                self._read_over.set()

    def _check_open(self) -> None:
        if self._client_closed:
            raise _client_closed()

    # For `RunsProcess`.

    def hold(self) -> None:
        """Have the client end the process when it is closed. Raises ClosedError if it is closed already."""
        if self.before_hold is not None:
            self.before_hold()
        self._docker.held.hold(self)

    async def start(self) -> None:
        """Start the process and its timeout."""
        try:
            with anyio.CancelScope() as self._starting:
                self._stream = await self._start()
            self._check_open()
        except RawdockError as error:
            if self._client_closed and not isinstance(error, ClosedError):
                raise _client_closed() from error
            raise
        finally:
            self._start_over.set()
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
            is_empty = True
            if isinstance(data, bytes):
                is_empty = not data
                await self.send(data)
            elif data is not None:
                async for part in data:
                    is_empty &= not part
                    await self.send(part)
            if is_empty and self._terminal is None:  # a terminal keeps its byte 4 for the process
                await self._until_it_runs()
            await self.send_eof()
        except (TruncatedError, ClosedError):
            pass
        finally:
            await close_iterator(data)

    async def aclose(self) -> None:
        """End the process if it still runs, also when the caller is cancelled. Sets `may_still_run` if that fails."""
        try:
            await self._end()
        finally:
            await self._close()
            self._docker.held.release(self)

    async def close_with_client(self) -> str:
        """End the process, as its client is closed; where it is if it may still run, or an empty text."""
        self._client_closed = True
        if self._starting is not None:
            self._starting.cancel()
        await wait_for_event(self._start_over)
        await self._end()
        if self.may_still_run:
            return self.place
        with cleanup_limit_of(self._docker).apply():  # whoever reads the output may have to ask the Engine yet
            await self._until_nobody_reads()
        return ""

    def drop(self) -> None:
        """Nobody can wait for the process any more, as its coroutine was thrown away."""
        self._docker.held.release(self)
        if not self._needs_no_kill and self._may_exist:
            self._needs_no_kill = self.may_still_run = True
            self._tell()

    def left(self) -> str:
        """Where the process is if it may run on with nobody to end it; an empty text if it does not."""
        return self.place if self._may_exist and (self.may_still_run or not self._needs_no_kill) else ""

    @property
    def _is_ended_from_here(self) -> bool:
        """Whether the process was, or is being, killed."""
        return self._end_over is not None

    async def _end(self) -> None:
        """Kill the process unless that is not needed. Whoever else calls this meanwhile waits for it."""
        if self._end_over is not None:
            await wait_for_event(self._end_over)
        elif not self._needs_no_kill:
            self._needs_no_kill = True
            self._end_over = anyio.Event()
            try:
                with anyio.CancelScope(shield=True):
                    await self._kill_with_time_limit()
            finally:
                self._end_over.set()

    def report_still_running(self, exc: BaseException | None) -> None:
        """If the process could not be ended, say so: in a note on the current error, or by raising StillRunning if
        there is no error or only a cancellation."""
        if not self.may_still_run or self._timeout_error is not None:
            return
        if exc is None or isinstance(exc, anyio.get_cancelled_exc_class()):
            raise StillRunning(f"{self.place}: {_MAY_STILL_RUN}") from exc
        exc.add_note(f"{self.place}: {_MAY_STILL_RUN}")

    async def _kill_with_time_limit(self) -> None:
        cleanup = cleanup_limit_of(self._docker)

        async def kill() -> None:
            # The Engine ends a process only after its output was read. If the connection is closed instead, a command
            # that is just starting keeps running, and nobody can find it.
            draining = BackgroundTask(self._drain, kept=True)
            draining.start()
            try:
                # Whatever fails or takes too long means only that the process may still run.
                with cleanup.apply(), suppress(RawdockError):
                    self.may_still_run = not await cleanup.try_until_answered(self._kill, self.place)
                    cleanup.extend()
            finally:
                await draining.stop()

        self.may_still_run = True
        try:
            await run_to_completion(kill, max_wait=MAX_WAIT, repeatable=True)
        finally:
            if self.may_still_run:
                self._tell()

    def _tell(self) -> None:
        """At the end of an event loop nobody may be there to whom an error can be raised."""
        log.warning("%s may still run: it could not be ended, or not in time", self.place)

    async def _drain(self) -> None:
        stream = self._stream
        if stream is None:
            return
        await self._until_nobody_reads()
        with suppress(RawdockError):
            async for _ in stream:
                pass

    async def _until_nobody_reads(self) -> None:
        while self._reads:
            if self._read_over is None or self._read_over.is_set():
                self._read_over = anyio.Event()
            await self._read_over.wait()

    async def _before_deadline(self, work: Callable[[], Awaitable[R]]) -> R:
        """The result of `work`; at the deadline the process is ended and TimedOut raised."""
        if self._timeout is None:
            return await work()
        if self._timeout_error is not None:
            raise self._timeout_error
        with anyio.CancelScope(deadline=self._deadline) as scope:
            return await work()
        assert scope.cancelled_caught
        await self._end_while_it_is_read()
        self._timeout_error = TimedOut(
            f"not ended after {self._timeout} s{'; it may still run' if self.may_still_run else ''}",
            stdout=self._output.stdout,
            stderr=self._output.stderr,
            may_still_run=self.may_still_run,
        )
        raise self._timeout_error

    async def _end_while_it_is_read(self) -> None:
        """End the process from within `_reading`, which does not read any more: the rest of the output is dropped."""
        self._reads -= 1
        try:
            await self._end()
        finally:
            self._reads += 1


def _client_closed() -> ClosedError:
    return ClosedError("this client was closed")


_MAY_STILL_RUN = "the process may still run: the Engine offered no way to end it, or not in time"

P = TypeVar("P", bound=Process)  # type: ignore[type-arg]


class RunsProcess(Runs[P, E], Generic[P, E]):
    """A process that is not started yet: enter it to follow the process, or await it for the result."""

    def __init__(self, process: P) -> None:
        self.process = process
        self._not_started: P | None = process
        self._input_tasks: TaskGroup | None = None
        self._stream = None
        self._is_used = False

    async def __aenter__(self) -> P:
        self._is_used = True
        process = self._not_started
        if process is None:
            raise RuntimeError("this process was started already; call the method again for another")
        self._not_started = None
        process.hold()
        try:
            await process.start()
            if process.has_input:
                self._input_tasks = await anyio.create_task_group().__aenter__()
                self._input_tasks.start_soon(process.send_input)
        except BaseException as error:
            if is_thrown_away(error):
                process.drop()
                raise
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
        if is_thrown_away(exc):
            process.drop()
            return
        try:
            await process.aclose()
        finally:
            if self._input_tasks is not None:
                await _cancel(self._input_tasks)
        process.report_still_running(exc)


def is_thrown_away(error: BaseException | None) -> bool:
    """Whether the coroutine is being thrown away, so that nothing more can be awaited.

    A cancel scope on the way makes a RuntimeError of it, as it is not left in its own task.
    """
    return isinstance(error, GeneratorExit) or isinstance(getattr(error, "__context__", None), GeneratorExit)


async def _cancel(tasks: TaskGroup) -> None:
    """Cancel a group of one task and leave it. An error of the task is raised without the exception group."""
    tasks.cancel_scope.cancel()
    try:
        await tasks.__aexit__(None, None, None)
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from None
