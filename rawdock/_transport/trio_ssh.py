"""A connection through an `ssh` process on trio."""

from __future__ import annotations

import socket

from .ssh_errors import broken
from .ssh_process import SshProcess
from .trio_ import TrioConnection
from .wire import AnswerParser

__all__ = ["TrioSshConnection"]


class TrioSshConnection(TrioConnection):
    """See `Connection`. The process is ended with it."""

    def __init__(self, sock: socket.socket, receive_buffer: memoryview, parser: AnswerParser) -> None:
        super().__init__(sock, receive_buffer, parser)
        self.process: SshProcess | None = None

    def close(self) -> None:
        super().close()
        if self.process is not None:
            self.process.end()

    def _transport_error(self, error: Exception) -> Exception:
        result = super()._transport_error(error)
        return result if self.process is None else broken(result, self.process.said)
