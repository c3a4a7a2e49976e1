"""TLS over a non-blocking socket, with the calls of a socket that the connections use.

OpenSSL works on memory here and not on the socket itself. So all that it has made can be sent and waited for like other
bytes, and the sending half can be ended while more is received: on a socket, OpenSSL would drop what has just come.
"""

from __future__ import annotations

import contextlib
import errno
import socket
import ssl
from collections.abc import Callable
from typing import Literal, cast

__all__ = ["Explain", "TlsSocket"]

Explain = Callable[[ssl.SSLError], Exception | None]
"""The error for one of TLS that comes before the first answer; None if it is no refusal."""

_RECEIVE_SIZE = 64 * 1024
# The most that is encrypted before it is sent.
_SEND_SIZE = 256 * 1024


class TlsSocket:
    """A socket whose `recv_into` gives what was decrypted. What is sent is first encrypted, then flushed."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext, host: str) -> None:
        self._sock = sock
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._encrypted = memoryview(b"")
        self._decrypted = b""
        self._failure: OSError | None = None
        self.more = False
        """Whether there may be more to read that has been received already, of which no selector tells."""
        self.beginning = b""
        """The first bytes that have come, by which a peer that speaks no TLS is recognized."""

    def fileno(self) -> int:
        return self._sock.fileno()

    def close(self) -> None:
        self._sock.close()

    def advance(self) -> Literal["done", "read", "write"]:
        """Take the handshake as far as it goes without waiting; what to wait for then."""
        done = False
        while not done:
            try:
                self._tls.do_handshake()
                done = True
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError:
                with contextlib.suppress(OSError):
                    self.flush()  # tells the peer why
                raise
            if not self.flush():
                return "write"
            if not done:
                try:
                    self._receive()
                except BlockingIOError:
                    return "read"
        self.more = self._incoming.pending > 0
        return "done"

    def recv_into(self, buffer: memoryview) -> int:
        """Fill the buffer as far as possible; 0 at the end. Raises BlockingIOError if nothing is there."""
        self.more = False
        if self._decrypted:
            size = min(len(self._decrypted), len(buffer))
            buffer[:size] = self._decrypted[:size]
            self._decrypted = self._decrypted[size:]
            self.more = True
            return size
        size = 0
        while size < len(buffer):
            if self._failure is not None:
                if not size:
                    raise self._failure
                self.more = True
                return size
            try:
                # Given a buffer it returns a number, which its annotation does not say.
                count = cast("int", self._tls.read(len(buffer) - size, cast("bytearray", buffer[size:])))
                if not count:
                    break
                size += count
            except ssl.SSLWantReadError:
                if size:
                    return size
                self._receive()
            except ssl.SSLZeroReturnError:
                break
            except ssl.SSLEOFError:
                # It may have been cut by somebody else, so what has come need not be all.
                self._failure = ConnectionAbortedError(
                    errno.ECONNABORTED, "it ended without the closing message of TLS"
                )
            except ssl.SSLError as error:
                self._failure = error
        self.more = size > 0
        return size

    def send(self, data: bytes | memoryview) -> int:
        """Not without waiting: what is encrypted has to be sent before anything else is."""
        raise BlockingIOError

    def encrypt(self, view: memoryview) -> int:
        """Encrypt the next bytes, and return how many. They count as sent, and are to be flushed in any case."""
        size = 0
        end = min(len(view), _SEND_SIZE)
        while size < end:
            try:
                size += self._tls.write(view[size:end])  # one record for each call
            except ssl.SSLWantReadError as error:
                raise ConnectionAbortedError("the peer wants to renegotiate TLS, which is not supported") from error
        return size

    def flush(self) -> bool:
        """Send what was encrypted; whether all of it is sent."""
        while True:
            if not self._encrypted:
                if not self._outgoing.pending:
                    return True
                self._encrypted = memoryview(self._outgoing.read())
            try:
                self._encrypted = self._encrypted[self._sock.send(self._encrypted) :]
            except (BlockingIOError, InterruptedError):
                return False

    def end_sending(self) -> None:
        """Encrypt the message that ends the sending half, which is to be flushed. Receiving goes on."""
        # OpenSSL would drop what it has not decrypted yet.
        parts = [self._decrypted]
        try:
            while part := self._tls.read(_RECEIVE_SIZE):
                parts.append(part)
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            if not isinstance(error, ssl.SSLZeroReturnError):
                self._failure = error
        self._decrypted = b"".join(parts)
        self.more = bool(self._decrypted)
        with contextlib.suppress(ssl.SSLError):  # it says that the peer has not ended its half
            self._tls.unwrap()

    def shutdown(self, how: int) -> None:
        self._sock.shutdown(how)

    def _receive(self) -> None:
        """Receive once. Raises BlockingIOError if nothing is there."""
        if self._encrypted or self._outgoing.pending:
            with contextlib.suppress(OSError):
                self.flush()  # answers to what has been read, as to a change of keys
        data = self._sock.recv(_RECEIVE_SIZE)
        if len(self.beginning) < 5:
            self.beginning += data[:5]
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()
