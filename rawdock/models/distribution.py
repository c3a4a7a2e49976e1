"""What a registry says of an image that need not be here."""

from __future__ import annotations

from rawdock._models.model import Model

from .common import Descriptor, Platform


class DistributionInspect(Model):
    """An image in its registry."""

    descriptor: Descriptor = Descriptor()
    """Of the manifest, or of the index of several platforms."""
    platforms: list[Platform] = []
