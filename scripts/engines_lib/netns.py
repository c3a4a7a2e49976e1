"""Connections into the network of an engine, to reach its registries and published ports."""

from __future__ import annotations

import ctypes
import os
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

_CLONE_NEWNET = 0x40000000


def connect(network: Path, host: str, port: int, timeout: float = 5) -> socket.socket:
    """Make a TCP connection inside a network namespace, such as `/proc/PID/ns/net`.

    A thread joins the namespace, connects, and ends. The socket stays in it, and works in any thread or loop.
    """

    def work() -> socket.socket:
        descriptor = os.open(network, os.O_RDONLY)
        try:
            # os.setns needs Python 3.12
            if ctypes.CDLL(None, use_errno=True).setns(descriptor, _CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), f"cannot join the network namespace {network}")
        finally:
            os.close(descriptor)
        return socket.create_connection((host, port), timeout)

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()
