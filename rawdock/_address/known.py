"""Sockets at which Engines are known to listen, for machines that have none at the usual place."""

from __future__ import annotations

import errno
import os
import socket
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal, NamedTuple

__all__ = ["KnownSocket", "is_missing", "known_sockets", "state_of"]

_PODMAN = "/run/podman/podman.sock"

State = Literal["listens", "missing", "denied", "dead", "no socket"]


class KnownSocket(NamedTuple):
    """A place where an Engine may listen."""

    name: str
    path: str


def known_sockets(environ: Mapping[str, str]) -> Iterator[KnownSocket]:
    """The known places, in the order in which they are tried."""
    home = Path(environ.get("HOME") or Path.home())
    run = Path(environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}")
    colima = Path(environ.get("COLIMA_HOME") or home / ".colima")
    lima = Path(environ.get("LIMA_HOME") or home / ".lima")
    for name, path in (
        ("rootless Docker", run / "docker.sock"),
        ("Docker Desktop", home / ".docker/run/docker.sock"),
        ("Docker Desktop", home / ".docker/desktop/docker.sock"),
        ("Podman", Path(_PODMAN)),
        ("rootless Podman", run / "podman/podman.sock"),
        ("Colima", colima / "default/docker.sock"),
        ("Colima", colima / "docker.sock"),
        ("Lima", lima / "docker/sock/docker.sock"),
        ("Lima", lima / "default/sock/docker.sock"),
        ("OrbStack", home / ".orbstack/run/docker.sock"),
        ("Rancher Desktop", home / ".rd/docker.sock"),
    ):
        yield KnownSocket(name, str(path))


def is_missing(path: str) -> bool:
    """Whether there is nothing at a path. A link that leads nowhere is something, and so is what may not be seen."""
    try:
        os.lstat(path)
    except OSError as error:
        return error.errno in (errno.ENOENT, errno.ENOTDIR)
    return False


def state_of(path: str) -> State:
    """What is at a path. A socket is connected to for a moment, which never waits."""
    try:
        if not stat.S_ISSOCK(os.stat(path).st_mode):
            return "no socket"
        with socket.socket(socket.AF_UNIX) as sock:
            sock.setblocking(False)
            sock.connect(path)
    except BlockingIOError:
        return "listens"  # and has no room for one more at this moment
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EPERM):
            return "denied"
        return "missing" if error.errno in (errno.ENOENT, errno.ENOTDIR) else "dead"
    return "listens"
