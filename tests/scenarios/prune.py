"""Prunes, limited by a label to what the scenario created."""

from __future__ import annotations

from rawdock import Docker, Filters

from .kit import container, engine_of


async def containers(docker: Docker) -> None:
    """Prune removes containers that do not run, and reports their ids."""
    name = "rawdock-s-prune"
    async with container(docker, name) as id:
        result = await docker.containers.prune(filters={"label": f"rawdock-s={name}"})
        assert result.containers_deleted == [id]
        assert await docker.containers.list(all=True, filters={"label": f"rawdock-s={name}"}) == []
        assert (await docker.containers.prune(filters={"label": f"rawdock-s={name}"})).containers_deleted == []


async def images(docker: Docker) -> None:
    """Prune removes an untagged image with a label, and keeps all others."""
    engine = await engine_of(docker)
    async with container(docker, "rawdock-s-prune-image", ["touch", "/made"]) as id:
        await docker.containers.start(id)
        await docker.containers.wait(id)
        made = await docker.containers.commit(id, changes='LABEL rawdock-s-prune="1"')
        before = {image.id for image in await docker.images.list()}
        result = await docker.images.prune(filters={"label": "rawdock-s-prune=1", "dangling": True})
        gone = " ".join(item.deleted or item.untagged for item in result.images_deleted)
        assert made.id.removeprefix("sha256:") in gone
        if engine.can("prune sizes"):
            assert result.space_reclaimed >= 0
        after = {image.id for image in await docker.images.list()}
        assert len(before - after) <= 1
        assert after <= before


async def followed(docker: Docker) -> None:
    """A prune that is entered gives the report at its end; Engines that send no lines answer with it alone."""
    name = "rawdock-s-prune"
    filters: Filters = {"label": f"rawdock-s={name}"}
    async with container(docker, name) as id:
        async with docker.containers.prune(filters=filters) as prune:
            lines = [line async for line in prune]
            result = await prune.result()
        assert result.containers_deleted == [id]
        assert lines == []
        assert await prune.result() is result
    async with docker.volumes.prune(filters={**filters, "all": True}) as volumes:
        assert (await volumes.result()).volumes_deleted == []
    async with docker.networks.prune(filters=filters) as networks:
        assert (await networks.result()).networks_deleted == []
    async with docker.images.prune(filters=filters) as images:
        assert (await images.result()).images_deleted == []
