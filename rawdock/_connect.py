"""The transport to an address."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from ._address import Address
from ._log import log
from ._shown import shown
from ._transport.transport import CONNECT_TIMEOUT, EngineTransport, connect_over_unix
from ._transport.wire import Limits
from .errors import InvalidArgument

if TYPE_CHECKING:
    from ._transport.pool import Connect

__all__ = ["transport_to", "warn_of_plain_tcp"]


def transport_to(
    address: Address,
    limits: Limits | None = None,
    connect_timeout: float | None = CONNECT_TIMEOUT,
    ssh_forwarding: bool = False,
) -> EngineTransport:
    """A transport that connects to the Engine at an address, once it is used."""
    if not isinstance(ssh_forwarding, bool):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgument(f"ssh_forwarding: expected True or False, got {shown(ssh_forwarding)}")
    if ssh_forwarding and address.scheme != "ssh":
        raise InvalidArgument(f"ssh_forwarding: it is for ssh:// addresses only, and the address is {address}")
    connect: Connect
    close: Callable[[], Awaitable[None]] | None = None
    if address.scheme == "unix":
        connect = connect_over_unix(address.path)
    elif address.scheme == "ssh":
        connect, close = _over_ssh(address, ssh_forwarding)
    else:
        from ._transport.tcp import connect_over_tcp, connect_over_tls

        if address.tls is None:
            connect = connect_over_tcp(address.host, address.port)
        else:
            connect = connect_over_tls(address.host, address.port, address.tls)
    return EngineTransport(connect, limits=limits, connect_timeout=connect_timeout, close=close)


def _over_ssh(address: Address, forwarding: bool) -> tuple[Connect, Callable[[], Awaitable[None]]]:
    from ._transport.ssh import DialStdio, SshTarget
    from ._transport.ssh_forward import ForwardedSocket

    target = SshTarget(address.host, address.user, address.port, address.path)
    if forwarding and ":" in address.path:
        raise InvalidArgument(f"ssh_forwarding: ssh cannot forward a socket with a colon in its path: {address.path}")
    connect = ForwardedSocket(target) if forwarding else DialStdio(target)
    return connect, connect.aclose


def warn_of_plain_tcp(address: Address) -> None:
    """Whoever reaches an Engine is root on its machine, and without TLS anybody can, and read everything."""
    if address.scheme == "tcp" and address.tls is None and not address.is_loopback:
        log.warning(
            "%s (%s) is used without TLS: everybody on the network can read this, and control the Engine. "
            "Use ssh://, or TLS (DOCKER_TLS_VERIFY=1 with DOCKER_CERT_PATH, or `tls`)",
            address,
            address.source,
        )
