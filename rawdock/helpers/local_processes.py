"""Ends processes that this machine's own /proc shows, as it does where the Engine runs beside the caller.

A process is only ended if it was given the mark, or is in the control group of the container and is the one that the
Engine names, or a child of one that is to be ended, or in its session. It is held by a descriptor meanwhile, so that
its number cannot come to mean another one.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import NamedTuple

__all__ = ["end_here"]

_ROUNDS = 100
_ID = 64


class _Process(NamedTuple):
    """What /proc tells of a process."""

    marked: bool
    parent: int
    session: int
    inside: bool
    """Whether it belongs to the container."""
    pids: frozenset[int]
    """Its numbers, here and in each namespace between here and the container."""


def end_here(mark: str, pid: int, container: str) -> bool:
    """End them all; False if none was found, or one may not be ended by this user. Blocks: for a thread of its own.

    They are stopped first, until no new one is found, so that what they start meanwhile is not missed.
    """
    if not hasattr(os, "pidfd_open"):
        return False
    known: set[int] = set()
    for _ in range(_ROUNDS):
        ours = _find(mark, pid, container)
        if not ours:
            return bool(known)
        number = signal.SIGKILL if ours == known else signal.SIGSTOP
        known = ours
        if not all([_signal(one, number, mark, container) for one in ours]):
            return False
    return False


def _find(mark: str, pid: int, container: str) -> set[int]:
    found = {
        number: process for number in _numbers() if (process := _find_process(number, mark, container)) is not None
    }
    ours = {n for n, one in found.items() if one.marked or (one.inside and pid in one.pids)}
    more = ours
    while more:
        sessions = {found[number].session for number in more} - {0}
        more = {
            n
            for n, one in found.items()
            if n not in ours and one.inside and (one.session in sessions or one.parent in more)
        }
        ours |= more
    return ours


def _numbers() -> list[int]:
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return []


def _find_process(number: int, mark: str, container: str) -> _Process | None:
    """What there is to know; None if it has ended, or is nobody's business."""
    folder = Path(f"/proc/{number}")
    try:
        # Behind the name, in brackets: state, parent, group, session.
        state, parent, _, session = (folder / "stat").read_bytes().rpartition(b")")[2].split()[:4]
        if state == b"Z":
            return None
        inside = len(container) == _ID and container in (folder / "cgroup").read_text()
        marked = mark.encode() in (folder / "environ").read_bytes().split(b"\0")
        lines = (folder / "status").read_text().splitlines()
    except (OSError, ValueError):
        return None
    pids = frozenset(int(word) for line in lines if line.startswith("NSpid:") for word in line.split()[1:])
    return _Process(marked, int(parent), int(session), inside, pids)


def _signal(number: int, sent: signal.Signals, mark: str, container: str) -> bool:
    """Send it to a process that is still the one it was; False if this user may not."""
    try:
        held = os.pidfd_open(number)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    try:
        process = _find_process(number, mark, container)
        if process is not None and (process.marked or process.inside):
            signal.pidfd_send_signal(held, sent)
    except ProcessLookupError:
        pass
    except PermissionError:
        return False
    finally:
        os.close(held)
    return True
