"""The network of an Engine that `scripts/engines` has started apart from this machine's, with its published ports."""

from __future__ import annotations

import ctypes
import os
import socket
import struct
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

__all__ = ["in_network", "in_network_of", "network_words"]

_CLONE_NEWNET = 0x40000000


def _network_of(path: str) -> Path:
    """The network namespace of the process that listens on a Unix socket."""
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
        credentials = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    threads = Path(f"/proc/{struct.unpack('3i', credentials)[0]}/task").glob("*/ns/net")
    # Not that of the first thread alone: Go may leave it in the network of a container of Podman.
    found: dict[Path, Path] = {}
    for thread in threads:
        with suppress(FileNotFoundError):  # it has ended
            found[thread] = thread.readlink()
    (network, _), *_ = Counter(found.values()).most_common(1)
    return next(thread for thread, link in found.items() if link == network)


def network_words(path: str) -> list[str]:
    """The words before a command that make it run in the network of the Engine."""
    return ["nsenter", f"--net={_network_of(path)}"]


def in_network_of(path: str) -> AbstractContextManager[None]:
    """This thread, and the sockets that it makes in the block, are in the network of the Engine.

    That is where published ports are, unless the Engine is rootless.
    """
    return in_network(_network_of(path))


@contextmanager
def in_network(network: Path) -> Iterator[None]:
    """The same for a network namespace, such as `/proc/PID/ns/net`."""
    library = ctypes.CDLL(None, use_errno=True)
    before, other = os.open("/proc/thread-self/ns/net", os.O_RDONLY), os.open(network, os.O_RDONLY)
    try:
        assert not library.setns(other, _CLONE_NEWNET), os.strerror(ctypes.get_errno())
        yield
    finally:
        assert not library.setns(before, _CLONE_NEWNET), os.strerror(ctypes.get_errno())
        os.close(before)
        os.close(other)
