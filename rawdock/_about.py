"""Words for people about an Engine: which it is, and how it was found."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .models import SystemVersion

__all__ = ["found_by", "product"]

_FOUND_BY = {
    "default": "the usual socket; neither DOCKER_HOST nor a docker context names another",
    "DOCKER_HOST": "from DOCKER_HOST",
}


def found_by(source: str) -> str:
    """Why this Engine and no other, of `Docker.address_source`."""
    return _FOUND_BY.get(source, f"from docker's {source}")


def product(version: SystemVersion) -> str:
    """Name and version, as `Docker Engine 28.5.2` or `Podman Engine 5.4.2`."""
    name = version.components[0].name if version.components else ""
    return f"{name if 'podman' in name.lower() else 'Docker Engine'} {version.version}"
