"""Running a helper program: without a shell, for a limited time, with limited output, and not beyond a cancellation."""

from __future__ import annotations

import os
import selectors
import shutil
import signal
import subprocess
import threading
import time
from contextlib import suppress
from typing import NamedTuple

from .._shown import shown
from .._threads import run_in_thread

__all__ = ["ProgramFailed", "Ran", "run_program"]

_MOST_OUTPUT = 256 * 1024
_MOST_STDERR = 4096
_LOOK_AGAIN = 0.05
"""Seconds between two looks whether a silent program has ended: what it started may hold its output open."""


class ProgramFailed(Exception):
    """The program gave no answer; the text says why, and how to mend that."""


class Ran(NamedTuple):
    """What a program did that has ended by itself."""

    code: int
    stdout: bytes
    stderr: bytes
    """Its beginning."""


async def run_program(name: str, arguments: list[str], text: str, limit: float) -> Ran:
    """Run a program of PATH with `text` as its input, for `limit` seconds at most. Raises ProgramFailed.

    However this ends, by both kinds of cancellation too, the program has ended then, with what is in its session.
    """
    running = _Running(name, arguments, text, limit)
    return await run_in_thread(running.run, name, stop=running.stop)


class _Running:
    def __init__(self, name: str, arguments: list[str], text: str, limit: float) -> None:
        self._name = name
        self._arguments = arguments
        self._text = text
        self._limit = limit
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def run(self) -> Ran:
        """In a worker thread."""
        try:
            process = self._start()
        except (OSError, ValueError) as error:
            raise ProgramFailed(f"{self._name} cannot be started: {error}") from error
        try:
            with process:  # closes the pipes
                try:
                    return self._read(process)
                finally:
                    self.stop()
        except OSError as error:  # as from a lack of file descriptors
            raise ProgramFailed(f"{self._name} cannot be used: {error}") from error

    def stop(self) -> None:
        """End the program if it still runs. Called from any thread; does not wait for the end, which `run` does."""
        with self._lock:
            self._stopped = True
            process = self._process
            if process is not None and process.poll() is None:
                with suppress(OSError):
                    os.killpg(process.pid, signal.SIGKILL)  # its session is its own, so this is its group alone

    def _has_ended(self, process: subprocess.Popen[bytes]) -> bool:
        with self._lock:  # so that `stop` signals no other process that has got its number
            return process.poll() is not None

    def _start(self) -> subprocess.Popen[bytes]:
        path = shutil.which(self._name) if "/" not in self._name and "\0" not in self._name else None
        if path is None:
            raise ProgramFailed(f"there is no program {shown(self._name)} in PATH; install it, or mend config.json")
        if not os.path.isabs(path):
            raise ProgramFailed(f"{shown(path)} is in the current folder, from which none is started; mend PATH")
        with self._lock:
            if self._stopped:
                raise ProgramFailed(f"{self._name} was not started any more")
            self._process = subprocess.Popen(
                [path, *self._arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,  # with no terminal: a question on it could be answered by nobody
            )
            return self._process

    def _read(self, process: subprocess.Popen[bytes]) -> Ran:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        with suppress(BrokenPipeError):  # one that does not read it has its answer all the same
            process.stdin.write(self._text.encode())  # far less than a pipe takes at once
            process.stdin.close()
        end = time.monotonic() + self._limit
        kept = {process.stdout.fileno(): bytearray(), process.stderr.fileno(): bytearray()}
        out = process.stdout.fileno()
        with selectors.DefaultSelector() as selector:
            for descriptor in kept:
                os.set_blocking(descriptor, False)
                selector.register(descriptor, selectors.EVENT_READ)
            while selector.get_map():
                ended = self._has_ended(process)
                ready = selector.select(0 if ended else _LOOK_AGAIN)
                for key, _ in ready:
                    data = _read_some(key.fd)
                    if data == b"":
                        selector.unregister(key.fd)
                    elif data and (key.fd == out or len(kept[key.fd]) < _MOST_STDERR):
                        kept[key.fd] += data
                if len(kept[out]) > _MOST_OUTPUT:
                    raise ProgramFailed(
                        f"{self._name} printed more than {_MOST_OUTPUT} bytes; call it by hand to see what"
                    )
                if ended and not ready:
                    break  # what is still open is held by something that it has left behind on purpose, as an agent
                if time.monotonic() > end:
                    raise self._too_slow()
        while not self._has_ended(process):  # it has closed its output
            if time.monotonic() > end:
                raise self._too_slow()
            time.sleep(_LOOK_AGAIN / 10)
        stdout, stderr = kept.values()
        return Ran(process.returncode, bytes(stdout), bytes(stderr[:_MOST_STDERR]))

    def _too_slow(self) -> ProgramFailed:
        return ProgramFailed(
            f"{self._name} did not answer within {self._limit:g} seconds and was ended; it may wait for somebody to "
            "unlock something: call it by hand"
        )


def _read_some(descriptor: int) -> bytes | None:
    try:
        return os.read(descriptor, 65536)
    except BlockingIOError:
        return None
