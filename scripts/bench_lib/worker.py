"""Runs one client in its own process: a round for each line on standard input, with its figures as JSON on stdout.

worker.py CLIENT METHOD CALLERS CALLS SOCKET CONTAINER [fresh]
"""

from __future__ import annotations

import gc
import json
import resource
import sys
import time
from functools import partial
from pathlib import Path

import anyio

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from bench_lib.contestants import CONTESTANTS
from bench_lib.streams import status
from bench_lib.workloads import GROWTH


def cpu_time() -> float:
    """The CPU time of this process, and of its child processes that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


async def measure(name: str, method: str, callers: int, calls: int, path: str, container: str, fresh: str = "") -> None:
    contestant = CONTESTANTS[name]
    client = contestant.client(*contestant.arguments)
    call = getattr(client, method)
    await client.open(path, container)
    if hasattr(client, "ping"):
        await client.ping()
    at_first = status("VmHWM")
    figures: dict[str, float] = {}

    async def caller(count: int) -> None:
        for _ in range(count):
            figures.update(await call() or {})

    async def all_callers(count: int) -> None:
        async with anyio.create_task_group() as tasks:
            for _ in range(callers):
                tasks.start_soon(caller, count // callers)

    calls -= calls % callers
    peak = at_first
    if not fresh:
        await all_callers(max(calls // 4, callers))
        peak = status("VmHWM")
    print("ready", flush=True)
    while sys.stdin.readline():
        gc.collect()
        forget_peak()
        wall, cpu = time.perf_counter(), cpu_time()
        await all_callers(calls)
        wall, cpu = time.perf_counter() - wall, cpu_time() - cpu
        peak = max(peak, status("VmHWM"))  # the warm-up counts too, because it loads everything
        figures |= {"wall": wall / calls, "cpu": cpu / calls, GROWTH: (peak - at_first) / 1024}
        print(json.dumps(figures), flush=True)
    await client.close()


def main() -> None:
    name, method, callers, calls, *rest = sys.argv[1:]
    loop = CONTESTANTS[name].loop
    backend, options = ("trio", {}) if loop == "trio" else ("asyncio", {"use_uvloop": loop == "uvloop"})
    task = partial(measure, name, method, int(callers), int(calls), *rest)
    anyio.run(task, backend=backend, backend_options=options)


if __name__ == "__main__":
    main()
