"""`docker.published`: where a port of a container can be reached from this machine."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

import anyio
import attrs

from .._shown import shown
from ..errors import ContainerEnded, InvalidArgument

if TYPE_CHECKING:
    from anyio.abc import SocketStream

    from .._resources import Operations
    from ..models import ContainerInspect, PortBinding

__all__ = ["Published", "answers", "published"]

_SILENCE = 0.2
"""Seconds that a connection must stay open. The Engine's own proxy accepts one before it knows whether anybody listens
in the container, and closes it if nobody does."""
_CONNECT = 5.0


@attrs.frozen
class Published:
    """An address, as text `127.0.0.1:32768` or `[::1]:32768`."""

    host: str
    """A name, or an address without brackets."""
    port: int
    others: tuple[Published, ...] = ()
    """Further addresses of the same port, such as the one of IPv6."""

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


async def published(
    docker: Operations,
    container: str,
    port: int,
    *,
    protocol: Literal["tcp", "udp", "sctp"] = "tcp",
    host: str | None = None,
) -> Published:
    """The address at which a port of a running container can be reached from this machine.

    A port that is bound to all addresses of the Engine's machine is reached at 127.0.0.1 or ::1 if the Engine listens
    on a Unix socket, and otherwise at the host of its address (`DOCKER_HOST`). A port that is bound to the loopback
    address of another machine cannot be reached and is left out. IPv4 comes first, the rest is in `others`. With the
    network mode `host` it is the port itself, which with a rootless Docker cannot be reached: that network is its own
    (docs/engines.md).

    `host` is the name of the Engine's machine as it is reached from here, where that is another one: as a gateway, if
    this program runs in a container with the Engine's socket mounted.

    Raises InvalidArgument if the port is not published, or not to where it can be reached, ContainerEnded if the
    container does not run, and NotFound. Route: GET /containers/{id}/json.
    """
    if type(port) is not int or not 0 < port < 65536:
        raise InvalidArgument(f"published: {shown(port)} is not a port; give a number from 1 to 65535")
    if protocol not in ("tcp", "udp", "sctp"):
        raise InvalidArgument(f"published: protocol: {shown(protocol)} is not one of 'tcp', 'udp', 'sctp'")
    if host is not None and (not isinstance(host, str) or not host):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgument(f"published: host: expected a name or an address, got {shown(host)}")
    found = await docker.containers.inspect(container)
    state = found.state
    if not state.running:
        raise ContainerEnded(
            f"{container} does not run, so that nothing can be reached: it is {state.status}",
            status=state.status,
            exit_code=state.exit_code,
        )
    machine = host or urlsplit(docker.address).hostname
    if docker.address.startswith("unix:"):
        machine = host or None
    if found.host_config.network_mode == "host":
        return Published(machine or "127.0.0.1", port)
    bindings = found.network_settings.ports.get(f"{port}/{protocol}") or []
    reached = {one for binding in bindings if (one := _address(binding, machine)) is not None}
    addresses = sorted(reached, key=_by_version)
    if not addresses:
        raise InvalidArgument(_why(found, container, f"{port}/{protocol}", bindings))
    return attrs.evolve(addresses[0], others=tuple(addresses[1:]))


def _by_version(address: Published) -> tuple[bool, str, int]:
    return ":" in address.host, address.host, address.port


def _address(binding: PortBinding, machine: str | None) -> Published | None:
    """Where a binding can be reached; None if it cannot."""
    if not binding.host_port.isascii() or not binding.host_port.isdecimal():
        return None
    port = int(binding.host_port)
    try:
        ip = ipaddress.ip_address(binding.host_ip or "0.0.0.0")
    except ValueError:
        return Published(binding.host_ip, port)
    if ip.is_unspecified:
        return Published(machine or ("127.0.0.1" if ip.version == 4 else "::1"), port)
    if ip.is_loopback and machine is not None and not _is_here(machine):
        return None
    return Published(str(ip), port)


def _is_here(machine: str) -> bool:
    try:
        return ipaddress.ip_address(machine).is_loopback
    except ValueError:
        return machine == "localhost"


def _why(found: ContainerInspect, container: str, wanted: str, bindings: list[PortBinding]) -> str:
    if bindings:
        where = ", ".join(f"{one.host_ip}:{one.host_port}" for one in bindings)
        return f"published: {wanted} of {container} is bound to {shown(where)}, which cannot be reached from here"
    others = ", ".join(sorted(name for name, to in found.network_settings.ports.items() if to)) or "none"
    return (
        f"published: {container} does not publish {wanted} (it publishes: {shown(others)}); create it with a binding "
        "in host_config.port_bindings, and the port in exposed_ports"
    )


async def answers(address: Published) -> bool:
    """Whether somebody behind the address accepts a TCP connection and does not close it at once."""
    for one in (address, *address.others):
        try:
            with anyio.fail_after(_CONNECT):
                stream = await anyio.connect_tcp(one.host, one.port)
        except (OSError, TimeoutError):
            continue
        async with stream:
            if await _stays(stream):
                return True
    return False


async def _stays(stream: SocketStream) -> bool:
    with anyio.move_on_after(_SILENCE):
        try:
            await stream.receive(1)
        except (anyio.EndOfStream, anyio.BrokenResourceError, OSError):
            return False
    return True
