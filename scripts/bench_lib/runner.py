"""Alternating rounds, and tables of ratios."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from bench_lib.contestants import CONTESTANTS

HERE = Path(__file__).resolve().parent


class Work(NamedTuple):
    method: str
    callers: int
    calls: int
    least: dict[str, tuple[str, float]]
    """Contestant: (beside whom, at least how many times as fast)."""


_CALLS = {"rawdock": ("aiodocker", 4.0), "rawdock on trio": ("aiodocker", 2.0)}
WORKS: dict[str, Work] = {
    "ping": Work("ping", 1, 3000, _CALLS),
    "ping-32": Work("ping", 32, 6400, _CALLS),
    "inspect": Work("inspect", 1, 1500, _CALLS),
    "inspect-32": Work("inspect", 32, 3200, _CALLS),
    "list-500": Work("list", 1, 20, {"rawdock": ("aiodocker", 1.0), "rawdock[fast]": ("aiodocker", 1.4)}),
    "pull-100k": Work("pull", 1, 1, {"rawdock": ("aiodocker", 1.0), "rawdock[fast]": ("aiodocker", 1.5)}),
    "import": Work("", 1, 1, {"rawdock": ("docker-py", 1.0)}),
    "import-ping": Work("", 1, 1, {"rawdock": ("docker-py", 1.0)}),
}
_REAL = {"rawdock": ("aiodocker", 2.4), "rawdock on trio": ("aiodocker", 2.0)}

# Whole programs: import alone, and import with one ping.
_IMPORTS = {"rawdock": "import rawdock", "aiodocker": "import aiodocker", "docker-py": "import docker"}
_PINGS = {
    "rawdock": """
import asyncio, rawdock
async def main():
    async with rawdock.Docker({path!r}) as docker:
        await docker.system.ping()
asyncio.run(main())""",
    "aiodocker": """
import asyncio, aiodocker
async def main():
    async with aiodocker.Docker(url="unix://" + {path!r}, api_version="v1.41") as docker:
        docker.docker_host = "unix://localhost"
        async with docker._query("_ping", versioned_api=False) as response:
            await response.text()
asyncio.run(main())""",
    "docker-py": """
import docker
docker.DockerClient(base_url="unix://" + {path!r}, version="1.41").ping()""",
}

Times = dict[str, list[tuple[float, float]]]


def run(works: list[str], engine: str | None, rounds: int) -> None:
    if engine:
        with _container(engine) as container:
            for name in works or ["ping", "inspect"]:
                work = WORKS[name]._replace(least=_REAL)
                _table(f"{name}, real Engine", _measured(work, engine, container, rounds), work)
        return
    with _fake_engine() as path:
        for name in works or list(WORKS):
            work = WORKS[name]
            if work.method:
                times = _measured(work, path, "bench", rounds)
            else:
                programs = _IMPORTS if name == "import" else {k: v.format(path=path) for k, v in _PINGS.items()}
                times = _programs(programs, rounds)
            _table(name, times, work)


@contextmanager
def _fake_engine() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="rawdock-bench-") as folder:
        path = f"{folder}/s"
        with subprocess.Popen([sys.executable, HERE / "fake_engine.py", path], stdout=subprocess.PIPE) as server:
            assert server.stdout is not None
            server.stdout.readline()
            try:
                yield path
            finally:
                server.terminate()


@contextmanager
def _container(path: str) -> Iterator[str]:
    import anyio

    import rawdock
    from rawdock.models import ContainerSpec

    async def make() -> str:
        async with rawdock.Docker(path) as docker:
            images = await docker.images.list()
            if not images:
                sys.exit(f"the Engine at {path} has no image: pull one first")
            return (await docker.containers.create(ContainerSpec(image=images[0].id, cmd=["true"]))).id

    async def remove(name: str) -> None:
        async with rawdock.Docker(path) as docker:
            await docker.containers.delete(name, force=True)

    name = anyio.run(make)
    try:
        yield name
    finally:
        anyio.run(remove, name)


def _turns(names: list[str], rounds: int) -> Iterator[str]:
    """A B C, then B C A, ..."""
    for number in range(rounds):
        start = number % len(names)
        yield from names[start:] + names[:start]


def _measured(work: Work, path: str, container: str, rounds: int) -> Times:
    workers: dict[str, subprocess.Popen[str]] = {}
    for name in CONTESTANTS:
        if name == "docker-py" and work.callers > 1:
            continue  # it blocks its thread
        arguments = [work.method, str(work.callers), str(work.calls), path, container]
        process = subprocess.Popen(
            [sys.executable, HERE / "worker.py", name, *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        if process.stdout.readline().strip() == "ready":
            workers[name] = process
        else:
            process.communicate()
    times: Times = {name: [] for name in workers}
    for name in _turns(list(workers), rounds):
        process = workers[name]
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("go\n")
        process.stdin.flush()
        wall, cpu = process.stdout.readline().split()
        times[name].append((float(wall), float(cpu)))
    for process in workers.values():
        process.communicate()
    return times


def _programs(programs: dict[str, str], rounds: int) -> Times:
    times: Times = {name: [] for name in programs}
    for code in programs.values():
        subprocess.run([sys.executable, "-c", code], check=True)  # so that all is compiled and in the page cache
    for name in _turns(list(programs), rounds):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", programs[name]], check=True)
        took = time.perf_counter() - began
        times[name].append((took, took))
    return times


def _ratio(times: Times, name: str, base: str, which: int) -> float:
    pairs = zip(times[name], times[base], strict=True)
    return statistics.median(theirs[which] / ours[which] for ours, theirs in pairs)


def _table(title: str, times: Times, work: Work) -> None:
    bound = "hand-written" if "hand-written" in times else ""
    print(f"\n### {title} (medians of {len(next(iter(times.values())))} rounds)\n")
    print(f"| client | x aiodocker | CPU, x aiodocker |{' of hand-written |' if bound else ''} wanted |")
    print(f"| --- | --- | --- |{' --- |' if bound else ''} --- |")
    for name in times:
        share = f" {_ratio(times, name, bound, 0):.2f} |" if bound else ""
        wall, cpu = _ratio(times, name, "aiodocker", 0), _ratio(times, name, "aiodocker", 1)
        wanted = ""
        if name in work.least:
            base, least = work.least[name]
            reached = _ratio(times, name, base, 0)
            wanted = f"{least:g}x {base}: {'yes' if reached >= least else 'no'} ({reached:.2f})"
        print(f"| {name} | {wall:.2f} | {cpu:.2f} |{share} {wanted} |", flush=True)
