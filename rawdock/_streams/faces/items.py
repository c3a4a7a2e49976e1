"""The simplest stream: items one at a time; and sending on an upgraded connection."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from typing import Any, Generic, TypeVar

from ..._background import current_task
from ...errors import RawdockError
from ..answer import Answer

__all__ = ["ItemStream", "Sender", "half_close"]

I = TypeVar("I")  # noqa: E741 - an item


class ItemStream(Generic[I]):
    """Iterate to get the items as they come. An error of the splitter is raised after the items before it."""

    def __init__(self, answer: Answer, value_limit: int) -> None:
        self._answer = answer
        self._items: list[Any] = []  # in reverse order
        self._failure: RawdockError | None = None
        self._reader: object = None
        self._iterator: AsyncGenerator[I, None] | None = None

    def __aiter__(self) -> AsyncIterator[I]:
        # A generator, since it costs less than a coroutine for each item; `aclose` closes it. Cancellation ends it, but
        # the items that have come are kept in the stream, and the next generator continues with them.
        if self._iterator is None or getattr(self._iterator, "ag_frame", None) is None:
            self._iterator = self._iterate()
            self._reader = current_task()
        return self._iterator

    @property
    def has_come(self) -> bool:
        """Whether another item was received together with the last one."""
        return bool(self._items)

    def __anext__(self) -> Awaitable[I]:
        return self.__aiter__().__anext__()

    async def _iterate(self) -> AsyncGenerator[I, None]:
        while items := self._items or await self._read_more():
            while items:
                yield items.pop()

    async def _read_more(self) -> list[Any]:
        """The next items in reverse order; none at the end of the stream. Raises the error that ended it."""
        if self._failure is not None:
            raise self._failure
        items = await self._answer.read()
        if items and isinstance(items[-1], RawdockError):
            self._failure = self._answer.add_request(items.pop())
            if not items:
                raise self._failure
        items.reverse()
        self._items = items
        return items

    async def aclose(self) -> None:
        self._items.clear()
        await self._answer.aclose()
        # A task that waits in the generator is woken with an error. Another task that iterates gets an error from its
        # next turn, where a closed generator would look like the end.
        iterator = self._iterator
        if iterator is not None and not getattr(iterator, "ag_running", False) and self._reader is current_task():
            await iterator.aclose()


class Sender:
    """Sending on an upgraded connection. Reading and sending may go on at the same time."""

    _answer: Answer

    async def send(self, data: bytes) -> None:
        """Send bytes to the peer. Returns when they were given to the system, not when the peer has read them."""
        await self._answer.send(data)

    async def send_eof(self) -> None:
        """End the sending half of the connection; receiving goes on."""
        await self._answer.send_eof()


async def half_close(sender: Sender) -> None:
    """End the sending half of a connection, without the questions that `send_eof` may ask first."""
    await sender._answer.send_eof()  # pyright: ignore[reportPrivateUsage]
