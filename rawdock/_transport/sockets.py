"""Non-blocking sockets: opening them, and what their errors mean to the person at the keyboard."""

from __future__ import annotations

import errno
import os
import select
import socket
import stat
from collections.abc import Callable

import anyio

from .errors import Unreachable

__all__ = ["accepted_unix", "connected_unix", "new_socket", "unix_path_too_long", "unreachable", "watcher"]

# Seconds between two tries while the listener's backlog is full.
_BACKLOG_PAUSE = 0.01
# Linux takes 107 bytes and a zero in sun_path; macOS and the BSDs 103.
_PATH_LIMIT = 107 if os.uname().sysname == "Linux" else 103


def new_socket(family: int) -> socket.socket:
    """A non-blocking stream socket; small writes on TCP are not held back."""
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setblocking(False)
    if family != socket.AF_UNIX:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def connected_unix(path: str) -> socket.socket | None:
    """A connected socket; None while the listener's backlog is full, for which the system gives no event to wait on."""
    sock = new_socket(socket.AF_UNIX)
    try:
        sock.connect(path)
    except BlockingIOError:
        sock.close()
        return None
    except BaseException:
        sock.close()
        raise
    return sock


async def accepted_unix(path: str, timeout: float | None) -> socket.socket:
    """The same, waiting until there is room; TimeoutError after so many seconds."""
    with anyio.fail_after(timeout):
        while (sock := connected_unix(path)) is None:  # noqa: ASYNC110 - no event tells when there is room
            await anyio.sleep(_BACKLOG_PAUSE)
        return sock


def watcher(sock: socket.socket) -> Callable[[int], list[tuple[int, int]]]:
    """`watch(0)` is empty while an idle connection is as it should be: open, and silent. (A peek would cost an
    exception each time.)"""
    poll = select.poll()
    poll.register(sock, select.POLLIN | select.POLLHUP)
    return poll.poll


def unix_path_too_long(path: str) -> Unreachable | None:
    size = len(os.fsencode(path))
    if size <= _PATH_LIMIT:
        return None
    return Unreachable(
        f"the socket path has {size} bytes and the system takes at most {_PATH_LIMIT}: {path}. "
        "Use a shorter path, or a symbolic link to the folder in a short place."
    )


def unreachable(path: str, error: OSError) -> Unreachable:
    """The five ways in which a Unix socket does not answer, each with its remedy."""
    code = error.errno
    if code in (errno.ENOENT, errno.ENOTDIR):
        return Unreachable(
            f"there is no socket at {path}. Start the Engine (`systemctl start docker`), "
            "or say where it listens with DOCKER_HOST or Docker(address)."
        )
    if code in (errno.EACCES, errno.EPERM):
        return Unreachable(
            f"permission denied on {path}. Join the group that owns the socket "
            "(`sudo usermod -aG docker $USER`, then log in again), or use a rootless Engine."
        )
    if code in (errno.ECONNREFUSED, errno.ENOTSOCK, errno.EPROTOTYPE):
        if not _is_socket(path):
            return Unreachable(f"{path} is not a socket. Give the path of the Engine's socket.")
        return Unreachable(
            f"the socket {path} is there, but nobody listens on it. "
            "The Engine has stopped: start it again (`systemctl start docker`)."
        )
    return Unreachable(f"cannot connect to {path}: {error.strerror or error}")


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)
    except OSError:
        return True
