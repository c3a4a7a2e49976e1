"""Networks: their specification, the answers of inspect and list, and the endpoints and ports of containers."""

from __future__ import annotations

from typing import Annotated

from rawdock._models.model import Model, Timestamp, since, until, wire


class EndpointIPAMConfig(Model):
    """The addresses that a container requests in a network."""

    ipv4_address: Annotated[str, wire("IPv4Address")] = ""
    ipv6_address: Annotated[str, wire("IPv6Address")] = ""
    link_local_ips: Annotated[list[str], wire("LinkLocalIPs")] = []


class EndpointSettings(Model):
    """The endpoint of a container in one network: its settings and, in answers, its state."""

    ipam_config: Annotated[EndpointIPAMConfig, wire("IPAMConfig")] = EndpointIPAMConfig()
    links: list[str] = []
    aliases: list[str] = []
    """Further names of the container in this network. Engines under API 1.45 add its short id."""
    mac_address: Annotated[str, since("1.44")] = ""
    """The requested MAC address; answers of every version have it. `networks.connect` uses it from API 1.54 on."""
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
    """All names of the container in the DNS of this network."""


class NetworkingConfig(Model):
    """The networks of a new container, by name or id. Engines under API 1.44 take one only."""

    endpoints_config: dict[str, EndpointSettings] = {}


class Address(Model):
    """An address with the length of its prefix."""

    addr: str = ""
    prefix_len: int = 0


class PortBinding(Model):
    """A port of the host. In a request an empty `host_port` lets the Engine choose one."""

    host_ip: str = ""
    host_port: str = ""
    """A number, or a range like "8000-8010"."""


class ConfigReference(Model):
    """The `config_only` network whose settings are used."""

    network: str = ""


class IPAMConfig(Model):
    """An address range of a network."""

    subnet: str = ""
    """Like "10.1.0.0/16"."""
    ip_range: Annotated[str, wire("IPRange")] = ""
    """The part of the subnet for containers; empty for the whole subnet."""
    gateway: str = ""
    auxiliary_addresses: dict[str, str] = {}
    """Reserved addresses by the name of their user."""


class IPAM(Model):
    """The address management of a network."""

    driver: str = ""
    """Empty for the default driver."""
    config: list[IPAMConfig] = []
    """Empty lets the Engine choose from its pools."""
    options: dict[str, str] = {}


class PeerInfo(Model):
    """A node that takes part in an overlay network."""

    name: str = ""
    ip: Annotated[str, wire("IP")] = ""


class EndpointResource(Model):
    """A container in the answer about a network."""

    name: str = ""
    """Of the container."""
    endpoint_id: Annotated[str, wire("EndpointID")] = ""
    mac_address: str = ""
    ipv4_address: Annotated[str, wire("IPv4Address")] = ""
    """With the length of its prefix, as the next."""
    ipv6_address: Annotated[str, wire("IPv6Address")] = ""


class NetworkTaskInfo(Model):
    """A task of a service in the answer about a network."""

    name: str = ""
    endpoint_id: Annotated[str, wire("EndpointID")] = ""
    endpoint_ip: Annotated[str, wire("EndpointIP")] = ""
    info: dict[str, str] = {}


class ServiceInfo(Model):
    """A service in the answer about a network."""

    vip: Annotated[str, wire("VIP")] = ""
    """The virtual IP address of the service."""
    ports: list[str] = []
    local_lb_index: Annotated[int, wire("LocalLBIndex")] = 0
    """Of the load balancer on this node."""
    tasks: list[NetworkTaskInfo] = []


class SubnetStatus(Model):
    """The used and free addresses of a subnet."""

    ips_in_use: Annotated[int, wire("IPsInUse")] = 0
    """Including those that are never assigned."""
    dynamic_ips_available: Annotated[int, wire("DynamicIPsAvailable")] = 0
    """Free addresses for containers that request no specific address."""


class IPAMStatus(Model):
    """The address usage of a network."""

    subnets: dict[str, SubnetStatus] = {}
    """By subnet, like "10.1.0.0/16"."""


class NetworkStatus(Model):
    """The status of a network."""

    ipam: Annotated[IPAMStatus, wire("IPAM")] = IPAMStatus()


class Network(Model):
    """The common fields of all answers about networks."""

    id: str
    name: str = ""
    created: Timestamp = Timestamp("")
    scope: str = ""
    """local, global or swarm: its scope."""
    driver: str = ""
    enable_ipv4: Annotated[bool | None, wire("EnableIPv4"), since("1.48")] = None
    """None where the Engine does not say, as below API 1.48. Podman always says False: see `ipam.config` there."""
    enable_ipv6: Annotated[bool, wire("EnableIPv6")] = False
    ipam: Annotated[IPAM, wire("IPAM")] = IPAM()
    internal: bool = False
    """Without access to other networks."""
    attachable: bool = False
    """Containers outside services may join, although it belongs to a swarm."""
    ingress: bool = False
    """Whether it is the network of published ports of a swarm's services."""
    config_from: ConfigReference = ConfigReference()
    config_only: bool = False
    """Whether it only holds settings for other networks and cannot be joined."""
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
    """Everything that the Engine reports about a network."""

    containers: dict[str, EndpointResource] = {}
    """The containers on this Engine, by id."""
    services: dict[str, ServiceInfo] = {}
    """By name; only if `verbose` is set, and of an overlay network."""
    status: Annotated[NetworkStatus, since("1.52")] = NetworkStatus()


class NetworkCreateRequest(Model):
    """The request to create a network."""

    name: str = ""
    check_duplicate: Annotated[bool, until("1.46")] = False
    """Refuse a name that is in use. Engines from API 1.44 on always do."""
    driver: str = ""
    """Empty for bridge."""
    scope: str = ""
    enable_ipv4: Annotated[bool | None, wire("EnableIPv4"), since("1.48")] = None
    """None for the Engine's default, usually yes."""
    enable_ipv6: Annotated[bool | None, wire("EnableIPv6")] = None
    """None for the Engine's default, usually no."""
    ipam: Annotated[IPAM, wire("IPAM")] = IPAM()
    internal: bool = False
    """Create it without access to other networks."""
    attachable: bool = False
    """Containers outside services may join, although it belongs to a swarm."""
    ingress: bool = False
    """Use it for the published ports of a swarm's services."""
    config_only: bool = False
    """It only holds settings for other networks, which name it in `config_from`."""
    config_from: ConfigReference = ConfigReference()
    options: dict[str, str] = {}
    """Of the driver."""
    labels: dict[str, str] = {}


class NetworkCreated(Model):
    """A network was created."""

    id: str
    warning: str = ""


class NetworkConnectRequest(Model):
    """The request to connect a container to a network."""

    container: str = ""
    """Name or id."""
    endpoint_config: EndpointSettings = EndpointSettings()


class NetworkDisconnectRequest(Model):
    """The request to disconnect a container from a network."""

    container: str = ""
    """Name or id."""
    force: bool = False
    """Also if the container does not exist or does not answer."""


class NetworksPruned(Model):
    """The result of pruning."""

    networks_deleted: list[str] = []
    """By name."""
