"""Pulls and pushes: lines, the progress of all layers, and the result at the end."""

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
from .json_lines import ProgressLines, readable

__all__ = ["PluginPullStream", "PullResult", "PullStream", "PushResult", "PushStream", "Transfer"]

L = TypeVar("L")


@attrs.frozen
class PullResult:
    """The result of a pull."""

    digest: str
    """Of the manifest, as `sha256:...`; empty if the Engine does not say (Podman)."""
    status: str
    """The last line, as `Status: Downloaded newer image for busybox:1.36`; empty on Podman."""
    id: str
    """Of the image, or its first twelve digits, if the Engine says it (Podman)."""
    progress: Progress


@attrs.frozen
class PushResult:
    """The result of a push."""

    tag: str
    digest: str
    """Of the manifest, as `sha256:...`; empty if the Engine does not say."""
    size: int
    """Of the manifest in bytes; 0 if the Engine does not say."""
    progress: Progress


class Transfer(ProgressLines[L], Generic[L]):
    """Lines about layers that are being transferred."""

    def __init__(self, answer: Answer, value_limit: int) -> None:
        super().__init__(answer, value_limit)
        self._tracker = ProgressTracker()
        # Of the lines about one layer in one phase only the last one matters. Evaluated when the progress is read.
        self._pending: dict[tuple[str, str], Any] = {}

    async def _iterate(self) -> AsyncGenerator[L, None]:
        while items := self._items or await self._read_more():
            while items:
                line = items.pop()
                try:  # noqa: SIM105 - suppress costs too much for each line
                    self._pending[line.id, line.status] = line
                except DecodeError:
                    pass  # the line is about no layer that is known
                yield line

    @property
    def progress(self) -> Progress:
        """The state after the last line that was read."""
        lines, self._pending = self._pending, {}
        for line in lines.values():
            self._tracker.update(line)
        return self._tracker.progress

    def _on_end(self) -> None:
        _ = self.progress  # evaluates the last lines
        self._tracker.finish()


class PullStream(Transfer[PullLine]):
    """A running pull. Leaving it before its end cancels it on the Engine."""

    line_type: ClassVar[type[Any]] = PullLine
    _digest = ""
    _status = ""
    _image = ""

    def _inspect_batch(self, items: list[Any]) -> None:
        super()._inspect_batch(items)
        if items:
            self._image = readable(items[-1], "id", "")  # Podman's last line names it, Docker's has no id
        for line in reversed(items):  # lines about the whole pull come at the end
            if readable(line, "id", ""):
                return
            status = readable(line, "status", "")
            if status.startswith("Digest: "):
                self._digest = status[8:]
            elif status.startswith("Status: "):
                self._status = status

    async def result(self) -> PullResult:
        """Read to the end; raises StreamError if the Engine reports a failure."""
        await self._read_to_end()
        return PullResult(digest=self._digest, status=self._status, id=self._image, progress=self.progress)


class PluginPullStream(PullStream):
    """A plugin that is being installed. Leaving it before its end cancels that on the Engine."""

    def _inspect_batch(self, items: list[Any]) -> None:
        super()._inspect_batch(items)
        self._image = ""  # the last line is of a layer
        for line in items:  # the digest comes among the first lines
            if (status := readable(line, "status", "")).startswith("Digest: "):
                self._digest = status[8:]


# `<tag>: digest: sha256:... size: n`: all that containerd's image store and Podman say.
_PUSHED = re.compile(r"(\S+): digest: (\S+) size: ([0-9]{1,18})")


class PushStream(Transfer[PushLine]):
    """A running push. Leaving it before its end cancels it on the Engine."""

    line_type: ClassVar[type[Any]] = PushLine
    _aux: object = None
    _from_status: tuple[str, str, int] = ("", "", 0)

    def _inspect_batch(self, items: list[Any]) -> None:
        super()._inspect_batch(items)
        for line in items:
            if line.aux is not None:
                self._aux = line.aux
            elif self._from_status[1] or readable(line, "id", ""):
                continue
            elif match := _PUSHED.fullmatch(readable(line, "status", "")):
                self._from_status = match[1], match[2], int(match[3])

    async def result(self) -> PushResult:
        """Read to the end; raises StreamError if the Engine reports a failure."""
        await self._read_to_end()
        tag, digest, size = self._from_status
        if self._aux is not None:
            try:
                aux = decode(PushAux, self._aux)
                tag, digest, size = aux.tag, aux.digest, aux.size
            except DecodeError as error:
                raise self.add_request(error) from error.__cause__
        return PushResult(tag=tag, digest=digest, size=size, progress=self.progress)
