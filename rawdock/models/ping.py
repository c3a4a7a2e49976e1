"""The answer to a ping. It has a module of its own, because the first call of every program needs only this model."""

from __future__ import annotations

from rawdock._models.model import Model


class Ping(Model):
    """The headers of the answer to a ping."""

    api_version: str = ""
    """The newest API version that the Engine speaks."""
    os_type: str = ""
    builder_version: str = ""
    """The default one: "1" is classic, "2" BuildKit."""
    docker_experimental: bool = False
    swarm: str = ""
    """State of the node, followed by "/manager" or "/worker"; empty under Engine 23."""
    libpod_api_version: str = ""
    """Set by Podman only."""
    server: str = ""
