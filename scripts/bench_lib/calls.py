"""Counts the calls of Python and C functions in one ping. The count is the same on every machine."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from bench_lib.contestants import CONTESTANTS

__all__ = ["AT_MOST", "show"]

AT_MOST = 130
_PINGS = 100


async def _counted(client: Any, path: str) -> float:
    calls = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        if event in ("call", "c_call"):
            calls += 1

    await client.open(path, "bench")
    for _ in range(20):
        await client.ping()
    sys.setprofile(count)
    try:
        for _ in range(_PINGS):
            await client.ping()
    finally:
        sys.setprofile(None)
    await client.close()
    return calls / _PINGS


def show(path: str) -> dict[str, Any]:
    """Print the table, and return its figures."""
    print("\n### function calls in one ping\n\n| client | calls | goal |\n| --- | ---: | --- |")
    rows: dict[str, Any] = {}
    for name, contestant in CONTESTANTS.items():
        if contestant.loop != "asyncio" or not contestant.takes("ping"):
            continue
        calls = asyncio.run(_counted(contestant.client(*contestant.arguments), path))
        has_goal = name == "rawdock"
        verdict = f"{'met' if calls <= AT_MOST else 'MISSED'}: at most {AT_MOST}" if has_goal else ""
        print(f"| {name} | {calls:.0f} | {verdict} |", flush=True)
        rows[name] = {"calls": calls, "met": not has_goal or calls <= AT_MOST}
    return rows
