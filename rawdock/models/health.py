"""How the health of a container is checked."""

from __future__ import annotations

from typing import Annotated

from rawdock._models.model import Model, since


class HealthConfig(Model):
    """How the Engine checks the health of a container. Zero values are taken from the image."""

    test: list[str] = []
    """["NONE"], ["CMD", argument, ...] or ["CMD-SHELL", command]."""
    interval: int = 0
    """The time between two checks, in nanoseconds like the other three times; at least 1 ms."""
    timeout: int = 0
    retries: int = 0
    """The number of failures in a row after which the container is unhealthy."""
    start_period: int = 0
    """The time after the start in which failures are not counted."""
    start_interval: Annotated[int, since("1.44")] = 0
    """The time between two checks in that period."""
