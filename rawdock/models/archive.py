"""Files in a container."""

from __future__ import annotations

from typing import Annotated

from rawdock._model import Model, Timestamp, wire


class ArchiveStat(Model):
    """A path in a container, as a header of `archive` answers tells of it."""

    name: Annotated[str, wire("name")] = ""
    """The last part of the path."""
    size: Annotated[int, wire("size")] = 0
    """In bytes."""
    mode: Annotated[int, wire("mode")] = 0
    """A FileMode of Go: the lower nine bits are permissions, bit 31 says it is a folder, bit 27 a symbolic link."""
    mtime: Annotated[Timestamp, wire("mtime")] = Timestamp("")
    link_target: Annotated[str, wire("linkTarget")] = ""
    """Where a link leads to. Podman gives the path itself for anything else."""
