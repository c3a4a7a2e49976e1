"""A process that the caller holds: its output kept or passed on, its input fed, its time limited, its end made sure."""

from __future__ import annotations

import math
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Generic, Protocol, Self, TypeVar

import anyio
import attrs

from .._declare.params import upload_body
from .._iterators import close_iterator
from .._streams.faces.contexts import Runs
from ..errors import (
    ClosedError,
    DecodeError,
    InvalidArgument,
    ProcessError,
    RawdockError,
    StillRunning,
    TimedOut,
    TruncatedError,
)
from .completion import LIMIT, patience_of, run_to_completion

if TYPE_CHECKING:
    from anyio.abc import TaskGroup

    from .._resources import Operations
    from .._streams.faces.process_output import ProcessStream
    from .._streams.split.frames import Frame

__all__ = ["Input", "Output", "Process", "ProcessResult", "RunsProcess"]

OUTPUT_LIMIT = 64 * 1024 * 1024
"""Bytes of stdout, and as many of stderr, that a result holds unless said otherwise."""

Input = bytes | AsyncIterable[bytes] | None
"""What a process is given to read: all of it at once, or as it comes."""


class _Result(Protocol):
    @property
    def exit_code(self) -> int: ...
    @property
    def stdout(self) -> bytes: ...
    @property
    def stderr(self) -> bytes: ...


E = TypeVar("E", bound=_Result)
R = TypeVar("R")


@attrs.frozen(kw_only=True)
class ProcessResult:
    """What came of a process."""

    exit_code: int
    """128 and the signal's number if a signal ended it; 126 or 127 if there was no such command."""
    stdout: bytes
    """All output, if it had a terminal."""
    stderr: bytes
    truncated: bool
    """Whether there was more output than `output_limit`; what came first is here."""

    def check(self) -> Self:
        """This result, if the exit code is 0; raises ProcessError with the last words if not."""
        if self.exit_code:
            words = (self.stderr.strip() or self.stdout.strip()).decode(errors="replace")[-_SHOWN:]
            raise ProcessError(
                f"exit code {self.exit_code}{': ' if words else ''}{words}",
                exit_code=self.exit_code,
                stdout=self.stdout,
                stderr=self.stderr,
            )
        return self


_SHOWN = 500


class Output:
    """Keeps stdout and stderr up to a limit each. What is beyond an explicit limit is counted as truncated; beyond the
    default one it is an error, since nobody asked for less than all."""

    def __init__(self, limit: int | None) -> None:
        self._limit = OUTPUT_LIMIT if limit is None else limit
        self._asked = limit is not None
        self._kept: dict[str, list[bytes]] = {"stdout": [], "stderr": []}
        self._left = {"stdout": self._limit, "stderr": self._limit}
        self.truncated = False

    def add(self, frame: Frame) -> None:
        """Keep a piece, or what of it fits."""
        stream, data = frame
        left = self._left[stream]
        if len(data) > left:
            if not self._asked:
                raise DecodeError(f"{stream} is larger than {self._limit} bytes; give output_limit, or iterate over it")
            self.truncated = True
            data = data[:left]
        if data:
            self._left[stream] = left - len(data)
            self._kept[stream].append(data)

    @property
    def stdout(self) -> bytes:
        return b"".join(self._kept["stdout"])

    @property
    def stderr(self) -> bytes:
        return b"".join(self._kept["stderr"])


