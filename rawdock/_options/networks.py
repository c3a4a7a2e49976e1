"""The networks of a container, and addresses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any, NamedTuple, cast

from .._shown import shortened, shown
from ..errors import InvalidArgument
from ..models.networks import EndpointIPAMConfig, EndpointSettings
from .given import Parse, items, named, number, pairs, text

__all__ = ["Networks", "addresses", "hosts", "ip", "links", "mac", "networks"]

_NAMES = {
    "name": "name", "alias": "aliases", "aliases": "aliases", "ip": "ip", "ip6": "ip6",
    "link-local-ip": "link_local_ip", "mac-address": "mac_address", "driver-opt": "driver_opts",
    "gw-priority": "gw_priority",
}  # fmt: skip
_MAC = re.compile(r"[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}")
_EXAMPLE = 'a dict like {"aliases": ["a"]}'
_OWN = ("default", "bridge", "host", "none")
"""Networks that are not the user's; so is `container:NAME`."""

Endpoint = dict[str, Any]


class Networks(NamedTuple):
    """The network mode, and the endpoints by network."""

    mode: str
    endpoints: dict[str, EndpointSettings]


def ip(version: int = 0) -> Parse:
    """An IP address."""

    def parse(option: str, value: Any) -> str:
        given = text(option, value)
        try:
            found = ip_address(given)
        except ValueError:
            found = None
        if found is None or version not in (0, found.version):
            raise InvalidArgument(f"{option}: {shown(value)} is not an IP{f'v{version}' if version else ''} address")
        return str(found)

    return parse


def addresses(option: str, value: Any) -> list[str]:
    """A list of IP addresses."""
    return [ip()(option, item) for item in items(option, value, '["10.0.0.1"]')]


def mac(option: str, value: Any) -> str:
    """A MAC address."""
    if not _MAC.fullmatch(text(option, value)):
        raise InvalidArgument(f'{option}: {shown(value)} is not a MAC address like "92:d0:c6:0a:29:33"')
    return str.__str__(value)


def hosts(option: str, value: Any) -> list[str]:
    """`["db:10.0.0.2"]` or `{"db": "10.0.0.2"}`; the address may be `host-gateway`."""
    found: list[str] = []
    given: list[tuple[Any, Any]] = []
    whole: object = value
    if isinstance(value, Mapping):
        given += cast("Mapping[Any, Any]", value).items()
    else:
        for item in items(option, value, '["db:10.0.0.2"]'):
            name, equals, address = text(option, item).partition("=")
            name, address = (name, address) if equals else item.partition(":")[::2]
            given.append((name, address))
    for name, address in given:
        if not isinstance(name, str) or not name or not isinstance(address, str) or not address:
            raise InvalidArgument(f'{option}: expected ["db:10.0.0.2"] or {{"db": "10.0.0.2"}}, got {shown(whole)}')
        bare = address[1:-1] if address.startswith("[") and address.endswith("]") else address
        found.append(f"{name}:{bare if bare == 'host-gateway' else ip()(option, bare)}")
    return found


def links(option: str, value: Any) -> list[str]:
    """`["container:alias"]`."""
    return [text(option, item) for item in items(option, value, '["db:database"]')]


def networks(option: str, value: Any, first: Endpoint) -> Networks:
    """The networks of an option `network`, and what other options say of the first one.

    `web`, or `name=web,alias=a`; a list of these or of mappings; or a mapping from the name to such a mapping, to
    EndpointSettings or to None.
    """
    found: dict[str, EndpointSettings] = {}
    for name, settings in _given(option, value):
        if name in found:
            raise InvalidArgument(f"{option}: {shown(name)} is given twice")
        found[name] = _endpoint(option, name, settings, {} if found else first)
    own = [name for name in found if name in _OWN or name.startswith("container:")]
    if own and len(found) > 1:
        raise InvalidArgument(f"{option}: {shown(own[0])} cannot be joined together with other networks")
    mode = next(iter(found))
    if len(found) == 1 and found[mode] == EndpointSettings():
        found.clear()  # the Engine makes the endpoint by itself
    return Networks("" if mode == "default" else mode, found)


