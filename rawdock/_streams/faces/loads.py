"""Loads and imports: their lines, and the images that they have added."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import attrs

from ...models.images import LoadLine, PullLine
from ...progress import Progress
from ..answer import Answer
from .json_lines import ProgressLines, readable
from .pulls_and_pushes import Transfer

__all__ = ["ImportResult", "ImportStream", "LoadResult", "LoadStream"]


@attrs.frozen
class LoadResult:
    """The result of a load."""

    images: tuple[str, ...]
    """References, or ids of images without a name; with containerd's image store the ids are of manifests."""
    progress: Progress
    """Of the layers that were added; containerd's image store and Podman report none."""


class LoadStream(Transfer[LoadLine]):
    """A running load."""

    line_type: ClassVar[type[Any]] = LoadLine

    def __init__(self, answer: Answer, value_limit: int) -> None:
        super().__init__(answer, value_limit)
        self._images: list[str] = []

    def _inspect_batch(self, items: list[Any]) -> None:
        super()._inspect_batch(items)
        for line in items:
            self._images += _loaded(readable(line, "stream", ""))

    async def result(self) -> LoadResult:
        """Read to the end; raises StreamError if the Engine reports a failure."""
        await self._read_to_end()
        return LoadResult(images=tuple(self._images), progress=self.progress)


_LOADED = ("Loaded image: ", "Loaded image ID: ", "Loaded image(s): ")


def _loaded(text: str) -> Iterator[str]:
    """The images in a line: `Loaded image: busybox:1`; older Podman names several in one."""
    for line in text.splitlines():
        for prefix in _LOADED:
            if line.startswith(prefix):
                yield from (name.strip() for name in line[len(prefix) :].split(","))


@attrs.frozen
class ImportResult:
    """The result of an import."""

    id: str
    """The new image's, as `sha256:...`."""


class ImportStream(ProgressLines[PullLine]):
    """A running import."""

    line_type: ClassVar[type[Any]] = PullLine
    _image = ""

    def _inspect_batch(self, items: list[Any]) -> None:
        super()._inspect_batch(items)
        for line in items:
            if (status := readable(line, "status", "")).startswith("sha256:"):
                self._image = status

    async def result(self) -> ImportResult:
        """Read to the end; raises StreamError if the Engine reports a failure."""
        await self._read_to_end()
        return ImportResult(id=self._image)