class Process(Generic[E]):
    """A process while it runs. Iterate to get its output as it comes; `result` keeps what was not iterated over.

    Leaving the block ends the process if it has not ended by itself.
    """

    may_still_run = False
    """Whether it was to be ended, and no way was found."""

    def __init__(self, docker: Operations, *, stdin: Input, timeout: float | None, output_limit: int | None) -> None:
        self._docker = docker
        self._stdin = upload_body("stdin", stdin) if stdin is not None else None
        if timeout is not None and not (timeout >= 0 and math.isfinite(timeout)):
            raise InvalidArgument(f"timeout: {timeout!r} is not a number of seconds")
        if output_limit is not None and output_limit < 0:
            raise InvalidArgument(f"output_limit: {output_limit!r} is not a number of bytes")
        self._timeout = timeout
        self._deadline = math.inf
        self._output = Output(output_limit)
        self._stream: ProcessStream | None = None
        self._result: E | None = None
        self._over = False  # nothing is left to be ended
        self._late: TimedOut | None = None

    # What a subclass does.

    async def _start(self) -> ProcessStream:
        """Begin, so that from here on there may be something to end."""
        raise NotImplementedError

    async def _exit(self) -> E:
        """The output has ended: wait for the end of the process itself."""
        raise NotImplementedError

    async def _kill(self) -> bool:
        """End the process and what belongs to it; False if it may still run."""
        raise NotImplementedError

    async def _close(self) -> None:
        """Close what is open, if it was not closed before; cancellation does not keep from it."""
        raise NotImplementedError

    # What the caller uses.

    def __aiter__(self) -> AsyncIterator[Frame]:
        return self

    async def __anext__(self) -> Frame:
        stream = self._stream
        assert stream is not None
        if self._timeout is None:
            return await anext(stream)
        return await self._in_time(lambda: anext(stream))

    async def send(self, data: bytes) -> None:
        """Send to its stdin, if it has one (`open_stdin`)."""
        assert self._stream is not None
        await self._stream.send(data)

    async def send_eof(self) -> None:
        """End its stdin; its output goes on."""
        assert self._stream is not None
        await self._stream.send_eof()

    async def result(self) -> E:
        """Wait for its end. Raises TimedOut if that takes longer than it may."""
        if self._result is None:
            self._result = await self._in_time(self._finish)
            self._over = True
        return self._result

    async def _finish(self) -> E:
        assert self._stream is not None
        add = self._output.add
        async for frame in self._stream:
            add(frame)
        return await self._exit()

    # What the block around it uses.

    async def begin(self) -> None:
        """Start it and its clock."""
        self._stream = await self._start()
        if self._timeout is not None:
            self._deadline = anyio.current_time() + self._timeout

    @property
    def has_input(self) -> bool:
        """Whether there is something to feed it."""
        return self._stdin is not None

    async def feed(self) -> None:
        """Send all its input, then the end of it. It may end without reading it: that is no error."""
        stream, data = self._stream, self._stdin
        assert stream is not None
        try:
            if isinstance(data, bytes):
                await stream.send(data)
            elif data is not None:
                async for part in data:
                    await stream.send(part)
            await stream.send_eof()
        except (TruncatedError, ClosedError):
            pass
        finally:
            await close_iterator(data)

    async def aclose(self) -> None:
        """Leave nothing behind, though the caller is cancelled; `may_still_run` if that cannot be done."""
        try:
            if not self._over:
                self._over = True
                with anyio.CancelScope(shield=True):
                    await self._kill_in_time()
        finally:
            await self._close()

    def report_still_running(self, exc: BaseException | None) -> None:
        """What could not be ended must not go unsaid: with the error that there is, or instead of a cancellation."""
        if not self.may_still_run or self._late is not None:
            return
        if exc is None or isinstance(exc, anyio.get_cancelled_exc_class()):
            raise StillRunning(_STILL) from exc
        exc.add_note(_STILL)

    async def _kill_in_time(self) -> None:
        patience = patience_of(self._docker)

        async def kill() -> None:
            # The Engine waits with the end of a process until its output was read. A connection that is closed instead
            # would leave a command that is only beginning to run with nobody to tell of it.
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._drain)
                # What fails or takes too long tells nothing but that it may still run.
                with patience.limit(), suppress(RawdockError):
                    self.may_still_run = not await self._kill()
                    patience.renew()
                tasks.cancel_scope.cancel()

        self.may_still_run = True
        await run_to_completion(kill, patience=LIMIT)

    async def _drain(self) -> None:
        if self._stream is not None:
            with suppress(RawdockError):
                async for _ in self._stream:
                    pass

    async def _in_time(self, work: Callable[[], Awaitable[R]]) -> R:
        if self._timeout is None:
            return await work()
        if self._late is not None:
            raise self._late
        with anyio.CancelScope(deadline=self._deadline) as scope:
            return await work()
        assert scope.cancelled_caught
        self._over = True
        await self._kill_in_time()
        self._late = TimedOut(
            f"not ended after {self._timeout} s{'; it may still run' if self.may_still_run else ''}",
            stdout=self._output.stdout,
            stderr=self._output.stderr,
            may_still_run=self.may_still_run,
        )
        raise self._late


_STILL = "what was given up may still run: the Engine gave no way to end it, or not in time"

H = TypeVar("H", bound=Process)  # type: ignore[type-arg]


class RunsProcess(Runs[H, E], Generic[H, E]):
    """A process to be process: enter it to follow it, or await it for its result. It starts then, and not before."""

    def __init__(self, process: H) -> None:
        self._held: H | None = process
        self._feeding: TaskGroup | None = None

    async def __aenter__(self) -> H:
        process = self._held
        if process is None:
            raise RuntimeError("this process was started already; call the method again for another")
        self._held = None
        try:
            await process.begin()
            if process.has_input:
                self._feeding = await anyio.create_task_group().__aenter__()
                self._feeding.start_soon(process.feed)
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
            if self._feeding is not None:
                await _left(self._feeding)
        process.report_still_running(exc)


async def _left(tasks: TaskGroup) -> None:
    """Leave a task group whose task may be given up; its error is raised as it is, in no group."""
    tasks.cancel_scope.cancel()
    try:
        await tasks.__aexit__(None, None, None)
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from None
