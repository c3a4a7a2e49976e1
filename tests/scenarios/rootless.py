"""What is another thing where the Engine runs as a user without privileges, asked of Engines of root too.

Only what is always so is asserted here; docs/engines.md shows the answers.
"""

from __future__ import annotations

import pytest

from rawdock import Conflict, Docker, LimitsDropped, ServerError
from rawdock.models import ContainerSpec, ContainerStats, HostConfig, PortBinding, Ulimit

from .kit import BUSYBOX, FAULTY, container, executed, no_container

NAME = "rawdock-s-rootless"
MEMORY = 64 << 20


async def strict_limits(docker: Docker) -> None:
    """A memory limit: without control groups it is dropped with a warning, or shown and not kept. `run` tells both."""
    await no_container(docker, NAME)
    engine = await docker.engine()
    spec = ContainerSpec.of(BUSYBOX, ["true"], memory=MEMORY)
    if engine.rootless:
        with pytest.raises(LimitsDropped, match="memory") as caught:
            await docker.run(spec, name=NAME, strict_limits=True)
        assert caught.value.fields == ("memory",)
        assert (await docker.run(spec, name=NAME)).exit_code == 0
    else:
        assert (await docker.run(spec, name=NAME, strict_limits=True)).exit_code == 0


async def stats(docker: Docker) -> None:
    """What a running container uses: without control groups nothing is known."""
    engine = await docker.engine()
    async with container(docker, NAME) as id:
        await docker.containers.start(id)
        if engine.rootless and engine.flavour == "podman":
            with pytest.raises(ServerError, match="does not have a cgroup"):
                await docker.containers.stats_once(id)
        else:
            assert (_used(await docker.containers.stats_once(id)) > 0) is not engine.rootless


def _used(found: ContainerStats) -> int:
    return (found.memory_stats.usage or 0) + found.cpu_stats.cpu_usage.total_usage


async def paused(docker: Docker) -> None:
    """A pause needs a control group."""
    async with container(docker, NAME) as id:
        await docker.containers.start(id)
        if (await docker.engine()).rootless:
            with pytest.raises(ServerError, match="cgroup"):
                await docker.containers.pause(id)
        else:
            await docker.containers.pause(id)
            await docker.containers.unpause(id)


async def processes(docker: Docker) -> None:
    """So does the list of processes."""
    async with container(docker, NAME) as id:
        await docker.containers.start(id)
        if (await docker.engine()).rootless:
            with pytest.raises(ServerError, match="cgroup"):
                await docker.containers.top(id)
        else:
            assert (await docker.containers.top(id)).processes


async def low_port(docker: Docker) -> None:
    """A port under 1024 of the machine is root's."""
    host = HostConfig(port_bindings={"80/tcp": [PortBinding(host_ip="127.0.0.1", host_port="80")]})
    async with container(docker, NAME, exposed_ports={"80/tcp": {}}, host_config=host) as id:
        if (await docker.engine()).rootless:
            with pytest.raises(ServerError, match="privileged port 80"):
                await docker.containers.start(id)
        else:
            await docker.containers.start(id)


async def port_in_use(docker: Docker) -> None:
    """Conflict: a port of the machine that another program has; here the registry of the tests."""
    port = FAULTY.partition(":")[2]
    host = HostConfig(port_bindings={"80/tcp": [PortBinding(host_ip="127.0.0.1", host_port=port)]})
    async with container(docker, NAME, exposed_ports={"80/tcp": {}}, host_config=host) as id:
        with pytest.raises(Conflict):
            await docker.containers.start(id)


async def ulimits(docker: Docker) -> None:
    """Limits of a process need no control group."""
    limit = HostConfig(ulimits=[Ulimit(name="nofile", soft=512, hard=1024)])
    async with container(docker, NAME, host_config=limit) as id:
        await docker.containers.start(id)
        said, _ = await executed(docker, id, ["sh", "-c", "ulimit -n"])
        assert int(said) >= 512


async def host_network(docker: Docker) -> None:
    """The network of the machine: a rootless Docker's is its own."""
    async with container(docker, NAME, host_config=HostConfig(network_mode="host")) as id:
        await docker.containers.start(id)
        found, _ = await executed(docker, id, ["ls", "/sys/class/net"])
        assert b"lo" in found


async def user(docker: Docker) -> None:
    """Root in a container is the user of the Engine on its machine."""
    async with container(docker, NAME) as id:
        await docker.containers.start(id)
        said, _ = await executed(docker, id, ["cat", "/proc/self/uid_map"])
        assert (said.split()[1] != b"0") is (await docker.engine()).rootless
