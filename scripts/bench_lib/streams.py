"""Many open streams at once: the memory of each, and the time of a call meanwhile."""

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
    """`opened` opens one stream of events, `next_of` waits for its next event."""

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
        """Open them, have events on all of them, and ping before and meanwhile. Whoever made them closes them."""
        await self._pings()  # what the first calls load is nobody's
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
    """Memory of this process, in KiB."""
    gc.collect()
    return status("VmRSS")


def status(key: str) -> int:
    """A line of this process's state, in KiB."""
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith(key))
