"""Networks as a container meets them: its endpoints and the ports it publishes."""

from __future__ import annotations

from typing import Annotated

from rawdock._model import Model, since, wire


class EndpointIPAMConfig(Model):
    """The addresses a container asks for in a network."""

    ipv4_address: Annotated[str, wire("IPv4Address")] = ""
    ipv6_address: Annotated[str, wire("IPv6Address")] = ""
    link_local_ips: Annotated[list[str], wire("LinkLocalIPs")] = []


class EndpointSettings(Model):
    """A container's end in one network: what it asks for, and, in answers, what it got."""

    ipam_config: Annotated[EndpointIPAMConfig, wire("IPAMConfig")] = EndpointIPAMConfig()
    links: list[str] = []
    aliases: list[str] = []
    """Further names of the container in this network. Engines under API 1.45 add its short id."""
    mac_address: Annotated[str, since("1.44")] = ""
    """To ask for one; answers of every version have it. `networks.connect` heeds it from API 1.54 on."""
    driver_opts: dict[str, str] = {}
    gw_priority: Annotated[int, since("1.48")] = 0
    """The network with the highest gives the default gateway."""
    network_id: Annotated[str, wire("NetworkID")] = ""
    endpoint_id: Annotated[str, wire("EndpointID")] = ""
    gateway: str = ""
    ip_address: Annotated[str, wire("IPAddress")] = ""
    ip_prefix_len: Annotated[int, wire("IPPrefixLen")] = 0
    ipv6_gateway: Annotated[str, wire("IPv6Gateway")] = ""
    global_ipv6_address: Annotated[str, wire("GlobalIPv6Address")] = ""
    global_ipv6_prefix_len: Annotated[int, wire("GlobalIPv6PrefixLen")] = 0
    dns_names: Annotated[list[str], wire("DNSNames"), since("1.44")] = []
    """Every name under which others in this network find the container."""


class NetworkingConfig(Model):
    """The networks of a new container, by name or id. Engines under API 1.44 take one only."""

    endpoints_config: dict[str, EndpointSettings] = {}


class Address(Model):
    """An address with the length of its prefix."""

    addr: str = ""
    prefix_len: int = 0


class PortBinding(Model):
    """A port of the host. In a request an empty `host_port` leaves the choice to the Engine."""

    host_ip: str = ""
    host_port: str = ""
    """A number, or a range like "8000-8010"."""
