"""What a caller gives for a build that only a session with BuildKit can use: credentials, secrets, SSH agents, an output."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, cast

import attrs

from .._auth import encode_auths
from .._shown import shortened, shown
from ..errors import FileError, InvalidArgument
from .outputs import Output
from .session.secrets import LARGEST_SECRET

if TYPE_CHECKING:
    from ..models import AuthConfig

__all__ = ["EnvSecret", "SecretSource", "SessionOptions", "SshAgents"]


@attrs.frozen
class EnvSecret:
    """A secret of a build that is the value of a variable of this program's environment."""

    name: str


SecretSource = bytes | os.PathLike[str] | EnvSecret
"""The secret itself, the file that it is in, or the variable."""
SshAgents = Mapping[str, Literal[True] | str | os.PathLike[str]]
"""Sockets of agents by their IDs; True is the agent of this program's environment."""


@attrs.frozen
class SessionOptions:
    """As the caller gave them."""

    registry_config: Mapping[str, AuthConfig] | None = attrs.field(default=None, repr=False)
    secrets: Mapping[str, SecretSource] | None = attrs.field(default=None, repr=False)
    ssh: SshAgents | None = None
    output: Output | None = None

    def need(self) -> str:
        """The argument because of which a build cannot go without a session; empty if there is none."""
        given = {
            "output": self.output,
            "ssh": self.ssh,
            "secrets": self.secrets,
            "registry_config": self.registry_config,
        }
        return next((name for name, value in given.items() if value), "")

    def check(self) -> None:
        """Raise InvalidArgument for what is of a wrong type."""
        if self.registry_config is not None:
            encode_auths("build: registry_config", self.registry_config)
        _check_mapping("secrets", self.secrets, "bytes, the path of a file as a pathlib.Path, or EnvSecret")
        _check_mapping("ssh", self.ssh, "True or the path of an agent's socket")
        for id, source in (self.secrets or {}).items():
            if not isinstance(cast("object", source), (bytes, os.PathLike, EnvSecret)):
                raise InvalidArgument(
                    f"build: secrets[{shown(id)}]: expected bytes, the path of a file as a pathlib.Path, or EnvSecret, got "
                    f"{type(source).__name__}"
                )
        for id, agent in (self.ssh or {}).items():
            if agent is not True and not isinstance(cast("object", agent), (str, os.PathLike)):
                raise InvalidArgument(f"build: ssh[{shown(id)}]: expected True or a path, got {type(agent).__name__}")
        if self.output is not None:
            self.output.check()

    def read_secrets(self) -> dict[str, bytes]:
        """The secrets, read; raises InvalidArgument and FileError. Called in a worker thread."""
        return {id: _secret(id, source) for id, source in (self.secrets or {}).items()}

    def find_agents(self) -> dict[str, str]:
        """The sockets of the agents; raises InvalidArgument. Called in a worker thread."""
        return {id: _agent(id, agent) for id, agent in (self.ssh or {}).items()}


def _check_mapping(name: str, value: Any, expected: str) -> None:
    if value is None:
        return
    if not isinstance(value, Mapping) or not all(isinstance(id, str) and id for id in cast("Mapping[Any, Any]", value)):
        raise InvalidArgument(f"build: {name}: expected a dict by ID, with {expected} as values")


def _secret(id: str, source: SecretSource) -> bytes:
    where = f"build: secrets[{shown(id)}]"
    if isinstance(source, EnvSecret):
        value = os.environb.get(os.fsencode(source.name))
        if value is None:
            raise InvalidArgument(f"{where}: the variable {source.name} is not set")
    elif isinstance(source, bytes):
        value = source
    else:
        value = _read(where, os.fspath(source))
    if len(value) > LARGEST_SECRET:
        raise InvalidArgument(f"{where}: it has more than {LARGEST_SECRET} bytes, which BuildKit does not take")
    return value


def _read(where: str, path: str) -> bytes:
    try:
        with open(path, "rb", opener=lambda path, usual: os.open(path, usual | os.O_NONBLOCK)) as file:
            if stat.S_ISDIR(os.fstat(file.fileno()).st_mode):
                raise InvalidArgument(f"{where}: {shortened(path)} is a folder")
            return file.read(LARGEST_SECRET + 1)
    except FileNotFoundError as error:
        raise InvalidArgument(f"{where}: there is no file {shortened(path)}") from error
    except IsADirectoryError as error:
        raise InvalidArgument(f"{where}: {shortened(path)} is a folder") from error
    except OSError as error:
        raise FileError(f"{where}: {shortened(path)} cannot be read: {error.strerror}", path=path) from error


def _agent(id: str, agent: Literal[True] | str | os.PathLike[str]) -> str:
    where = f"build: ssh[{shown(id)}]"
    if agent is True:
        path = os.environ.get("SSH_AUTH_SOCK", "")
        if not path:
            raise InvalidArgument(f"{where}: no SSH agent runs here: SSH_AUTH_SOCK is not set")
    else:
        path = os.path.abspath(agent)
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        raise InvalidArgument(f"{where}: there is no SSH agent at {shortened(path)}: {error.strerror}") from error
    if stat.S_ISREG(mode):
        raise InvalidArgument(
            f"{where}: {shortened(path)} is a file and no agent's socket: give the key to an agent with `ssh-add {path}`, and "
            "the agent with True"
        )
    if not stat.S_ISSOCK(mode):
        raise InvalidArgument(f"{where}: {shortened(path)} is no socket of an SSH agent")
    return path
