"""Tables of ratios within a round, and whether they reach the goal."""

from __future__ import annotations

import statistics
from typing import Any

from bench_lib.contestants import PEERS
from bench_lib.rounds import Times
from bench_lib.works import BEST, AtMost, Wanted

__all__ = ["ratio", "show"]

_PEER = "aiodocker"
_BOUND = "hand-written"


def _median(times: Times, name: str, figure: str) -> float:
    return statistics.median(found[figure] for found in times[name])


def ratio(times: Times, name: str, base: str, figure: str = "wall") -> float:
    """How many times as fast as `base`: the median over rounds."""
    pairs = zip(times[name], times[base], strict=True)
    return statistics.median(theirs[figure] / ours[figure] for ours, theirs in pairs)


def _verdict(times: Times, wanted: Wanted | AtMost) -> tuple[bool, str]:
    if isinstance(wanted, AtMost):
        found = _median(times, wanted.client, wanted.figure)
        met = found <= wanted.most
        return met, f"{'met' if met else 'MISSED'}: {found:.2f} {wanted.figure}, at most {wanted.most:g}"
    figure = "cpu" if wanted.cpu else "wall"
    base = wanted.base
    if base == BEST:
        base = min((name for name in PEERS if name in times), key=lambda name: _median(times, name, figure))
    if base not in times:
        return True, f"no {base} here to compare with"
    reached = ratio(times, wanted.client, base, figure)
    met = reached >= wanted.least
    how = "of" if base == _BOUND else "x"
    by = " by CPU" if wanted.cpu else ""
    return met, f"{'met' if met else 'MISSED'}: {reached:.2f} {how} {base}{by}, wanted {wanted.least:g}"


def show(
    title: str, times: Times, wanted: tuple[Wanted | AtMost, ...], figures: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Print one work's table, and give what is in it as plain values."""
    rounds = len(next(iter(times.values())))
    columns = ["us a call", "CPU us"]
    compared = _PEER in times
    bounded = _BOUND in times
    columns += [f"x {_PEER}", f"CPU, x {_PEER}"] if compared else []
    columns += [f"of {_BOUND}"] if bounded else []
    columns += figures
    print(f"\n### {title} (medians of {rounds} rounds)\n")
    print(f"| client | {' | '.join(columns)} | wanted |")
    print(f"| --- |{' ---: |' * len(columns)} --- |")
    rows: dict[str, Any] = {}
    for name in times:
        verdicts = [_verdict(times, one) for one in wanted if one.client == name]
        row: dict[str, Any] = {
            "wall_us": _median(times, name, "wall") * 1e6,
            "cpu_us": _median(times, name, "cpu") * 1e6,
        }
        cells = [f"{row['wall_us']:,.1f}", f"{row['cpu_us']:,.1f}"]
        if compared:
            row["x_peer"], row["cpu_x_peer"] = ratio(times, name, _PEER), ratio(times, name, _PEER, "cpu")
            cells += [f"{row['x_peer']:.2f}", f"{row['cpu_x_peer']:.2f}"]
        if bounded:
            row["of_bound"] = ratio(times, name, _BOUND)
            cells.append(f"{row['of_bound']:.2f}")
        for figure in figures:
            row[figure] = _median(times, name, figure)
            cells.append(f"{row[figure]:.2f}")
        row["met"] = all(met for met, _ in verdicts)
        cells.append("; ".join(text for _, text in verdicts))
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
        rows[name] = row
    return rows
