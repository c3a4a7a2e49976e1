"""Logs line by line."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from ...errors import NotSupported, RawdockError
from ..answer import Answer
from ..split.log_lines import (
    MESSAGE_SIZE,
    FramedLogSplitter,
    JsonLogSplitter,
    LogEntry,
    LogFormat,
    LogSplitter,
    TerminalLogSplitter,
)
from .json_lines import JSON_LINES_TYPES
from .process_output import FRAMES_TYPE

__all__ = ["LogEntries"]


class LogEntries:
    """Iterate to get a log's lines as they come.

    An error that the Engine reports inside the stream raises `StreamError`, after the lines before it.
    """

    tty = False
    """Whether the process has a terminal: then all lines are `stdout`."""

    def __init__(self, answer: Answer, value_limit: int) -> None:
        self._answer = answer
        self._limit = value_limit
        self._splitter: LogSplitter
        self._items: list[Any] = []  # in reverse order
        self._failure: RawdockError | None = None
        self.is_broken = False
        """Whether the answer broke off: entries from then on are only the beginnings of their lines."""

    async def detect_format(
        self, has_tty: Callable[[], Awaitable[bool]], *, timestamps: bool, details: bool, tail: bool
    ) -> None:
        """Choose the splitter before the first read. As in `LogStream`, but the answer may also be JSON lines."""
        headers = self._answer.response.headers
        kind = headers.get("content-type", "").partition(";")[0].strip()
        podman = "libpod-api-version" in headers
        log_format = LogFormat(
            timestamps,
            details and not podman,  # it accepts the parameter, but adds nothing
            0 if podman else MESSAGE_SIZE,  # it cuts lines wherever a read of it ended
            self._limit,
            tail,
        )
        self.tty = kind != FRAMES_TYPE and await has_tty()
        if podman and self.tty and timestamps:
            raise self._answer.add_request(
                NotSupported(
                    "entries: Podman puts times inside the lines of a terminal that were written in parts; "
                    "use timestamps=False",
                    status=501,
                )
            )
        if kind in JSON_LINES_TYPES:
            self._splitter = JsonLogSplitter(log_format, tty=self.tty)
        else:
            self._splitter = TerminalLogSplitter(log_format) if self.tty else FramedLogSplitter(log_format)
        self._answer.set_splitter(self._splitter)

    def __aiter__(self) -> AsyncIterator[LogEntry]:
        return self

    async def __anext__(self) -> LogEntry:
        if not self._items:
            await self._read_more()
        entry: LogEntry = self._items.pop()
        return entry

    async def _read_more(self) -> None:
        if self._failure is not None:
            raise self._failure
        try:
            items: list[Any] = await self._answer.read() or [*self._splitter.unfinished_lines()]
        except RawdockError as error:
            self.is_broken = True
            items = [*self._splitter.unfinished_lines(), error]
        if not items:
            raise StopAsyncIteration
        if isinstance(items[-1], RawdockError):
            self._failure = self._answer.add_request(items.pop())
            if not items:
                raise self._failure
        items.reverse()
        self._items = items

    async def aclose(self) -> None:
        self._items.clear()
        await self._answer.aclose()
