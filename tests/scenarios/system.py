"""Ping, version, info, disk usage and login."""

from __future__ import annotations

import pytest

from rawdock import Docker, Unauthorized, VersionError
from rawdock.models import VolumeCreateRequest

from .kit import BUSYBOX, WITH_PASSWORD, WRONG, container, credentials, engine_of


async def ping(docker: Docker) -> None:
    """A ping has the same result with GET and with HEAD."""
    whole, head = await docker.system.ping(), await docker.system.ping_head()
    assert whole == head
    assert whole.api_version
    assert whole.os_type == "linux"
    assert docker.version is None, "a ping has no version in its path, so none is negotiated"


async def version(docker: Docker) -> None:
    """The API version is the negotiated one, and the one of the ping's headers."""
    found = await docker.system.version()
    assert found.api_version == (await docker.system.ping()).api_version
    assert found.api_version == docker.version
    assert found.os == "linux"
    assert found.version
    assert [part for part in found.components if part.version]


async def info(docker: Docker) -> None:
    """The main fields of the answer have plausible values."""
    found = await docker.system.info()
    assert found.docker_root_dir.startswith("/")
    assert found.mem_total > 0
    assert found.ncpu > 0
    assert found.os_type == "linux"
    assert found.containers >= found.containers_running
    assert "127.0.0.0/8" in found.registry_config.insecure_registry_cidrs or "127.0.0.1:5000" in (
        found.registry_config.index_configs
    )


async def disk_use(docker: Docker) -> None:
    """Disk usage of everything, and from API 1.42 on of one type of object."""
    engine = await engine_of(docker)
    whole = await docker.system.data_usage()
    assert all(image.id for image in whole.all_images)
    assert len({image.id for image in whole.all_images}) == len(whole.all_images)
    if engine.has("1.42"):
        images = await docker.system.data_usage(type=["image"])
        assert not images.all_containers
        assert not images.all_build_cache
        assert sorted(image.id for image in images.all_images) == sorted(image.id for image in whole.all_images)


async def disk_use_by_version(docker: Docker) -> None:
    """From API 1.52 on there are totals of each type of object, and the objects themselves if asked for."""
    engine = await engine_of(docker)
    async with container(docker, "rawdock-s-disk") as id:
        if not engine.has("1.52"):
            with pytest.raises(VersionError, match=r"1\.52"):
                await docker.system.data_usage(verbose=True)
            return
        brief, whole = await docker.system.data_usage(), await docker.system.data_usage(verbose=True)
        for totals in (brief.image_usage, whole.image_usage):
            assert totals.total_count >= totals.active_count >= 1
            assert totals.total_size > 0
        for totals in (brief.container_usage, whole.container_usage):
            assert totals.total_count >= 1
        assert id in [one.id for one in whole.container_usage.items]
        assert any(BUSYBOX in image.repo_tags for image in whole.image_usage.items)
        assert whole.images == whole.containers == []
        # 1.53 was to send the totals alone, but this Engine goes on sending both.
        for version, new in (("1.51", False), ("1.52", True), ("1.53", True)):
            answer = (await docker.http.get(f"/v{version}/system/df")).json()
            assert answer["LayersSize"] > 0
            assert id in [one["Id"] for one in answer["Containers"]]
            assert ("ContainerUsage" in answer) is new
            answer = (await docker.http.get(f"/v{version}/system/df?verbose=true")).json()
            assert ("Containers" in answer) is not new


async def gone(docker: Docker) -> None:
    """Fields that an API version no longer has are empty, and their values stand where that version has them."""
    engine = await engine_of(docker)
    name = "rawdock-s-gone"
    async with container(docker, name) as id:
        await docker.containers.start(id)
        settings = (await docker.containers.inspect(id)).network_settings
        (network,) = settings.networks.values()
        assert network.ip_address
        assert network.gateway
        await docker.containers.delete(id, force=True)
        begin = (await docker.system.info()).system_time.datetime
        await docker.volumes.create(VolumeCreateRequest(name=name))
        await docker.volumes.delete(name)
        async with docker.system.events(since=begin, filters={"volume": name}) as events:
            event = await anext(events)
        assert event.type == "volume"
        image = await docker.images.inspect(BUSYBOX)
        if not engine.has("1.52"):
            assert settings.ip_address == network.ip_address
            assert settings.gateway == network.gateway
            return
        assert settings.ip_address == settings.gateway == settings.mac_address == settings.endpoint_id == ""
        assert (event.status, event.id, event.from_) == ("", "", "")
        assert (image.parent, image.docker_version) == ("", "")
        assert image.config.hostname == image.config.image == ""
        assert not (await docker.system.info()).kernel_memory_tcp


async def login(docker: Docker) -> None:
    """A login succeeds with the right credentials, and fails with wrong ones."""
    good = credentials(registry=WITH_PASSWORD)
    assert (await docker.system.auth(good)).status == "Login Succeeded"
    with pytest.raises(Unauthorized) as caught:
        await docker.system.auth(credentials(WRONG, registry=WITH_PASSWORD))
    assert WRONG not in f"{caught.value} {caught.value.curl()}"
