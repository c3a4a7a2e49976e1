"""Waiting for a container's health, and for a port."""

from __future__ import annotations

import anyio
import pytest

from rawdock import Conflict, Docker, InvalidArgument, ProcessError, Unhealthy
from rawdock.models import HealthConfig

from .kit import container, engine_of

NAME = "rawdock-s-waiting"
_OFTEN = 200_000_000


async def healthy(docker: Docker) -> None:
    """A container's health is waited for, from before its start on."""
    check = HealthConfig(test=["CMD-SHELL", "echo looked; test -e /ready"], interval=_OFTEN, retries=100)
    async with container(docker, NAME, ["sh", "-c", "sleep 1; touch /ready; sleep 100"], healthcheck=check) as id:
        if not (await engine_of(docker)).can("run health checks"):
            await docker.containers.start(id)
            with anyio.move_on_after(1) as scope:
                await docker.wait_healthy(id)
            assert scope.cancelled_caught
            return

        async def start_later() -> None:
            await anyio.sleep(0.5)
            await docker.containers.start(id)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(start_later)
            health = await docker.wait_healthy(NAME)
        assert health.status == "healthy"
        assert "looked" in health.log[-1].output


healthy.live_only = True  # type: ignore[attr-defined]  # how often it is looked at is chance


async def unhealthy(docker: Docker) -> None:
    """What will not become healthy says so: a check that fails, none at all, a container that has ended."""
    check = HealthConfig(test=["CMD-SHELL", "echo broken; exit 1"], interval=_OFTEN, retries=1)
    async with container(docker, NAME, healthcheck=check) as id:
        await docker.containers.start(id)
        if (await engine_of(docker)).can("run health checks"):
            with pytest.raises(Unhealthy, match="broken") as caught:
                await docker.wait_healthy(id)
            assert caught.value.status == "unhealthy"
        await docker.containers.kill(id)
        await docker.containers.wait(id)
        with pytest.raises(Unhealthy, match="is not running") as caught:
            await docker.wait_healthy(id)
        assert caught.value.status in ("exited", "stopped")
    async with container(docker, NAME) as id:
        await docker.containers.start(id)
        with pytest.raises(Unhealthy, match="no health check"):
            await docker.wait_healthy(id)


unhealthy.live_only = True  # type: ignore[attr-defined]  # how often it is looked at is chance


async def port(docker: Docker) -> None:
    """A port is waited for until something listens on it."""
    async with container(docker, NAME, ["sh", "-c", "sleep 1; exec nc -l -p 8080"]) as id:
        await docker.containers.start(id)
        with anyio.move_on_after(0.3) as scope:
            await docker.wait_port(id, 8080)
        assert scope.cancelled_caught, "nobody listens yet"
        with anyio.fail_after(20):
            await docker.wait_port(id, 8080)
    async with container(docker, NAME) as id:
        with pytest.raises(Conflict):
            await docker.wait_port(id, 8080)
        with pytest.raises(InvalidArgument, match="port"):
            await docker.wait_port(id, 0)
        await docker.containers.start(id)
        await docker.execute(id, ["rm", "/bin/sh"])
        with pytest.raises(ProcessError, match="sh"):
            await docker.wait_port(id, 8080)


port.live_only = True  # type: ignore[attr-defined]  # how often it is looked at is chance
