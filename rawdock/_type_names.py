"""The namespace in which the annotations of public functions can be resolved at run time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

from ._index import MODELS, PUBLIC, STREAMS

__all__ = ["type_names"]

# Names in annotations that are not public, or not rawdock's, and which their modules import for type checkers only.
_OTHERS = {
    "rawdock._resources": ("Operations",),
    "rawdock._streams.split.frames": ("StreamName",),
    "rawdock.helpers.build": ("Builder",),
    "collections.abc": ("AsyncIterable", "AsyncIterator", "Awaitable", "Callable", "Iterable", "Mapping"),
    "ssl": ("SSLContext",),
    "types": ("TracebackType",),
}
_MODULES = {name: module for module, names in _OTHERS.items() for name in names} | {
    name: f"rawdock.{module}" for index in (MODELS, STREAMS, PUBLIC) for name, module in index.items()
}


class _TypeNames(Mapping[str, Any]):
    """Imports the module of a name when the name is looked up."""

    def __getitem__(self, name: str) -> Any:
        return getattr(import_module(_MODULES[name]), name)

    def __contains__(self, name: object) -> bool:
        return name in _MODULES

    def __iter__(self) -> Iterator[str]:
        return iter(_MODULES)

    def __len__(self) -> int:
        return len(_MODULES)


def type_names() -> Mapping[str, Any]:
    """The names in rawdock's annotations, for `typing.get_type_hints(Docker.run, localns=rawdock.type_names())`.

    rawdock imports most classes on first use, so its modules do not have all names that their annotations use. This
    mapping has them, and imports the module of a name when the name is looked up.
    """
    return _TypeNames()
