"""Attributes of a module that are imported when they are first used."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any, cast

from ._shown import shown
from .errors import FileError

__all__ = ["lazy_attributes", "load", "loading"]


@contextmanager
def loading() -> Generator[None, None, None]:
    """Modules are loaded in this block, for which a file descriptor is needed: FileError if there is none."""
    try:
        yield
    except OSError as error:
        raise FileError(
            f"a module of rawdock cannot be loaded: {error.strerror}; use it once before descriptors are short",
            path=str(error.filename or ""),
        ) from error


def load(module: str, attribute: str) -> Any:
    """An attribute of a module of rawdock, which is loaded if it was not yet."""
    with loading():
        return getattr(import_module(f"rawdock.{module}"), attribute)


def lazy_attributes(
    name: str, namespace: dict[str, object], modules: Mapping[str, str], submodules: Collection[str] = ()
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """The `__getattr__` and `__dir__` of the module `name`; `modules` has the module of each attribute.

    `submodules` are modules below it that are imported when they are first used.
    """

    def find(attribute: str) -> object:
        module = modules.get(attribute)
        if attribute in submodules:
            with loading():
                return import_module(f"{name}.{attribute}")
        if module is None:
            raise AttributeError(f"module {name!r} has no attribute {shown(attribute)}")
        value: object = load(module, attribute)
        namespace[attribute] = value  # so that this is not called again for it
        return value

    def names() -> list[str]:
        public = cast("list[str]", namespace.get("__all__", []))
        return sorted({*public, *modules, *submodules, *(one for one in namespace if one.startswith("__"))})

    return find, names
