"""What is measured, and the ratio that each task should reach."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["BEST", "REAL", "WORKS", "AtMost", "Wanted", "Work"]

BEST = "the best peer"


class Wanted(NamedTuple):
    """`client` is to be at least `least` times as fast as `base`."""

    client: str
    base: str
    least: float
    cpu: bool = False
    """By the client's own processor time, not by the wall clock."""


class AtMost(NamedTuple):
    """A figure of `client` that is to be no more than `most`."""

    client: str
    figure: str
    most: float


class Work(NamedTuple):
    method: str
    """Of each contestant; empty for whole programs and counts."""
    callers: int = 1
    calls: int = 1
    wanted: tuple[Wanted | AtMost, ...] = ()
    fresh: bool = False
    """Each round in a process of its own, without a warm-up: memory that was used once is not asked for again."""
    figures: tuple[str, ...] = ()
    """What is told of each contestant beside time."""


GROWTH = "MiB above a ping"


def _answers(client: str) -> tuple[Wanted, ...]:
    return Wanted(client, "aiodocker", 4.0), Wanted(client, "hand-written", 0.7)


_TRIO = Wanted("rawdock on trio", "aiodocker", 2.0)
_PING = (*_answers("rawdock"), _TRIO)
# 4x was measured without decoding, so it is asked of the answer in bytes.
_INSPECT = (*_answers("rawdock, bytes"), _TRIO)


def _typed(json: float, msgspec: float) -> tuple[Wanted, ...]:
    """An answer as models, with either parser."""
    return Wanted("rawdock", "aiodocker", json), Wanted("rawdock[fast]", "aiodocker", msgspec)


_PROGRAM = (Wanted("rawdock", "docker-py", 1.0), Wanted("rawdock", "aiodocker", 2.0))
_SMALL = AtMost("rawdock", GROWTH, 12.0)
_HELD = "KiB a stream"
_BESIDE = "ping meanwhile, x alone"

WORKS: dict[str, Work] = {
    "ping": Work("ping", 1, 3000, _PING),
    "ping-32": Work("ping", 32, 6400, _PING),
    "inspect": Work("inspect", 1, 2000, (*_typed(2.5, 2.9), *_INSPECT)),
    "inspect-32": Work("inspect", 32, 3200, (*_typed(3.3, 4.4), *_INSPECT)),
    "list-500": Work("list", 1, 20, _typed(1.35, 1.8)),
    "pull-100k": Work("pull", 1, 1, _typed(1.05, 1.45)),
    "logs-100": Work("logs_100", wanted=(Wanted("rawdock", "aiodocker", 5.0),)),
    "logs-32k": Work("logs_32k", wanted=(Wanted("rawdock", "aiodocker", 1.5, cpu=True),)),
    "download": Work("download", wanted=(Wanted("rawdock", BEST, 1.5), _SMALL), figures=(GROWTH,)),
    "upload": Work("upload", wanted=(Wanted("rawdock", BEST, 1.15), _SMALL), figures=(GROWTH,)),
    "exec-open": Work("exec_open", 1, 500, (Wanted("rawdock", "aiodocker", 1.5),)),
    "exec-echo": Work("echo", 1, 3000, (Wanted("rawdock", "aiodocker", 1.5),)),
    "streams-1000": Work(
        "event_streams",
        wanted=(AtMost("rawdock", _HELD, 6.0), AtMost("rawdock", _BESIDE, 2.0)),
        fresh=True,
        figures=(_HELD, _BESIDE),
    ),
    "calls": Work(""),
    "import": Work("", wanted=_PROGRAM),
    "import-ping": Work("", wanted=_PROGRAM),
}

# On a real Engine its own time is in the wall clock's ratio.
_REAL_PING = (Wanted("rawdock", "aiodocker", 2.4), Wanted("rawdock", "aiodocker", 4.0, cpu=True), _TRIO)
_EXECUTE = (
    Wanted("rawdock", "aiodocker", 1.0),
    Wanted("rawdock", "aiodocker", 2.0, cpu=True),
    Wanted("rawdock", "docker command", 3.0),
)
REAL: dict[str, Work] = {
    "ping": Work("ping", 1, 2000, _REAL_PING),
    "ping-32": Work("ping", 32, 3200, _REAL_PING),
    "inspect": Work("inspect", 1, 1000),
    "inspect-32": Work("inspect", 32, 1600),
    "exec-open": Work("exec_open", 1, 20, (Wanted("rawdock", "aiodocker", 1.0),)),
    "exec-echo": Work("echo", 1, 1000, (Wanted("rawdock", "aiodocker", 1.0),)),
    "execute-32": Work("execute", 32, 96, _EXECUTE),
    # 210 in seven rounds; each checks its exit code and its output.
    "run": Work("run", 1, 30, (Wanted("rawdock", "docker-py", 1.0),)),
}
