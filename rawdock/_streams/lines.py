"""Typed lines: the face of a stream of JSON values."""

from __future__ import annotations

from typing import Any, ClassVar, Generic, TypeVar, cast

from .._codec import decoder, lines_parser, loads
from ..errors import RawdockError, StreamError
from .answer import Answer
from .values import JsonValues

__all__ = ["Lines"]

L = TypeVar("L")


class Lines(Generic[L]):
    """Iterate to get the lines as they come.

    An error that the Engine reports inside the stream raises `StreamError`, after the lines before it.
    """

    line_type: ClassVar[type[Any]]

    def __init__(self, answer: Answer, value_limit: int) -> None:
        self._answer = answer
        self._items: list[Any] = []
        self._finished = False
        answer.split_with(JsonValues(decoder(cast("Any", self.line_type)), loads, value_limit, lines_parser()))

    def __aiter__(self) -> Lines[L]:
        return self

    async def __anext__(self) -> L:
        items = self._items
        if not items:
            if self._finished:
                raise StopAsyncIteration
            items = await self._answer.read()
            if not items:
                self._finished = True
                raise StopAsyncIteration
            items.reverse()  # popping from the end is cheap
            self._items = items
        line = items.pop()
        if isinstance(line, RawdockError):
            self._finished = True
            items.clear()
            raise self._answer.error(line)
        self._see(line)
        return line  # type: ignore[no-any-return]

    def _see(self, line: Any) -> None:
        """Look at a line before the caller does: raise its error, fold its progress."""
        detail = line.error_detail
        if detail.message or line.error:
            self._finished = True
            self._items.clear()
            raise self._answer.error(StreamError(detail.message or line.error, code=detail.code or None))

    @property
    def finished(self) -> bool:
        """Whether the stream has come to its end."""
        return self._finished

    async def aclose(self) -> None:
        self._finished = True
        self._items.clear()
        await self._answer.aclose()
