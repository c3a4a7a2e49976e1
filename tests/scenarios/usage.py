"""The CPU, memory and network usage of containers."""

from __future__ import annotations

import contextlib

import pytest

from rawdock import Conflict, Docker, NotFound, rates_between

from .kit import container, engine_of, opened

NONE = "rawdock-s-none"


async def samples(docker: Docker) -> None:
    """Each sample of the stream has the previous sample's values as `precpu_stats`."""
    async with container(docker, "rawdock-s-usage") as id:
        await docker.containers.start(id)
        async with docker.containers.stats(id) as stats:
            first, second = await anext(stats), await anext(stats)
        assert first.id == second.id == id
        assert second.name.strip("/") == "rawdock-s-usage"
        assert second.preread == first.read
        assert second.read > first.read
        assert second.precpu_stats.cpu_usage == first.cpu_stats.cpu_usage
        assert second.cpu_stats.cpu_usage.total_usage >= first.cpu_stats.cpu_usage.total_usage > 0
        assert second.cpu_stats.system_cpu_usage > second.precpu_stats.system_cpu_usage
        assert second.cpu_stats.online_cpus > 0
        assert second.memory_stats.limit >= second.memory_stats.usage > 0
        assert second.pids_stats.current > 0
        (network,) = second.networks.values()
        assert network.rx_bytes >= 0


async def figures(docker: Docker) -> None:
    """`usage()` yields the figures of `docker stats`; `rates_between` gives the traffic between two of them."""
    async with container(docker, "rawdock-s-usage", ["sh", "-c", "while :; do :; done"]) as id:
        await docker.containers.start(id)
        async with docker.containers.stats(id) as stats:
            usage = stats.usage()
            first, second = await anext(usage), await anext(usage)
        assert second.cpu_percent is not None
        assert second.cpu_percent > 0
        assert second.memory is not None
        assert second.memory_limit is not None
        assert 0 < second.memory < second.memory_limit
        assert second.memory_percent == second.memory / second.memory_limit * 100
        assert second.pids
        rates = rates_between(first, second)
        assert rates.network_received is not None
        assert rates.network_received >= 0


async def once(docker: Docker) -> None:
    """A single sample. Docker compares it with one taken a second before, unless `one_shot` is set."""
    engine = await engine_of(docker)
    async with container(docker, "rawdock-s-usage") as id:
        await docker.containers.start(id)
        whole = await docker.containers.stats_once(id)
        assert whole.id == id
        assert whole.read
        assert whole.cpu_stats.cpu_usage.total_usage > 0
        if engine.can("measure memory"):
            assert whole.memory_stats.usage > 0
        if engine.can("take two samples"):
            assert whole.preread
            assert whole.precpu_stats.system_cpu_usage > 0
        quick = await docker.containers.stats_once(id, one_shot=True)
        assert quick.read > whole.read
        assert not quick.preread
        assert quick.cpu_stats.cpu_usage.total_usage >= whole.cpu_stats.cpu_usage.total_usage
        assert quick.precpu_stats.cpu_usage.total_usage == 0


async def not_running(docker: Docker) -> None:
    """The usage of a container that does not run is zero; Podman refuses the request."""
    engine = await engine_of(docker)
    async with container(docker, "rawdock-s-usage", ["true"]) as id:
        await docker.containers.start(id)
        await docker.containers.wait(id)
        if engine.can("report stats of a stopped container"):
            found = await docker.containers.stats_once(id)
            assert not found.read
            assert found.cpu_stats.cpu_usage.total_usage == 0
            assert found.memory_stats.usage == 0
            assert found.networks == {}
            async with docker.containers.stats(id) as stats:
                assert not (await anext(stats)).read
        else:
            with pytest.raises(Conflict):
                await docker.containers.stats_once(id)
            with contextlib.suppress(Conflict):  # or the stream ends at once
                async with docker.containers.stats(id) as stats:
                    assert [sample async for sample in stats] == []


async def errors(docker: Docker) -> None:
    """No such container."""
    with pytest.raises(NotFound, match=NONE):
        await docker.containers.stats_once(NONE)
    with pytest.raises(NotFound, match=NONE):
        await opened(docker.containers.stats(NONE))
