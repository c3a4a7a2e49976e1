"""`docker.wait_healthy` and `docker.wait_port`: the Engine itself can only wait for a container to stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from ..errors import InvalidArgument, TruncatedError, Unhealthy
from .execute import execute

if TYPE_CHECKING:
    from .._resources import Operations
    from ..models import ContainerInspect, Health

__all__ = ["wait_healthy", "wait_port"]

_POLL_SECONDS = 2.0
"""Seconds without an event before the container is inspected again: an event may be lost or not sent at all."""
_MESSAGE_LENGTH = 300


async def wait_healthy(docker: Operations, container: str) -> Health:
    """Wait until a container is `healthy`. It may be called before the container is started.

    Raises Unhealthy if the container is `unhealthy`, stops, or has no health check. Podman runs health checks by
    systemd timers: without systemd a container stays `starting` and this waits until cancelled. Routes:
    GET /containers/{id}/json, GET /events.
    """
    id = (await docker.containers.inspect(container)).id
    async with docker.system.events(filters={"type": "container", "container": id}) as events:
        while True:
            health = _final_health(await docker.containers.inspect(id))
            if health is not None:
                return health
            with anyio.move_on_after(_POLL_SECONDS):
                if await anext(events, None) is None:
                    raise TruncatedError("the Engine ended its event stream: it stops or restarts")


def _final_health(container: ContainerInspect) -> Health | None:
    """The health of a healthy container; None if it may still become healthy. Raises Unhealthy otherwise."""
    state, name = container.state, container.name.removeprefix("/")
    health = state.health
    if state.status in ("created", "restarting"):
        return None
    if not state.running:
        raise Unhealthy(f"{name} is not running: it is {state.status}", status=state.status)
    if health is None or health.status in ("", "none"):
        raise Unhealthy(f"{name} has no health check; give it one, or its image a HEALTHCHECK", status="none")
    if health.status == "unhealthy":
        output = health.log[-1].output.strip()[-_MESSAGE_LENGTH:] if health.log else ""
        raise Unhealthy(f"{name} is unhealthy{': ' if output else ''}{output}", status="unhealthy")
    return health if health.status == "healthy" else None


# A line of /proc/net/tcp has the local address and port in hexadecimal, and the state 0A for a listening socket. All
# but `sleep` is built into the shell; without `sleep` the script ends at once, and `wait_port` runs it again.
_SCRIPT = """\
turn=0
while [ $turn -lt 100 ]; do
  turn=$((turn + 1))
  for file in /proc/net/tcp /proc/net/tcp6; do
    while read -r _ here _ state _; do
      case $here/$state in *:$1/0A) exit 0 ;; esac
    done < $file
  done 2> /dev/null
  sleep 0.1 2> /dev/null || exit 1
done
exit 1
"""


async def wait_port(docker: Operations, container: str, port: int) -> None:
    """Wait until a process in a running container listens on a TCP port, on any address.

    The container's own shell reads /proc/net/tcp. This does not say whether the port can be reached from outside, or
    whether the process answers. Raises ProcessError if the container has no shell, and Conflict if it is not running.
    Routes: those of `execute`.
    """
    if not 0 < port < 65536:
        raise InvalidArgument(f"wait_port: {port!r} is not a port; give a number from 1 to 65535")
    while True:
        result = await execute(docker, container, ["sh", "-c", _SCRIPT, "sh", f"{port:04X}"])
        if result.exit_code != 1:
            result.check()
            return
        await anyio.sleep(0.1)
