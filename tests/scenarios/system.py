"""Ping, version, info, disk usage and login."""

from __future__ import annotations

import pytest

from rawdock import Docker, Unauthorized

from .kit import WITH_PASSWORD, WRONG, credentials, engine_of


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


async def login(docker: Docker) -> None:
    """A login succeeds with the right credentials, and fails with wrong ones."""
    good = credentials(registry=WITH_PASSWORD)
    assert (await docker.system.auth(good)).status == "Login Succeeded"
    with pytest.raises(Unauthorized) as caught:
        await docker.system.auth(credentials(WRONG, registry=WITH_PASSWORD))
    assert WRONG not in f"{caught.value} {caught.value.curl()}"
