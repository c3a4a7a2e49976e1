"""A connection with TLS on trio."""

from __future__ import annotations

import contextlib
import ssl

import trio

from .errors import ClosedHere
from .tls import Explain, TlsSocket
from .trio_ import TrioConnection
from .wire import AnswerParser

__all__ = ["TrioTlsConnection"]


class TrioTlsConnection(TrioConnection):
    """See `Connection`. What has been received already wakes no selector, so it is read without one."""

    def __init__(self, tls: TlsSocket, receive_buffer: memoryview, parser: AnswerParser, explain: Explain) -> None:
        super().__init__(tls, receive_buffer, parser)
        self._tls = tls
        self._explain = explain

    async def _receive_view(self) -> memoryview:
        tls = self._tls
        while tls.more:
            await trio.lowlevel.checkpoint()
            if tls.fileno() < 0:
                raise ClosedHere
            with contextlib.suppress(BlockingIOError):
                return self._receive_buffer[: tls.recv_into(self._receive_buffer)]
        return await super()._receive_view()

    async def _send(self, data: bytes | memoryview) -> None:
        tls = self._tls
        if tls.fileno() < 0:
            raise ClosedHere
        view = memoryview(data)
        while view:
            self._bytes_sent = True
            view = view[tls.encrypt(view) :]
            await self._flush()

    async def _flush(self) -> None:
        # If this is cancelled, the rest is sent before what is encrypted next.
        while not self._tls.flush():
            try:
                await trio.lowlevel.wait_writable(self._tls)
            except (trio.ClosedResourceError, ValueError) as error:
                raise ClosedHere from error

    def stale(self) -> bool:
        return self._tls.more or super().stale()

    async def send_eof(self) -> None:
        if self._tls.fileno() >= 0:
            self._tls.end_sending()
            with contextlib.suppress(OSError):  # the peer has closed the connection already
                await self._flush()

    def _transport_error(self, error: Exception) -> Exception:
        refusal = self._explain(error) if self.unheard and isinstance(error, ssl.SSLError) else None
        return refusal or super()._transport_error(error)
