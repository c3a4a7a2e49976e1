"""Runs each client in its own process, in alternating rounds: A B C, then B C A, ..."""

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
from bench_lib.workloads import Workload

__all__ = ["Times", "measured", "programs", "turns"]

HERE = Path(__file__).resolve().parent
_TIMEOUT = 120.0  # seconds for one round, after which a client counts as hanging

Times = dict[str, list[dict[str, float]]]
"""For each client and round: `wall` and `cpu` seconds for one call, and other figures."""


def turns(names: list[str], rounds: int) -> Iterator[str]:
    for number in range(rounds):
        start = number % len(names)
        yield from names[start:] + names[:start]


def measured(workload: Workload, path: str, container: str, rounds: int) -> Times:
    """Run the clients of a workload. If one exits or hangs, the bench ends: a table without it would be misleading."""
    names = [
        name
        for name, contestant in CONTESTANTS.items()
        if contestant.takes(workload.method) and not (contestant.blocking and workload.callers > 1)
    ]
    if not names:
        sys.exit(f"nobody can take part in {workload.method} on this machine")
    times: Times = {name: [] for name in names}
    workers: dict[str, subprocess.Popen[str]] = {}
    try:
        if not workload.fresh:
            for name in names:
                workers[name] = _started(name, workload, path, container)
        for name in turns(names, rounds):
            if workload.fresh:
                workers[name] = _started(name, workload, path, container)
            process = workers[name]
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
            times[name].append(json.loads(_line(name, process)))
            if workload.fresh:
                process.communicate(timeout=_TIMEOUT)
        if not workload.fresh:
            for process in workers.values():
                process.communicate(timeout=_TIMEOUT)
        return times
    finally:
        for process in workers.values():
            process.kill()


def _started(name: str, workload: Workload, path: str, container: str) -> subprocess.Popen[str]:
    calls = max(workload.calls // CONTESTANTS[name].slowness, workload.callers)
    fresh = ["fresh"] if workload.fresh else []
    arguments = [name, workload.method, str(workload.callers), str(calls), path, container, *fresh]
    process = subprocess.Popen(
        [sys.executable, HERE / "worker.py", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    _line(name, process)
    return process


def _line(name: str, process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline() if select.select([process.stdout], [], [], _TIMEOUT)[0] else ""
    if not line:
        process.kill()
        sys.exit(f"{name} exited early, or did not answer within {_TIMEOUT:.0f} s")
    return line


def programs(codes: dict[str, str], rounds: int) -> Times:
    """Run whole programs, each from the start of its interpreter to its end."""
    times: Times = {name: [] for name in codes}
    with tempfile.TemporaryDirectory(prefix="rawdock-bench-") as folder:
        # Compile everything before the first round: pip has compiled the other packages, but not this checkout.
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
