"""Build, load and import: the lines of a work at the Engine, and what it came to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar, cast

import attrs

from .._codec import decode
from ..errors import DecodeError
from ..models.build import BuildLine, ImageID
from ..models.images import LoadLine, PullLine
from ..progress import Progress
from .answer import Answer
from .lines import Reports
from .transfers import Transfer

__all__ = ["BuildResult", "BuildStream", "ImportResult", "ImportStream", "LoadResult", "LoadStream"]


@attrs.frozen
class BuildResult:
    """What a build came to."""

    id: str
    """The image's, as `sha256:...` on Docker and bare on Podman; empty if none was made (`outputs`)."""


# A quiet build says nothing but the image's id.
_QUIET = re.compile(r"((?:sha256:)?[0-9a-f]{64})\s*")


class BuildStream(Reports[BuildLine]):
    """A build that runs. Leaving it early cancels it on the Engine."""

    line_type: ClassVar[type[Any]] = BuildLine
    _image = ""

    @property
    def image(self) -> str:
        """The image's id, as soon as it was told; empty before."""
        return self._image

    def _look(self, items: list[Any]) -> None:
        super()._look(items)
        for index, line in enumerate(items):
            if line.stream and (match := _QUIET.fullmatch(line.stream)):
                self._image = match[1]
            aux: object = line.aux
            if type(aux) is dict:  # BuildKit's trace is text
                try:
                    self._image = decode(ImageID, cast("object", aux)).id or self._image
                except DecodeError as error:
                    self._failure = error
                    del items[index:]
                    return

    async def result(self) -> BuildResult:
        """Read to the end; raises StreamError if the Engine reports a failure."""
        await self._to_the_end()
        return BuildResult(id=self._image)


@attrs.frozen
class LoadResult:
    """What a load came to."""

    images: tuple[str, ...]
    """References, or ids of images without a name."""
    progress: Progress
    """Of layers that were not there; containerd's image store and Podman tell of none."""


class LoadStream(Transfer[LoadLine]):
    """A load that runs."""

    line_type: ClassVar[type[Any]] = LoadLine

    def __init__(self, answer: Answer, value_limit: int) -> None:
        super().__init__(answer, value_limit)
        self._images: list[str] = []

    def _look(self, items: list[Any]) -> None:
        super()._look(items)
        for line in items:
            self._images += _loaded(line.stream)

    async def result(self) -> LoadResult:
        """Read to the end; raises StreamError if the Engine reports a failure."""
        await self._to_the_end()
        return LoadResult(images=tuple(self._images), progress=self.progress)


_LOADED = ("Loaded image: ", "Loaded image ID: ", "Loaded image(s): ")


def _loaded(text: str) -> Iterator[str]:
    """The images in a line: `Loaded image: busybox:1`; older Podman names several in one."""
    for line in text.splitlines():
        for words in _LOADED:
            if line.startswith(words):
                yield from (name.strip() for name in line[len(words) :].split(","))


@attrs.frozen
class ImportResult:
    """What an import came to."""

    id: str
    """The new image's, as `sha256:...`."""


class ImportStream(Reports[PullLine]):
    """An import that runs."""

    line_type: ClassVar[type[Any]] = PullLine
    _image = ""

    def _look(self, items: list[Any]) -> None:
        super()._look(items)
        for line in items:
            if line.status.startswith("sha256:"):
                self._image = line.status

    async def result(self) -> ImportResult:
        """Read to the end; raises StreamError if the Engine reports a failure."""
        await self._to_the_end()
        return ImportResult(id=self._image)
