"""An Engine of one's own where there is none: by `scripts/engines` of a checkout, as root on Debian or Ubuntu."""

from __future__ import annotations

import os
import platform
import shutil
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["Failed", "cannot", "started"]

# `scripts/lifecycle` says by this variable where the script is; the package alone has none.
_SCRIPT = "RAWDOCK_ENGINES_SCRIPT"
_NAME = "docker-28.5"
_BASE = "/tmp/rawdock-lifecycle"


class Failed(Exception):
    """No Engine could be started; the message says why."""


def cannot() -> str:
    """Why no Engine can be started here; empty if one can."""
    if not os.environ.get(_SCRIPT):
        return "that takes scripts/lifecycle of a checkout"
    if sys.platform != "linux" or not _debian():
        return "that takes Debian or Ubuntu"
    if os.geteuid() != 0:
        return "that takes root"
    return ""


@contextmanager
def started() -> Generator[str, None, None]:
    """The socket of an Engine that is stopped at the end, unless it ran before."""
    ran = "not running" not in _script("status", quiet=True)
    socket = Path(_BASE) / "state" / _NAME / "docker.sock"
    try:
        _script("setup")
        _script("start")
        yield str(socket)
    finally:
        if not ran:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)  # whoever is in a hurry would leave an Engine behind
            _script("stop", check=False)


def _script(verb: str, *, quiet: bool = False, check: bool = True) -> str:
    # In a session of its own: Ctrl-C reaches this process alone, which passes it on once and waits.
    process = subprocess.Popen(
        [sys.executable, os.environ[_SCRIPT], "--base", _BASE, verb, _NAME],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    lines: list[str] = []
    try:
        for line in process.stdout:
            lines.append(line)
            if not quiet:
                print(f"   {line}", end="", flush=True)
        code = process.wait()
    except BaseException:
        process.send_signal(signal.SIGINT)
        process.wait()
        raise
    if code and check:
        raise Failed(f"scripts/engines {verb} failed with exit code {code}")
    return "".join(lines)


def _debian() -> bool:
    try:
        system = platform.freedesktop_os_release()
    except OSError:
        return False
    names = {system.get("ID", ""), *system.get("ID_LIKE", "").split()}
    return bool(names & {"debian", "ubuntu"}) and shutil.which("apt-get") is not None
