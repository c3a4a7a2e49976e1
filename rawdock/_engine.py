"""What is known of the Engine that answers: its kind, its own version, and the newest API version that it offers.

It is read from the headers of a ping and of a new connection's first answer; an Engine behind a proxy that removes its
name is asked for its version.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Any, Literal, NamedTuple, cast

__all__ = ["UNKNOWN", "Engine", "Flavour", "engine_of_headers", "engine_of_version", "flavour_of_components"]

Flavour = Literal["docker", "podman", ""]
"""Whose code answers; empty if nothing says it."""

# `Docker/28.5.2 (linux)`, `Libpod/5.4.2 (linux)`.
_SERVER = re.compile(r"(Docker|Libpod)/(\S+)")
_FLAVOURS: dict[str, Flavour] = {"Docker": "docker", "Libpod": "podman"}


class Engine(NamedTuple):
    """An Engine, as far as it is known."""

    flavour: Flavour = ""
    version: str = ""
    """Its own, as `28.5.2` or `5.4.2`; empty if it is not known."""
    api: str = ""
    """The newest API version that it offers, as `1.51`; empty if it says none."""


UNKNOWN = Engine()


def engine_of_headers(headers: Iterable[tuple[bytes, bytes]]) -> Engine:
    """What the headers of any answer say."""
    server = libpod = api = ""
    for name, value in headers:
        name = name.lower()
        if name == b"api-version":
            api = value.decode("latin-1").strip()
        elif name == b"server":
            server = value.decode("latin-1")
        elif name == b"libpod-api-version":
            libpod = value.decode("latin-1").strip()
    if libpod:
        return Engine("podman", libpod, api)
    match = _SERVER.match(server)
    return Engine(_FLAVOURS[match[1]], match[2], api) if match else Engine(api=api)


def flavour_of_components(names: Collection[object]) -> Flavour:
    """What the names of the components say that GET /version lists."""
    return "podman" if "Podman Engine" in names else "docker" if "Engine" in names else ""


def engine_of_version(data: object) -> Engine:
    """What the parsed answer to GET /version says."""
    if type(data) is not dict:
        return UNKNOWN
    found = cast("dict[str, Any]", data)
    components = found.get("Components")
    items = cast("list[Any]", components) if type(components) is list else []
    names = [cast("dict[str, Any]", item).get("Name") for item in items if type(item) is dict]
    flavour = flavour_of_components(names)
    version, api = found.get("Version"), found.get("ApiVersion")
    return Engine(flavour, version if isinstance(version, str) else "", api if isinstance(api, str) else "")
