"""The control groups of an engine: one group in each hierarchy of cgroup v1, or a single group of cgroup v2."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from pathlib import Path

V1 = ("cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids")
_TOP = Path("/sys/fs/cgroup")


def version() -> str:
    """The cgroup version that this machine uses for its controllers, as `v1` or `v2`."""
    return "v2" if (_TOP / "cgroup.controllers").exists() else "v1"


def groups(state: Path) -> list[Path]:
    """The groups of the engine with this state folder. The hash distinguishes engines with another `--base`."""
    name = f"rawdock-{state.name}-{hashlib.sha256(bytes(state)).hexdigest()[:8]}"
    if version() == "v2":
        return [_TOP / name]
    return [_TOP / controller / name for controller in (*V1, "systemd", "unified") if (_TOP / controller).is_dir()]


def create(state: Path) -> list[Path]:
    """Create the groups, ready for a process to join."""
    if version() == "v2":
        for controller in (_TOP / "cgroup.controllers").read_text().split():
            with contextlib.suppress(
                OSError
            ):  # some cannot be enabled for subgroups, as `cpu` if there are real-time processes
                (_TOP / "cgroup.subtree_control").write_text(f"+{controller}")
    made = groups(state)
    for group in made:
        group.mkdir(exist_ok=True)
        if group.parent.name == "cpuset":  # in version 1 no process may join before these are set
            for file in ("cpuset.cpus", "cpuset.mems"):
                (group / file).write_text((group.parent / file).read_text())
            (group / "cgroup.clone_children").write_text("1")
    return made


def remove(state: Path) -> None:
    """Remove the groups and their subgroups after their processes have ended."""
    for group in groups(state):
        for folder, _, _ in os.walk(group, topdown=False):
            _remove_when_empty(folder)


def _remove_when_empty(folder: str) -> None:
    for _ in range(50):  # a process that has just ended may still be counted for a moment
        try:
            os.rmdir(folder)
        except FileNotFoundError:
            return
        except OSError:
            time.sleep(0.02)
