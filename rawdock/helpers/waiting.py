"""Waiting for what the Engine has no wait for: a container's health, and a port that listens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from ..errors import InvalidArgument, TruncatedError, Unhealthy
from .execute import execute

if TYPE_CHECKING:
    from .._resources import Operations
    from ..models import ContainerInspect, Health

__all__ = ["wait_healthy", "wait_port"]

_LOOK_AGAIN = 2.0
"""Seconds without an event before the container is looked at again: an event may be lost, or not be told."""
_SHOWN = 300


async def wait_healthy(docker: Operations, container: str) -> Health:
    """Wait until a container's health check says `healthy`; also before it is started.

    Raises Unhealthy if it says `unhealthy`, if the container stops, or if it has no health check. Podman runs the
    checks by systemd's timers: without those a container stays `starting`, and this waits as long as it may.
    """
    id = (await docker.containers.inspect(container)).id
    async with docker.system.events(filters={"type": "container", "container": id}) as events:
        while True:
            health = _judged(await docker.containers.inspect(id))
            if health is not None:
                return health
            with anyio.move_on_after(_LOOK_AGAIN):
                if await anext(events, None) is None:
                    raise TruncatedError("the Engine ended its events: it stops, or was started again")


def _judged(found: ContainerInspect) -> Health | None:
    """The health to give, None if it is still to be waited for."""
    state, name = found.state, found.name.removeprefix("/")
    health = state.health
    if state.status in ("created", "restarting"):
        return None
    if not state.running:
        raise Unhealthy(f"{name} does not run: it is {state.status}", status=state.status)
    if health is None or health.status in ("", "none"):
        raise Unhealthy(f"{name} has no health check; give it one, or its image a HEALTHCHECK", status="none")
    if health.status == "unhealthy":
        said = health.log[-1].output.strip()[-_SHOWN:] if health.log else ""
        raise Unhealthy(f"{name} is unhealthy{': ' if said else ''}{said}", status="unhealthy")
    return health if health.status == "healthy" else None


# The lines of /proc/net/tcp have the local address and port in hexadecimal, and 0A for a socket that listens. Nothing
# but `sleep` is not built into the shell; without it this ends at once, and is asked again from outside.
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
    """Wait until something in a running container listens on a TCP port, on whatever address.

    The container's own shell looks at its kernel's table. It does not tell whether the port can be reached from
    outside, nor whether who listens answers. Raises ProcessError if there is no shell, and Conflict if the
    container does not run.
    """
    if not 0 < port < 65536:
        raise InvalidArgument(f"wait_port: {port!r} is not a port; give a number from 1 to 65535")
    while True:
        done = await execute(docker, container, ["sh", "-c", _SCRIPT, "sh", f"{port:04X}"])
        if done.exit_code != 1:
            done.check()
            return
        await anyio.sleep(0.1)
