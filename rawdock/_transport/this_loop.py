"""Which connection goes with a socket on the event loop that runs."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from functools import partial

from .connection import Connection
from .wire import AnswerParser

__all__ = ["ConnectionOn", "connection_on_this_loop"]

ConnectionOn = Callable[[socket.socket, memoryview, AnswerParser], Connection]
"""Makes a connection of a socket, a buffer to receive into, and the parser of answers."""


def connection_on_this_loop() -> ConnectionOn:
    """Call it before there is a socket that would have to be closed: loading a module may fail, for lack of a file
    descriptor too."""
    loop = asyncio._get_running_loop()
    if loop is None:
        from .trio_ import TrioConnection

        return TrioConnection
    from .asyncio_ import AsyncioConnection

    return partial(AsyncioConnection, loop)
