"""Contestants in processes of their own, in alternating rounds: A B C, then B C A, ..."""

from __future__ import annotations

import json
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

Times = dict[str, list[dict[str, float]]]
"""Contestant: for each round `wall` and `cpu` seconds a call, and its other figures."""


def turns(names: list[str], rounds: int) -> Iterator[str]:
    for number in range(rounds):
        start = number % len(names)
        yield from names[start:] + names[:start]


def measured(work: Work, path: str, container: str, rounds: int) -> Times:
    """Run a work's contestants; one that dies or hangs ends the bench, since a table without it would mislead."""
    names = [
        name
        for name, contestant in CONTESTANTS.items()
        if contestant.takes(work.method) and not (contestant.blocking and work.callers > 1)
    ]
    times: Times = {name: [] for name in names}
    workers: dict[str, subprocess.Popen[str]] = {}
    try:
        if not work.fresh:
            for name in names:
                workers[name] = _started(name, work, path, container)
        for name in turns(names, rounds):
            if work.fresh:
                workers[name] = _started(name, work, path, container)
            process = workers[name]
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
            times[name].append(json.loads(_line(name, process)))
            if work.fresh:
                process.communicate(timeout=_PATIENCE)
        if not work.fresh:
            for process in workers.values():
                process.communicate(timeout=_PATIENCE)
        return times
    finally:
        for process in workers.values():
            process.kill()


def _started(name: str, work: Work, path: str, container: str) -> subprocess.Popen[str]:
    calls = max(work.calls // CONTESTANTS[name].slowness, work.callers)
    arguments = [name, work.method, str(work.callers), str(calls), path, container, *(["fresh"] if work.fresh else [])]
    process = subprocess.Popen(
        [sys.executable, HERE / "worker.py", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    _line(name, process)
    return process


def _line(name: str, process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline() if select.select([process.stdout], [], [], _PATIENCE)[0] else ""
    if not line:
        process.kill()
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


def _program(code: str, environment: dict[str, str]) -> dict[str, float]:
    before = _children_cpu()
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
    return {"wall": time.perf_counter() - began, "cpu": _children_cpu() - before}


def _children_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
