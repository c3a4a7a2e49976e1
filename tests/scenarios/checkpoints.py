"""Checkpoints of containers."""

from __future__ import annotations

import pytest

from rawdock import Conflict, Docker, NotFound, NotSupported, ServerError
from rawdock.models import CheckpointCreateRequest, HostConfig

from .kit import container, engine_of

NAME = "rawdock-s-checkpoint"
ONE = CheckpointCreateRequest(checkpoint_id="one")


async def kept(docker: Docker) -> None:
    """A checkpoint is created, listed, refused a second time, and deleted; the container keeps running."""
    engine = await engine_of(docker)
    async with container(docker, NAME, ["sleep", "300"], host_config=HostConfig(network_mode="none")) as id:
        await docker.containers.start(id)
        assert await docker.checkpoints.list(id) == []
        if not engine.can("write checkpoints"):
            with pytest.raises(ServerError, match="criu"):
                await docker.checkpoints.create(id, ONE)
            return
        await docker.checkpoints.create(id, ONE)
        assert [found.name for found in await docker.checkpoints.list(id)] == ["one"]
        assert (await docker.containers.inspect(id)).state.running
        with pytest.raises(ServerError, match="already exists"):
            await docker.checkpoints.create(id, ONE)
        await docker.checkpoints.delete(id, "one")
        assert await docker.checkpoints.list(id) == []


async def ends(docker: Docker) -> None:
    """With `exit`, the container stops after its checkpoint."""
    async with container(docker, NAME, ["sleep", "300"], host_config=HostConfig(network_mode="none")) as id:
        await docker.containers.start(id)
        async with docker.containers.wait(id) as waiting:
            await docker.checkpoints.create(id, CheckpointCreateRequest(checkpoint_id="last", exit=True))
            await waiting.result()
        assert not (await docker.containers.inspect(id)).state.running
        await docker.checkpoints.delete(id, "last")


async def errors(docker: Docker) -> None:
    """Errors: no such container, no such checkpoint, and an Engine without checkpoints."""
    engine = await engine_of(docker)
    if not engine.can("have checkpoints"):
        for refused in (
            docker.checkpoints.list("rawdock-s-none"),
            docker.checkpoints.create("rawdock-s-none", ONE),
            docker.checkpoints.delete("rawdock-s-none", "one"),
        ):
            with pytest.raises(NotSupported):
                await refused
        return
    with pytest.raises(NotFound):
        await docker.checkpoints.list("rawdock-s-none")
    with pytest.raises(NotFound):
        await docker.checkpoints.create("rawdock-s-none", ONE)
    async with container(docker, NAME) as id:
        with pytest.raises(ServerError, match="does not exist"):
            await docker.checkpoints.delete(id, "none")
        with pytest.raises(Conflict, match="not running"):
            await docker.checkpoints.create(id, ONE)
