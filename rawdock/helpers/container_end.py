"""Whether a container ended while something waited for what runs in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import anyio

from .._http_dates import seconds_of
from ..errors import Conflict, ContainerEnded, NotFound, StatusError

if TYPE_CHECKING:
    from .._resources import Operations
    from ..models import ContainerInspect, ExecInspect

__all__ = ["CommandBegin", "container_end", "may_have_ended"]

_PAUSES = (0.0, 0.05, 0.1, 0.2, 0.4, 0.8)
"""Seconds before each look at a container that may be about to end."""


class CommandBegin(NamedTuple):
    """What is known of a command that began while its container ran."""

    sign: ExecInspect | StatusError
    """Why the container may have ended: the state of the command, which was killed, or the error of a call."""
    date: str = ""
    """The time of its creation on the Engine's clock, as in a Date header; empty if that is not known."""
    podman_id: str = ""
    """The id of the exec on Podman, whose containers list theirs until they are started anew."""


def may_have_ended(error: StatusError) -> bool:
    """Whether an error about a command says that its container does not run. Docker 20.10 has a 500 for one that is
    just being removed."""
    return isinstance(error, (NotFound, Conflict)) or "is not running" in error.message


async def container_end(docker: Operations, container: str, begin: CommandBegin) -> ContainerEnded | None:
    """The error if a container that ran before is gone, does not run, or was started anew; None if it still runs.

    When a container ends, Docker reports the end of the commands in it some time before that of the container. A
    container that is still reported as running is therefore asked for its processes: there are none in that time.
    """
    for pause in _PAUSES:
        await anyio.sleep(pause)
        try:
            found = await docker.containers.inspect(container)
        except NotFound:
            return ContainerEnded(f"{container} was removed meanwhile", status="removed")
        if not found.state.running or found.state.restarting:
            return _ended(container, found)
        if _is_started_anew(found, begin):
            return ContainerEnded(f"{container} ended and was started anew meanwhile", status=found.state.status)
        if isinstance(begin.sign, StatusError) or await _has_processes(docker, container):
            break
    return None


def _ended(container: str, found: ContainerInspect) -> ContainerEnded:
    state = found.state
    why = f": {state.error}" if state.error else ""
    return ContainerEnded(
        f"{container} ended meanwhile: it is {state.status}, with exit code {state.exit_code}{why}",
        status=state.status,
        exit_code=state.exit_code,
    )


def _is_started_anew(found: ContainerInspect, begin: CommandBegin) -> bool:
    """Whether a running container was started after the command was created."""
    sign = begin.sign
    if isinstance(sign, StatusError):
        # The command is not known any more, or the container did not run a moment ago.
        return not (found.state.paused or "paused" in sign.message)
    if begin.podman_id and begin.podman_id not in found.exec_ids:
        return True
    created, started = seconds_of(begin.date), found.state.started_at.nanoseconds
    if created is None or not started:
        return False
    if started >= (created + 1) * 10**9:
        return True
    # In the same second, of two processes the one that began later has the higher number.
    return started >= created * 10**9 and found.state.pid > sign.pid > 0


async def _has_processes(docker: Operations, container: str) -> bool:
    try:
        return bool((await docker.containers.top(container)).processes)
    except StatusError:
        return False  # it is ending, or the Engine has no `ps`
