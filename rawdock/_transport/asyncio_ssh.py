"""A connection through an `ssh` process on asyncio and uvloop."""

from __future__ import annotations

import asyncio
import socket

from .asyncio_ import AsyncioConnection
from .ssh_errors import broken
from .ssh_process import SshProcess
from .wire import AnswerParser

__all__ = ["AsyncioSshConnection"]


class AsyncioSshConnection(AsyncioConnection):
    """See `Connection`. The process is ended with it."""

    __slots__ = ("process",)

    def __init__(
        self, loop: asyncio.AbstractEventLoop, sock: socket.socket, receive_buffer: memoryview, parser: AnswerParser
    ) -> None:
        super().__init__(loop, sock, receive_buffer, parser)
        self.process: SshProcess | None = None

    def close(self) -> None:
        super().close()
        if self.process is not None:
            self.process.end()

    def _transport_error(self, error: Exception) -> Exception:
        result = super()._transport_error(error)
        return result if self.process is None else broken(result, self.process.said)
