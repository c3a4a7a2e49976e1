"""Many open streams at the same time: the memory for each, and the time of other calls while they are open."""

from __future__ import annotations

import gc
import time
from collections.abc import Awaitable, Callable
from typing import Any

import anyio

from bench_lib import sizes

__all__ = ["Streams", "resident", "status"]

_AT_ONCE = 100
_PINGS = 300


class Streams:
    """`opened` opens a stream of events, `next_of` waits for the next event of a stream."""

    def __init__(
        self,
        path: str,
        ping: Callable[[], Awaitable[None]],
        opened: Callable[[], Awaitable[Any]],
        next_of: Callable[[Any], Awaitable[None]],
    ) -> None:
        self.path = path
        self.ping, self.opened, self.next_of = ping, opened, next_of
        self.open: list[Any] = []

    async def figures(self) -> dict[str, float]:
        """Open the streams, receive events on all, and ping before and while they are open. The caller closes them."""
        await self._pings()  # warm-up
        alone = await self._pings()
        before = resident()
        for _ in range(sizes.STREAMS // _AT_ONCE):
            async with anyio.create_task_group() as tasks:
                for _ in range(_AT_ONCE):
                    tasks.start_soon(self._open)
        each = (resident() - before) / sizes.STREAMS
        beside = await self._pings()
        await sizes.emit(self.path)
        async with anyio.create_task_group() as tasks:
            for stream in self.open:
                tasks.start_soon(self._events, stream)
        return {"KiB a stream": each, "ping meanwhile, x alone": beside / alone, "streams": len(self.open)}

    async def _open(self) -> None:
        self.open.append(await self.opened())

    async def _events(self, stream: Any) -> None:
        for _ in range(sizes.EVENTS):
            await self.next_of(stream)

    async def _pings(self) -> float:
        began = time.perf_counter()
        for _ in range(_PINGS):
            await self.ping()
        return time.perf_counter() - began


def resident() -> int:
    """The resident memory of this process, in KiB."""
    gc.collect()
    return status("VmRSS")


def status(key: str) -> int:
    """A value of /proc/self/status, in KiB."""
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith(key))
