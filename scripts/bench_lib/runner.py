"""Runs the workloads one after another."""

from __future__ import annotations

from typing import Any

from bench_lib import calls, tables
from bench_lib.engines import container_on, fake_engine
from bench_lib.programs import IMPORTS, PINGS
from bench_lib.rounds import measured, programs
from bench_lib.workloads import REAL, WORKLOADS

__all__ = ["run"]


def run(names: list[str], engine: str | None, rounds: int) -> dict[str, Any]:
    """Print a table for each workload, and return the figures."""
    if engine:
        with container_on(engine) as container:
            return {
                name: tables.show(
                    f"{name}, real Engine", measured(REAL[name], engine, container, rounds), REAL[name].goals
                )
                for name in names or REAL
            }
    with fake_engine() as path:
        return {name: _on_fake(name, path, rounds) for name in names or WORKLOADS}


def _on_fake(name: str, path: str, rounds: int) -> dict[str, Any]:
    workload = WORKLOADS[name]
    if name == "calls":
        return calls.show(path)
    if workload.method:
        times = measured(workload, path, "bench", rounds)
    elif name == "import":
        times = programs(IMPORTS, rounds)
    else:
        times = programs({client: code.format(path=path) for client, code in PINGS.items()}, rounds)
    return tables.show(name, times, workload.goals, workload.figures)
