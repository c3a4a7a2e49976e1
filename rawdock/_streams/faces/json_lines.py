"""Typed lines: the face of a stream of JSON values."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from typing import Any, ClassVar, Generic, TypeVar, cast

from ..._models.codec import line_decoder, load_lines, loads
from ..._models.late import Odd, look
from ...errors import DecodeError, RawdockError, StreamError
from ..answer import Answer
from ..split.json_values import JsonValues

__all__ = ["Lines", "Reports", "readable"]

L = TypeVar("L")
V = TypeVar("V")


def readable(line: Any, name: str, otherwise: V) -> V:
    """A field of a line; something else where it cannot be read, which is for the caller to find, and ends nothing."""
    try:
        return cast("V", getattr(line, name))
    except DecodeError:
        return otherwise


class Lines(Generic[L]):
    """Iterate to get the lines as they come."""

    line_type: ClassVar[type[Any]]

    def __init__(self, answer: Answer, value_limit: int) -> None:
        self._answer = answer
        self._items: list[Any] = []  # the last one is the next
        self._failure: RawdockError | None = None
        self._finished = False
        self._lines: AsyncGenerator[L, None] | None = None
        answer.split_with(JsonValues(line_decoder(cast("Any", self.line_type)), loads, load_lines, value_limit))

    def __aiter__(self) -> AsyncIterator[L]:
        # One generator, which `aclose` ends: a line costs less through it than through a coroutine each. Cancellation
        # ends it early; the lines that have come are not in it, and the next one goes on with them.
        if self._lines is None or getattr(self._lines, "ag_frame", None) is None:
            self._lines = self._each()
        return self._lines

    def __anext__(self) -> Awaitable[L]:
        return self.__aiter__().__anext__()

    async def _each(self) -> AsyncGenerator[L, None]:
        while items := self._items or await self._more():
            while items:
                yield items.pop()

    async def _more(self) -> list[Any]:
        """The next lines, the first one last; none at the end. Raises what else ends the stream."""
        if self._failure is not None:
            self._finished = True
            raise self._answer.error(self._failure)
        items = [] if self._finished else await self._answer.read()
        if not items:
            if not self._finished:
                self._finished = True
                self._at_the_end()
            return []
        if isinstance(items[-1], RawdockError):
            self._failure = items.pop()
        self._inspect_batch(items)
        items.reverse()
        self._items = items
        return items or await self._more()

    def _inspect_batch(self, items: list[Any]) -> None:
        """MemberAttributes through lines that have come, before the caller does."""

    def _at_the_end(self) -> None:
        """The Engine has said all, and no error."""

    @property
    def finished(self) -> bool:
        """Whether the stream has come to its end."""
        return self._finished

    def placed(self, error: RawdockError) -> RawdockError:
        """An error about what a line says, with the request that it belongs to."""
        return self._answer.error(error)

    async def aclose(self) -> None:
        self._finished = True
        self._failure = None
        self._items.clear()
        await self._answer.aclose()
        # Whoever waits in it is woken with an error.
        if self._lines is not None and not getattr(self._lines, "ag_running", False):
            await self._lines.aclose()


class Reports(Lines[L], Generic[L]):
    """Lines of work that goes on at the Engine.

    An error that it reports inside the stream raises `StreamError`, after the lines before it.
    """

    def _inspect_batch(self, items: list[Any]) -> None:
        for index, line in enumerate(items):
            try:
                if not (line.error or line.error_detail.message):
                    continue
            except DecodeError:
                pass  # whatever it is, it has to be looked at more closely
            self._failure = _reported(line)
            if self._failure is not None:
                del items[index:]
                return

    async def _to_the_end(self) -> None:
        async for _ in self:
            pass


def _reported(line: Any) -> StreamError | None:
    """The failure that a line reports, also in a form that no Engine has; None if it reports none."""
    error, detail = look(line, "error"), look(line, "error_detail")
    message, code = (detail, None) if isinstance(detail, Odd) else (look(detail, "message"), look(detail, "code"))
    texts = [one for one in (message, error) if isinstance(one, str) and one]
    texts += [repr(one) for one in (message, error) if isinstance(one, Odd) and one.came]
    if not texts:
        return None
    return StreamError(texts[0], code=code if isinstance(code, int) and code else None)
