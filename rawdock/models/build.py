"""Building images: the lines of a build, and its cache."""

from __future__ import annotations

from typing import Annotated

from rawdock._models.model import Model, wire

from .common import ProgressLine


class ImageID(Model):
    """The image that was built."""

    id: Annotated[str, wire("ID")] = ""


class BuildLine(ProgressLine):
    """A line of a build.

    The status, `id` and progress are those of a pull within the build. With BuildKit `id` is the type of `aux`:
    moby.buildkit.trace or moby.image.id.
    """

    stream: Annotated[str, wire("stream")] = ""
    """Text for people, with its line breaks."""
    aux: Annotated[object, wire("aux")] = None
    """An `ImageID`, or a trace record of BuildKit: protobuf in base64."""


class BuildPruned(Model):
    """The result of pruning the build cache."""

    caches_deleted: list[str] = []
    space_reclaimed: int = 0
    """In bytes."""
