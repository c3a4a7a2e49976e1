"""Whether the filters of `containers.list` choose a container of which only an event is known. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ["chooses"]


def chooses(filters: Mapping[str, object], id: str, attributes: Mapping[str, str]) -> bool | None:
    """True and False are certain; None is for what only the Engine knows, as the health or a volume.

    `attributes` are those of the event: the labels, the name and the image.
    """
    known: bool | None = True
    for name, value in filters.items():
        texts = [str(one) for one in value] if isinstance(value, (list, tuple)) else [str(value)]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        if name == "label":
            found = [_has_label(attributes, text) for text in texts]
            one = False if False in found else None if None in found else True
        elif name in ("name", "id"):
            one = _may_match(attributes.get("name", "") if name == "name" else id, texts)
        else:
            one = None
        if one is False:
            return False
        known = known and one
    return known


def _has_label(attributes: Mapping[str, str], text: str) -> bool | None:
    if "*" in text:
        return None  # Podman takes it for any text
    key, equals, value = text.partition("=")
    return key in attributes and (not equals or attributes[key] == value)


def _may_match(given: str, patterns: list[str]) -> bool | None:
    """False if no pattern is in the text. The Engine's patterns are not Python's, so a match is not certain."""
    plain = all(re.fullmatch(r"[\w-]+", pattern) for pattern in patterns)
    return False if plain and not any(pattern in given for pattern in patterns) else None
