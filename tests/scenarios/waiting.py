"""`wait_healthy` and `wait_port`."""

from __future__ import annotations

import anyio
import pytest

from rawdock import (
    BadRequest,
    Conflict,
    ContainerEnded,
    Docker,
    InvalidArgument,
    ProcessError,
    ServerError,
    Unhealthy,
)
from rawdock.models import HealthConfig, HostConfig, RestartPolicy

from .kit import container, engine_of

NAME = "rawdock-s-waiting"
_OFTEN = 200_000_000


async def healthy(docker: Docker) -> None:
    """`wait_healthy` waits until the container is healthy, even if called before its start."""
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


healthy.live_only = True  # type: ignore[attr-defined]  # how often it polls varies


async def unhealthy(docker: Docker) -> None:
    """`Unhealthy` for a container that cannot become healthy: its check fails, it has none, or it is not running."""
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


unhealthy.live_only = True  # type: ignore[attr-defined]  # how often it polls varies


async def port(docker: Docker) -> None:
    """`wait_port` waits until something listens on the port."""
    async with container(docker, NAME, ["sh", "-c", "sleep 1; exec nc -l -p 8080"]) as id:
        await docker.containers.start(id)
        with anyio.move_on_after(0.3) as scope:
            await docker.wait_port(id, 8080)
        assert scope.cancelled_caught, "nothing listens yet"
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


port.live_only = True  # type: ignore[attr-defined]  # how often it polls varies


async def port_of_one_that_ends(docker: Docker) -> None:
    """`wait_port` ends with the container, and says so; its own probe's end is not the answer."""

    async def end_later(id: str) -> None:
        await anyio.sleep(0.7)
        await docker.containers.stop(id)

    for policy in ("", "always"):
        host = HostConfig(restart_policy=RestartPolicy(name=policy))
        async with container(docker, NAME, host_config=host) as id, anyio.create_task_group() as tasks:
            await docker.containers.start(id)
            tasks.start_soon(end_later, id)
            with anyio.fail_after(20), pytest.raises(ContainerEnded) as caught:
                await docker.wait_port(id, 8080)
            assert caught.value.status in ("exited", "stopped")
            assert caught.value.exit_code == 7


port_of_one_that_ends.live_only = True  # type: ignore[attr-defined]  # how often it polls varies


async def port_of_one_started_anew(docker: Docker) -> None:
    """A container that crashes and is restarted by its policy is not the one that was waited for."""
    host = HostConfig(restart_policy=RestartPolicy(name="always"))
    async with container(docker, NAME, ["sh", "-c", "sleep 0.7; exit 3"], host_config=host) as id:
        await docker.containers.start(id)
        with anyio.fail_after(20), pytest.raises(ContainerEnded):
            await docker.wait_port(id, 8080)


port_of_one_started_anew.live_only = True  # type: ignore[attr-defined]  # how often it polls varies


async def healthy_after_a_crash(docker: Docker) -> None:
    """A container that crashes, is restarted and gets healthy is healthy; how many restarts are too many is given."""
    check = HealthConfig(test=["CMD-SHELL", "test -e /ready"], interval=_OFTEN, retries=100)
    host = HostConfig(restart_policy=RestartPolicy(name="always"))
    runs_health_checks = (await engine_of(docker)).can("run health checks")
    once = ["sh", "-c", "if [ -e /crashed ]; then touch /ready; sleep 100; fi; touch /crashed; sleep 0.5; exit 3"]
    if runs_health_checks:
        async with container(docker, NAME, once, healthcheck=check, host_config=host) as id:
            await docker.containers.start(id)
            with anyio.fail_after(60):
                assert (await docker.wait_healthy(id)).status == "healthy"
            assert (await docker.containers.inspect(id)).restart_count == 1
    async with container(docker, NAME, ["false"], healthcheck=check, host_config=host) as id:
        await docker.containers.start(id)
        with anyio.fail_after(60), pytest.raises(Unhealthy, match=r"after [2-9] restarts"):
            await docker.wait_healthy(id, restarts=2)


healthy_after_a_crash.live_only = True  # type: ignore[attr-defined]  # how often it polls varies


async def not_restarted(docker: Docker) -> None:
    """One that was stopped is not restarted by its policy, and is given up; so is one that could not be started."""
    check = HealthConfig(test=["CMD-SHELL", "false"], interval=_OFTEN, retries=100)
    host = HostConfig(restart_policy=RestartPolicy(name="always"))
    async with container(docker, NAME, healthcheck=check, host_config=host) as id:
        await docker.containers.start(id)
        await docker.containers.stop(id)
        with anyio.fail_after(60), pytest.raises(Unhealthy, match="not restarted in 5 s") as caught:
            await docker.wait_healthy(id)
        assert caught.value.status in ("exited", "stopped")
    async with container(docker, NAME, ["rawdock-s-none"], healthcheck=check) as id:
        with pytest.raises((BadRequest, ServerError, Conflict)):
            await docker.containers.start(id)
        with anyio.fail_after(60), pytest.raises(Unhealthy, match=r"could not be started: .*rawdock-s-none") as caught:
            await docker.wait_healthy(id)
        assert caught.value.status == "created"


not_restarted.live_only = True  # type: ignore[attr-defined]  # how often it polls varies
