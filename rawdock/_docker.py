"""`Docker`: the operations of the API, and what takes more than one of them, on one client."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._resources import LoadedOnUse, Operations

if TYPE_CHECKING:
    from .helpers import copy, execute, run, single_file, waiting, watch
    from .helpers.build import Builder

__all__ = ["Docker"]


class _Helper:
    """A function of a client as a method. Its module is loaded when the method is first asked for."""

    def __init__(self, module: str) -> None:
        self._module = module

    def __set_name__(self, owner: type, name: str) -> None:
        self._owner = owner
        self._name = name

    def __get__(self, client: object, owner: type | None = None) -> Any:
        function = getattr(import_module(f"rawdock.helpers.{self._module}"), self._name)
        setattr(self._owner, self._name, function)  # in this one's place
        return function if client is None else function.__get__(client)


class Docker(Operations):
    """A client of one Docker Engine.

    `address` is `unix:///path`, a path, or `tcp://host:port`; without one it is what the docker command would use:
    `DOCKER_HOST`, the active docker context, or `/var/run/docker.sock`. Nothing is opened before the first call.

    `transport` replaces the connection to the Engine by any httpx transport. `version` pins the API version, as
    `DOCKER_API_VERSION` does; otherwise it is negotiated on the first call, not under `minimum_version`. `limits`
    bounds what is kept of an answer; `connect_timeout` is in seconds. Calls and streams have no deadline of their own:
    use a cancel scope.

    Raises AddressError if the address cannot be used.
    """

    build: LoadedOnUse[Builder] = LoadedOnUse("helpers.build", "Builder")  # pyright: ignore[reportIncompatibleVariableOverride] - only read
    """`build(...)` builds an image; running builds, and what builds leave in the cache."""

    # Checkers and editors see the functions themselves, whose signatures and docstrings stand nowhere else.
    if TYPE_CHECKING:
        copy_in = copy.copy_in
        copy_out = copy.copy_out
        execute = execute.execute
        read_file = single_file.read_file
        run = run.run
        wait_healthy = waiting.wait_healthy
        wait_port = waiting.wait_port
        watch_containers = watch.watch_containers
        watch = watch.watch  # the last that is of its module: from here on the name is the function's
        write_file = single_file.write_file
    else:
        copy_in = _Helper("copy")
        copy_out = _Helper("copy")
        execute = _Helper("execute")
        read_file = _Helper("single_file")
        run = _Helper("run")
        wait_healthy = _Helper("waiting")
        wait_port = _Helper("waiting")
        watch = _Helper("watch")
        watch_containers = _Helper("watch")
        write_file = _Helper("single_file")
