"""Resolving the annotations of models and endpoints, when they are first needed.

They may name classes that are imported only for type checkers. So a name that is missing in the module is looked up
among the models and the streams.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from importlib import import_module
from typing import Any, Union, get_args, get_origin

from ._index import MODELS, STREAMS

__all__ = ["resolve", "without_none"]


class _Names(dict[str, Any]):
    def __missing__(self, name: str) -> Any:
        module = MODELS.get(name) or STREAMS[name]
        return getattr(import_module(f"rawdock.{module}"), name)


def resolve(annotation: Any, module: dict[str, Any], owner: Mapping[str, Any] | None = None) -> Any:
    """The type that an annotation means."""
    if not isinstance(annotation, str):
        return annotation
    try:
        return eval(annotation, module, _Names(owner or {}))
    except NameError as error:
        where = module.get("__name__", "its module")
        raise NameError(
            f"{error.name!r} in the annotation {annotation!r} of {where} is not known: after adding a model or a "
            "stream, run scripts/index; anything else has to be imported at run time",
            name=error.name,
        ) from error


def without_none(kind: Any) -> tuple[Any, bool]:
    """A type without its `| None`, and whether it had one."""
    if get_origin(kind) in (Union, types.UnionType):
        members = [member for member in get_args(kind) if member is not type(None)]
        if len(members) < len(get_args(kind)):
            return Union[tuple(members)], True  # noqa: UP007 - the members are not known here
    return kind, False
