"""Runs a soak: workers, restarts of the Engine, samples, and the judgement at the end."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import anyio
import sniffio

from rawdock import ConnectError, Docker, RawdockError, StillRunning

from .figures import Sample, draw, sample, slope
from .works import BUSYBOX, LABEL, WORKS, Work

__all__ = ["soak"]

_ENGINES = Path(__file__).resolve().parents[1] / "engines"
_WORKERS = 2
"""Of each kind."""
_EXCUSED = 30.0
"""Seconds after the begin of a restart in which calls may fail."""
_SHOWN = 20
"""Failures that are printed as they come; the others are counted only, as keeping them would be growth."""
_MOST_GROWTH = 0.1
"""MiB a minute."""
_ID = re.compile(r"\b[0-9a-f]{64}\b")


class _Told(logging.Handler):
    """Remembers the containers that the logger has named."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.ids: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        self.ids.update(_ID.findall(record.getMessage()))


class _Soak:
    def __init__(self, seconds: float, engine: str, socket: str, restart: float) -> None:
        self._end = time.monotonic() + seconds
        self._begin = time.monotonic()
        self._engine = engine
        self._socket = socket
        self._restart = restart
        self._restarted = -_EXCUSED
        self.restarts: list[float] = []
        self.samples: list[Sample] = []
        self.done: Counter[str] = Counter()
        self.excused: Counter[str] = Counter()
        self.failures = 0
        self.told = _Told()
        logging.getLogger("rawdock").addHandler(self.told)

    @property
    def _now(self) -> float:
        return time.monotonic() - self._begin

    async def run(self) -> None:
        before = sample(0, _tasks(), 0)
        await self._use()
        for _ in range(100):  # what a thread or the other side still closes
            after = sample(self._now, _tasks(), 0)
            if after.descriptors <= before.descriptors and after.tasks <= before.tasks:
                return
            await anyio.sleep(0.1)
        self.failures += 1
        print(f"descriptors before and after: {before.descriptors}, {after.descriptors}")
        print(f"tasks before and after: {before.tasks}, {after.tasks}")

    async def _use(self) -> None:
        async with Docker(self._socket) as docker:
            await docker.images.pull(BUSYBOX)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._watch, docker)
                if self._restart:
                    tasks.start_soon(self._restarts)
                for work in WORKS:
                    for index in range(_WORKERS):
                        tasks.start_soon(self._worker, docker, work, index)

    async def _worker(self, docker: Docker, work: Work, index: int) -> None:
        name, number = work.__name__.strip("_"), index
        while time.monotonic() < self._end:
            number += _WORKERS
            try:
                await work(docker, number)
                self.done[name] += 1
            except Exception as error:
                self._judge(name, error)
                await anyio.sleep(0.5)

    def _judge(self, name: str, error: Exception) -> None:
        self.told.ids.update(_ID.findall(str(error)))
        lost = isinstance(error, (RawdockError, TimeoutError, AssertionError)) and not isinstance(error, StillRunning)
        if isinstance(error, StillRunning) or (lost and self._now - self._restarted < _EXCUSED):
            self.excused[f"{name}: {type(error).__name__}"] += 1
        else:
            self.failures += 1
            if self.failures <= _SHOWN:
                print(f"{self._now:.0f} s, {name}: {type(error).__name__}: {error}"[:500], flush=True)

    async def _restarts(self) -> None:
        how = 0
        while self._now + self._restart < self._end - self._begin:
            await anyio.sleep(self._restart)
            self._restarted = self._now
            self.restarts.append(self._now)
            verb = ("stop", "kill")[how % 2]
            how += 1
            await anyio.to_thread.run_sync(_engines, verb, self._engine)
            for attempt in range(5):  # a machine that is busy may be too slow for a start
                try:
                    await anyio.to_thread.run_sync(_engines, "start", self._engine)
                    break
                except subprocess.CalledProcessError:
                    if attempt == 4:
                        raise
                    self._restarted = self._now
            self._restarted = self._now

    async def _watch(self, docker: Docker) -> None:
        while time.monotonic() < self._end:
            self.samples.append(sample(self._now, _tasks(), await _left(docker, -1)))
            await anyio.sleep(2)


def _tasks() -> int:
    if sniffio.current_async_library() == "trio":
        import trio

        return trio.lowlevel.current_statistics().tasks_living
    return len(asyncio.all_tasks())


def _engines(verb: str, name: str) -> str:
    command = [
        sys.executable,
        str(_ENGINES),
        verb,
        *([name] if name else []),
        *(["--json"] if verb == "status" else []),
    ]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


async def _left(docker: Docker, unknown: int) -> int:
    try:
        return len(await docker.containers.list(all=True, filters={"label": LABEL}))
    except RawdockError:
        return unknown


async def _clean(socket: str, told: set[str]) -> list[str]:
    """Remove what is left of the soak. Gives what nobody has told of."""
    untold: list[str] = []
    async with Docker(socket) as docker:
        for one in await docker.containers.list(all=True, filters={"label": LABEL}):
            if one.id not in told:
                untold.append(f"{one.id[:12]} {one.names} {one.command} {one.status}")
            await docker.containers.delete(one.id, force=True)
    return untold


def soak(seconds: float, engine: str, loop: str, restart: float, svg: Path | None) -> int:
    """Soak, print what was seen, and say whether all is well, as an exit code."""
    sockets = {one["name"]: one["socket"] for one in json.loads(_engines("status", "")) if one["running"]}
    if engine not in sockets:
        print(f"{engine} does not run; start it with scripts/engines start {engine}", file=sys.stderr)
        return 2
    one = _Soak(seconds, engine, sockets[engine], restart)
    options: dict[str, Any] = (
        {"backend": "trio"} if loop == "trio" else {"backend_options": {"use_uvloop": loop == "uvloop"}}
    )
    anyio.run(one.run, **options)
    try:
        untold = anyio.run(_clean, sockets[engine], one.told.ids)
    except ConnectError as error:
        untold = [f"the Engine does not answer: {error}"]
    growth = slope(one.samples)
    print(f"{engine}, {loop}, {seconds / 60:g} minutes, {len(one.restarts)} restarts")
    print("done:", ", ".join(f"{name} {count}" for name, count in sorted(one.done.items())))
    print(
        "failed while the Engine was away:", ", ".join(f"{name} {n}" for name, n in sorted(one.excused.items())) or "-"
    )
    print(f"memory {one.samples[-1].memory:.1f} MiB, {growth:+.3f} MiB a minute")
    most = max(each.descriptors for each in one.samples), max(each.tasks for each in one.samples)
    print(f"at most {most[0]} descriptors and {most[1]} tasks")
    print(f"failures: {one.failures}")
    print(f"left and not told of: {len(untold)}", *untold[:_SHOWN], sep="\n  ")
    if svg is not None:
        draw(one.samples, one.restarts, svg)
    grew = seconds >= 600 and growth > _MOST_GROWTH  # in less time, caches and the allocator decide
    return int(bool(one.failures or untold or grew))
