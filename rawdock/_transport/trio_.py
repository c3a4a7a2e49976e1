"""A connection on trio: a non-blocking socket that waits with `trio.lowlevel`."""

from __future__ import annotations

import contextlib
import os
import socket

import trio

from .connection import PullConnection
from .errors import ClosedHere, Unreachable
from .sockets import StreamSocket, new_socket, socket_poll
from .wire import AnswerParser

__all__ = ["TrioConnection", "open_tcp", "wait_for_socket"]


class TrioConnection(PullConnection):
    """See `Connection`."""

    def __init__(self, sock: StreamSocket, receive_buffer: memoryview, parser: AnswerParser) -> None:
        super().__init__(parser)
        self._sock = sock
        self._receive_buffer = receive_buffer
        self._poll = socket_poll(sock)

    async def _receive(self) -> bytes:
        return bytes(await self._receive_view())

    async def _receive_view(self) -> memoryview:
        sock = self._sock
        while True:
            try:
                await trio.lowlevel.wait_readable(sock)
            except (trio.ClosedResourceError, ValueError) as error:
                raise ClosedHere from error
            try:
                size = sock.recv_into(self._receive_buffer)
            except (BlockingIOError, InterruptedError):
                continue
            return self._receive_buffer[:size]

    async def _send(self, data: bytes | memoryview) -> None:
        # No checkpoint if all fits into the socket's buffer: `_receive`, which always follows, is one.
        sock = self._sock
        try:
            sent = sock.send(data)
            self._bytes_sent = True
        except BlockingIOError:
            sent = 0
        view = memoryview(data)[sent:]
        while view:
            try:
                await trio.lowlevel.wait_writable(sock)
            except (trio.ClosedResourceError, ValueError) as error:
                raise ClosedHere from error
            with contextlib.suppress(BlockingIOError):
                view = view[sock.send(view) :]
                self._bytes_sent = True

    def stale(self) -> bool:
        return not self.alive or bool(self._poll(0))

    async def send_eof(self) -> None:
        with contextlib.suppress(OSError):  # the peer has closed the connection already
            self._sock.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self.alive = False
        if self._sock.fileno() >= 0:
            with contextlib.suppress(RuntimeError):  # trio has ended, so no task waits for the socket
                trio.lowlevel.notify_closing(self._sock)
            self._sock.close()


async def open_tcp(host: str, port: int) -> socket.socket:
    """Connect to the first address of the host that accepts the connection."""
    failure: OSError | None = None
    for family, _, _, _, address in await trio.socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        sock = new_socket(family)
        try:
            try:
                sock.connect(address)
            except BlockingIOError:
                await trio.lowlevel.wait_writable(sock)
                code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if code:
                    raise OSError(code, os.strerror(code)) from None
        except OSError as error:
            sock.close()
            failure = error
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise failure or Unreachable(f"no address for {host}")


async def wait_for_socket(fd: int, writable: bool) -> None:
    """Wait until a socket that has no connection of ours yet can be read or written."""
    await (trio.lowlevel.wait_writable if writable else trio.lowlevel.wait_readable)(fd)
