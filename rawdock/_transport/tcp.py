"""Opening connections to a TCP port, with TLS or without."""

from __future__ import annotations

import asyncio
import socket
import ssl

from anyio import fail_after

from .connection import Connection
from .errors import Unreachable
from .pool import Connect
from .this_loop import connection_on_this_loop
from .tls import TlsSocket
from .tls_errors import refused_by_peer, tls_error
from .tls_settings import TlsSettings
from .wire import AnswerParser

__all__ = ["connect_over_tcp", "connect_over_tls"]


def connect_over_tcp(host: str, port: int) -> Connect:
    """Opens connections to a TCP port, without TLS."""

    async def connect(receive_buffer: memoryview, parser: AnswerParser, timeout: float | None) -> Connection:
        try:
            connection_on = connection_on_this_loop()
        except OSError as error:
            raise _no_connection(host, port, error) from error
        with fail_after(timeout):
            sock = await _open(host, port)
        return connection_on(sock, receive_buffer, parser)

    return connect


def connect_over_tls(host: str, port: int, settings: TlsSettings) -> Connect:
    """Opens connections to a TCP port, with TLS. The time limit covers the handshake."""
    where = f"{f'[{host}]' if ':' in host else host}:{port}"
    name = host.partition("%")[0]  # without the zone of an IPv6 address, which no certificate has
    files = settings.files

    def refusal(error: ssl.SSLError) -> Exception | None:
        return refused_by_peer(where, error, files.cert)

    async def open_tls(context: ssl.SSLContext, timeout: float | None) -> TlsSocket:
        tls: TlsSocket | None = None
        try:
            with fail_after(timeout):
                tls = TlsSocket(await _open(host, port), context, name)
                await _shake_hands(tls)
                return tls
        except BaseException as error:
            if tls is None:
                raise
            tls.close()
            if isinstance(error, TimeoutError):
                raise Unreachable(
                    f"{where} accepted the connection, but the TLS handshake was not done within {timeout} s. "
                    "Check that the port is the Engine's TLS port."
                ) from error
            if isinstance(error, OSError):
                raise tls_error(
                    where, name, error, ca=files.ca, certificate=files.cert, beginning=tls.beginning
                ) from error
            raise

    async def connect(receive_buffer: memoryview, parser: AnswerParser, timeout: float | None) -> Connection:
        tls = await open_tls(settings.context(), timeout)
        loop = asyncio._get_running_loop()
        if loop is not None:
            from .asyncio_tls import AsyncioTlsConnection

            return AsyncioTlsConnection(loop, tls, receive_buffer, parser, refusal)
        from .trio_tls import TrioTlsConnection

        return TrioTlsConnection(tls, receive_buffer, parser, refusal)

    return connect


async def _open(host: str, port: int) -> socket.socket:
    try:
        if asyncio._get_running_loop() is not None:
            from . import asyncio_

            return await asyncio_.open_tcp(host, port)
        from . import trio_

        return await trio_.open_tcp(host, port)
    except TimeoutError as error:
        if error.errno is None:
            raise  # of `fail_after`, and not of the system
        raise _no_connection(host, port, error) from error
    except (OSError, UnicodeError) as error:  # the name of a host cannot have a part of more than 63 characters
        raise _no_connection(host, port, error) from error


def _no_connection(host: str, port: int, error: Exception) -> Unreachable:
    why = (error.strerror if isinstance(error, OSError) else "") or error
    return Unreachable(
        f"cannot connect to {host} port {port}: {why}. Check the address and that the Engine listens on TCP."
    )


async def _shake_hands(tls: TlsSocket) -> None:
    if asyncio._get_running_loop() is not None:
        from .asyncio_ import wait_for_socket
    else:
        from .trio_ import wait_for_socket
    while (what := tls.advance()) != "done":
        await wait_for_socket(tls.fileno(), what == "write")
