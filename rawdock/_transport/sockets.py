"""Opening non-blocking sockets, and explaining the errors of that to users."""

from __future__ import annotations

import errno
import os
import select
import socket
import stat
from collections.abc import Callable
from typing import Protocol

import anyio

from .errors import Unreachable

__all__ = [
    "StreamSocket",
    "connect_unix",
    "connect_unix_nowait",
    "new_socket",
    "socket_poll",
    "unix_path_too_long",
    "unreachable_error",
]

# Seconds between two attempts while the listener's backlog is full.
_BACKLOG_PAUSE = 0.01
# Linux takes 107 bytes and a zero in sun_path; macOS and the BSDs 103.
_MAX_PATH = 107 if os.uname().sysname == "Linux" else 103


class StreamSocket(Protocol):
    """What a connection uses of a non-blocking socket."""

    def fileno(self) -> int: ...

    def recv_into(self, buffer: memoryview, /) -> int: ...

    def send(self, data: bytes | memoryview, /) -> int: ...

    def shutdown(self, how: int, /) -> None: ...

    def close(self) -> None: ...


def new_socket(family: int) -> socket.socket:
    """A non-blocking stream socket; on TCP, small writes are sent at once."""
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setblocking(False)
    if family != socket.AF_UNIX:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def connect_unix_nowait(path: str) -> socket.socket | None:
    """A connected socket; None if the listener's backlog is full, for which there is no event to wait on."""
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


async def connect_unix(path: str, timeout: float | None) -> socket.socket:
    """A connected socket, once the listener has room for it; TimeoutError after `timeout` seconds."""
    with anyio.fail_after(timeout):
        while (sock := connect_unix_nowait(path)) is None:  # noqa: ASYNC110 - there is no event to wait on
            await anyio.sleep(_BACKLOG_PAUSE)
        return sock


def socket_poll(sock: StreamSocket) -> Callable[[int], list[tuple[int, int]]]:
    """A function whose result for `0` is empty while an idle connection is open and nothing has come on it.

    (A `recv` with MSG_PEEK would cost an exception each time.)
    """
    poll = select.poll()
    poll.register(sock, select.POLLIN | select.POLLHUP)
    return poll.poll


def unix_path_too_long(path: str) -> Unreachable | None:
    """The error for a path that is too long for a Unix socket; None if it is not."""
    size = len(os.fsencode(path))
    if size <= _MAX_PATH:
        return None
    return Unreachable(
        f"the socket path has {size} bytes and the system takes at most {_MAX_PATH}: {path}. "
        "Use a shorter path, or a symbolic link to the folder in a short place."
    )


def unreachable_error(path: str, error: OSError) -> Unreachable:
    """The error for a Unix socket that cannot be connected to, with what to do about it."""
    code = error.errno
    if code in (errno.ENOENT, errno.ENOTDIR):
        return Unreachable(
            f"there is no socket at {path}. Start the Engine (`{_start(path)}`), "
            "or give its address in DOCKER_HOST or Docker(address)."
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
            f"the socket {path} is there, but no process listens on it. "
            f"The Engine has stopped: start it again (`{_start(path)}`)."
        )
    return Unreachable(f"cannot connect to {path}: {error.strerror or error}")


def _start(path: str) -> str:
    """The command that starts the Engine at this socket, as far as its path tells."""
    rootless = path.startswith(("/run/user/", f"{os.environ.get('XDG_RUNTIME_DIR') or '/run/user'}/"))
    unit = "podman.socket" if path.endswith("/podman.sock") else "docker"
    return f"systemctl --user start {unit}" if rootless else f"sudo systemctl start {unit}"


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)
    except OSError:
        return True
