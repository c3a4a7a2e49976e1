"""Whose words the output of a command is: its own, or the Engine's about why it was not started."""

from __future__ import annotations

import pytest

from rawdock.helpers.never_started import never_started
from rawdock.models import ExecInspect

CRUN = "Error: crun: executable file `x` not found in $PATH: No such file or directory: OCI runtime attempted to invoke"
PODMAN = f"{CRUN} a command that was not found"
DENIED = "Error: crun: the path `/etc` is not a regular file: Operation not permitted: OCI permission denied"
SECOND = "Error: read unixpacket @->/proc/self/fd/13/attach: read: connection reset by peer\n"


def state(code: int | None, pid: int) -> ExecInspect:
    return ExecInspect(id="e", exit_code=code, pid=pid)


@pytest.mark.parametrize(
    ("code", "pid", "output", "error"),
    [
        (127, 0, b'exec: "x": executable file not found in $PATH\r\n', 'exec: "x": executable file not found in $PATH'),
        (126, 0, b"unable to find user x\r\n", "unable to find user x"),
        (127, 0, b"", "the command could not be started"),
        (127, 7, b"sh: x: not found\n", ""),
        (0, 0, b"done", ""),
        (None, 0, b"", ""),
    ],
)
def test_docker_gives_it_no_process(code: int | None, pid: int, output: bytes, error: str) -> None:
    assert never_started(state(code, pid), output, podman=False) == error


@pytest.mark.parametrize(
    ("code", "output", "error"),
    [
        (127, f"{PODMAN}\n{SECOND}", PODMAN),
        (127, f"{PODMAN}\n", PODMAN),
        (127, f"{PODMAN}\r\n", PODMAN),
        (126, f"{DENIED}\n{SECOND}", DENIED),
        (1, f"{PODMAN}\n", ""),
        (127, f"before\n{PODMAN}\n{SECOND}", ""),
        (127, f"{PODMAN}\n{SECOND}after", ""),
        (127, f"{PODMAN}\n{SECOND}{SECOND}", ""),
        (127, PODMAN, ""),
        (127, "sh: x: not found\n", ""),
        (126, "", ""),
    ],
)
def test_podman_is_a_guess(code: int, output: str, error: str) -> None:
    """Code and the whole output must be as Podman's: a command that says more has run."""
    assert never_started(state(code, 0), output.encode(), podman=True) == error
