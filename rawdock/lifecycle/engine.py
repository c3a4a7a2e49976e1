"""Start an Engine if there is none: with `scripts/engines` of a checkout, as root on Debian or Ubuntu."""

from __future__ import annotations

import os
import platform
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

__all__ = [
    "BASE",
    "SOCKET",
    "Failed",
    "clean_command",
    "is_running",
    "is_unpacked",
    "remove",
    "size_on_disk",
    "started",
    "stop_command",
    "why_unavailable",
]

# `scripts/lifecycle` sets this variable to the path of scripts/engines, which is not part of the package.
_SCRIPT = "RAWDOCK_ENGINES_SCRIPT"
_NAME = "docker-28.5"

BASE = Path("/tmp/rawdock-lifecycle")
"""Where the Engine is unpacked, and is kept for the next run."""
SOCKET = BASE / "state" / _NAME / "docker.sock"


class Failed(Exception):
    """No Engine could be started or removed; the message says why."""


def why_unavailable() -> str:
    """The reason why no Engine can be started here; empty if one can."""
    if not os.environ.get(_SCRIPT):
        return "that takes scripts/lifecycle of a checkout"
    if sys.platform != "linux" or not _is_debian():
        return "that takes Debian or Ubuntu"
    if os.geteuid() != 0:
        return "that takes root"
    return ""


def is_unpacked() -> bool:
    """Whether an earlier run has unpacked the Engine, which takes long."""
    return (BASE / "roots" / _NAME).exists()


def size_on_disk() -> int:
    """The bytes on disk that the unpacked Engine takes."""
    done = subprocess.run(["du", "-sk", str(BASE)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return int(done.stdout.split()[0]) * 1024 if done.stdout else 0


def is_running() -> bool:
    """Whether the Engine is running."""
    return "not running" not in _script("status", quiet=True)


def stop_command() -> str:
    """The command line that stops the Engine."""
    return f"{os.environ[_SCRIPT]} --base {BASE} stop {_NAME}"


def clean_command() -> str:
    """The command line that removes the Engine."""
    return f"{Path(os.environ[_SCRIPT]).with_name('lifecycle')} --clean"


@contextmanager
def started(*, keep: bool = False) -> Generator[str, None, None]:
    """Start the Engine and give its socket. At the end it is stopped, unless `keep` is set or it ran before."""
    _check_owner()
    keep_running = is_running()
    try:
        _script("setup", takes_long=not is_unpacked())
        _script("start")
        keep_running = keep_running or keep
        yield str(SOCKET)
    finally:
        if not keep_running:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C would leave the Engine running
            _script("stop", check=False)


def remove() -> bool:
    """Stop the Engine and remove all its files; False if there are none."""
    if not BASE.exists():
        return False
    if reason := why_unavailable():
        raise Failed(f"{BASE} cannot be removed: {reason}")
    _check_owner()
    _script("wipe")
    shutil.rmtree(BASE)
    return True


def _check_owner() -> None:
    """Refuse a folder of another user: anybody can create one in /tmp, and its files would be run as root."""
    if BASE.is_symlink() or (BASE.exists() and BASE.stat().st_uid != os.geteuid()):
        raise Failed(f"{BASE} belongs to somebody else")


def _script(verb: str, *, quiet: bool = False, check: bool = True, takes_long: bool = False) -> str:
    # In a session of its own, so that Ctrl-C reaches only this process, which forwards it once and waits.
    process = subprocess.Popen(
        [sys.executable, os.environ[_SCRIPT], "--base", str(BASE), verb, _NAME],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    lines: list[str] = []
    try:
        with _print_seconds(takes_long):
            for line in process.stdout:
                lines.append(line)
                if not quiet:
                    print(f"   {line}", end="", flush=True)
            code = process.wait()
    except BaseException:
        process.send_signal(signal.SIGINT)
        process.wait()
        raise
    finally:
        process.stdout.close()
    if code and check:
        raise Failed(f"scripts/engines {verb} failed with exit code {code}")
    return "".join(lines)


@contextmanager
def _print_seconds(shown: bool, every: float = 10) -> Generator[None, None, None]:
    """Print the elapsed seconds now and then while the block runs."""
    done = threading.Event()

    def count() -> None:
        began = time.monotonic()
        while not done.wait(every):
            print(f"   ... {time.monotonic() - began:.0f} s so far", flush=True)

    thread = threading.Thread(target=count)
    if shown:
        thread.start()
    try:
        yield
    finally:
        done.set()
        if shown:
            thread.join()


def _is_debian() -> bool:
    try:
        system = platform.freedesktop_os_release()
    except OSError:
        return False
    names = {system.get("ID", ""), *system.get("ID_LIKE", "").split()}
    return bool(names & {"debian", "ubuntu"}) and shutil.which("apt-get") is not None
