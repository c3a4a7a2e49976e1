"""Pull and push: typed lines with folded progress, and the result at the end."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Generic, TypeVar

import attrs

from .._codec import decode
from ..models.images import PullLine, PushAux, PushLine
from ..progress import Folder, Progress
from .answer import Answer
from .lines import Lines

__all__ = ["PullResult", "PullStream", "PushResult", "PushStream"]

L = TypeVar("L")


@attrs.frozen
class PullResult:
    """What a pull came to."""

    digest: str
    """Of the manifest, as `sha256:...`; empty where the Engine does not tell (Podman)."""
    status: str
    """The Engine's last word, as `Status: Downloaded newer image for busybox:1.36`; empty on Podman."""
    id: str
    """Of the image, where the Engine tells (Podman)."""
    progress: Progress


@attrs.frozen
class PushResult:
    """What a push came to."""

    tag: str
    digest: str
    """Of the manifest, as `sha256:...`; empty where the Engine does not tell."""
    size: int
    """Of the manifest in bytes; 0 where the Engine does not tell."""
    progress: Progress


class _Transfer(Lines[L], Generic[L]):
    def __init__(self, answer: Answer, value_limit: int) -> None:
        super().__init__(answer, value_limit)
        self._folder = Folder()

    @property
    def progress(self) -> Progress:
        """The state after the last line that was read."""
        return self._folder.progress

    async def _to_the_end(self) -> None:
        async for _ in self:
            pass


class PullStream(_Transfer[PullLine]):
    """A pull that runs. Leaving it early cancels it on the Engine."""

    line_type: ClassVar[type[Any]] = PullLine
    _digest = ""
    _status = ""
    _image = ""

    def _see(self, line: Any) -> None:
        super()._see(line)
        status: str = line.status
        if line.id:
            self._folder.see(line)
            if not status:
                self._image = line.id
        elif status.startswith("Digest: "):
            self._digest = status[8:]
        elif status.startswith("Status: "):
            self._status = status
        # Podman ends with the image's id alone, or with it and a word of success.
        if line.id and _IMAGE_ID.fullmatch(line.id):
            self._image = line.id

    async def result(self) -> PullResult:
        """Read to the end; raises StreamError if the Engine reports a failure."""
        await self._to_the_end()
        return PullResult(digest=self._digest, status=self._status, id=self._image, progress=self.progress)


_IMAGE_ID = re.compile(r"[0-9a-f]{64}")
# `<tag>: digest: sha256:... size: n`: all that containerd's image store and Podman tell.
_PUSHED = re.compile(r"(\S+): digest: (\S+) size: ([0-9]+)")


class PushStream(_Transfer[PushLine]):
    """A push that runs. Leaving it early cancels it on the Engine."""

    line_type: ClassVar[type[Any]] = PushLine
    _tag = ""
    _digest = ""
    _size = 0

    def _see(self, line: Any) -> None:
        super()._see(line)
        if line.id:
            self._folder.see(line)
        if line.aux is not None:
            aux = decode(PushAux, line.aux)
            self._tag, self._digest, self._size = aux.tag, aux.digest, aux.size
        elif not self._digest and (match := _PUSHED.fullmatch(line.status)):
            self._tag, self._digest, self._size = match[1], match[2], int(match[3])

    async def result(self) -> PushResult:
        """Read to the end; raises StreamError if the Engine reports a failure."""
        await self._to_the_end()
        return PushResult(tag=self._tag, digest=self._digest, size=self._size, progress=self.progress)
