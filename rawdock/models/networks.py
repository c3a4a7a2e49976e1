"""Networks: what one is made from, what inspect and list say of it, and the ends and ports of containers in it."""

from __future__ import annotations

from typing import Annotated

from rawdock._models.model import Model, Timestamp, since, until, wire


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


class ConfigReference(Model):
    """The network whose settings this one takes over; that one is `config_only`."""

    network: str = ""


class IPAMConfig(Model):
    """A range of addresses that a network hands out."""

    subnet: str = ""
    """Like "10.1.0.0/16"."""
    ip_range: Annotated[str, wire("IPRange")] = ""
    """The part of the subnet that containers get theirs from; empty is all of it."""
    gateway: str = ""
    auxiliary_addresses: dict[str, str] = {}
    """Addresses that are taken, by the name of who has them."""


class IPAM(Model):
    """How a network gives out addresses."""

    driver: str = ""
    """Empty is the default one."""
    config: list[IPAMConfig] = []
    """Empty lets the Engine choose from its pools."""
    options: dict[str, str] = {}


class PeerInfo(Model):
    """A node that takes part in an overlay network."""

    name: str = ""
    ip: Annotated[str, wire("IP")] = ""


class EndpointResource(Model):
    """A container's end in a network, as the network sees it."""

    name: str = ""
    """Of the container."""
    endpoint_id: Annotated[str, wire("EndpointID")] = ""
    mac_address: str = ""
    ipv4_address: Annotated[str, wire("IPv4Address")] = ""
    """With the length of its prefix, as the next."""
    ipv6_address: Annotated[str, wire("IPv6Address")] = ""


class NetworkTaskInfo(Model):
    """A task of a service, as a network sees it."""

    name: str = ""
    endpoint_id: Annotated[str, wire("EndpointID")] = ""
    endpoint_ip: Annotated[str, wire("EndpointIP")] = ""
    info: dict[str, str] = {}


class ServiceInfo(Model):
    """A service, as a network sees it."""

    vip: Annotated[str, wire("VIP")] = ""
    """The address that stands for all its tasks."""
    ports: list[str] = []
    local_lb_index: Annotated[int, wire("LocalLBIndex")] = 0
    """Of the load balancer on this node."""
    tasks: list[NetworkTaskInfo] = []


class SubnetStatus(Model):
    """How many addresses of a subnet are taken, and how many are left."""

    ips_in_use: Annotated[int, wire("IPsInUse")] = 0
    """Those that are never given out among them."""
    dynamic_ips_available: Annotated[int, wire("DynamicIPsAvailable")] = 0
    """For containers that ask for no address of their own."""


class IPAMStatus(Model):
    """How far the addresses of a network are used up."""

    subnets: dict[str, SubnetStatus] = {}
    """By subnet, like "10.1.0.0/16"."""


class NetworkStatus(Model):
    """How a network is doing."""

    ipam: Annotated[IPAMStatus, wire("IPAM")] = IPAMStatus()


class Network(Model):
    """What all answers about networks have in common."""

    id: str
    name: str = ""
    created: Timestamp = Timestamp("")
    scope: str = ""
    """local, global or swarm: how far it reaches."""
    driver: str = ""
    enable_ipv4: Annotated[bool, wire("EnableIPv4"), since("1.48")] = False
    enable_ipv6: Annotated[bool, wire("EnableIPv6")] = False
    ipam: Annotated[IPAM, wire("IPAM")] = IPAM()
    internal: bool = False
    """It leads to no other network."""
    attachable: bool = False
    """Containers outside services may join, although it belongs to a swarm."""
    ingress: bool = False
    """It carries the published ports of a swarm's services."""
    config_from: ConfigReference = ConfigReference()
    config_only: bool = False
    """It only holds settings for others, and no container can join."""
    options: dict[str, str] = {}
    """Of the driver."""
    labels: dict[str, str] = {}
    peers: list[PeerInfo] = []
    """The nodes that take part in an overlay network."""


class NetworkSummary(Network):
    """A network in a list."""

    containers: Annotated[dict[str, EndpointResource], until("1.52")] = {}
    """Always empty: only inspect fills it."""


class NetworkInspect(Network):
    """All the Engine knows about a network."""

    containers: dict[str, EndpointResource] = {}
    """Those that run here, by id."""
    services: dict[str, ServiceInfo] = {}
    """By name; only if asked to be verbose, and of an overlay network."""
    status: Annotated[NetworkStatus, since("1.52")] = NetworkStatus()


class NetworkCreateRequest(Model):
    """A network to be made."""

    name: str = ""
    check_duplicate: Annotated[bool, until("1.46")] = False
    """Refuse a name that is taken. Engines from API 1.44 on always do."""
    driver: str = ""
    """Empty is bridge."""
    scope: str = ""
    enable_ipv4: Annotated[bool | None, wire("EnableIPv4"), since("1.48")] = None
    """None is the Engine's default, mostly yes."""
    enable_ipv6: Annotated[bool | None, wire("EnableIPv6")] = None
    """None is the Engine's default, mostly no."""
    ipam: Annotated[IPAM, wire("IPAM")] = IPAM()
    internal: bool = False
    """It is to lead to no other network."""
    attachable: bool = False
    """Containers outside services may join, although it belongs to a swarm."""
    ingress: bool = False
    """It is to carry the published ports of a swarm's services."""
    config_only: bool = False
    """It is only to hold settings for others, which name it in `config_from`."""
    config_from: ConfigReference = ConfigReference()
    options: dict[str, str] = {}
    """Of the driver."""
    labels: dict[str, str] = {}


class NetworkCreated(Model):
    """A network was made."""

    id: str
    warning: str = ""


class NetworkConnectRequest(Model):
    """A container that is to join a network."""

    container: str = ""
    """Name or id."""
    endpoint_config: EndpointSettings = EndpointSettings()


class NetworkDisconnectRequest(Model):
    """A container that is to leave a network."""

    container: str = ""
    """Name or id."""
    force: bool = False
    """Even if the container is gone or does not answer."""


class NetworksPruned(Model):
    """What pruning took away."""

    networks_deleted: list[str] = []
    """By name."""
