"""The base class of resources: containers, images, and so on."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

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

    if not TYPE_CHECKING:  # type checkers would accept any name otherwise

        def __getattr__(self, name: str) -> NoReturn:
            """Called for a name that there is not: say what it is called here, if it is known from elsewhere."""
            raise no_attribute(self, type(self).__name__.lower(), name)

    def __dir__(self) -> list[str]:
        return sorted(name for name in object.__dir__(self) if not name.startswith("_") or name.startswith("__"))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._client!r}>"


def no_attribute(owner: object, group: str, name: str) -> AttributeError:
    """The error for a name that an object has not, with the right one if it is known."""
    hint = ""
    if not name.startswith("_"):
        from ._guesses import meant

        hint = meant(group, name)
    return AttributeError(f"{type(owner).__name__!r} object has no attribute {name!r}{hint}", name=name, obj=owner)


def name_as(resource: type[Resource], names: dict[str, str]) -> None:
    """Let errors of private methods name the public operation of which each is a variant."""
    for private, public in names.items():
        vars(resource)[private].__endpoint__.operation = f"{resource.__name__.lower()}.{public}"
