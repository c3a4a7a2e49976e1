"""A build in steps: the lines of any builder, told apart and folded."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING

import attrs

from ..._build.steps import BuildChange, BuildWarning, Step, Steps
from ..._build.text import TextBuild
from ..._build.trace import read_trace
from ...errors import BuildError, DecodeError, RawdockError, StreamError
from .json_lines import readable

if TYPE_CHECKING:
    from ...models import BuildLine
    from .builds import BuildStream

__all__ = ["Building", "Built"]

_TRACE = "moby.buildkit.trace"
# Only the classic builder gives the code as a number; the others say it at the end of their words.
_CODE = re.compile(r"(?:exit code: |exit status |non-zero code: )(\d+)\s*\Z")


@attrs.frozen
class Built:
    """What a build came to."""

    id: str
    """The image's, as `sha256:...`."""
    tags: tuple[str, ...]
    """All names of the image, those that it had before too. Podman writes a registry in front of each."""
    digests: tuple[str, ...]
    """Of its manifest, as `name@sha256:...`; none before a push, except with containerd's image store and on Podman."""
    steps: tuple[Step, ...]
    """In the order in which they began."""
    warnings: tuple[BuildWarning, ...]


class Building:
    """A build that runs. Iterate to get what changes about its steps; leaving it early stops it on the Engine.

    A build that fails raises BuildError, after the changes before it.
    """

    def __init__(
        self,
        lines: BuildStream,
        *,
        stop: Callable[[], Awaitable[None]],
        look: Callable[[str], Awaitable[tuple[tuple[str, ...], tuple[str, ...]]]],
    ) -> None:
        self._lines = lines
        self._stop = stop
        self._look = look
        self._fold = Steps()
        self._text = TextBuild(self._fold)
        self._changes: deque[BuildChange] = deque()
        self._failure: RawdockError | None = None
        self._finished = False

    def __aiter__(self) -> AsyncIterator[BuildChange]:
        return self

    async def __anext__(self) -> BuildChange:
        while not self._changes:
            if self._failure is not None:
                raise self._failure
            if self._finished:
                raise StopAsyncIteration
            await self._more()
        return self._changes.popleft()

    @property
    def steps(self) -> list[Step]:
        """The steps so far, in the order in which they began; each goes on as the build does."""
        return list(self._fold.steps.values())

    @property
    def warnings(self) -> list[BuildWarning]:
        """The warnings so far."""
        return list(self._fold.warnings)

    @property
    def finished(self) -> bool:
        """Whether the Engine has said all, well or not."""
        return self._finished

    async def result(self) -> Built:
        """Read to the end, and ask what the image is called; raises BuildError if the build fails."""
        async for _ in self:
            pass
        image = self._lines.image
        tags, digests = await self._look(image) if image else ((), ())
        return Built(image, tags, digests, tuple(self.steps), tuple(self.warnings))

    async def aclose(self) -> None:
        await self._lines.aclose()
        self._changes.clear()
        if not self._finished:
            self._finished = True
            await self._stop()

    async def _more(self) -> None:
        try:
            line = await anext(self._lines)
        except StopAsyncIteration:
            self._finished = True
            self._changes += self._text.end()
        except StreamError as error:
            self._finished = True
            self._changes += self._text.end(error.message.strip())
            self._failure = self._failed(error)
        else:
            try:
                self._changes += self._seen(line)
            except DecodeError as error:
                raise self._lines.placed(error) from error.__cause__

    def _seen(self, line: BuildLine) -> list[BuildChange]:
        name, status = readable(line, "id", ""), readable(line, "status", "")
        if isinstance(line.aux, str) and name == _TRACE:
            return self._fold.see(read_trace(line.aux))
        if stream := readable(line, "stream", ""):
            return self._text.feed(stream)
        if status:
            detail = readable(line, "progress_detail", None)
            return self._text.part(name, status, readable(detail, "current", 0), readable(detail, "total", 0))
        return []

    def _failed(self, error: StreamError) -> BuildError:
        code = error.code
        if code is None and (match := _CODE.search(error.message)):
            code = int(match[1])
        failure = BuildError(error.message.strip(), code=code, step=self._fold.failed)
        failure.sent, failure.__cause__ = error.sent, error
        return failure
