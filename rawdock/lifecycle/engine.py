"""An Engine of one's own where there is none: by `scripts/engines` of a checkout, as root on Debian or Ubuntu."""

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
    "cannot",
    "clean_command",
    "is_unpacked",
    "remove",
    "runs",
    "size_left",
    "started",
    "stop_command",
]

# `scripts/lifecycle` says by this variable where the script is; the package alone has none.
_SCRIPT = "RAWDOCK_ENGINES_SCRIPT"
_NAME = "docker-28.5"

BASE = Path("/tmp/rawdock-lifecycle")
"""Where the Engine is unpacked, and stays for the next time."""
SOCKET = BASE / "state" / _NAME / "docker.sock"


class Failed(Exception):
    """No Engine could be started or removed; the message says why."""


def cannot() -> str:
    """Why no Engine can be started here; empty if one can."""
    if not os.environ.get(_SCRIPT):
        return "that takes scripts/lifecycle of a checkout"
    if sys.platform != "linux" or not _debian():
        return "that takes Debian or Ubuntu"
    if os.geteuid() != 0:
        return "that takes root"
    return ""


def is_unpacked() -> bool:
    """Whether an earlier run has done what takes long."""
    return (BASE / "roots" / _NAME).exists()


def size_left() -> int:
    """The bytes on disk of what stays there."""
    done = subprocess.run(["du", "-sk", str(BASE)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return int(done.stdout.split()[0]) * 1024 if done.stdout else 0


def runs() -> bool:
    """Whether the Engine runs now."""
    return "not running" not in _script("status", quiet=True)


def stop_command() -> str:
    """The command line that stops the Engine."""
    return f"{os.environ[_SCRIPT]} --base {BASE} stop {_NAME}"


def clean_command() -> str:
    """The command line that removes it."""
    return f"{Path(os.environ[_SCRIPT]).with_name('lifecycle')} --clean"


@contextmanager
def started(*, keep: bool = False) -> Generator[str, None, None]:
    """The socket of an Engine. It is stopped at the end, unless it is to be kept or ran before."""
    _check_owner()
    stays = runs()
    try:
        _script("setup", takes_long=not is_unpacked())
        _script("start")
        stays = stays or keep
        yield str(SOCKET)
    finally:
        if not stays:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)  # whoever is in a hurry would leave an Engine behind
            _script("stop", check=False)


def remove() -> bool:
    """Stop the Engine and remove all its files; false if there are none."""
    if not BASE.exists():
        return False
    if reason := cannot():
        raise Failed(f"{BASE} cannot be removed: {reason}")
    _check_owner()
    _script("wipe")
    shutil.rmtree(BASE)
    return True


def _check_owner() -> None:
    """Everybody may make a folder in /tmp, and what lies in this one runs as root."""
    if BASE.is_symlink() or (BASE.exists() and BASE.stat().st_uid != os.geteuid()):
        raise Failed(f"{BASE} belongs to somebody else")


def _script(verb: str, *, quiet: bool = False, check: bool = True, takes_long: bool = False) -> str:
    # In a session of its own: Ctrl-C reaches this process alone, which passes it on once and waits.
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
        with _counting_seconds(takes_long):
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
def _counting_seconds(shown: bool, every: float = 10) -> Generator[None, None, None]:
    """Say now and then how long it has taken so far."""
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


def _debian() -> bool:
    try:
        system = platform.freedesktop_os_release()
    except OSError:
        return False
    names = {system.get("ID", ""), *system.get("ID_LIKE", "").split()}
    return bool(names & {"debian", "ubuntu"}) and shutil.which("apt-get") is not None
