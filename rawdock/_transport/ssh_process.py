"""One run of the `ssh` program: started without a terminal, its error output kept, ended and waited for."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import threading
from collections.abc import Sequence
from typing import IO, Any

import anyio

from .errors import Unreachable

__all__ = ["SshProcess"]

# The most that is kept of what ssh and the other machine write to the error output: the end has the reason.
_KEPT = 8 * 1024
_READ_SIZE = 4096
_PIPE_SIZE = 64 * 1024  # what a pipe holds at most, unless somebody makes it larger
# Seconds in which ssh has to end itself, and to tidy up what it shares with others, before it is killed.
_GRACE = 2.0
# Seconds between two looks at a process that is ending.
_LOOK_AGAIN = 0.005


class SshProcess:
    """A process in a session of its own: it has no terminal to ask anybody, and Ctrl-C does not reach it."""

    def __init__(self, command: Sequence[str], stdin: IO[Any] | int, stdout: IO[Any] | int) -> None:
        self._said = b""
        self._ended = threading.Event()
        self._ending = False
        self._loop = asyncio._get_running_loop()
        self._fd, theirs = os.pipe()
        try:
            self._process = subprocess.Popen(
                command, stdin=stdin, stdout=stdout, stderr=theirs, start_new_session=True, restore_signals=True
            )
        except BaseException as error:
            os.close(self._fd)
            self._fd = -1
            if isinstance(error, FileNotFoundError):
                raise Unreachable(
                    f"there is no program {command[0]} on this machine: install the OpenSSH client"
                ) from error
            if isinstance(error, OSError):
                raise Unreachable(f"cannot start {command[0]}: {error.strerror}") from error
            raise
        finally:
            os.close(theirs)
        os.set_blocking(self._fd, False)
        if self._loop is not None:
            self._loop.add_reader(self._fd, self._read)
        else:
            import trio

            trio.lowlevel.spawn_system_task(self._read_on_trio)

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    @property
    def said(self) -> str:
        """The end of its error output so far, without what cannot be printed."""
        for _ in range(_PIPE_SIZE // _READ_SIZE):
            if not self._read():
                break
        text = self._said.decode(errors="replace").replace("\r", "")
        return "".join(char for char in text if char == "\n" or char.isprintable()).strip()

    async def wait(self, seconds: float) -> None:
        """Wait some time for its own end."""
        with anyio.move_on_after(seconds):
            while self.exit_code is None:  # noqa: ASYNC110 - a process has no event
                await anyio.sleep(_LOOK_AGAIN)

    async def wait_to_hear(self, seconds: float) -> None:
        """Wait some time until it has said something, or has ended."""
        with anyio.move_on_after(seconds):
            while not self.said and self.exit_code is None:  # noqa: ASYNC110 - a process has no event
                await anyio.sleep(_LOOK_AGAIN)

    def end(self) -> None:
        """End it, without waiting. It gets some time, and is killed then."""
        if self._ending:
            return
        self._ending = True
        self._stop_reading()
        if self._process.poll() is not None:
            self._ended.set()
            return
        self._process.terminate()
        try:
            threading.Thread(target=self._reap, name="rawdock ssh", daemon=True).start()
        except RuntimeError:  # no more threads
            self._process.kill()
            self._reap()

    async def aclose(self) -> None:
        """End it, and wait until it has ended, however often this is cancelled meanwhile."""
        self.end()
        cancelled: BaseException | None = None
        while not self._ended.is_set():
            try:
                with anyio.CancelScope(shield=True):
                    await anyio.sleep(_LOOK_AGAIN)
            except anyio.get_cancelled_exc_class() as error:  # asyncio's own `Task.cancel` passes the shield
                cancelled = error
        if cancelled is not None:
            raise cancelled

    @property
    def ended(self) -> bool:
        """Whether it has ended after `end`, and was waited for."""
        return self._ended.is_set()

    def _reap(self) -> None:
        try:
            self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._ended.set()

    def _read(self) -> bool:
        """Read once, and say whether there was anything.

        The end of the pipe is not waited for: a connection that ssh shares with others keeps it open for longer.
        """
        if self._fd < 0:
            return False
        try:
            data = os.read(self._fd, _READ_SIZE)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        self._said = (self._said + data)[-_KEPT:]
        if not data:
            self._stop_reading()
        return bool(data)

    async def _read_on_trio(self) -> None:
        import trio

        with contextlib.suppress(trio.ClosedResourceError, ValueError, OSError):
            while self._fd >= 0:
                await trio.lowlevel.wait_readable(self._fd)
                self._read()

    def _stop_reading(self) -> None:
        fd, self._fd = self._fd, -1
        if fd < 0:
            return
        if self._loop is None:
            import trio

            with contextlib.suppress(RuntimeError):  # trio has ended
                trio.lowlevel.notify_closing(fd)
        elif not self._loop.is_closed():
            self._loop.remove_reader(fd)
        os.close(fd)
