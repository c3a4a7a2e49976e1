"""`docker.wait_healthy` and `docker.wait_port`: the Engine itself can only wait for a container to stop."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import anyio

from .._shown import shown
from ..errors import InvalidArgument, StatusError, TruncatedError, Unhealthy
from .container_end import CommandBegin, container_end, may_have_ended
from .execute import execute
from .published import answers, published

if TYPE_CHECKING:
    from .._resources import Operations
    from ..models import ContainerInspect, Health

__all__ = ["is_restarted", "wait_healthy", "wait_port"]

_POLL_SECONDS = 2.0
"""Seconds without an event before the container is inspected again: an event may be lost or not sent at all."""
_RESTART_SECONDS = 5.0
"""Seconds that a restart policy has to start a container again: it starts it at once, or reports `restarting`."""
_MESSAGE_LENGTH = 300
_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 0.5
"""Seconds between two attempts to connect."""


async def wait_healthy(docker: Operations, container: str, *, restarts: int | None = None) -> Health:
    """Wait until a container is `healthy`. It may be called before the container is started.

    A container that its restart policy starts again is waited for: without a limit, or until it was restarted
    `restarts` times since the call.

    Raises Unhealthy if the container is `unhealthy`, could not be started, has no health check, or has ended; where a
    restart policy applies, if it still does not run after 5 seconds. Podman runs health checks by systemd timers:
    without systemd a container stays `starting` and this waits until cancelled. Routes: GET /containers/{id}/json,
    GET /events.
    Engines differ: docs/engines.md.
    """
    if restarts is not None and (type(restarts) is not int or restarts < 1):
        raise InvalidArgument(
            f"wait_healthy: restarts: expected a number from 1, or None for no limit, got {shown(restarts)}"
        )
    found = await docker.containers.inspect(container)
    id, patience = found.id, _Patience(restarts, found.restart_count)
    async with docker.system.events(filters={"type": "container", "container": id}) as events:
        while True:
            health = patience.judge(await docker.containers.inspect(id))
            if health is not None:
                return health
            with anyio.move_on_after(patience.pause()):
                if await anext(events, None) is None:
                    raise TruncatedError("the Engine ended its event stream: it stops or restarts")


class _Patience:
    """Decides how long a container that is not healthy yet is waited for."""

    def __init__(self, restarts: int | None, before: int) -> None:
        self._restarts = restarts
        self._before = before
        self._give_up = math.inf
        """When a container that does not run, and should be restarted, is given up."""

    def pause(self) -> float:
        """Seconds to wait for an event before the next look."""
        return max(min(_POLL_SECONDS, self._give_up - anyio.current_time()), 0)

    def judge(self, container: ContainerInspect) -> Health | None:
        """The health of a healthy container; None if it may still become healthy. Raises Unhealthy otherwise."""
        state, name = container.state, container.name.removeprefix("/")
        health = state.health
        if state.running and not state.restarting and health is not None and health.status == "healthy":
            return health
        new = container.restart_count - self._before
        if self._restarts is not None and new >= self._restarts:
            raise Unhealthy(f"{name} is not healthy after {new} restarts", status=state.status)
        if state.status == "created":
            if state.error:
                raise Unhealthy(f"{name} could not be started: {state.error}", status=state.status)
            return None
        if state.status == "restarting":
            self._give_up = math.inf
            return None
        if not state.running:
            self._check_restart(container, name)
            return None
        self._give_up = math.inf
        if health is None or health.status in ("", "none"):
            raise Unhealthy(f"{name} has no health check; give it one, or its image a HEALTHCHECK", status="none")
        if health.status == "unhealthy":
            output = health.log[-1].output.strip()[-_MESSAGE_LENGTH:] if health.log else ""
            raise Unhealthy(f"{name} is unhealthy{': ' if output else ''}{output}", status="unhealthy")
        return None

    def _check_restart(self, container: ContainerInspect, name: str) -> None:
        now, state = anyio.current_time(), container.state
        if is_restarted(container):
            self._give_up = min(self._give_up, now + _RESTART_SECONDS)
            if now < self._give_up:
                return
            after = f", and was not restarted in {_RESTART_SECONDS:g} s"
        else:
            after = ""
        why = f", with exit code {state.exit_code}{f': {state.error}' if state.error else ''}"
        raise Unhealthy(f"{name} is not running: it is {state.status}{why}{after}", status=state.status)


def is_restarted(container: ContainerInspect) -> bool:
    """Whether a container that has ended is started again by its restart policy. One that was stopped is not."""
    policy, exit_code = container.host_config.restart_policy, container.state.exit_code
    if policy.name == "on-failure":
        most = policy.maximum_retry_count
        return exit_code != 0 and (not most or container.restart_count < most)
    return policy.name in ("always", "unless-stopped")


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


async def wait_port(docker: Operations, container: str, port: int, *, outside: bool = False) -> None:
    """Wait until a process in a running container listens on a TCP port, on any address.

    The container's own shell reads /proc/net/tcp. This does not say whether the port can be reached from outside, or
    whether the process answers. Raises ProcessError if the container has no shell, Conflict if it is not running, and
    ContainerEnded if it ends, is removed or is started anew meanwhile. Routes: those of `execute`.

    `outside` connects from here instead, to where `published` says: that needs no shell, and the port must be
    published. A connection has to stay open for 0.2 seconds, because the Engine's proxy accepts one before anybody
    listens in the container. Raises ContainerEnded if the container does not run or ends, and InvalidArgument if the
    port is not published. Route: GET /containers/{id}/json.
    """
    if type(port) is not int or not 0 < port < 65536:
        raise InvalidArgument(f"wait_port: {shown(port)} is not a port; give a number from 1 to 65535")
    if not isinstance(outside, bool):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgument(f"wait_port: outside: expected bool, got {shown(outside)}")
    if outside:
        pause = _FIRST_PAUSE
        while not await answers(await published(docker, container, port)):
            await anyio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
        return
    looked = False
    while True:
        try:
            result = await execute(docker, container, ["sh", "-c", _SCRIPT, "sh", f"{port:04X}"])
        except StatusError as error:
            if (
                looked
                and may_have_ended(error)
                and (ended := await container_end(docker, container, CommandBegin(error)))
            ):
                raise ended from error
            raise
        looked = True
        if result.exit_code != 1:
            result.check()
            return
        await anyio.sleep(0.1)
