"""Runs one task after the other, each on its Engine."""

from __future__ import annotations

from typing import Any

from bench_lib import calls, tables
from bench_lib.engines import container_on, fake_engine
from bench_lib.programs import IMPORTS, PINGS
from bench_lib.rounds import measured, programs
from bench_lib.works import REAL, WORKS

__all__ = ["run"]


def run(names: list[str], engine: str | None, rounds: int) -> dict[str, Any]:
    """Print a table for each work, and give what is in them."""
    if engine:
        with container_on(engine) as container:
            return {
                name: tables.show(
                    f"{name}, real Engine", measured(REAL[name], engine, container, rounds), REAL[name].wanted
                )
                for name in names or REAL
            }
    with fake_engine() as path:
        return {name: _on_fake(name, path, rounds) for name in names or WORKS}


def _on_fake(name: str, path: str, rounds: int) -> dict[str, Any]:
    work = WORKS[name]
    if name == "calls":
        return calls.show(path)
    if work.method:
        times = measured(work, path, "bench", rounds)
    elif name == "import":
        times = programs(IMPORTS, rounds)
    else:
        times = programs({client: code.format(path=path) for client, code in PINGS.items()}, rounds)
    return tables.show(name, times, work.wanted, work.figures)
