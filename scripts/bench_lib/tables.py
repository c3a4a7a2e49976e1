"""Tables of ratios within a round, and whether they reach what is wanted."""

from __future__ import annotations

import statistics
from typing import Any

from bench_lib.rounds import Times
from bench_lib.works import Wanted

__all__ = ["ratio", "show"]

_PEER = "aiodocker"
_BOUND = "hand-written"


def ratio(times: Times, name: str, base: str, cpu: bool = False) -> float:
    """How many times as fast as `base`: the median over rounds."""
    pairs = zip(times[name], times[base], strict=True)
    return statistics.median(theirs[cpu] / ours[cpu] for ours, theirs in pairs)


def _verdict(times: Times, wanted: Wanted) -> tuple[bool, str]:
    reached = ratio(times, wanted.client, wanted.base, wanted.cpu)
    met = reached >= wanted.least
    how = "of" if wanted.base == _BOUND else "x"
    by = " by CPU" if wanted.cpu else ""
    return met, f"{'met' if met else 'MISSED'}: {reached:.2f} {how} {wanted.base}{by}, wanted {wanted.least:g}"


def show(title: str, times: Times, wanted: tuple[Wanted, ...]) -> dict[str, Any]:
    """Print one work's table, and give what is in it as plain values."""
    rounds = len(next(iter(times.values())))
    bounded = _BOUND in times
    print(f"\n### {title} (medians of {rounds} rounds)\n")
    print(
        f"| client | us a call | CPU us | x {_PEER} | CPU, x {_PEER} |{f' of {_BOUND} |' if bounded else ''} wanted |"
    )
    print(f"| --- | ---: | ---: | ---: | ---: |{' ---: |' if bounded else ''} --- |")
    rows: dict[str, Any] = {}
    for name, pairs in times.items():
        verdicts = [_verdict(times, one) for one in wanted if one.client == name]
        row: dict[str, Any] = {
            "wall_us": statistics.median(wall for wall, _ in pairs) * 1e6,
            "cpu_us": statistics.median(cpu for _, cpu in pairs) * 1e6,
            "x_peer": ratio(times, name, _PEER),
            "cpu_x_peer": ratio(times, name, _PEER, cpu=True),
        }
        cells = [f"{row['wall_us']:,.1f}", f"{row['cpu_us']:,.1f}", f"{row['x_peer']:.2f}", f"{row['cpu_x_peer']:.2f}"]
        if bounded:
            row["of_bound"] = ratio(times, name, _BOUND)
            cells.append(f"{row['of_bound']:.2f}")
        row["met"] = all(met for met, _ in verdicts)
        cells.append("; ".join(text for _, text in verdicts))
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
        rows[name] = row
    return rows
