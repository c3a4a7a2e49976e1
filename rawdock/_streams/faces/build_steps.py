"""A build as steps: the lines of any builder, assigned to steps."""

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
# Only the classic builder sends the exit code as a number; the others put it at the end of the message.
_EXIT_CODE = re.compile(r"(?:exit code: |exit status |non-zero code: )(\d+)\s*\Z")


@attrs.frozen
class Built:
    """The result of a build."""

    id: str
    """The image's, as `sha256:...`."""
    tags: tuple[str, ...]
    """All names of the image, also earlier ones. Podman puts a registry before each."""
    digests: tuple[str, ...]
    """Of its manifest, as `name@sha256:...`; none before a push, except with containerd's image store and on Podman."""
    steps: tuple[Step, ...]
    """In the order in which they started."""
    warnings: tuple[BuildWarning, ...]


class Building:
    """A running build. Iterate to get the changes of its steps; leaving it before its end stops it on the Engine.

    A build that fails raises BuildError, after the changes before it.
    """

    def __init__(
        self,
        lines: BuildStream,
        *,
        stop: Callable[[], Awaitable[None]],
        image_names: Callable[[str], Awaitable[tuple[tuple[str, ...], tuple[str, ...]]]],
    ) -> None:
        self._lines = lines
        self._stop = stop
        self._image_names = image_names
        self._steps = Steps()
        self._text = TextBuild(self._steps)
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
            await self._read_more()
        return self._changes.popleft()

    @property
    def steps(self) -> list[Step]:
        """The steps so far, in the order in which they started. They change as the build goes on."""
        return list(self._steps.steps.values())

    @property
    def warnings(self) -> list[BuildWarning]:
        """The warnings so far."""
        return list(self._steps.warnings)

    @property
    def finished(self) -> bool:
        """Whether the build has ended, successfully or not."""
        return self._finished

    async def result(self) -> Built:
        """Read to the end and look up the names of the image; raises BuildError if the build fails."""
        async for _ in self:
            pass
        image = self._lines.image
        tags, digests = await self._image_names(image) if image else ((), ())
        return Built(image, tags, digests, tuple(self.steps), tuple(self.warnings))

    async def aclose(self) -> None:
        await self._lines.aclose()
        self._changes.clear()
        if not self._finished:
            self._finished = True
            await self._stop()

    async def _read_more(self) -> None:
        try:
            line = await anext(self._lines)
        except StopAsyncIteration:
            self._finished = True
            self._changes += self._text.end_step()
        except StreamError as error:
            self._finished = True
            self._changes += self._text.end_step(error.message.strip())
            self._failure = self._build_error(error)
        else:
            try:
                self._changes += self._read_line(line)
            except DecodeError as error:
                raise self._lines.add_request(error) from error.__cause__

    def _read_line(self, line: BuildLine) -> list[BuildChange]:
        name, status = readable(line, "id", ""), readable(line, "status", "")
        if isinstance(line.aux, str) and name == _TRACE:
            return self._steps.add_trace(read_trace(line.aux))
        if stream := readable(line, "stream", ""):
            return self._text.feed(stream)
        if status:
            detail = readable(line, "progress_detail", None)
            return self._text.update_part(name, status, readable(detail, "current", 0), readable(detail, "total", 0))
        return []

    def _build_error(self, error: StreamError) -> BuildError:
        code = error.code
        if code is None and (match := _EXIT_CODE.search(error.message)):
            code = int(match[1])
        failure = BuildError(error.message.strip(), code=code, step=self._steps.failed)
        failure.sent, failure.__cause__ = error.sent, error
        return failure
