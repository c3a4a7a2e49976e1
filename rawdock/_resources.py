"""A client with the operations of the API, which `Docker` extends by helpers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, NoReturn, TypeVar, overload

from ._client import Client
from ._lazy import load
from ._resource import Resource, no_attribute

if TYPE_CHECKING:
    from .api.build import Build
    from .api.checkpoints import Checkpoints
    from .api.configs import Configs
    from .api.containers import Containers
    from .api.distribution import Distribution
    from .api.exec import Exec
    from .api.images import Images
    from .api.networks import Networks
    from .api.nodes import Nodes
    from .api.plugins import Plugins
    from .api.secrets import Secrets
    from .api.services import Services
    from .api.session import Session
    from .api.swarm import Swarm
    from .api.system import System
    from .api.tasks import Tasks
    from .api.volumes import Volumes

__all__ = ["LoadedOnUse", "Operations"]

R = TypeVar("R", bound=Resource)


class LoadedOnUse(Generic[R]):
    """A resource of a client. Its module is loaded when it is first used; then the client keeps the resource."""

    def __init__(self, module: str = "", kind: str = "") -> None:
        self._module = module
        self._kind = kind

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name
        self._module = self._module or f"api.{name}"
        self._kind = self._kind or name.capitalize()

    @overload
    def __get__(self, client: None, owner: type | None = None) -> LoadedOnUse[R]: ...
    @overload
    def __get__(self, client: Client, owner: type | None = None) -> R: ...
    def __get__(self, client: Client | None, owner: type | None = None) -> R | LoadedOnUse[R]:
        if client is None:
            return self
        resource: type[R] = load(self._module, self._kind)
        instance = client.__dict__[self._name] = resource(client)
        return instance


_OWN = {"call", "has_own_transport", "held", "known_engine", "negotiate", "open", "perform"}
"""What rawdock itself uses of a client."""


class Operations(Client):
    """A client with the operations of the API, by resource."""

    if not TYPE_CHECKING:  # type checkers would accept any name otherwise

        def __getattr__(self, name: str) -> NoReturn:
            """Called for a name that there is not: say what it is called here, if it is known from elsewhere."""
            raise no_attribute(self, "", name)

    def __dir__(self) -> list[str]:
        """What is for users."""
        return sorted(
            name
            for name in object.__dir__(self)
            if name not in _OWN and (not name.startswith("_") or name.startswith("__"))
        )

    build: LoadedOnUse[Build] = LoadedOnUse()
    """Cancelling builds, and the build cache."""
    checkpoints: LoadedOnUse[Checkpoints] = LoadedOnUse()
    """Checkpoints of containers."""
    configs: LoadedOnUse[Configs] = LoadedOnUse()
    """Configs of a swarm."""
    containers: LoadedOnUse[Containers] = LoadedOnUse()
    """Containers: create, start, stop, inspect, logs, attach, commit, ..."""
    distribution: LoadedOnUse[Distribution] = LoadedOnUse()
    """Images in registries."""
    exec: LoadedOnUse[Exec] = LoadedOnUse()
    """Processes executed in running containers."""
    images: LoadedOnUse[Images] = LoadedOnUse()
    """Images: pull, push, build, list, inspect, delete, ..."""
    networks: LoadedOnUse[Networks] = LoadedOnUse()
    """Networks."""
    nodes: LoadedOnUse[Nodes] = LoadedOnUse()
    """Nodes of a swarm."""
    plugins: LoadedOnUse[Plugins] = LoadedOnUse()
    """Plugins that the Engine manages."""
    secrets: LoadedOnUse[Secrets] = LoadedOnUse()
    """Secrets of a swarm."""
    services: LoadedOnUse[Services] = LoadedOnUse()
    """Services of a swarm."""
    session: LoadedOnUse[Session] = LoadedOnUse()
    """Connections that are upgraded for BuildKit."""
    swarm: LoadedOnUse[Swarm] = LoadedOnUse()
    """The swarm as a whole."""
    system: LoadedOnUse[System] = LoadedOnUse()
    """The Engine itself: ping, version, info, disk use, events, registry login."""
    tasks: LoadedOnUse[Tasks] = LoadedOnUse()
    """Tasks of a swarm."""
    volumes: LoadedOnUse[Volumes] = LoadedOnUse()
    """Volumes."""
