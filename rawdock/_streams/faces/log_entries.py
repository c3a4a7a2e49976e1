"""The face of a log that is read line by line."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from ...errors import RawdockError
from ..answer import Answer
from ..split.log_lines import BUFFER, Entries, FramedEntries, JsonEntries, LogEntry, LogFormat, PlainEntries
from .process_output import FRAMES_TYPE

__all__ = ["LogEntries"]

_JSON = frozenset({"application/jsonl", "application/x-ndjson", "application/json-seq"})


class LogEntries:
    """Iterate to get a log's lines as they come.

    An error that the Engine reports inside the stream raises `StreamError`, after the lines before it.
    """

    tty = False
    """Whether the process has a terminal: then all lines are `stdout`."""

    def __init__(self, answer: Answer, value_limit: int) -> None:
        self._answer = answer
        self._limit = value_limit
        self._splitter: Entries
        self._items: list[Any] = []  # the last one is the next
        self._failure: RawdockError | None = None

    async def detect_format(self, ask: Callable[[], Awaitable[bool]], *, timestamps: bool, details: bool) -> None:
        """Before the first read: in which form does it come? As with `LogStream`, but for JSON."""
        headers = self._answer.response.headers
        kind = headers.get("content-type", "").partition(";")[0].strip()
        podman = "libpod-api-version" in headers
        log_format = LogFormat(
            timestamps,
            details and not podman,  # it takes the parameter and adds nothing
            0 if podman else BUFFER,  # it cuts a line wherever its reads end
            self._limit,
        )
        self.tty = kind != FRAMES_TYPE and await ask()
        if kind in _JSON:
            self._splitter = JsonEntries(log_format, tty=self.tty)
        else:
            self._splitter = PlainEntries(log_format) if self.tty else FramedEntries(log_format)
        self._answer.split_with(self._splitter)

    def __aiter__(self) -> AsyncIterator[LogEntry]:
        return self

    async def __anext__(self) -> LogEntry:
        if not self._items:
            await self._more()
        entry: LogEntry = self._items.pop()
        return entry

    async def _more(self) -> None:
        if self._failure is not None:
            raise self._failure
        try:
            items: list[Any] = await self._answer.read() or [*self._splitter.rest()]
        except RawdockError as error:
            items = [*self._splitter.rest(), error]
        if not items:
            raise StopAsyncIteration
        if isinstance(items[-1], RawdockError):
            self._failure = self._answer.error(items.pop())
            if not items:
                raise self._failure
        items.reverse()
        self._items = items

    async def aclose(self) -> None:
        self._items.clear()
        await self._answer.aclose()