def _given(option: str, value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, Mapping) and "name" not in value:
        pairs_ = list(cast("Mapping[Any, Any]", value).items())
        for name, settings in pairs_:
            if isinstance(settings, list):
                got = shown(cast("object", settings))
                raise InvalidArgument(f"{option}: {shown(name)}: expected {_EXAMPLE}, got {got}")
    else:
        given: list[Any] = list(cast("list[Any]", value)) if isinstance(value, (list, tuple)) else [value]
        pairs_ = [_named_network(option, one) for one in given]
    if not pairs_:
        raise InvalidArgument(f'{option}: is empty; leave it out, or write "none" for no network')
    return [(text(f"{option}: name", name), settings) for name, settings in pairs_]


def _named_network(option: str, value: Any) -> tuple[Any, Any]:
    if isinstance(value, str) and "=" not in value:
        return value, None
    if not isinstance(value, (str, Mapping)):
        expected = '"web", "name=web,alias=a", or a dict, or a list of these'
        raise InvalidArgument(f"{option}: expected {expected}, got {shown(value)}")
    given = named(option, value, _NAMES)
    names = [one for name, one in given if name == "name"]
    if len(names) != 1:
        raise InvalidArgument(f"{option}: {shown(cast('object', value))} needs one name of a network")
    return names[0], [(name, one) for name, one in given if name != "name"]


def _endpoint(option: str, network: str, settings: Any, first: Endpoint) -> EndpointSettings:
    if isinstance(settings, EndpointSettings):
        if first:
            raise InvalidArgument(f"{option}: {shortened(network)} has settings already; set {min(first)} there too")
        return settings
    if settings is None:
        settings = []
    elif not isinstance(settings, list):
        if not isinstance(settings, Mapping):
            raise InvalidArgument(f"{option}: {shortened(network)}: expected {_EXAMPLE}, got {shown(settings)}")
        settings = named(f"{option}: {shortened(network)}", settings, _NAMES)
    fields: dict[str, Any] = {}
    for name, one in cast("list[tuple[str, Any]]", settings):
        where = f"{option}: {shortened(network)}: {name}"
        if name in ("aliases", "link_local_ip") and not isinstance(one, str):
            read = addresses if name == "link_local_ip" else links
            fields.setdefault(name, []).extend(read(where, one))
        elif name in ("aliases", "link_local_ip"):
            fields.setdefault(name, []).append(ip()(where, one) if name == "link_local_ip" else text(where, one))
        elif name == "driver_opts":
            given = [one] if isinstance(one, str) else one
            fields.setdefault(name, {}).update(pairs("name=value")(where, given))
        elif name in fields:
            raise InvalidArgument(f"{where} is given twice")
        elif name == "gw_priority":
            digits = isinstance(one, str) and re.fullmatch(r"-?[0-9]{1,9}", one)
            fields[name] = number()(where, int(one) if digits else one)
        elif name == "name":
            raise InvalidArgument(f"{option}: {shortened(network)}: the name of the network is given twice")
        else:
            fields[name] = {"ip": ip(4), "ip6": ip(6), "mac_address": mac}[name](where, one)
    if both := fields.keys() & first.keys():
        raise InvalidArgument(
            f"{option}: {shortened(network)} has {min(both)}, and there is an option for it too; give one of them"
        )
    return _settings("network_alias" if "aliases" in first else option, network, {**fields, **first})


def _settings(option: str, network: str, fields: Endpoint) -> EndpointSettings:
    users = network not in _OWN and not network.startswith("container:")
    if not users and "aliases" in fields:
        raise InvalidArgument(
            f"{option}: only a network that was created has aliases, and {shortened(network)} was not; "
            "name one in network"
        )
    ipam = EndpointIPAMConfig(
        ipv4_address=fields.pop("ip", ""),
        ipv6_address=fields.pop("ip6", ""),
        link_local_ips=fields.pop("link_local_ip", []),
    )
    if not users:
        fields.pop("links", None)  # the Engine takes them from the host's settings
    return EndpointSettings(ipam_config=ipam, **fields)
