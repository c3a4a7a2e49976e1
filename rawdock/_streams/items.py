"""The simplest face of an open answer: what came, one item at a time, and the way back on a handed-over connection."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Generic, TypeVar

from ..errors import RawdockError
from .answer import Answer

__all__ = ["Items", "Sends"]

I = TypeVar("I")  # noqa: E741 - an item


class Items(Generic[I]):
    """Iterate to get the items as they come. A splitter's error is raised behind the items before it."""

    def __init__(self, answer: Answer, value_limit: int) -> None:
        self._answer = answer
        self._items: list[Any] = []  # the last one is the next
        self._failure: RawdockError | None = None

    def __aiter__(self) -> AsyncIterator[I]:
        return self

    async def __anext__(self) -> I:
        if not self._items:
            await self._more()
        item: I = self._items.pop()
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


class Sends:
    """The other direction of a connection that was handed over. Reading and sending may go on at the same time."""

    _answer: Answer

    async def send(self, data: bytes) -> None:
        """Send to the other side. Returns when the bytes are on their way, not when they were read."""
        await self._answer.send(data)

    async def send_eof(self) -> None:
        """End our half; what comes from the other side goes on."""
        await self._answer.send_eof()
