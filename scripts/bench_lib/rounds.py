"""Contestants in processes of their own, in alternating rounds: A B C, then B C A, ..."""

from __future__ import annotations

import os
import resource
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench_lib.contestants import CONTESTANTS
from bench_lib.works import Work

__all__ = ["Times", "measured", "programs", "turns"]

HERE = Path(__file__).resolve().parent
_PATIENCE = 120.0  # seconds for one round, before its contestant counts as hanging

Times = dict[str, list[tuple[float, float]]]
"""Contestant: (wall, CPU) seconds a call, for each round."""


def turns(names: list[str], rounds: int) -> Iterator[str]:
    for number in range(rounds):
        start = number % len(names)
        yield from names[start:] + names[:start]


def measured(work: Work, path: str, container: str, rounds: int) -> Times:
    """Run a work's contestants; one that dies or hangs ends the bench, since a table without it would mislead."""
    workers: dict[str, subprocess.Popen[str]] = {}
    try:
        for name, contestant in CONTESTANTS.items():
            if not hasattr(contestant.client, work.method) or (contestant.blocking and work.callers > 1):
                continue
            calls = max(work.calls // contestant.slowness, work.callers)
            arguments = [name, work.method, str(work.callers), str(calls), path, container]
            workers[name] = subprocess.Popen(
                [sys.executable, HERE / "worker.py", *arguments],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
            _line(name, workers[name])
        times: Times = {name: [] for name in workers}
        for name in turns(list(workers), rounds):
            process = workers[name]
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
            wall, cpu = _line(name, process).split()
            times[name].append((float(wall), float(cpu)))
        for process in workers.values():
            process.communicate(timeout=_PATIENCE)
        return times
    finally:
        for process in workers.values():
            process.kill()


def _line(name: str, process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline() if select.select([process.stdout], [], [], _PATIENCE)[0] else ""
    if not line:
        sys.exit(f"{name} died or hung")
    return line


def programs(codes: dict[str, str], rounds: int) -> Times:
    """Run whole programs, each from the start of its interpreter to the end."""
    times: Times = {name: [] for name in codes}
    with tempfile.TemporaryDirectory(prefix="rawdock-bench-") as folder:
        # Compiled before the first round, ours and theirs alike: pip has compiled what it installed, and not this tree.
        compiled = {**os.environ, "PYTHONPYCACHEPREFIX": folder}
        compiled.pop("PYTHONDONTWRITEBYTECODE", None)
        for code in codes.values():
            _program(code, compiled)
        for name in turns(list(codes), rounds):
            times[name].append(_program(codes[name], compiled))
    return times


def _program(code: str, environment: dict[str, str]) -> tuple[float, float]:
    before = _children_cpu()
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
    return time.perf_counter() - began, _children_cpu() - before


def _children_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
