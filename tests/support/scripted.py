"""A server that runs a script for each request, in threads with blocking sockets.

It works with every event loop, and its timing does not depend on the event loop of the client.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import h11

LAST_RESORT = 60.0
"""Timeout in seconds for a blocked script, so that a failing test ends."""

PING = b"HTTP/1.1 200 OK\r\nApi-Version: 1.51\r\nContent-Length: 2\r\n\r\nOK"


class Gone(Exception):
    """The client has closed the connection, or a socket operation of the script has timed out."""


class Exchange:
    """One request on a connection, which the script reads and answers."""

    def __init__(self, sock: socket.socket, rest: bytes = b"") -> None:
        self.sock = sock
        self._http = h11.Connection(h11.SERVER)
        if rest:
            self._http.receive_data(rest)
        self.body = b""
        """The body received so far, if `keep` is true."""
        self.keep = True
        self.size = 0
        self.ended = False
        """Whether the whole body was received."""
        request = self._event()
        if not isinstance(request, h11.Request):
            raise Gone
        self.method = request.method.decode()
        self.target = request.target.decode()
        self.headers = dict(request.headers)

    def _event(self) -> object:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            try:
                data = self.sock.recv(1 << 18)
            except OSError as error:
                raise Gone from error
            try:
                self._http.receive_data(data)
            except h11.RemoteProtocolError as error:
                raise Gone from error
            if not data:
                raise Gone
        return event

    def read(self, size: int = 1 << 62) -> None:
        """Read until `size` bytes of the body were received, or the whole body."""
        while self.size < size and not self.ended:
            event = self._event()
            if isinstance(event, h11.EndOfMessage):
                self.ended = True
            elif isinstance(event, h11.Data):
                self.size += len(event.data)
                if self.keep:
                    self.body += event.data

    def send(self, data: bytes) -> None:
        try:
            self.sock.sendall(data)
        except OSError as error:
            raise Gone from error

    def wait_until_closed(self) -> None:
        """Discard everything received, and return when the client has closed the connection."""
        with contextlib.suppress(OSError):
            while self.sock.recv(1 << 18):
                pass

    @property
    def rest(self) -> bytes:
        return self._http.trailing_data[0]


Script = Callable[[Exchange], None]


class ScriptedServer:
    def __init__(
        self, listener: socket.socket, script: Script, address: str, tls: ssl.SSLContext | None = None
    ) -> None:
        self.address = address
        self._tls = tls
        self.exchanges: list[Exchange] = []
        """The requests that were passed to the script."""
        self.connections = 0
        self.failures: list[BaseException] = []
        self.refused: list[OSError] = []
        """The errors of TLS handshakes."""
        self._script = script
        self._listener = listener
        self.threads: list[threading.Thread] = []
        """One thread for each connection."""
        self._socks: list[socket.socket] = []

    def serve(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.settimeout(LAST_RESORT)
            self.connections += 1
            self._socks.append(sock)
            thread = threading.Thread(target=self._connection, args=(sock,), daemon=True)
            self.threads.append(thread)
            thread.start()

    def _connection(self, sock: socket.socket) -> None:
        if self._tls is not None:
            try:
                sock = self._tls.wrap_socket(sock, server_side=True)
            except OSError as error:
                self.refused.append(error)
                sock.close()
                return
        rest = b""
        with sock:
            while True:
                try:
                    exchange = Exchange(sock, rest)
                    if exchange.target.endswith("/_ping"):
                        exchange.read()
                        exchange.send(PING)
                    else:
                        self.exchanges.append(exchange)
                        self._script(exchange)
                        if not exchange.ended:
                            return
                except Gone:
                    return
                except BaseException as error:
                    self.failures.append(error)
                    return
                rest = exchange.rest

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in self._socks:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join(LAST_RESORT)
            assert not thread.is_alive()


@contextmanager
def scripted(script: Script, *, tcp: bool = False, tls: ssl.SSLContext | None = None) -> Iterator[ScriptedServer]:
    """A server on a Unix socket or a local TCP port that calls `script` for each request except pings."""
    with tempfile.TemporaryDirectory(prefix="rd") as folder:
        if tcp or tls is not None:
            listener = socket.create_server(("127.0.0.1", 0))
            address = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        else:
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(str(Path(folder) / "s"))
            listener.listen()
            address = f"unix://{folder}/s"
        server = ScriptedServer(listener, script, address, tls)
        thread = threading.Thread(target=server.serve, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.close()
            thread.join(LAST_RESORT)
    for failure in server.failures:
        raise failure
