"""A build as steps: the lines of any builder, assigned to steps."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

import attrs

from ..._build.steps import BuildChange, BuildWarning, Step, Steps
from ..._build.text import TextBuild
from ..._build.trace import read_trace
from ...errors import BuildError, ClosedError, DecodeError, RawdockError, StatusError, StreamError
from .json_lines import readable

if TYPE_CHECKING:
    from ...models import BuildLine
    from .builds import BuildStream

__all__ = ["BesideBuild", "Building", "Built", "SessionLost", "with_remedy"]

T = TypeVar("T")

_TRACE = "moby.buildkit.trace"
# Only the classic builder sends the exit code as a number; the others put it at the end of the message.
_EXIT_CODE = re.compile(r"(?:exit code: |exit status |non-zero code: )([0-9]{1,10})\s*\Z")
_NO_SESSION = re.compile(r"no active sessions?\b")
# Git's own words: BuildKit lets it ask nobody. Docker 20.10 says no more than Git's exit code.
_NO_GIT_TOKEN = re.compile(
    r"could not read (?:Username|Password) for .*terminal prompts disabled"
    r"|failed to fetch remote \S+: exit status 128\Z"
)


class SessionLost(Exception):
    """The session of a build has ended before the build. The message says why."""


class BesideBuild(Protocol):
    """The session of a build."""

    @property
    def failure(self) -> Exception | None: ...
    @property
    def missing_secrets(self) -> list[str]: ...
    @property
    def output_missing(self) -> bool: ...

    def on_lost(self, end: Callable[[], Awaitable[None]]) -> None: ...
    async def beside(self, read: Callable[[], Awaitable[T]]) -> T: ...
    async def aclose(self) -> None: ...


def with_remedy(message: str) -> str:
    """The message of an Engine, with what to do where that is known."""
    if _NO_SESSION.search(message):
        return (
            f"{message}; BuildKit asks its client's session for credentials, also for public images, and this build "
            "has none: pull the base image first (`docker.images.pull`), or use builder='classic'"
        )
    if _NO_GIT_TOKEN.search(message):
        return f'{message}; a Git server that wants a token gets it from `secrets={{"GIT_AUTH_TOKEN": ...}}`'
    return message


@attrs.frozen
class Built:
    """The result of a build."""

    id: str
    """The image's, as `sha256:...`; empty where the result was sent back as `output`."""
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
        session: BesideBuild | None = None,
        is_image: bool = True,
    ) -> None:
        self._lines = lines
        self._stop = stop
        self._image_names = image_names
        self._session = session
        self._is_image = is_image
        if session is not None:
            session.on_lost(lines.aclose)
        self._steps = Steps()
        self._text = TextBuild(self._steps)
        self._changes: deque[BuildChange] = deque()
        self._failure: Exception | None = None
        self._finished = False
        self.on_closed: Callable[[], None] | None = None
        """Called when it has been closed."""

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
        image = self._lines.image if self._is_image else ""
        tags, digests = await self._image_names(image) if image else ((), ())
        return Built(image, tags, digests, tuple(self.steps), tuple(self.warnings))

    async def aclose(self) -> None:
        try:
            await self._lines.aclose()
            self._changes.clear()
            if not self._finished:
                self._finished = True
                self._failure = ClosedError("this build was left before its end")
                await self._stop()
        finally:
            if self._session is not None:
                await self._session.aclose()
            if self.on_closed is not None:
                self.on_closed()

    async def close_with_client(self) -> str:
        """Stop the build, as its client is closed: whoever follows it gets a ClosedError."""
        await self.aclose()
        return ""

    def left(self) -> str:
        """Nothing: the Engine ends a build whose connection is closed."""
        return ""

    async def _read_more(self) -> None:
        try:
            line = await self._next()
        except StopAsyncIteration:
            self._finished = True
            self._changes += self._text.end_step()
            if self._session is not None:
                await self._session.aclose()
                if self._session.output_missing:
                    self._failure = self._ended_by("the Engine has ended the build without sending its result")
        except SessionLost as lost:
            self._finished = True
            message = f"the session with BuildKit ended before the build: {lost}"
            self._changes += self._text.end_step(message)
            self._failure = self._ended_by(message)
        except (StreamError, StatusError) as error:
            self._finished = True
            self._changes += self._text.end_step(error.message.strip())
            self._failure = self._build_error(error)
            if self._session is not None:
                await self._session.aclose()
        else:
            try:
                self._changes += self._read_line(line)
            except DecodeError as error:
                raise self._lines.add_request(error) from error.__cause__

    async def _next(self) -> BuildLine:
        lines = self._lines
        return await (anext(lines) if self._session is None else self._session.beside(lambda: anext(lines)))

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

    def _ended_by(self, message: str) -> Exception:
        error = StreamError(message)
        self._lines.add_request(error)
        return self._build_error(error)

    def _build_error(self, error: StreamError | StatusError) -> Exception:
        """What to raise: where the Engine did not get what it asked this side for, why not."""
        session = self._session
        if session is not None and (own := session.failure) is not None:
            if isinstance(own, RawdockError):
                own = self._lines.add_request(own)
            own.__cause__ = own.__cause__ or error
            return own
        code = error.code if isinstance(error, StreamError) else None
        if code is None and (match := _EXIT_CODE.search(error.message)):
            code = int(match[1])
        message = with_remedy(error.message.strip())
        for id in session.missing_secrets if session is not None else ():
            if id in message:
                message += f"; a step asks for the secret {id!r}: give it as secrets={{{id!r}: ...}}"
                break
        failure = BuildError(message, code=code, step=self._steps.failed)
        failure.sent, failure.__cause__ = error.sent, error
        return failure
