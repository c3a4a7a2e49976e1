"""What is done with the result of a build that is sent back instead of becoming an image."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from typing import Literal, get_args

import attrs

from .._tar.unpack import Destination, Unpacker
from .._threads import FileWork, write_in_threads
from .._checks import local_path
from .._shown import shortened, shown
from ..errors import ArchiveError, InvalidArgument
from ..files import save_to

__all__ = ["Output", "OutputType"]

OutputType = Literal["folder", "tar", "oci", "docker"]


@attrs.frozen
class Output:
    """Where the result goes, and as what."""

    path: str | os.PathLike[str]
    type: OutputType = "folder"

    @property
    def needs_containerd(self) -> bool:
        """Whether only an Engine with containerd's image store has it."""
        return self.type in ("oci", "docker")

    def check(self) -> None:
        """Raise InvalidArgument for what cannot be."""
        if not isinstance(self.type, str) or self.type not in get_args(OutputType):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidArgument(f"build: output_type is one of {', '.join(get_args(OutputType))}, not {shown(self.type)}")
        local_path("build: output", self.path)

    def check_place(self) -> None:
        """Raise InvalidArgument where nothing can be put. Called in a worker thread."""
        path = os.path.abspath(self.path)
        above = os.path.dirname(path)
        if not os.path.isdir(above):
            raise InvalidArgument(f"build: output: there is no folder {shortened(above)}; make it first")
        if self.type == "folder":
            if os.path.lexists(path) and not os.path.isdir(path):
                raise InvalidArgument(f"build: output: {shortened(path)} is no folder; output_type='tar' makes a file")
        elif os.path.isdir(path):
            raise InvalidArgument(f"build: output: {shortened(path)} is a folder, and output_type={shown(self.type)} makes a file")

    def parameter(self, tags: list[str] | None) -> str:
        """What the Engine is asked for: a folder's content as an archive."""
        type = "tar" if self.type == "folder" else self.type
        attributes = {"name": ",".join(tags)} if tags and self.needs_containerd else {}
        return json.dumps([{"Type": type, "Attrs": attributes}])

    async def consume(self, parts: AsyncIterator[bytes]) -> None:
        """Put what comes into its place."""
        if self.type != "folder":
            await save_to(self.path, parts)
            return
        place = Destination(os.path.realpath(self.path), None)
        unpacker = Unpacker(place, skip_unsafe=False, keep_owner=False, max_size=None, max_members=None)
        work = FileWork(f"the output of a build to {self.path}")
        try:
            await write_in_threads(parts, unpacker.feed, work)
            await work.run(unpacker.finish)
        except ArchiveError as error:
            message = f"{error.args[0]}".partition(". unsafe=")[0]
            raise ArchiveError(
                f"build: output: {message}; output_type='tar' keeps the whole as an archive", member=error.member
            ) from error
        finally:
            await work.close(unpacker.abort)
