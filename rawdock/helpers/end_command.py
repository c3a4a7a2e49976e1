"""Ends a command in a container, with all that it has started: the Engine has no call for that.

Its processes are known by a variable that they were given and have handed on, by the session that most Engines give
each command to itself, and by their parents: who has lost the one still has the others. They are looked for and ended
from inside the container, with its own shell, as the same user; what that user may not end is left to root. Where the
container has no shell, the machine's own processes are looked through, if the Engine runs where the caller is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from ..errors import Conflict, NotFound, RawdockError
from ..models import ExecConfig
from .completion import patience_of
from .local_processes import end_here

if TYPE_CHECKING:
    from .._resources import Operations
    from ..models import ExecInspect

__all__ = ["VARIABLE", "end_command"]

VARIABLE = "RAWDOCK_EXECUTION"
"""The variable by which the processes of a command are known."""

# Only what is built into a shell: there may be no other program, and no room for another process. They are stopped
# first, until no new one is found, so that what they start meanwhile is not missed. The words behind the name in `stat`
# are the state, the parent, the group and the session; 0 is a session of the world outside.
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
_AS_ROOT = "kill -KILL $*"

_TURNS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
"""Seconds between one try and the next."""
_HERE_TOO = 2
"""Tries from the inside alone, before the machine's own processes are looked through too."""


async def end_command(docker: Operations, container: str, execution: str, mark: str, *, user: str) -> bool:
    """End what was started as `execution` with `mark` in its environment; False if it may still run.

    It is tried until the Engine says that the command has ended: a command that was only just started may not be there
    yet when its processes are looked for.
    """
    patience = patience_of(docker)
    inside, here = True, False
    for turn, pause in enumerate(_TURNS):
        await anyio.sleep(pause)
        try:
            if inside:
                inside = await _end_inside(docker, container, mark, user)
            found = await docker.exec.inspect(execution)
            patience.renew()
        except (NotFound, Conflict):
            return await _stopped(docker, container)
        if (not inside or turn >= _HERE_TOO) and docker.address.startswith("unix:"):
            here |= await anyio.to_thread.run_sync(end_here, mark, found.pid, found.container_id)
        if (inside or here) and _has_ended(found):
            return True
    return False


def _has_ended(found: ExecInspect) -> bool:
    """Whether it has begun and ended: before the start Docker knows no exit code, and Podman says 0 and no more."""
    return not found.running and (bool(found.exit_code) or bool(found.pid) or found.can_remove)


async def _end_inside(docker: Operations, container: str, mark: str, user: str) -> bool:
    """End its processes from inside; False if there is no shell, or no room for one."""
    code, out = await _execute(docker, container, ["sh", "-c", _SCRIPT, "sh", mark], user)
    if not code:
        return True
    left = out.split()
    if code != 1 or not all(pid.isdigit() for pid in left):
        return False
    await _execute(docker, container, ["sh", "-c", _AS_ROOT, "sh", *left], "0")
    return True


async def _execute(docker: Operations, container: str, cmd: list[str], user: str) -> tuple[int | None, str]:
    config = ExecConfig(cmd=cmd, attach_stdout=True, user=user)
    created = await docker.exec.create(container, config)
    out = bytearray()
    async with docker.exec.start(created.id) as process:
        async for frame in process:
            if len(out) < _SHOWN:
                out += frame.data
    found = await docker.exec.inspect(created.id)
    while found.running:
        await anyio.sleep(0.01)
        found = await docker.exec.inspect(created.id)
    return found.exit_code, out.decode(errors="replace")


_SHOWN = 64 * 1024


async def _stopped(docker: Operations, container: str) -> bool:
    """Whether nothing can run in a container any more. A paused one is not stopped."""
    try:
        return not (await docker.containers.inspect(container)).state.running
    except NotFound:
        return True
    except RawdockError:
        return False
