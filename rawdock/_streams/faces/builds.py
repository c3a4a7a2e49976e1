"""Builds as the API sends them: lines, and the id of the image."""

from __future__ import annotations

import re
from typing import Any, ClassVar, cast

import attrs

from ..._models.codec import decode
from ...errors import DecodeError
from ...models.build import BuildLine, ImageID
from .json_lines import ProgressLines, readable

__all__ = ["BuildResult", "BuildStream"]


@attrs.frozen
class BuildResult:
    """The result of a build."""

    id: str
    """The image's, as `sha256:...` on Docker and bare on Podman; empty if none was made (`outputs`)."""


# A quiet build writes only the image's id.
_IMAGE_ID = re.compile(r"((?:sha256:)?[0-9a-f]{64})\s*")


class BuildStream(ProgressLines[BuildLine]):
    """A running build. Leaving it before its end cancels it on the Engine."""

    line_type: ClassVar[type[Any]] = BuildLine
    _image = ""
    _wrong_aux: DecodeError | None = None

    @property
    def image(self) -> str:
        """The image's id, as soon as the Engine has sent it; empty before."""
        if self._wrong_aux is not None:
            raise self.add_request(self._wrong_aux)
        return self._image

    def _inspect_batch(self, items: list[Any]) -> None:
        super()._inspect_batch(items)
        for line in items:
            stream = readable(line, "stream", "")
            if stream and (match := _IMAGE_ID.fullmatch(stream)):
                self._image = match[1]
            aux: object = line.aux
            if type(aux) is dict:  # BuildKit's trace is text
                try:
                    self._image = decode(ImageID, cast("object", aux)).id or self._image
                except DecodeError as error:
                    self._wrong_aux = error

    async def result(self) -> BuildResult:
        """Read to the end; raises StreamError if the Engine reports a failure."""
        await self._read_to_end()
        return BuildResult(id=self.image)
