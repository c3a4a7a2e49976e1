"""A connection with TLS on asyncio and uvloop."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable

from .asyncio_ import AsyncioConnection
from .tls import Explain, TlsSocket
from .wire import AnswerParser

__all__ = ["AsyncioTlsConnection"]


class AsyncioTlsConnection(AsyncioConnection):
    """See `Connection`. What has been received already wakes no selector, so it is read without one."""

    __slots__ = ("_explain", "_tls")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        tls: TlsSocket,
        receive_buffer: memoryview,
        parser: AnswerParser,
        explain: Explain,
    ) -> None:
        super().__init__(loop, tls, receive_buffer, parser)
        self._tls = tls
        self._explain = explain
        self._read_on()

    def _readable(self) -> None:
        super()._readable()
        self._read_on()

    def _readable_into(self) -> None:
        super()._readable_into()
        self._read_on()

    def _set_read_callback(self, callback: Callable[[], None]) -> None:
        super()._set_read_callback(callback)
        self._read_on()

    def _read_on(self) -> None:
        if self._tls.more and self._fd >= 0 and not self._paused and not self._eof:
            self._loop.call_soon(self._read_once_more)

    def stale(self) -> bool:
        return self._tls.more or super().stale()

    async def _send_rest(self, view: memoryview) -> None:
        tls = self._tls
        while view:
            self._bytes_sent = True
            view = view[tls.encrypt(view) :]
            await self._flush()

    async def _flush(self) -> None:
        # If this is cancelled, the rest is sent before what is encrypted next.
        while not self._tls.flush():
            await self._wait_until_writable()

    async def send_eof(self) -> None:
        if self._fd >= 0:
            self._tls.end_sending()
            self._read_on()
            with contextlib.suppress(OSError):  # the peer has closed the connection already
                await self._flush()

    def _transport_error(self, error: Exception) -> Exception:
        refusal = self._explain(error) if self.unheard and isinstance(error, ssl.SSLError) else None
        return refusal or super()._transport_error(error)
