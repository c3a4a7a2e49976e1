"""Volumes, and containers that use them."""

from __future__ import annotations

import pytest

from rawdock import BadRequest, Conflict, Docker, NotFound, NotSupported, ServerError, VersionError
from rawdock.models import ClusterVolumeSpec, HostConfig, Mount, VolumeCreateRequest, VolumeUpdate

from .kit import LOOP, container, engine_of, executed

NONE = "rawdock-s-none"


async def made(docker: Docker) -> None:
    """Create a volume with labels and driver options, inspect and list it; a second create returns the same volume."""
    engine = await engine_of(docker)
    name = "rawdock-s-made"
    await docker.volumes.delete(name, force=True)
    options = {"type": "tmpfs", "device": "tmpfs", "o": "size=1m"}
    config = VolumeCreateRequest(name=name, driver="local", driver_opts=options, labels={"rawdock-s": name})
    created = await docker.volumes.create(config)
    try:
        assert created.name == name
        assert (created.driver, created.scope) == ("local", "local")
        assert created.mountpoint.startswith("/")
        assert created.created_at
        assert created.labels == {"rawdock-s": name}
        assert options.items() <= created.options.items()
        assert await docker.volumes.create(VolumeCreateRequest(name=name, labels={"other": "1"})) == created
        assert await docker.volumes.inspect(name) == created
        for filters in ({"name": name}, {"label": f"rawdock-s={name}"}):
            found = await docker.volumes.list(filters=filters)
            assert found.volumes == [created]
            assert found.warnings == []
        if engine.can("combine filters of volumes"):
            assert (await docker.volumes.list(filters={"name": name, "driver": "local"})).volumes == [created]
            assert (await docker.volumes.list(filters={"name": name, "driver": NONE})).volumes == []
        assert created in (await docker.volumes.list()).volumes
        await docker.volumes.delete(name)
        with pytest.raises(NotFound):
            await docker.volumes.inspect(name)
        assert (await docker.volumes.list(filters={"name": name})).volumes == []
    finally:
        await docker.volumes.delete(name, force=True)


async def anonymous(docker: Docker) -> None:
    """Without a name, the Engine generates a new one each time."""
    first, second = await docker.volumes.create(), await docker.volumes.create()
    try:
        assert len(first.name) == len(second.name) == 64
        assert first.name != second.name
        assert (await docker.volumes.inspect(first.name)).mountpoint == first.mountpoint
    finally:
        await docker.volumes.delete(first.name)
        await docker.volumes.delete(second.name)


async def used(docker: Docker) -> None:
    """Two containers share a volume; a volume in use cannot be deleted."""
    name = "rawdock-s-kept"
    await docker.volumes.delete(name, force=True)
    await docker.volumes.create(VolumeCreateRequest(name=name))
    try:
        async with (
            container(docker, "rawdock-s-writer", LOOP, host_config=HostConfig(binds=[f"{name}:/data"])) as writer,
            container(
                docker,
                "rawdock-s-reader",
                LOOP,
                host_config=HostConfig(mounts=[Mount(type="volume", source=name, target="/other", read_only=True)]),
            ) as reader,
        ):
            await docker.containers.start(writer)
            await docker.containers.start(reader)
            await executed(docker, writer, ["sh", "-c", "echo kept > /data/file"])
            assert await executed(docker, reader, ["cat", "/other/file"]) == (b"kept\n", b"")
            (mount,) = (await docker.containers.inspect(writer)).mounts
            volume = await docker.volumes.inspect(name)
            assert (mount.type, mount.name, mount.destination, mount.rw) == ("volume", name, "/data", True)
            assert mount.source == volume.mountpoint
            for force in (False, True):
                with pytest.raises(Conflict, match=reader[:12]):
                    await docker.volumes.delete(name, force=force)
            assert volume not in (await docker.volumes.list(filters={"dangling": True})).volumes
        assert volume in (await docker.volumes.list(filters={"dangling": True})).volumes
    finally:
        await docker.volumes.delete(name, force=True)


async def pruned(docker: Docker) -> None:
    """Prune with a label: removes anonymous volumes, and named ones only with `all`. Where an Engine would remove them
    in any case, it is refused."""
    engine = await engine_of(docker)
    name, labels = "rawdock-s-pruned", {"rawdock-s": "pruned"}
    await docker.volumes.delete(name, force=True)
    await docker.volumes.create(VolumeCreateRequest(name=name, labels=labels))
    nameless = await docker.volumes.create(VolumeCreateRequest(labels=labels))
    try:
        left = {name, nameless.name}
        if engine.has("1.42") and engine.can("prune only anonymous volumes"):
            result = await docker.volumes.prune(filters={"label": "rawdock-s=pruned"})
            assert result.volumes_deleted == [nameless.name]
            left = {name}
        else:
            with pytest.raises(NotSupported, match="'all': True"):
                await docker.volumes.prune(filters={"label": "rawdock-s=pruned"})
        result = await docker.volumes.prune(filters={"label": "rawdock-s=pruned", "all": True})
        assert set(result.volumes_deleted) == left
        assert result.space_reclaimed == 0
        assert (await docker.volumes.list(filters={"label": "rawdock-s=pruned"})).volumes == []
    finally:
        await docker.volumes.delete(name, force=True)
        await docker.volumes.delete(nameless.name, force=True)


async def errors(docker: Docker) -> None:
    """Errors: missing and invalid volumes."""
    for call in (docker.volumes.inspect, docker.volumes.delete):
        with pytest.raises(NotFound, match="no such volume"):
            await call(NONE)
    await docker.volumes.delete(NONE, force=True)
    with pytest.raises(BadRequest):
        await docker.volumes.create(VolumeCreateRequest(name="not a name"))
    with pytest.raises(BadRequest, match="nonsense"):
        await docker.volumes.create(VolumeCreateRequest(name=NONE, driver_opts={"nonsense": "1"}))
    with pytest.raises(BadRequest, match="nonsense"):
        await docker.volumes.list(filters={"nonsense": True})
    with pytest.raises(BadRequest, match="nonsense"):
        await docker.volumes.prune(filters={"nonsense": True, "all": True})


async def update_refused(docker: Docker) -> None:
    """Only cluster volumes can be updated: without a swarm it is an error; before API 1.42 nothing is sent."""
    engine = await engine_of(docker)
    update = VolumeUpdate(spec=ClusterVolumeSpec(availability="drain"))
    refused = NotSupported if "podman" in engine.labels else ServerError
    with pytest.raises(refused if engine.has("1.42") else VersionError) as caught:
        await docker.volumes.update(NONE, update, version=1)
    if isinstance(caught.value, ServerError):
        assert caught.value.status == 503
        assert "swarm" in caught.value.message
