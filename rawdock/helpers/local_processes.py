"""End a command's processes by this machine's /proc, for an Engine that runs on the same machine.

A process is killed only if it has the marker in its environment, or if it is in the container's control group and is
the process that the Engine names, or a child of one that is killed, or in the session of one. A pidfd is held while it
is checked and signalled, so that its pid cannot be reused by another process.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import NamedTuple

__all__ = ["end_local_processes"]

_ROUNDS = 100
_ID_LENGTH = 64


class _Process(NamedTuple):
    """A process as described in /proc."""

    marked: bool
    parent: int
    session: int
    in_container: bool
    pids: frozenset[int]
    """Its pids: here, and in each namespace between here and the container."""


def end_local_processes(marker: str, pid: int, container: str) -> bool:
    """Kill the processes of a command; False if there is none, or if this user may not kill one. Blocks the thread.

    They are stopped first, until a round finds no new one, so that none is missed that they start meanwhile.
    """
    if not hasattr(os, "pidfd_open"):
        return False
    known: set[int] = set()
    for _ in range(_ROUNDS):
        pids = _find_processes(marker, pid, container)
        if not pids:
            return bool(known)
        number = signal.SIGKILL if pids == known else signal.SIGSTOP
        known = pids
        if not all([_signal(found, number, marker, container) for found in pids]):
            return False
    return False


def _find_processes(marker: str, pid: int, container: str) -> set[int]:
    """The pids of the command's processes; `pid` is the one that the Engine names."""
    processes = {
        found: process for found in _all_pids() if (process := _read_process(found, marker, container)) is not None
    }
    pids = {
        found
        for found, process in processes.items()
        if process.marked or (process.in_container and pid in process.pids)
    }
    added = pids
    while added:
        sessions = {processes[found].session for found in added} - {0}
        added = {
            found
            for found, process in processes.items()
            if found not in pids and process.in_container and (process.session in sessions or process.parent in added)
        }
        pids |= added
    return pids


def _all_pids() -> list[int]:
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return []


def _read_process(pid: int, marker: str, container: str) -> _Process | None:
    """The process; None if it has ended or may not be read."""
    folder = Path(f"/proc/{pid}")
    try:
        # The fields after the name in brackets: state, parent, process group, session.
        state, parent, _, session = (folder / "stat").read_bytes().rpartition(b")")[2].split()[:4]
        if state == b"Z":
            return None
        in_container = len(container) == _ID_LENGTH and container in (folder / "cgroup").read_text()
        marked = marker.encode() in (folder / "environ").read_bytes().split(b"\0")
        lines = (folder / "status").read_text().splitlines()
    except (OSError, ValueError):
        return None
    pids = frozenset(int(word) for line in lines if line.startswith("NSpid:") for word in line.split()[1:])
    return _Process(marked, int(parent), int(session), in_container, pids)


def _signal(pid: int, number: signal.Signals, marker: str, container: str) -> bool:
    """Signal the process if the pid still means the same one; False if this user may not."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    try:
        process = _read_process(pid, marker, container)
        if process is not None and (process.marked or process.in_container):
            signal.pidfd_send_signal(descriptor, number)
    except ProcessLookupError:
        pass
    except PermissionError:
        return False
    finally:
        os.close(descriptor)
    return True
