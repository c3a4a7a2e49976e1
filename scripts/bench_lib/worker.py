"""One contestant in its own process: a round for each line on standard input, then wall and CPU seconds of one call.

worker.py CONTESTANT METHOD CALLERS CALLS SOCKET CONTAINER
"""

from __future__ import annotations

import gc
import sys
import time
from functools import partial
from pathlib import Path

import anyio

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from bench_lib.contestants import CONTESTANTS


async def measure(name: str, method: str, callers: int, calls: int, path: str, container: str) -> None:
    contestant = CONTESTANTS[name]
    client = contestant.client(*contestant.arguments)
    work = getattr(client, method)
    await client.open(path, container)

    async def caller(count: int) -> None:
        for _ in range(count):
            await work()

    async def all_callers(count: int) -> None:
        async with anyio.create_task_group() as tasks:
            for _ in range(callers):
                tasks.start_soon(caller, count // callers)

    calls -= calls % callers
    await all_callers(max(calls // 4, callers))
    print("ready", flush=True)
    while sys.stdin.readline():
        gc.collect()
        wall, cpu = time.perf_counter(), time.process_time()
        await all_callers(calls)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        print(wall / calls, cpu / calls, flush=True)
    await client.close()


def main() -> None:
    name, method, callers, calls, path, container = sys.argv[1:]
    loop = CONTESTANTS[name].loop
    backend, options = ("trio", {}) if loop == "trio" else ("asyncio", {"use_uvloop": loop == "uvloop"})
    task = partial(measure, name, method, int(callers), int(calls), path, container)
    anyio.run(task, backend=backend, backend_options=options)


if __name__ == "__main__":
    main()
