"""The logs of a container, service or task: to be read as output, or line by line."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import attrs

from ...errors import InvalidArgument
from .contexts import Opens, named
from .log_entries import LogEntries
from .process_output import LogStream

__all__ = ["Logs", "LogsRequest", "detect_log_format"]

_ACCEPT_JSON_LINES = (("Accept", "application/jsonl, application/x-ndjson"),)


@attrs.frozen
class LogsRequest:
    """What the format of the answer depends on; called with the stream, it finds out the format."""

    has_tty: Callable[[], Awaitable[bool]]
    timestamps: bool
    details: bool
    tail: bool

    async def __call__(self, stream: LogStream) -> None:
        await stream.detect_frames(self.has_tty)


class Logs(Opens[LogStream]):
    """Logs that open when they are entered: `async with docker.containers.logs("web") as logs: ...`.

    Entered as they are, they are read as output. `entries()` reads them line by line.
    """

    def __init__(self, connect: Callable[..., Awaitable[Any]], prepare: LogsRequest) -> None:
        super().__init__(connect, prepare)
        self._connect_as = connect
        self._request = prepare

    def entries(self, json: bool = False) -> Opens[LogEntries]:
        """The logs line by line: `async with docker.containers.logs("web").entries() as entries: ...`.

        Each entry is a whole line, with its `time` and `details` apart. A line longer than `Limits.value` comes in
        several entries. With `tail`, the first entry of each stream may be the end of a longer line: `may_begin_inside`
        says so. For the terminal of a container, Podman puts times inside lines: with `timestamps` this raises
        NotSupported there. `json` asks for JSON lines, an experiment of Docker 29.5 (API 1.54) and newer; other Engines
        answer as always. The entries are the same, but what is not UTF-8 is lost, since JSON cannot hold it.
        """
        self._is_used = True
        if not isinstance(json, bool):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidArgument(f"entries: json: expected bool, got {type(json).__name__}")
        request = self._request

        async def connect() -> LogEntries:
            entries: LogEntries = await self._connect_as(LogEntries, _ACCEPT_JSON_LINES if json else ())
            return entries

        async def detect(entries: LogEntries) -> None:
            await entries.detect_format(
                request.has_tty, timestamps=request.timestamps, details=request.details, tail=request.tail
            )

        return named(Opens(connect, detect), *self._call)


def detect_log_format(has_tty: Callable[..., Awaitable[bool]]) -> Callable[..., LogsRequest]:
    """For the `prepare` of an endpoint that returns `Logs`.

    `has_tty` is called with the resource and the arguments of the call, and tells whether the process has a terminal.
    """

    def prepare(
        resource: object, *, timestamps: bool, details: bool, tail: int | str | None, **arguments: object
    ) -> LogsRequest:
        return LogsRequest(lambda: has_tty(resource, **arguments), timestamps, details, tail not in (None, "all"))

    return prepare
