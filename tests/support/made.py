"""Example JSON values generated from types, with every field set."""

from __future__ import annotations

from typing import Any, get_args, get_origin

from rawdock._annotations import without_none
from rawdock._models.model import Model, SecretStr, Timestamp, UnixTime, fields_of

TIME = "2026-01-02T03:04:05.000000006Z"


def example(kind: Any, inside: tuple[type, ...] = ()) -> Any:
    """A JSON value of a declared type, with every field set; a model nested inside itself is left empty."""
    kind, _ = without_none(kind)
    if get_origin(kind) is list:
        return [example(get_args(kind)[0], inside)]
    if get_origin(kind) is dict:
        return {"a key": example(get_args(kind)[1], inside)}
    if isinstance(kind, type) and issubclass(kind, Model):
        if kind in inside:
            return {}
        return {field.wire: example(field.type, (*inside, kind)) for field in fields_of(kind)}
    plain = {str: "é", int: 7, UnixTime: 7, bool: True, float: 1.5, Timestamp: TIME, SecretStr: "hidden"}
    return plain.get(kind, {"any": [1, None]})
