"""Networks, and containers connected to them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from rawdock import BadRequest, Conflict, Docker, Filters, Forbidden, NotFound, ServerError, VersionError
from rawdock.models import (
    IPAM,
    EndpointIPAMConfig,
    EndpointSettings,
    HostConfig,
    IPAMConfig,
    NetworkConnectRequest,
    NetworkCreateRequest,
    NetworkDisconnectRequest,
)

from .kit import container, engine_of, executed, no_network

SUBNET, SUBNET6 = "10.199.7.0/24", "fd00:5:7::/64"
NONE = "rawdock-s-none"


@asynccontextmanager
async def _network(docker: Docker, config: NetworkCreateRequest) -> AsyncGenerator[str, None]:
    """A network that is deleted at the end. Yields its id."""
    await no_network(docker, config.name)
    created = await docker.networks.create(config)
    assert created.warning == ""
    try:
        yield created.id
    finally:
        await no_network(docker, config.name)


async def made(docker: Docker) -> None:
    """Inspect and list show a network as it was created, until it is deleted."""
    name = "rawdock-s-made"
    label = {"label": f"rawdock-s={name}"}
    ranges = [
        IPAMConfig(subnet=SUBNET, ip_range="10.199.7.128/25", gateway="10.199.7.1"),
        IPAMConfig(subnet=SUBNET6, gateway="fd00:5:7::1"),
    ]
    config = NetworkCreateRequest(
        name=name,
        driver="bridge",
        internal=True,
        enable_ipv6=True,
        ipam=IPAM(driver="default", config=ranges),
        labels={"rawdock-s": name},
    )
    engine = await engine_of(docker)
    async with _network(docker, config) as id:
        found = await docker.networks.inspect(name)
        assert found.id == id
        assert found.name == name
        assert found.created
        assert (found.driver, found.scope) == ("bridge", "local")
        assert found.internal
        assert found.enable_ipv6
        assert found.labels == {"rawdock-s": name}
        assert found.containers == {}
        assert [(one.subnet, one.gateway) for one in found.ipam.config] == [(one.subnet, one.gateway) for one in ranges]
        if engine.can("report address ranges"):
            assert found.ipam.config[0].ip_range == "10.199.7.128/25"
        assert (await docker.networks.inspect(id[:12], scope="local", verbose=True)).id == id
        (listed,) = await docker.networks.list(filters=label)
        assert (listed.id, listed.ipam, listed.labels) == (id, found.ipam, found.labels)
        several: list[Filters] = [{"name": name}, {"id": id}, {"driver": "bridge", "dangling": True}, {}]
        for filters in several:
            assert id in [one.id for one in await docker.networks.list(filters=filters)]
        assert await docker.networks.list(filters={**label, "driver": "macvlan"}) == []
        if engine.can("filter networks by type"):
            assert await docker.networks.list(filters={**label, "type": "custom", "scope": "local"}) == [listed]
            builtin = await docker.networks.list(filters={"type": "builtin"})
            assert {"bridge", "host", "none"} <= {one.name for one in builtin}
        else:
            with pytest.raises(BadRequest, match="invalid filter"):
                await docker.networks.list(filters={"type": "custom"})
        await docker.networks.delete(id)
        with pytest.raises(NotFound):
            await docker.networks.inspect(id)


async def joined(docker: Docker) -> None:
    """A container is connected with a fixed address and an alias, which both inspects show, and is disconnected."""
    name, address = "rawdock-s-joined", "10.199.7.77"
    config = NetworkCreateRequest(name=name, ipam=IPAM(config=[IPAMConfig(subnet=SUBNET)]))
    engine = await engine_of(docker)
    async with _network(docker, config) as id, container(docker, name) as member:
        await docker.containers.start(member)
        end = EndpointSettings(aliases=["a-name"], ipam_config=EndpointIPAMConfig(ipv4_address=address))
        await docker.networks.connect(id, NetworkConnectRequest(container=name, endpoint_config=end))
        seen = (await docker.networks.inspect(id)).containers[member]
        assert seen.name == name
        assert seen.ipv4_address == f"{address}/24"
        assert seen.mac_address
        inside = (await docker.containers.inspect(member)).network_settings.networks[name]
        assert (inside.network_id, inside.ip_address, inside.ip_prefix_len) == (id, address, 24)
        assert inside.mac_address == seen.mac_address
        assert "a-name" in inside.aliases
        out, _ = await executed(docker, member, ["ip", "-4", "-o", "addr", "show"])
        assert f"{address}/24" in out.decode()
        if engine.can("filter dangling networks"):
            assert await docker.networks.list(filters={"name": name, "dangling": True}) == []
        with pytest.raises(Conflict):
            await docker.networks.connect(id, NetworkConnectRequest(container=member))
        with pytest.raises(Conflict) as caught:
            await docker.networks.delete(name)  # by id, Podman would delete it
        assert name in caught.value.message
        await docker.networks.disconnect(id, NetworkDisconnectRequest(container=member, force=True))
        assert (await docker.networks.inspect(id)).containers == {}
        assert name not in (await docker.containers.inspect(member)).network_settings.networks
        with pytest.raises(ServerError, match="not connected"):
            await docker.networks.disconnect(id, NetworkDisconnectRequest(container=member))


async def joined_with_mac(docker: Docker) -> None:
    """A container is connected with a MAC address. Docker applies it from API 1.54 on, and ignores it before."""
    name, mac = "rawdock-s-mac", "02:42:ac:11:00:99"
    engine = await engine_of(docker)
    async with _network(docker, NetworkCreateRequest(name=name)) as id, container(docker, name) as member:
        await docker.containers.start(member)
        joining = NetworkConnectRequest(container=member, endpoint_config=EndpointSettings(mac_address=mac))
        if not engine.has("1.44"):
            with pytest.raises(VersionError, match=r"MacAddress needs API 1\.44"):
                await docker.networks.connect(id, joining)
            return
        await docker.networks.connect(id, joining)
        found = (await docker.containers.inspect(member)).network_settings.networks[name].mac_address
        assert (found == mac) is engine.can("connect with a MAC address")
        assert (await docker.networks.inspect(id)).containers[member].mac_address == found
        out, _ = await executed(docker, member, ["ip", "link"])
        assert found in out.decode()


async def by_name(docker: Docker) -> None:
    """Two containers in one network reach each other by name."""
    name, server, client = "rawdock-s-named", "rawdock-s-server", "rawdock-s-client"
    host = HostConfig(network_mode=name)
    serve = ["sh", "-c", "mkdir /w; echo page > /w/index.html; exec httpd -f -p 80 -h /w"]
    async with (
        _network(docker, NetworkCreateRequest(name=name)) as id,
        container(docker, server, serve, host_config=host) as serving,
        container(docker, client, host_config=host) as asking,
    ):
        await docker.containers.start(serving)
        await docker.containers.start(asking)
        assert set((await docker.networks.inspect(id)).containers) == {serving, asking}
        ask = ["sh", "-c", f"until wget -q -O- http://{server}/; do sleep 0.1; done 2>/dev/null"]
        assert await executed(docker, asking, ask) == (b"page\n", b"")
        address = (await docker.containers.inspect(serving)).network_settings.networks[name].ip_address
        out, _ = await executed(docker, asking, ["nslookup", server])
        assert address in out.decode()


async def errors(docker: Docker) -> None:
    """Errors: what is missing, exists already, or is invalid."""
    member = NetworkConnectRequest(container=NONE)
    for call in (docker.networks.inspect, docker.networks.delete):
        with pytest.raises(NotFound, match="network"):
            await call(NONE)
    with pytest.raises(NotFound):
        await docker.networks.connect(NONE, member)
    with pytest.raises(NotFound):
        await docker.networks.disconnect(NONE, NetworkDisconnectRequest(container=NONE))
    config = NetworkCreateRequest(
        name="rawdock-s-exists",
        check_duplicate=True,  # left out where it is gone
        ipam=IPAM(config=[IPAMConfig(subnet=SUBNET)]),
    )
    async with _network(docker, config) as id:
        with pytest.raises(Conflict, match="rawdock-s-exists"):
            await docker.networks.create(config)
        with pytest.raises(NotFound, match=NONE):
            await docker.networks.connect(id, member)
        with pytest.raises(Forbidden):
            await docker.networks.create(NetworkCreateRequest(name=NONE, ipam=config.ipam))
    with pytest.raises(BadRequest):
        await docker.networks.create(NetworkCreateRequest(name=NONE, ipam=IPAM(config=[IPAMConfig(subnet="nowhere")])))
    with pytest.raises(BadRequest, match="filter"):
        await docker.networks.list(filters={"nonsense": True})
    with pytest.raises(Forbidden, match="removed"):
        await docker.networks.delete("bridge")


async def pruned(docker: Docker) -> None:
    """Prune with a label removes a network without containers, and keeps one that is in use."""
    idle, used = "rawdock-s-idle", "rawdock-s-used"
    labels = {"rawdock-s": "pruned"}
    async with (
        _network(docker, NetworkCreateRequest(name=idle, labels=labels)),
        _network(docker, NetworkCreateRequest(name=used, labels=labels)) as id,
        container(docker, used, host_config=HostConfig(network_mode=used)) as member,
    ):
        await docker.containers.start(member)
        result = await docker.networks.prune(filters={"label": "rawdock-s=pruned"})
        assert result.networks_deleted == [idle]
        assert [one.id for one in await docker.networks.list(filters={"label": "rawdock-s=pruned"})] == [id]
        assert (await docker.networks.prune(filters={"label": "rawdock-s=pruned"})).networks_deleted == []


async def named_freely(docker: Docker) -> None:
    """Docker takes any name of a network, with blanks, slashes and percent signs; Podman refuses them."""
    engine = await engine_of(docker)
    for name in ("rawdock-s test 01", "rawdock-s/net", "rawdock-s-50%", "rawdock-s/connect"):
        config = NetworkCreateRequest(name=name)
        if not engine.can("name networks freely"):
            with pytest.raises(BadRequest, match=r"(?i)invalid"):
                await docker.networks.create(config)
            with pytest.raises(NotFound):
                await docker.networks.inspect(name)
            continue
        async with _network(docker, config) as id:
            assert (await docker.networks.inspect(name)).id == id
            async with container(docker, "rawdock-s-named-freely") as member:
                await docker.networks.connect(name, NetworkConnectRequest(container=member))
                assert name in (await docker.containers.inspect(member)).network_settings.networks
                await docker.networks.disconnect(name, NetworkDisconnectRequest(container=member))
            await docker.networks.delete(name)
