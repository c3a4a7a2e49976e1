"""The workloads that are measured, and their goals."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["BEST", "REAL", "WORKLOADS", "AtMost", "Goal", "Workload"]

BEST = "the best peer"


class Goal(NamedTuple):
    """The goal that `client` is at least `least` times as fast as `base`."""

    client: str
    base: str
    least: float
    cpu: bool = False
    """Compare the client's CPU time, not the elapsed time."""


class AtMost(NamedTuple):
    """The goal that a figure of `client` is at most `most`."""

    client: str
    figure: str
    most: float


class Workload(NamedTuple):
    method: str
    """The method of each client; empty for whole programs and for `calls`."""
    callers: int = 1
    calls: int = 1
    goals: tuple[Goal | AtMost, ...] = ()
    fresh: bool = False
    """Run each round in a new process without warm-up, because memory that was used before is not allocated again."""
    figures: tuple[str, ...] = ()
    """Further columns of the table, beside the times."""


GROWTH = "MiB above a ping"


def _answers(client: str) -> tuple[Goal, ...]:
    return Goal(client, "aiodocker", 4.0), Goal(client, "hand-written", 0.7)


_TRIO = Goal("rawdock on trio", "aiodocker", 2.0)
_PING = (*_answers("rawdock"), _TRIO)
# 4x was measured without decoding, so this goal applies to the undecoded answer.
_INSPECT = (*_answers("rawdock, bytes"), _TRIO)


def _typed(json: float, msgspec: float) -> tuple[Goal, ...]:
    """The goals for an answer as models, with either parser."""
    return Goal("rawdock", "aiodocker", json), Goal("rawdock[fast]", "aiodocker", msgspec)


_PROGRAM = (Goal("rawdock", "docker-py", 1.0), Goal("rawdock", "aiodocker", 2.0))
_SMALL = AtMost("rawdock", GROWTH, 12.0)
_HELD = "KiB a stream"
_BESIDE = "ping meanwhile, x alone"

WORKLOADS: dict[str, Workload] = {
    "ping": Workload("ping", 1, 3000, _PING),
    "ping-32": Workload("ping", 32, 6400, _PING),
    "inspect": Workload("inspect", 1, 2000, (*_typed(2.5, 2.9), *_INSPECT)),
    "inspect-32": Workload("inspect", 32, 3200, (*_typed(3.3, 4.4), *_INSPECT)),
    "list-500": Workload("list", 1, 20, _typed(1.35, 1.8)),
    "pull-100k": Workload("pull", 1, 1, _typed(1.05, 1.45)),
    "logs-100": Workload("logs_100", goals=(Goal("rawdock", "aiodocker", 5.0),)),
    "logs-32k": Workload("logs_32k", goals=(Goal("rawdock", "aiodocker", 1.5, cpu=True),)),
    "download": Workload("download", goals=(Goal("rawdock", BEST, 1.5), _SMALL), figures=(GROWTH,)),
    "upload": Workload("upload", goals=(Goal("rawdock", BEST, 1.15), _SMALL), figures=(GROWTH,)),
    "exec-open": Workload("exec_open", 1, 500, (Goal("rawdock", "aiodocker", 1.5),)),
    "exec-echo": Workload("echo", 1, 3000, (Goal("rawdock", "aiodocker", 1.5),)),
    "streams-1000": Workload(
        "event_streams",
        goals=(AtMost("rawdock", _HELD, 6.0), AtMost("rawdock", _BESIDE, 2.0)),
        fresh=True,
        figures=(_HELD, _BESIDE),
    ),
    "tls-ping": Workload("tls_ping", 1, 1000, (Goal("rawdock, TLS", "docker-py, TLS", 2.0),)),
    "tls-download": Workload("tls_download", goals=(Goal("rawdock, TLS", "docker-py, TLS", 0.95),)),
    "ssh-ping": Workload("ssh_ping", 1, 1200, (Goal("rawdock, ssh", "docker-py, ssh", 100.0),)),
    "calls": Workload(""),
    "import": Workload("", goals=_PROGRAM),
    "import-ping": Workload("", goals=_PROGRAM),
}

# With a real Engine, the elapsed time includes the Engine's own time.
_REAL_PING = (Goal("rawdock", "aiodocker", 2.4), Goal("rawdock", "aiodocker", 4.0, cpu=True), _TRIO)
_EXECUTE = (
    Goal("rawdock", "aiodocker", 1.0),
    Goal("rawdock", "aiodocker", 2.0, cpu=True),
    Goal("rawdock", "docker command", 3.0),
)
REAL: dict[str, Workload] = {
    "ping": Workload("ping", 1, 2000, _REAL_PING),
    "ping-32": Workload("ping", 32, 3200, _REAL_PING),
    "inspect": Workload("inspect", 1, 1000),
    "inspect-32": Workload("inspect", 32, 1600),
    "exec-open": Workload("exec_open", 1, 20, (Goal("rawdock", "aiodocker", 1.0),)),
    "exec-echo": Workload("echo", 1, 1000, (Goal("rawdock", "aiodocker", 1.0),)),
    "execute-32": Workload("execute", 32, 96, _EXECUTE),
    # 210 runs in seven rounds, each of which checks its exit code and its output.
    "run": Workload("run", 1, 30, (Goal("rawdock", "docker-py", 1.0),)),
}
