"""Describing an Engine to users: its name, and how its address was found."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .models import SystemVersion

__all__ = ["describe_source", "engine_name"]

_SOURCES = {
    "default": "the default socket; neither DOCKER_HOST nor a docker context is set",
    "DOCKER_HOST": "from DOCKER_HOST",
}


def describe_source(source: str) -> str:
    """Describe a value of `Docker.address_source`."""
    return _SOURCES.get(source, f"from docker's {source}" if source.startswith("context ") else source)


def engine_name(version: SystemVersion) -> str:
    """Name and version, as `Docker Engine 28.5.2` or `Podman Engine 5.4.2`."""
    name = version.components[0].name if version.components else ""
    return f"{name if 'podman' in name.lower() else 'Docker Engine'} {version.version}"
