"""Attributes of a module that are imported when they are first used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module

__all__ = ["lazy_attributes"]


def lazy_attributes(
    name: str, namespace: dict[str, object], modules: Mapping[str, str]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """The `__getattr__` and `__dir__` of the module `name`; `modules` has the module of each attribute."""

    def find(attribute: str) -> object:
        module = modules.get(attribute)
        if module is None:
            raise AttributeError(f"module {name!r} has no attribute {attribute!r}")
        value: object = getattr(import_module(f"rawdock.{module}"), attribute)
        namespace[attribute] = value  # so that this is not called again for it
        return value

    def names() -> list[str]:
        return sorted({*namespace, *modules})

    return find, names
