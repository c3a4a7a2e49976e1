"""Streams of JSON values as models."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from typing import Any, ClassVar, Generic, TypeVar, cast

from ..._background import current_task
from ..._error_mapping import reported_error
from ..._models.codec import line_decoder, load_lines, loads
from ..._models.model import field_or_wrong
from ..._models.undecoded import WrongValue
from ...errors import DecodeError, RawdockError
from ..answer import Answer, Splitter
from ..split.json_values import JsonSplitter

__all__ = ["JSON_LINES_TYPES", "Lines", "ProgressLines", "readable"]

JSON_LINES_TYPES = frozenset({"application/jsonl", "application/x-ndjson", "application/json-seq"})
"""The content types of streams of JSON values, where an Engine names them so."""

L = TypeVar("L")
V = TypeVar("V")


def readable(line: Any, name: str, otherwise: V) -> V:
    """A field of a line; `otherwise` if its value is wrong: only a caller who reads it gets the DecodeError."""
    try:
        return cast("V", getattr(line, name))
    except DecodeError:
        return otherwise


class Lines(Generic[L]):
    """Iterate to get the lines as they come."""

    line_type: ClassVar[type[Any]]

    def __init__(self, answer: Answer, value_limit: int) -> None:
        self._answer = answer
        self._items: list[Any] = []  # in reverse order
        self._failure: RawdockError | None = None
        self._finished = False
        self._reader: object = None
        self._iterator: AsyncGenerator[L, None] | None = None
        answer.set_splitter(self._splitter(value_limit))

    def _splitter(self, value_limit: int) -> Splitter:
        return JsonSplitter(line_decoder(cast("Any", self.line_type)), loads, load_lines, value_limit)

    def __aiter__(self) -> AsyncIterator[L]:
        # A generator, since it costs less than a coroutine for each line; `aclose` closes it. Cancellation ends it, but
        # the lines that have come are kept in the stream, and the next generator continues with them.
        if self._iterator is None or getattr(self._iterator, "ag_frame", None) is None:
            self._iterator = self._iterate()
            self._reader = current_task()
        return self._iterator

    def __anext__(self) -> Awaitable[L]:
        return self.__aiter__().__anext__()

    async def _iterate(self) -> AsyncGenerator[L, None]:
        while items := self._items or await self._read_more():
            while items:
                yield items.pop()

    async def _read_more(self) -> list[Any]:
        """The next lines in reverse order; none at the end of the stream. Raises the error that ended it."""
        if self._failure is not None:
            self._finished = True
            raise self._answer.add_request(self._failure)
        items = await self._answer.read()
        if not items:
            if not self._finished:
                self._finished = True
                self._on_end()
            return []
        if isinstance(items[-1], RawdockError):
            self._failure = items.pop()
        self._inspect_batch(items)
        items.reverse()
        self._items = items
        return items or await self._read_more()

    def _inspect_batch(self, items: list[Any]) -> None:
        """Called with the lines of one read, before the caller gets them."""

    def _on_end(self) -> None:
        """Called at the end of the stream, if there was no error."""

    @property
    def finished(self) -> bool:
        """Whether the stream has come to its end."""
        return self._finished

    def add_request(self, error: RawdockError) -> RawdockError:
        """Add the request to an error about the content of a line, and return it."""
        return self._answer.add_request(error)

    async def aclose(self) -> None:
        self._finished = True
        self._failure = None
        self._items.clear()
        await self._answer.aclose()
        # A task that waits in the generator is woken with an error. Another task that iterates gets an error from its
        # next turn, where a closed generator would look like the end.
        iterator = self._iterator
        if iterator is not None and not getattr(iterator, "ag_running", False) and self._reader is current_task():
            await iterator.aclose()


class ProgressLines(Lines[L], Generic[L]):
    """Lines about the progress of work on the Engine.

    An error that the Engine reports inside the stream raises `StreamError`, or the class that the same failure has
    with an error status, after the lines before it.
    """

    def _inspect_batch(self, items: list[Any]) -> None:
        for index, line in enumerate(items):
            try:
                if not (line.error or line.error_detail.message):
                    continue
            except DecodeError:
                pass  # a wrong value may still report a failure
            self._failure = _reported_failure(line, self._answer.operation)
            if self._failure is not None:
                del items[index:]
                return

    async def _read_to_end(self) -> None:
        async for _ in self:
            pass


def _reported_failure(line: Any, operation: str) -> RawdockError | None:
    """The failure that a line reports, also if the error is not of the type that the API says."""
    error, detail = field_or_wrong(line, "error"), field_or_wrong(line, "error_detail")
    message, code = (
        (detail, None)
        if isinstance(detail, WrongValue)
        else (field_or_wrong(detail, "message"), field_or_wrong(detail, "code"))
    )
    texts = [one for one in (message, error) if isinstance(one, str) and one]
    texts += [repr(one) for one in (message, error) if isinstance(one, WrongValue) and one.json]
    if not texts:
        return None
    return reported_error(texts[0], code if isinstance(code, int) and code else None, operation)
