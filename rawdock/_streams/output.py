"""The output of processes: logs, and what an attached or executed process writes and reads."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from ..errors import RawdockError
from .answer import Answer
from .frames import Frame, Frames, Plain

__all__ = ["LogStream", "ProcessStream", "framed"]

_FRAMES = "application/vnd.docker.multiplexed-stream"


class LogStream:
    """Iterate to get the output as it comes.

    An error that the Engine reports inside the stream raises `StreamError`, after the output before it.
    """

    def __init__(self, answer: Answer, value_limit: int) -> None:
        self._answer = answer
        self._items: list[Any] = []  # the last one is the next
        self._failure: RawdockError | None = None
        self.tty = False
        """Whether the process has a terminal: then all output is `stdout`."""

    async def decide(self, ask: Callable[[], Awaitable[bool]]) -> None:
        """Before the first read: has the output frames?

        Only a header that says so is believed. Engines before API 1.42, Podman, and any Engine that did not take an
        upgrade call framed output raw, so what says raw is asked about.
        """
        kind = self._answer.response.headers.get("content-type", "")
        self.tty = kind.partition(";")[0].strip() != _FRAMES and await ask()
        self._answer.split_with(Plain() if self.tty else Frames())

    def __aiter__(self) -> AsyncIterator[Frame]:
        return self

    async def __anext__(self) -> Frame:
        if not self._items:
            await self._more()
        item: Frame = self._items.pop()
        return item

    async def _more(self) -> None:
        if self._failure is not None:
            raise self._failure
        items = await self._answer.read()
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


class ProcessStream(LogStream):
    """A process's output to iterate over, and its input to send to. Both may go on at the same time."""

    async def send(self, data: bytes) -> None:
        """Send to the process's stdin. Returns when the bytes are on their way, not when they were read."""
        await self._answer.send(data)

    async def send_eof(self) -> None:
        """End the process's stdin. Its output goes on."""
        await self._answer.send_eof()


def framed(has_tty: Callable[..., Awaitable[bool]]) -> Callable[..., Callable[[LogStream], Awaitable[None]]]:
    """What an endpoint still does with output before the caller has it; `has_tty` takes the resource and arguments."""

    def then(resource: object, **arguments: object) -> Callable[[LogStream], Awaitable[None]]:
        async def step(stream: LogStream) -> None:
            await stream.decide(lambda: has_tty(resource, **arguments))

        return step

    return then
