"""The health service: the Engine asks every few seconds whether somebody is still there."""

from __future__ import annotations

from .call import Methods, unary
from .messages import SERVING

__all__ = ["health_methods"]


async def _check(request: bytes) -> bytes:
    return SERVING


def health_methods() -> Methods:
    """Always serving. The answer goes ahead of files that are sent."""
    return {"/grpc.health.v1.Health/Check": unary(_check, urgent=True)}
