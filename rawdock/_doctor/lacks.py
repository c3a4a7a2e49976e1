"""What an API version does not have, of what rawdock declares."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import NamedTuple

from .. import api
from .._declare.endpoint import Endpoint
from .._index import MODELS
from .._lazy import load
from .._models.model import fields_of
from .._resource import Resource
from .._versions import Version, version_text

__all__ = ["Lacks", "lacks_of"]


class Lacks(NamedTuple):
    """Names, with the version that has each."""

    operations: dict[str, str]
    parameters: dict[str, str]
    fields: dict[str, str]


def lacks_of(version: Version) -> Lacks:
    """What came only after a version."""
    operations: dict[str, str] = {}
    parameters: dict[str, str] = {}
    for one in _endpoints():
        if one.since is not None and one.since > version:
            operations[one.operation] = version_text(one.since)
            continue
        for parameter in one.parameters:
            if parameter.since is not None and parameter.since > version:
                parameters[f"{one.operation}: {parameter.name}"] = version_text(parameter.since)
    fields = {
        f"{name}.{field.name}": version_text(field.since)
        for name, module in MODELS.items()
        for field in fields_of(load(module, name))
        if field.since is not None and field.since > version
    }
    return Lacks(operations, parameters, fields)


def _endpoints() -> list[Endpoint]:
    found: list[Endpoint] = []
    for module in iter_modules(api.__path__):
        for kind in vars(import_module(f"{api.__name__}.{module.name}")).values():
            if isinstance(kind, type) and issubclass(kind, Resource) and kind is not Resource:
                methods = [getattr(method, "__endpoint__", None) for method in vars(kind).values()]
                found += [one for one in methods if isinstance(one, Endpoint) and one not in found]
    return sorted(found, key=lambda one: one.operation)
