"""Building images: the lines of a build, and its cache."""

from __future__ import annotations

from typing import Annotated

from rawdock._models.model import Model, until, wire

from .common import ErrorDetail, ProgressDetail


class ImageID(Model):
    """The image that was built."""

    id: Annotated[str, wire("ID")] = ""


class BuildLine(Model):
    """A line of a build."""

    stream: Annotated[str, wire("stream")] = ""
    """Text for people, with its line breaks."""
    status: Annotated[str, wire("status")] = ""
    """Of a pull within the build, as are `id` and the progress."""
    id: Annotated[str, wire("id")] = ""
    """With BuildKit the kind of `aux`: moby.buildkit.trace or moby.image.id."""
    progress_detail: Annotated[ProgressDetail, wire("progressDetail")] = ProgressDetail()
    progress: Annotated[str, wire("progress"), until("1.52")] = ""
    """A bar drawn by the Engine, for a terminal."""
    aux: Annotated[object, wire("aux")] = None
    """What `ImageID` describes, or a record of BuildKit: protobuf in base64."""
    error: Annotated[str, wire("error"), until("1.52")] = ""
    """The same as the message in `error_detail`."""
    error_detail: Annotated[ErrorDetail, wire("errorDetail")] = ErrorDetail()


class BuildPruned(Model):
    """What pruning the build cache took away."""

    caches_deleted: list[str] = []
    space_reclaimed: int = 0
    """In bytes."""
