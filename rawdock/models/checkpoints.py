"""Checkpoints: a container's processes, frozen to disk by CRIU. Engines have them as an experiment."""

from __future__ import annotations

from typing import Annotated

from rawdock._models.model import Model, wire


class CheckpointCreateRequest(Model):
    """A checkpoint to be made."""

    checkpoint_id: Annotated[str, wire("CheckpointID")] = ""
    """A name of one's own choice."""
    checkpoint_dir: str = ""
    """A folder of the host; empty is the Engine's own."""
    exit: bool = False
    """Stop the container when it is made."""


class Checkpoint(Model):
    """A checkpoint in a list."""

    name: str = ""
