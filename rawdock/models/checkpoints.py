"""Checkpoints: a container's processes, frozen to disk by CRIU. Experimental in the Engine."""

from __future__ import annotations

from typing import Annotated

from rawdock._models.model import Model, wire


class CheckpointCreateRequest(Model):
    """The request to create a checkpoint."""

    checkpoint_id: Annotated[str, wire("CheckpointID")] = ""
    """A name of your choice."""
    checkpoint_dir: str = ""
    """A folder of the host; empty for the Engine's own folder."""
    exit: bool = False
    """Stop the container after the checkpoint was created."""


class Checkpoint(Model):
    """A checkpoint in a list."""

    name: str = ""
