"""The base class of resources: containers, images, and so on."""

from __future__ import annotations

from ._client import Client
from ._declare.endpoint import Endpoint

__all__ = ["Resource"]


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
