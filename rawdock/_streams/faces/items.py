"""The simplest face of an open answer: what came, one item at a time, and the way back on a handed-over connection."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from typing import Any, Generic, TypeVar

from ...errors import RawdockError
from ..answer import Answer

__all__ = ["Items", "Sends"]

I = TypeVar("I")  # noqa: E741 - an item


class Items(Generic[I]):
    """Iterate to get the items as they come. A splitter's error is raised behind the items before it."""

    def __init__(self, answer: Answer, value_limit: int) -> None:
        self._answer = answer
        self._items: list[Any] = []  # the last one is the next
        self._failure: RawdockError | None = None
        self._each: AsyncGenerator[I, None] | None = None

    def __aiter__(self) -> AsyncIterator[I]:
        # One generator, which `aclose` ends: an item costs less through it than through a coroutine each. Cancellation
        # ends it early; the items that have come are not in it, and the next one goes on with them.
        if self._each is None or getattr(self._each, "ag_frame", None) is None:
            self._each = self._all()
        return self._each

    def __anext__(self) -> Awaitable[I]:
        return self.__aiter__().__anext__()

    async def _all(self) -> AsyncGenerator[I, None]:
        while items := self._items or await self._more():
            while items:
                yield items.pop()

    async def _more(self) -> list[Any]:
        """The next items, the first one last; none at the end. Raises what else ends the stream."""
        if self._failure is not None:
            raise self._failure
        items = await self._answer.read()
        if items and isinstance(items[-1], RawdockError):
            self._failure = self._answer.error(items.pop())
            if not items:
                raise self._failure
        items.reverse()
        self._items = items
        return items

    async def aclose(self) -> None:
        self._items.clear()
        await self._answer.aclose()
        # Whoever waits in it is woken with an error.
        if self._each is not None and not getattr(self._each, "ag_running", False):
            await self._each.aclose()


class Sends:
    """The other direction of a connection that was handed over. Reading and sending may go on at the same time."""

    _answer: Answer

    async def send(self, data: bytes) -> None:
        """Send to the other side. Returns when the bytes are on their way, not when they were read."""
        await self._answer.send(data)

    async def send_eof(self) -> None:
        """End our half; what comes from the other side goes on."""
        await self._answer.send_eof()
