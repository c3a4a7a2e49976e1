"""The base class of resources: containers, images, and so on."""

from __future__ import annotations

from ._client import Client
from ._declare.endpoint import Endpoint

__all__ = ["Resource", "name_as"]


class Resource:
    """A group of operations on one client."""

    __slots__ = ("_client",)

    def __init__(self, client: Client) -> None:
        self._client = client

    def __init_subclass__(cls) -> None:
        group = cls.__name__.lower()
        for name, value in list(vars(cls).items()):
            declared = getattr(value, "__endpoint__", None)
            if isinstance(declared, Endpoint) and (name == declared.function.__name__ or not name.startswith("_")):
                declared.operation = f"{group}.{name}"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._client!r}>"


def name_as(resource: type[Resource], names: dict[str, str]) -> None:
    """Let errors of private methods name the public operation of which each is a variant."""
    for private, public in names.items():
        vars(resource)[private].__endpoint__.operation = f"{resource.__name__.lower()}.{public}"
