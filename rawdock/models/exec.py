"""Exec: commands that are executed in a running container."""

from __future__ import annotations

from typing import Annotated

from rawdock._models.model import Model, since, wire


class ExecConfig(Model):
    """A command to execute in a container."""

    cmd: list[str] = []
    attach_stdin: bool = False
    attach_stdout: bool = False
    attach_stderr: bool = False
    tty: bool = False
    env: list[str] = []
    """Like "NAME=value"; added to those of the container."""
    user: str = ""
    """Name or number, with ":group" if wanted; empty for the container's own."""
    working_dir: str = ""
    privileged: bool = False
    detach_keys: str = ""
    """Like "ctrl-a,d"; empty for "ctrl-p,ctrl-q". With a terminal, Docker ends the stream when they are in the input,
    while the command runs on."""
    console_size: Annotated[list[int], since("1.42")] = []
    """Height and width of the terminal; empty for the Engine's default."""


class ExecCreated(Model):
    """A command was prepared."""

    id: str


class ExecStartConfig(Model):
    """How to start a prepared command."""

    detach: bool = False
    """Start it without a stream."""
    tty: bool = False
    """Must be the same as at its creation. For a command made without a terminal, Docker loses stderr with True."""
    console_size: Annotated[list[int], since("1.42")] = []
    """Height and width of the terminal; empty for the Engine's default."""


class ProcessConfig(Model):
    """The command of an exec instance."""

    entrypoint: Annotated[str, wire("entrypoint")] = ""
    """The program; `arguments` are the other words of the command."""
    arguments: Annotated[list[str], wire("arguments")] = []
    tty: Annotated[bool, wire("tty")] = False
    user: Annotated[str, wire("user")] = ""
    privileged: Annotated[bool, wire("privileged")] = False


class ExecInspect(Model):
    """Everything that the Engine reports about an exec."""

    id: Annotated[str, wire("ID")]
    container_id: Annotated[str, wire("ContainerID")] = ""
    running: bool = False
    exit_code: int | None = None
    """None until it has ended; Podman says 0 until then."""
    pid: int = 0
    """On the host; 0 before the start, and for a command that could not be started. Podman: also 0 after its end."""
    process_config: ProcessConfig = ProcessConfig()
    open_stdin: bool = False
    open_stdout: bool = False
    open_stderr: bool = False
    can_remove: bool = False
    detach_keys: str = ""
