"""What the client holds over time, how fast it grows, and a drawing of it."""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import NamedTuple

__all__ = ["Sample", "draw", "sample", "slope"]

_WIDTH, _HEIGHT, _MARGIN = 900, 140, 40


class Sample(NamedTuple):
    """One look at the client."""

    seconds: float
    memory: float
    """Of the process, in MiB."""
    descriptors: int
    tasks: int
    containers: int
    """On the Engine, of this soak; -1 if the Engine did not say."""


def sample(seconds: float, tasks: int, containers: int) -> Sample:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    memory = pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    return Sample(seconds, memory, len(os.listdir("/proc/self/fd")), tasks, containers)


def slope(samples: list[Sample]) -> float:
    """MiB a minute by least squares, without the first tenth, in which caches fill."""
    kept = samples[len(samples) // 10 :]
    if len(kept) < 3:
        return 0.0
    times, values = [one.seconds / 60 for one in kept], [one.memory for one in kept]
    time, value = sum(times) / len(times), sum(values) / len(values)
    spread = sum((t - time) ** 2 for t in times)
    return sum((t - time) * (v - value) for t, v in zip(times, values, strict=True)) / spread if spread else 0.0


def draw(samples: list[Sample], restarts: list[float], path: Path) -> None:
    """One line for each figure, with a mark for each restart of the Engine."""
    rows = ("memory", "descriptors", "tasks", "containers")
    end = samples[-1].seconds or 1.0
    height = len(rows) * (_HEIGHT + _MARGIN) + _MARGIN
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH + 2 * _MARGIN}" height="{height}" font-size="12">']
    out.append('<rect width="100%" height="100%" fill="#ffffff"/>')
    for index, name in enumerate(rows):
        top = _MARGIN + index * (_HEIGHT + _MARGIN)
        values = [float(getattr(one, name)) for one in samples]
        most = max(values) or 1.0
        points = " ".join(
            f"{_MARGIN + one.seconds / end * _WIDTH:.1f},{top + _HEIGHT - max(value, 0.0) / most * _HEIGHT:.1f}"
            for one, value in zip(samples, values, strict=True)
        )
        unit = " MiB" if name == "memory" else ""
        out.append(f'<text x="{_MARGIN}" y="{top - 6}">{name}, at most {most:.0f}{unit}</text>')
        out.append(f'<polyline points="{points}" fill="none" stroke="#2266aa"/>')
        for at in restarts:
            x = _MARGIN + at / end * _WIDTH
            out.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{top + _HEIGHT}" stroke="#cc4444"/>')
    path.write_text("\n".join([*out, "</svg>"]) + "\n")
