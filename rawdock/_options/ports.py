"""Published and exposed ports."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from typing import Any, NamedTuple, cast

from .._shown import shown
from ..errors import InvalidArgument
from ..models.networks import PortBinding
from .given import items, text

__all__ = ["exposed", "published"]

_EXPECTED = 'expected {"80/tcp": 8080}, with (address, port) or None as the host port too, or ["8080:80"]'
_PROTOCOLS = ("tcp", "udp", "sctp")
_RANGE = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")

Bindings = dict[str, list[PortBinding]]


class _Range(NamedTuple):
    first: int
    last: int

    @property
    def length(self) -> int:
        return self.last - self.first + 1

    def __str__(self) -> str:
        return str(self.first) if self.length == 1 else f"{self.first}-{self.last}"


def exposed(option: str, value: Any) -> list[str]:
    """Ports like 80, "80/udp" or "8000-8010", each with its protocol."""
    found: list[str] = []
    for item in items(option, value, '["80/tcp"]'):
        ports, protocol = _container_ports(option, item)
        found += (f"{port}/{protocol}" for port in range(ports.first, ports.last + 1))
    return found


def published(option: str, value: Any) -> Bindings:
    """The bindings of each port of the container."""
    found: Bindings = {}
    if isinstance(value, Mapping):
        for key, host in cast("Mapping[Any, Any]", value).items():
            ports, protocol = _container_ports(option, key)
            for address, host_ports in _host_ports(option, host):
                _bind(option, found, address, host_ports, ports, protocol)
    elif isinstance(value, (list, tuple)):
        for item in cast("list[Any]", value):
            if isinstance(item, bool) or not isinstance(item, (str, int)):
                raise InvalidArgument(f"{option}: {_EXPECTED}, got {shown(item)} in the list")
            address, host_ports, ports, protocol = _published_text(option, _as_text(item))
            _bind(option, found, address, host_ports, ports, protocol)
    else:
        raise InvalidArgument(f"{option}: {_EXPECTED}, got {shown(value)}")
    _check_once(option, found)
    return found


def _published_text(option: str, given: str) -> tuple[str, _Range | None, _Range, str]:
    """`[[address:]host-port:]container-port[/protocol]`, or fields like `published=8080,target=80`."""
    spec = text(option, given)
    if "=" in spec:
        fields = {name: value for name, _, value in (field.partition("=") for field in spec.split(","))}
        if unknown := fields.keys() - {"published", "target", "protocol"}:
            names = "published, target and protocol"
            raise InvalidArgument(f"{option}: {shown(given)} has {shown(min(unknown))}; known are {names}")
        spec = f"{fields.get('published', '')}:{fields.get('target', '')}/{fields.get('protocol') or 'tcp'}"
    before, _, container = spec.rpartition(":")
    ports, protocol = _container_ports(option, container, given)
    address, _, host = before.rpartition(":")
    return _address(option, address, given), _range(option, host, given) if host else None, ports, protocol


def _container_ports(option: str, value: Any, given: Any = None) -> tuple[_Range, str]:
    given = value if given is None else given
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise InvalidArgument(f'{option}: {shown(given)} is not a port of the container like 80 or "80/tcp"')
    ports, slash, protocol = _as_text(value).partition("/")
    if slash and protocol.lower() not in _PROTOCOLS:
        raise InvalidArgument(f"{option}: {shown(given)}: the protocol is not one of {', '.join(_PROTOCOLS)}")
    found = _range(option, ports, given)
    if found.first == 0:
        raise InvalidArgument(f"{option}: {shown(given)}: a container has no port 0")
    return found, protocol.lower() or "tcp"


def _as_text(value: str | int) -> str:
    """A number may have too many digits to be text; it is no port then, whatever it is."""
    return value if isinstance(value, str) else str(max(-1, min(value, 10**9)))


def _range(option: str, value: str, given: Any) -> _Range:
    match = _RANGE.fullmatch(value)
    found = _Range(int(match[1]), int(match[2] or match[1])) if match else None
    if found is None or not 0 <= found.first <= found.last <= 65535:
        raise InvalidArgument(f"{option}: {shown(given)}: {shown(value)} is not a port, or a range of ports")
    return found


def _address(option: str, value: str, given: Any) -> str:
    bare = value[1:-1] if value.startswith("[") and value.endswith("]") else value
    if not bare:
        return ""
    try:
        ip_address(bare)
    except ValueError:
        raise InvalidArgument(f"{option}: {shown(given)}: {shown(value)} is not an IP address of the host") from None
    return bare


def _host_ports(option: str, value: Any) -> Iterable[tuple[str, _Range | None]]:
    """What a port of the container is mapped to: a port, a text, (address, port), None, or a list of these."""
    given: object = value
    if isinstance(value, list):
        if not value:
            raise InvalidArgument(f"{option}: a list of host ports is empty; write None to let the Engine choose one")
        for one in cast("list[Any]", value):
            if isinstance(one, list):
                raise InvalidArgument(f"{option}: {_EXPECTED}, got {shown(given)}")
            yield from _host_ports(option, one)
        return
    address, port = "", value
    if isinstance(value, tuple):
        pair = cast("tuple[Any, ...]", value)
        if len(pair) != 2 or not isinstance(pair[0], str):
            raise InvalidArgument(f'{option}: expected (address, port) like ("127.0.0.1", 8080), got {shown(given)}')
        address, port = pair
    elif isinstance(value, str) and ":" in value:
        address, _, port = value.rpartition(":")
    if isinstance(port, bool) or not (port is None or isinstance(port, (int, str))):
        raise InvalidArgument(f"{option}: {_EXPECTED}, got {shown(given)}")
    yield _address(option, address, value), None if port is None else _range(option, _as_text(port), value)


def _bind(option: str, found: Bindings, address: str, host: _Range | None, ports: _Range, protocol: str) -> None:
    """Add the bindings; a range goes to one of the same length, and one port to any of a range of host ports."""
    if host is not None and ports.length > 1 and ports.length != host.length:
        raise InvalidArgument(f"{option}: {host} and {ports} are not ranges of the same length")
    for index, port in enumerate(range(ports.first, ports.last + 1)):
        host_port = "" if host is None else str(host) if ports.length == 1 else str(host.first + index)
        found.setdefault(f"{port}/{protocol}", []).append(PortBinding(host_ip=address, host_port=host_port))


def _check_once(option: str, bindings: Bindings) -> None:
    """Raise InvalidArgument if two ports are to have the same port of the host."""
    taken: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for port, found in bindings.items():
        protocol = port.partition("/")[2]
        for binding in found:
            if not binding.host_port.isdigit() or binding.host_port == "0":
                continue  # the Engine chooses one that is free
            for address, other in taken.setdefault((binding.host_port, protocol), []):
                if _overlap(address, binding.host_ip):
                    raise InvalidArgument(
                        f"{option}: {other} and {port} cannot both have port {binding.host_port} of the host; "
                        "give each its own, or another address"
                    )
            taken[binding.host_port, protocol].append((binding.host_ip, port))


def _overlap(one: str, other: str) -> bool:
    if one == other or not one or not other:
        return True
    first, second = ip_address(one), ip_address(other)
    return first == second or (first.version == second.version and (first.is_unspecified or second.is_unspecified))
