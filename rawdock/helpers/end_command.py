"""End a command in a container and all processes that it has started; the Engine has no call for that.

A process of the command is found by any of three: an environment variable, which child processes inherit; the session,
as most Engines start each command in a session of its own; and its parent process. A process that dropped one of them
is still found by another. The processes are found and killed inside the container by its own shell, as the same user;
what that user may not kill is killed by root. If the container has no shell and the Engine runs on this machine, the
processes are found in this machine's /proc.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import anyio

from .._threads import run_in_thread
from ..errors import Conflict, NotFound, RawdockError, StatusError
from ..models import ExecConfig
from .completion import cleanup_limit_of
from .container_end import may_have_ended
from .local_processes import end_local_processes

if TYPE_CHECKING:
    from .._resources import Operations
    from ..models import ExecInspect

__all__ = ["VARIABLE", "end_command"]

VARIABLE = "RAWDOCK_EXECUTION"
"""The environment variable by which the processes of a command are found."""

# Only shell builtins: there may be no other program, and the container's process limit may be reached. The processes
# are stopped first, until a round finds no new one, so that none is missed that they start meanwhile. In `stat`, the
# fields after the name are the state, the parent, the process group and the session; session 0 is outside the
# container.
_SCRIPT = """\
mark=$1; mine=' '; known=; turn=0
while [ $turn -lt 100 ]; do
  turn=$((turn + 1)); now=
  for folder in /proc/[0-9]*; do
    pid=${folder#/proc/}
    [ $pid = $$ ] && continue
    { IFS= read -r line < $folder/stat; } 2> /dev/null || continue
    set -- ${line##*) }
    [ "$1" = Z ] && continue
    hit=
    case $mine in *" $4 "*) hit=1 ;; esac
    case "$known $now " in *" $2 "*) hit=1 ;; esac
    if [ -z "$hit" ]; then
      { while IFS= read -r line || [ -n "$line" ]; do
        case $line in *"$mark"*) hit=1 ;; esac
      done < $folder/environ; } 2> /dev/null
      [ -n "$hit" ] && [ "$4" != 0 ] && mine="$mine$4 "
    fi
    [ -n "$hit" ] || continue
    kill -STOP $pid 2> /dev/null
    now="$now $pid"
  done
  [ -z "$now" ] && exit 0
  if [ "$now" = "$known" ]; then
    kill -KILL $now 2> /dev/null
    [ $turn -gt 50 ] && break
  fi
  known=$now
done
echo $now
exit 1
"""
_KILL_SCRIPT = "kill -KILL $*"

_PAUSES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
"""Seconds before each attempt."""
_ATTEMPTS_INSIDE = 2
"""Attempts inside the container only, before this machine's processes are searched too."""


async def end_command(docker: Operations, container: str, exec_id: str, marker: str, *, user: str) -> bool:
    """End the command `exec_id`, which has `marker` in its environment; False if it may still run.

    Tries until the Engine reports the command as ended: a command that was just started may have no process yet when
    its processes are searched.
    """
    cleanup = cleanup_limit_of(docker)
    ended_inside, ended_locally = True, False
    for attempt, pause in enumerate(_PAUSES):
        await anyio.sleep(pause)
        try:
            if ended_inside:
                ended_inside = await _end_inside(docker, container, marker, user)
        except StatusError as error:
            if may_have_ended(error):
                return await _is_stopped(docker, container)
            raise
        try:
            state = await docker.exec.inspect(exec_id)
            cleanup.extend()
        except NotFound:
            return True  # it ended with its container, which may have been started anew since
        except Conflict:
            return await _is_stopped(docker, container)
        if (not ended_inside or attempt >= _ATTEMPTS_INSIDE) and docker.address.startswith("unix:"):
            ended_locally |= await run_in_thread(partial(end_local_processes, marker, state.pid, state.container_id))
        if (ended_inside or ended_locally) and _has_ended(state):
            return True
    return False


def _has_ended(state: ExecInspect) -> bool:
    """Whether the command was started and has ended: before the start Docker has no exit code, and Podman only a 0."""
    return not state.running and (bool(state.exit_code) or bool(state.pid) or state.can_remove)


async def _end_inside(docker: Operations, container: str, marker: str, user: str) -> bool:
    """End the processes inside the container; False if it has no shell or reached its process limit."""
    code, output = await _execute(docker, container, ["sh", "-c", _SCRIPT, "sh", marker], user)
    if not code:
        return True
    pids = output.split()
    if code != 1 or not all(pid.isdigit() for pid in pids):
        return False
    await _execute(docker, container, ["sh", "-c", _KILL_SCRIPT, "sh", *pids], "0")
    return True


async def _execute(docker: Operations, container: str, cmd: list[str], user: str) -> tuple[int | None, str]:
    config = ExecConfig(cmd=cmd, attach_stdout=True, user=user)
    created = await docker.exec.create(container, config)
    output = bytearray()
    async with docker.exec.start(created.id) as process:
        async for frame in process:
            if len(output) < _OUTPUT_LIMIT:
                output += frame.data
    state = await docker.exec.inspect(created.id)
    while state.running:
        await anyio.sleep(0.01)
        state = await docker.exec.inspect(created.id)
    return state.exit_code, output.decode(errors="replace")


_OUTPUT_LIMIT = 64 * 1024


async def _is_stopped(docker: Operations, container: str) -> bool:
    """Whether the container is stopped or gone, so that no process runs in it. A paused one is not stopped."""
    try:
        return not (await docker.containers.inspect(container)).state.running
    except NotFound:
        return True
    except RawdockError:
        return False
