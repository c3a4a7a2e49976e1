"""The text of docs/engines.md, made of the rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from . import TABLES
from .heard import ENGINES, Heard, heard
from .rows import NOT_ASKED, Row

_OPENING = """\
# Where Engines differ

Docker and Podman speak the same API, and do not always do the same. This page says where they differ, Engine by
Engine, in words; and what rawdock makes of it. If a call behaves on one machine as it did not on another, look here.

How to read it: each row is a question, and what came of it on each Engine. What is named with a version and a date was
read from what that Engine really answered on that day: the last column has the scenario that asks, and the answers are
in `tests/recordings`. `graph drivers` and `containerd` are Docker's two image stores; where neither is named, both do
the same. "Not run here" is no statement about that Engine. Docker 29.8.0-dev is a development version. Rootless Engines
were asked only what is another thing there; those ran without systemd, as in many containers and on CI.

`scripts/engines-page --write` writes this page, and a check fails if an answer changed and the page did not. To add a
row, see [CONTRIBUTING](../CONTRIBUTING.md#add-a-row-to-where-engines-differ).
What goes wrong between a client and any Engine is on [another page](failures.md).
"""


def cells(row: Row) -> dict[str, list[Heard]]:
    """What Engines do, in words, and the recordings that say so."""
    found: dict[str, list[Heard]] = {}
    for engine in ENGINES:
        if (recording := heard(engine, row.scenario)) is not None:
            try:
                words = row.says(recording)
            except (LookupError, StopIteration, TypeError, ValueError) as error:
                raise LookupError(f"{row.what!r} is not in {row.scenario} on {engine}: {error!r}") from error
            if words != NOT_ASKED:
                found.setdefault(words, []).append(recording)
    return found


def text() -> str:
    """The whole page."""
    parts = [_OPENING]
    for subject, rows in TABLES:
        table = [
            f"## {subject}\n",
            "| question | Engines | rawdock | scenario |",
            "| --- | --- | --- | --- |",
            *map(_line, rows),
        ]
        parts.append("\n".join(table) + "\n")
    return "\n".join(parts)


def _line(row: Row) -> str:
    found = cells(row)
    there = {recording.engine for recordings in found.values() for recording in recordings}
    said = [f"{_cell(recordings)}: {words}" for words, recordings in found.items()]
    missing = [*_names([engine for engine in ENGINES if engine not in there and not _is_rootless(engine)])]
    if missing and not any(map(_is_rootless, there)):
        said.append(f"not run here: {_joined(missing)}")
    module = row.scenario.partition("-")[0]
    link = f"[{row.scenario}](../tests/scenarios/{module}.py)"
    return f"| {row.what} | {'<br>'.join(said)} | {row.rawdock} | {link} |"


def _cell(recordings: list[Heard]) -> str:
    """`**Docker 20.10.24, 28.5.2** (2026-11-24)`: engines of one date together."""
    parts: list[str] = []
    for date, group in groupby(recordings, key=lambda one: one.date):
        names: list[str] = []
        for kind, same in groupby(group, key=lambda one: "Podman" if one.is_podman else "Docker"):
            names.append(f"{kind} {_joined(_versions(list(same), recordings))}")
        parts.append(f"**{_joined(names)}** ({date})")
    return _joined(parts)


def _versions(group: list[Heard], all_of_cell: list[Heard]) -> Iterator[str]:
    """The versions; one with two image stores has a word for the store, unless both are in the cell."""
    engines = {one.engine for one in all_of_cell}
    for one in group:
        plain = one.engine.removesuffix("-ctrd")
        if f"{plain}-ctrd" not in ENGINES or {plain, f"{plain}-ctrd"} <= engines:
            if one.engine == plain or one.date != next(x.date for x in all_of_cell if x.engine == plain):
                yield f"{one.version} rootless" if _is_rootless(one.engine) else one.version
        else:
            yield f"{one.version} {'graph drivers' if one.engine == plain else 'containerd'}"


def _is_rootless(engine: str) -> bool:
    """Whether it is asked only what is another thing there."""
    return engine.endswith("-rootless")


def _names(engines: list[str]) -> Iterator[str]:
    """`docker-28.5-ctrd` as `Docker 28.5 containerd`, and as `Docker 28.5` together with the other image store."""
    for engine in engines:
        kind, version, *store = engine.split("-")
        plain = f"{kind}-{version}"
        both = f"{plain}-ctrd" not in ENGINES or {plain, f"{plain}-ctrd"} <= {*engines}
        words = "" if both else " containerd" if store else " graph drivers"
        if not (both and store):
            yield f"{kind.capitalize()} {version}{words}"


def _joined(names: Iterable[str]) -> str:
    return ", ".join(names)
