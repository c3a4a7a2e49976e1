"""The description of an image by its registry."""

from __future__ import annotations

from rawdock._models.model import Model

from .common import Descriptor, Platform


class DistributionInspect(Model):
    """An image in its registry."""

    descriptor: Descriptor = Descriptor()
    """The manifest, or the index of a multi-platform image."""
    platforms: list[Platform] = []
