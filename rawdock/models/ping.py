"""A ping's answer, by itself: the first call of every program needs it, and no other model."""

from __future__ import annotations

from rawdock._models.model import Model


class Ping(Model):
    """What the headers of an answer to a ping say."""

    api_version: str = ""
    """The newest API version that the Engine speaks."""
    os_type: str = ""
    builder_version: str = ""
    """The default one: "1" is classic, "2" BuildKit."""
    docker_experimental: bool = False
    swarm: str = ""
    """State of the node, followed by "/manager" or "/worker"; empty under Engine 23."""
    libpod_api_version: str = ""
    """Set by Podman alone."""
    server: str = ""
