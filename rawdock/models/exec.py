"""Exec: programs that are run in a container beside its own."""

from __future__ import annotations

from typing import Annotated

from rawdock._models.model import Model, since, wire


class ExecConfig(Model):
    """A program to be run in a container."""

    cmd: list[str] = []
    attach_stdin: bool = False
    attach_stdout: bool = False
    attach_stderr: bool = False
    tty: bool = False
    env: list[str] = []
    """Like "NAME=value"; added to those of the container."""
    user: str = ""
    """Name or number, with ":group" if wanted; empty is the container's own."""
    working_dir: str = ""
    privileged: bool = False
    detach_keys: str = ""
    """Like "ctrl-p,ctrl-q"."""
    console_size: Annotated[list[int], since("1.42")] = []
    """Height and width of the terminal; empty leaves them to the Engine."""


class ExecCreated(Model):
    """A program is ready to be started."""

    id: str


class ExecStartConfig(Model):
    """How a program is to be started."""

    detach: bool = False
    """Let it run alone, with no stream."""
    tty: bool = False
    """As it was created."""
    console_size: Annotated[list[int], since("1.42")] = []
    """Height and width of the terminal; empty leaves them to the Engine."""


class ProcessConfig(Model):
    """The program of an exec."""

    entrypoint: Annotated[str, wire("entrypoint")] = ""
    """The first word of the command, with `arguments` behind it."""
    arguments: Annotated[list[str], wire("arguments")] = []
    tty: Annotated[bool, wire("tty")] = False
    user: Annotated[str, wire("user")] = ""
    privileged: Annotated[bool, wire("privileged")] = False


class ExecInspect(Model):
    """All the Engine knows about an exec."""

    id: Annotated[str, wire("ID")]
    container_id: Annotated[str, wire("ContainerID")] = ""
    running: bool = False
    exit_code: int | None = None
    """None until it has ended; Podman says 0 until then."""
    pid: int = 0
    """On the host; 0 before the start."""
    process_config: ProcessConfig = ProcessConfig()
    open_stdin: bool = False
    open_stdout: bool = False
    open_stderr: bool = False
    can_remove: bool = False
    detach_keys: str = ""
