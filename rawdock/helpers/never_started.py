"""Whether a command was never started, so that its output is not its own but the Engine's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..models import ExecInspect

__all__ = ["never_started"]

# The whole output of Podman in this case, with crun or runc as its runtime; the second line only without a terminal.
_PODMAN = re.compile(
    r"(Error: (?:crun|runc|OCI runtime|exec failed)\b[^\n]*: OCI (?:runtime attempted to invoke a command that was not "
    r"found|permission denied|runtime error))\r?\n(?:Error: read unixpacket [^\n]*\r?\n)?"
)
_NOT_STARTED = (126, 127)


def never_started(state: ExecInspect, output: bytes, *, podman: bool) -> str:
    """The Engine's words about why it could not start the command; an empty text if it was started.

    `output` is its beginning, and all of it where it is as short as such words. Docker gives a command that was never
    started no process. Podman gives none to any that has ended, so there it is a guess from the exit code and the
    output.
    """
    text = output.decode(errors="replace")
    if podman:
        match = _PODMAN.fullmatch(text) if state.exit_code in _NOT_STARTED else None
        return match[1] if match else ""
    if state.pid or not state.exit_code:
        return ""
    return text.strip() or "the command could not be started"
