"""Pull and push: typed lines with folded progress, and the result at the end."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from typing import Any, ClassVar, Generic, TypeVar

import attrs

from ..._models.codec import decode
from ...errors import DecodeError
from ...models.images import PullLine, PushAux, PushLine
from ...progress import Progress, ProgressTracker
from ..answer import Answer
from .json_lines import Reports, readable

__all__ = ["PluginPullStream", "PullResult", "PullStream", "PushResult", "PushStream", "Transfer"]

L = TypeVar("L")


@attrs.frozen
class PullResult:
    """What a pull came to."""

    digest: str
    """Of the manifest, as `sha256:...`; empty where the Engine does not tell (Podman)."""
    status: str
    """The Engine's last word, as `Status: Downloaded newer image for busybox:1.36`; empty on Podman."""
    id: str
    """Of the image, or its first twelve digits, where the Engine tells (Podman)."""
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


class Transfer(Reports[L], Generic[L]):
    """Lines of layers that are on their way."""

    def __init__(self, answer: Answer, value_limit: int) -> None:
        super().__init__(answer, value_limit)
        self._tracker = ProgressTracker()
        # Of many lines of one layer in one phase only the last one tells; they are folded when somebody asks.
        self._unfolded: dict[tuple[str, str], Any] = {}

    async def _each(self) -> AsyncGenerator[L, None]:
        while items := self._items or await self._more():
            while items:
                line = items.pop()
                try:  # noqa: SIM105 - suppress costs too much for each line
                    self._unfolded[line.id, line.status] = line
                except DecodeError:
                    pass  # it tells of no layer; whoever looks at it finds what is wrong
                yield line

    @property
    def progress(self) -> Progress:
        """The state after the last line that was read."""
        lines, self._unfolded = self._unfolded, {}
        for line in lines.values():
            self._tracker.see(line)
        return self._tracker.progress

    def _at_the_end(self) -> None:
        _ = self.progress  # folds the last lines
        self._tracker.finish()


class PullStream(Transfer[PullLine]):
    """A pull that runs. Leaving it early cancels it on the Engine."""

    line_type: ClassVar[type[Any]] = PullLine
    _digest = ""
    _status = ""
    _image = ""

    def _inspect_batch(self, items: list[Any]) -> None:
        super()._inspect_batch(items)
        if items:
            self._image = readable(items[-1], "id", "")  # Podman's last line names it, Docker's has no id
        for line in reversed(items):  # what tells of the whole comes at the end
            if readable(line, "id", ""):
                return
            status = readable(line, "status", "")
            if status.startswith("Digest: "):
                self._digest = status[8:]
            elif status.startswith("Status: "):
                self._status = status

    async def result(self) -> PullResult:
        """Read to the end; raises StreamError if the Engine reports a failure."""
        await self._to_the_end()
        return PullResult(digest=self._digest, status=self._status, id=self._image, progress=self.progress)


class PluginPullStream(PullStream):
    """A plugin that is being installed. Leaving it early cancels that on the Engine."""

    def _inspect_batch(self, items: list[Any]) -> None:
        super()._inspect_batch(items)
        self._image = ""  # the last line is of a layer
        for line in items:  # what tells of the whole comes among the first
            if (status := readable(line, "status", "")).startswith("Digest: "):
                self._digest = status[8:]


# `<tag>: digest: sha256:... size: n`: all that containerd's image store and Podman tell.
_PUSHED = re.compile(r"(\S+): digest: (\S+) size: ([0-9]+)")


class PushStream(Transfer[PushLine]):
    """A push that runs. Leaving it early cancels it on the Engine."""

    line_type: ClassVar[type[Any]] = PushLine
    _aux: object = None
    _said: tuple[str, str, int] = ("", "", 0)

    def _inspect_batch(self, items: list[Any]) -> None:
        super()._inspect_batch(items)
        for line in items:
            if line.aux is not None:
                self._aux = line.aux
            elif self._said[1] or readable(line, "id", ""):
                continue
            elif match := _PUSHED.fullmatch(readable(line, "status", "")):
                self._said = match[1], match[2], int(match[3])

    async def result(self) -> PushResult:
        """Read to the end; raises StreamError if the Engine reports a failure."""
        await self._to_the_end()
        tag, digest, size = self._said
        if self._aux is not None:
            try:
                aux = decode(PushAux, self._aux)
                tag, digest, size = aux.tag, aux.digest, aux.size
            except DecodeError as error:
                raise self.placed(error) from error.__cause__
        return PushResult(tag=tag, digest=digest, size=size, progress=self.progress)
