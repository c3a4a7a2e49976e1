"""A program `ssh` for tests, which does what a test says and notes how it was called.

It carries bytes between its standard input and output and a Unix socket, as ssh and `docker system dial-stdio` do
together, or forwards a socket. It may print something first, fail, be silent, or refuse to end.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest

__all__ = ["FakeSsh"]

_PROGRAM = r"""
import json, os, select, signal, socket, sys, threading, time
place = os.path.dirname(os.path.abspath(__file__))
with open(f"{place}/do.json") as file:
    do = json.load(file)
fds = sorted(int(fd) for fd in os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else []
fds = [fd for fd in fds if os.path.exists(f"/proc/self/fd/{fd}")]
note = {"arguments": sys.argv[1:], "fds": fds, "leads_session": os.getsid(0) == os.getpid()}
with open(f"{place}/called/.{os.getpid()}", "w") as file:
    json.dump(note, file)
os.rename(f"{place}/called/.{os.getpid()}", f"{place}/called/{os.getpid()}")
if do.get("ignores the end"):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if do.get("stdout"):
    os.write(1, do["stdout"].encode())
data = do.get("stderr", "").encode() * do.get("times", 1)
while data:
    data = data[os.write(2, data):]
if "exit" in do:
    sys.exit(do["exit"])
while do.get("silent"):
    time.sleep(60)

def carry(source, target, last):
    try:
        while True:
            part = os.read(source, 65536)
            if not part:
                break
            while part:
                part = part[os.write(target, part):]
    except OSError:
        pass
    last()

def both_ways(sock, read, write, end):
    far = sock.fileno()
    def half():
        try:
            sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass
    there = threading.Thread(target=carry, args=(read, far, half), daemon=True)
    there.start()
    carry(far, write, end)

def dial(path):
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(path)
    return sock

if "-L" in sys.argv:
    local, _, remote = sys.argv[sys.argv.index("-L") + 1].partition(":")
    listener = socket.socket(socket.AF_UNIX)
    os.umask(0o177)
    listener.bind(local)
    time.sleep(do.get("listens after", 0))
    listener.listen()
    def serve(near):
        try:
            far = dial(do.get("socket") or remote)
        except OSError:
            os.write(2, b"channel 2: open failed: connect failed: open failed\r\n")
            near.close()
            return
        def end():
            try:
                near.shutdown(socket.SHUT_WR)
            except OSError:
                pass
        both_ways(far, near.fileno(), near.fileno(), end)
        near.close()
    while True:
        near, _ = listener.accept()
        threading.Thread(target=serve, args=(near,), daemon=True).start()
both_ways(dial(do["socket"]), 0, 1, lambda: None)
if do.get("says at the end"):
    os.write(2, do["says at the end"].encode())
os._exit(do.get("exit at the end", 0))
"""


class FakeSsh:
    """The program, first in PATH. Calling it sets what it does from now on."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        (folder / "called").mkdir(parents=True)
        (folder / "program.py").write_text(_PROGRAM)
        program = folder / "bin" / "ssh"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "{folder}/program.py" "$@"\n')
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
        self(exit=255)

    def __call__(self, **do: Any) -> None:
        (self._folder / "do.json").write_text(json.dumps(do))

    @property
    def calls(self) -> list[dict[str, Any]]:
        """How it was called each time."""
        return [json.loads(path.read_text()) for path in self._noted()]

    @property
    def pids(self) -> list[int]:
        return [int(path.name) for path in self._noted()]

    def _noted(self) -> list[Path]:
        return sorted(
            (path for path in (self._folder / "called").glob("[0-9]*")), key=lambda path: path.stat().st_mtime
        )

    async def called(self, times: int = 1) -> None:
        """Wait until it was called so many times."""
        while len(self.pids) < times:  # noqa: ASYNC110 - another process
            await anyio.sleep(0.01)

    def left(self) -> list[int]:
        """The processes that are still there, also those that have ended and were not waited for."""
        return [pid for pid in self.pids if _exists(pid)]

    def running(self) -> list[int]:
        """The processes that have not ended. (Nobody may wait for those of a parent that has ended.)"""
        return [pid for pid in self.left() if not _has_ended(pid)]


def _has_ended(pid: int) -> bool:
    if sys.platform == "linux":
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except FileNotFoundError:
            return True
    said = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return not said.strip() or said.strip().startswith("Z")


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
