"""Builds of one folder with BuildKit on a real Engine: by difference, as an archive, and with the docker command.

Each of rawdock's ways runs in a process of its own, the docker command is started for each build. A build is the first
of a folder, one after a change of one file, or one of what is there already. Before each that is timed but the last a
file is changed, so that the Engine has no result of it yet.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["run_builds"]

_FILES, _SIZE = 2_000, 100_000
_WORKS = ("first", "one file", "unchanged")
_DIFFERENCE, _TAR, _COMMAND = "rawdock", "rawdock, archive", "docker command"
_WANTED = {
    ("first", _TAR): 0.9,
    ("one file", _TAR): 1.8,
    ("unchanged", _TAR): 4.0,
    ("first", _COMMAND): 0.9,
    ("one file", _COMMAND): 0.9,
    ("unchanged", _COMMAND): 0.8,
}
"""How many times as fast rawdock is to be by difference."""
_MEMORY = 8.0
"""MiB that the difference may need beside what an archive does."""


class _Took(NamedTuple):
    wall: float
    cpu: float
    sent: int = 0


class _Worker:
    """One of rawdock's ways, in a process that stays."""

    def __init__(self, engine: str, way: str) -> None:
        self._way = way
        self._process = subprocess.Popen(
            [sys.executable, __file__, engine], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def build(self, folder: Path, work: str) -> _Took:
        key = os.urandom(8).hex() if work == "first" else "" if self._way == _TAR else "kept"
        return _Took(*self._ask({"context": str(folder), "tar": self._way == _TAR, "key": key}))

    def memory(self) -> float:
        """The most that it has held, in MiB."""
        return float(self._ask({})[0])

    def _ask(self, what: dict[str, Any]) -> list[Any]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        found: list[Any] = json.loads(self._process.stdout.readline())
        return found

    def close(self) -> None:
        """Delete what was built, and end."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()


class _Command:
    """The docker command, with its plugin buildx."""

    def __init__(self, engine: str, program: str) -> None:
        self._command = [program, "-H", f"unix://{engine}"]
        self._built: set[str] = set()

    def build(self, folder: Path, work: str) -> _Took:
        # It knows a folder by its path.
        place = folder.with_name(f"{folder.name}-{os.urandom(4).hex()}") if work == "first" else folder
        folder.rename(place)
        before, began = _children(), time.perf_counter()
        try:
            command = [*self._command, "buildx", "build", "-q", str(place)]
            self._built.add(subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip())
        finally:
            place.rename(folder)
        return _Took(time.perf_counter() - began, _children() - before)

    def close(self) -> None:
        """Delete what was built."""
        subprocess.run([*self._command, "rmi", "-f", *self._built], check=False, capture_output=True)

    def version(self) -> str:
        """Of the command and of buildx; empty if there is none."""
        texts: list[str] = []
        for arguments in (["--version"], ["buildx", "version"]):
            found = subprocess.run([self._command[0], *arguments], capture_output=True, text=True, check=False)
            if found.returncode:
                return ""
            texts.append(found.stdout.strip())
        return "; ".join(texts)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run_builds(engine: str, rounds: int) -> list[dict[str, Any]]:
    """Measure, and print a table; gives its rows."""
    command = _Command(engine, os.environ.get("DOCKER_CLI", "") or shutil.which("docker") or "docker")
    version = command.version()
    print(f"docker command: {version or 'none with buildx'}", flush=True)
    took: dict[tuple[str, str], list[_Took]] = {}
    with tempfile.TemporaryDirectory() as place:
        folders = {name: _fill(Path(place) / str(number)) for number, name in enumerate((_DIFFERENCE, _TAR, _COMMAND))}
        workers: dict[str, Any] = {name: _Worker(engine, name) for name in (_DIFFERENCE, _TAR)}
        if version:
            workers[_COMMAND] = command
        names = list(workers)
        for name in names:  # a warm-up, which also lets the Engine have the folder
            workers[name].build(folders[name], "kept")
        for number in range(rounds):
            order = names[number % len(names) :] + names[: number % len(names)]
            for work in _WORKS:
                for name in order:
                    if work != "unchanged":
                        _change(folders[name])
                    took.setdefault((work, name), []).append(workers[name].build(folders[name], work))
        memory = {name: workers[name].memory() for name in (_DIFFERENCE, _TAR)}
        for worker in workers.values():
            worker.close()
    rows = _rows(took, names)
    _show(rows, version)
    over = memory[_DIFFERENCE] - memory[_TAR]
    print(f"memory: {memory[_DIFFERENCE]:.1f} MiB, {over:+.1f} against the archive (at most {_MEMORY:+.1f})")
    print("the Engine keeps what was built in its build cache: `docker builder prune` frees the disk")
    return [*rows, {"work": "memory", "mib": memory, "docker command": version}]


def _fill(folder: Path) -> Path:
    for number in range(_FILES):
        file = folder / f"{number % 40:02}" / f"{number:04}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(os.urandom(_SIZE))
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    return folder


def _change(folder: Path) -> None:
    (folder / "07" / "0007").write_bytes(os.urandom(_SIZE))


def _rows(took: dict[tuple[str, str], list[_Took]], names: list[str]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for work in _WORKS:
        own = took[work, _DIFFERENCE]
        for name in names:
            theirs = took[work, name]
            rows.append(
                {
                    "work": work,
                    "contestant": name,
                    "seconds": statistics.median(one.wall for one in theirs),
                    "cpu": statistics.median(one.cpu for one in theirs),
                    "sent": statistics.median(one.sent for one in theirs),
                    "rawdock, x as fast": statistics.median(b.wall / a.wall for a, b in zip(own, theirs, strict=True)),
                    "wanted": _WANTED.get((work, name)),
                }
            )
    return rows


def _show(rows: list[dict[str, Any]], version: str) -> None:
    print(f"{'build':10} {'with':18} {'seconds':>8} {'cpu':>6} {'MB sent':>8} {'rawdock x':>10} {'wanted':>7}")
    for row in rows:
        sent = f"{row['sent'] / 1e6:8.2f}" if row["contestant"] != _COMMAND else " " * 8
        ratio = "" if row["contestant"] == _DIFFERENCE else f"{row['rawdock, x as fast']:.2f}"
        wanted = row["wanted"] or ""
        took = f"{row['seconds']:8.3f} {row['cpu']:6.2f}"
        print(f"{row['work']:10} {row['contestant']:18} {took} {sent} {ratio:>10} {wanted:>7}")


def _work(engine: str) -> None:
    """What a worker does."""
    import anyio

    from rawdock import Docker, NotFound
    from rawdock._streams.faces.duplex import Duplex

    count = 0
    sending: Any = Duplex
    plain = sending.send

    async def send(self: Duplex, data: bytes) -> None:
        nonlocal count
        count += len(data)
        await plain(self, data)

    sending.send = send

    async def main() -> None:
        nonlocal count
        made: set[str] = set()
        async with Docker(engine) as docker:
            for line in sys.stdin:
                asked: dict[str, Any] = json.loads(line)
                if not asked:
                    print(json.dumps([resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]), flush=True)
                    continue
                count = 0
                way: dict[str, Any] = {"context_transfer": "tar"} if asked["tar"] else {"shared_key": asked["key"]}
                before, began = time.process_time(), time.perf_counter()
                built = await docker.build(asked["context"], builder="buildkit", **way)
                took = time.perf_counter() - began, time.process_time() - before
                sent = _FILES * _SIZE if asked["tar"] else count
                print(json.dumps([*took, sent]), flush=True)
                made.add(built.id)
            for image in made:
                with suppress(NotFound):
                    await docker.images.delete(image, force=True)

    anyio.run(main)


if __name__ == "__main__":
    _work(sys.argv[1])
