"""What is measured, and what each work is wanted to reach."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["REAL", "WORKS", "Wanted", "Work"]


class Wanted(NamedTuple):
    """`client` is to be at least `least` times as fast as `base`."""

    client: str
    base: str
    least: float
    cpu: bool = False
    """By the client's own processor time, not by the wall clock."""


class Work(NamedTuple):
    method: str
    """Of each contestant; empty for whole programs and counts."""
    callers: int = 1
    calls: int = 1
    wanted: tuple[Wanted, ...] = ()


def _answers(client: str) -> tuple[Wanted, ...]:
    return Wanted(client, "aiodocker", 4.0), Wanted(client, "hand-written", 0.7)


_TRIO = Wanted("rawdock on trio", "aiodocker", 2.0)
_PING = (*_answers("rawdock"), _TRIO)
# 4x was measured without decoding, so it is asked of the answer in bytes too.
_INSPECT = (*_answers("rawdock"), *_answers("rawdock, bytes"), _TRIO)
_PROGRAM = (Wanted("rawdock", "docker-py", 1.0), Wanted("rawdock", "aiodocker", 2.0))

WORKS: dict[str, Work] = {
    "ping": Work("ping", 1, 3000, _PING),
    "ping-32": Work("ping", 32, 6400, _PING),
    "inspect": Work("inspect", 1, 2000, _INSPECT),
    "inspect-32": Work("inspect", 32, 3200, _INSPECT),
    "list-500": Work("list", 1, 20, (Wanted("rawdock", "aiodocker", 1.0), Wanted("rawdock[fast]", "aiodocker", 1.4))),
    "pull-100k": Work("pull", 1, 1, (Wanted("rawdock", "aiodocker", 1.0), Wanted("rawdock[fast]", "aiodocker", 1.5))),
    "calls": Work(""),
    "import": Work("", wanted=_PROGRAM),
    "import-ping": Work("", wanted=_PROGRAM),
}

# On a real Engine its own time is in the wall clock's ratio.
_REAL_PING = (Wanted("rawdock", "aiodocker", 2.4), Wanted("rawdock", "aiodocker", 4.0, cpu=True), _TRIO)
REAL: dict[str, Work] = {
    "ping": Work("ping", 1, 2000, _REAL_PING),
    "ping-32": Work("ping", 32, 3200, _REAL_PING),
    "inspect": Work("inspect", 1, 1000),
    "inspect-32": Work("inspect", 32, 1600),
}
