"""Prunes, limited by a label to what the scenario created."""

from __future__ import annotations

from rawdock import Docker

from .kit import container, engine_of


async def containers(docker: Docker) -> None:
    """Takes those that do not run, and tells which."""
    name = "rawdock-s-prune"
    async with container(docker, name) as id:
        result = await docker.containers.prune(filters={"label": f"rawdock-s={name}"})
        assert result.containers_deleted == [id]
        assert await docker.containers.list(all=True, filters={"label": f"rawdock-s={name}"}) == []
        assert (await docker.containers.prune(filters={"label": f"rawdock-s={name}"})).containers_deleted == []


async def images(docker: Docker) -> None:
    """Takes an untagged image with a label, and leaves others."""
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
