"""A build as the API tells it: its lines, and the image that it made."""

from __future__ import annotations

import re
from typing import Any, ClassVar, cast

import attrs

from ..._models.codec import decode
from ...errors import DecodeError
from ...models.build import BuildLine, ImageID
from .json_lines import Reports, readable

__all__ = ["BuildResult", "BuildStream"]


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
    _unreadable: DecodeError | None = None

    @property
    def image(self) -> str:
        """The image's id, as soon as it was told; empty before."""
        if self._unreadable is not None:
            raise self.placed(self._unreadable)
        return self._image

    def _inspect_batch(self, items: list[Any]) -> None:
        super()._inspect_batch(items)
        for line in items:
            stream = readable(line, "stream", "")
            if stream and (match := _QUIET.fullmatch(stream)):
                self._image = match[1]
            aux: object = line.aux
            if type(aux) is dict:  # BuildKit's trace is text
                try:
                    self._image = decode(ImageID, cast("object", aux)).id or self._image
                except DecodeError as error:
                    self._unreadable = error

    async def result(self) -> BuildResult:
        """Read to the end; raises StreamError if the Engine reports a failure."""
        await self._to_the_end()
        return BuildResult(id=self.image)
