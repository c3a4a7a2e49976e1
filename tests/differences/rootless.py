"""Rows about Engines that run as a user without privileges, and without control groups."""

from __future__ import annotations

import re

from .heard import Heard
from .rows import Row

_CREATE = "POST /containers/create"
_START = "POST /containers/[^/]+/start"
_OUTPUT = "POST /exec/[^/]+/start"
_INSPECT = r"GET /containers/[^/]+/json$"
_STATS = "GET /containers/[^/]+/stats"
_NO_CGROUP = "status 500, because the container has no control group"


def _limits(heard: Heard) -> str:
    made = next(answer for answer in heard.all(_CREATE) if answer.status == 201)  # the image may be missing at first
    warned = bool(made.json["Warnings"])
    shown = heard.answer(_INSPECT).json["HostConfig"]["Memory"]
    refused = any(b"does not have a cgroup" in answer.body for answer in heard.all(_STATS))
    return {
        (False, 64 << 20, False): "kept",
        (True, 0, False): "dropped with a warning; inspect says 0",
        (False, 64 << 20, True): "dropped without a warning; inspect says what was given",
    }[warned, shown, refused]


def _ulimits(heard: Heard) -> str:
    limit = int(heard.answer(_OUTPUT).output)
    return "kept" if limit == 512 else "dropped without a warning; inspect says the Engine's default"


def _stats(heard: Heard) -> str:
    answer = heard.answer(_STATS)
    if answer.status == 500:
        return {True: _NO_CGROUP}["does not have a cgroup" in answer.json["message"]]
    return "the figures" if answer.json["cpu_stats"]["cpu_usage"]["total_usage"] else "zeros"


def _paused(heard: Heard) -> str:
    return _with_a_group(heard, "POST /containers/[^/]+/pause", 204)


def _processes(heard: Heard) -> str:
    return _with_a_group(heard, "GET /containers/[^/]+/top", 200)


def _with_a_group(heard: Heard, asked: str, success: int) -> str:
    answer = heard.answer(asked)
    if answer.status == 500 and re.search("cgroup", answer.json["message"]):
        return _NO_CGROUP
    return {success: "yes"}[answer.status]


def _low_port(heard: Heard) -> str:
    answer = heard.answer(_START)
    if answer.status == 500 and "cannot expose privileged port" in answer.json["message"]:
        return "status 500 when it is started, and the message names the setting"
    return {204: "yes"}[answer.status]


def _host_network(heard: Heard) -> str:
    there = heard.answer(_OUTPUT).output.split()
    return {
        True: "a network of the Engine alone (`tap0`): no port in it can be reached from the machine",
        False: "that of the machine",
    }[b"tap0" in there]


def _user(heard: Heard) -> str:
    inside, outside, _ = heard.answer(_OUTPUT).output.split()[:3]
    return {(b"0", True): "root", (b"0", False): "the user of the Engine"}[inside, outside == b"0"]


ROWS = (
    Row(
        "A memory limit, without systemd",
        "rootless-strict-limits",
        _limits,
        "`RunResult.warnings`; `run(..., strict_limits=True)` raises LimitsDropped in both cases",
    ),
    Row(
        "Limits of a process (`ulimits`)",
        "rootless-ulimits",
        _ulimits,
        "`run(..., strict_limits=True)` raises LimitsDropped",
    ),
    Row(
        "`containers.stats_once` of a running container, without systemd",
        "rootless-stats",
        _stats,
        "as it came, or ServerError; `doctor` says it before where the Engine does (Docker)",
    ),
    Row("A container is paused, without systemd", "rootless-paused", _paused, "ServerError"),
    Row("`containers.top`, without systemd", "rootless-processes", _processes, "ServerError; `execute` of `ps` works"),
    Row(
        "Port 80 of the machine is published",
        "rootless-low-port",
        _low_port,
        "ServerError with the Engine's message; `published` tells which port the Engine chose, if none is named",
    ),
    Row(
        "The network `host`",
        "rootless-host-network",
        _host_network,
        "as the Engine does: publish the port, also where a container has the network `host` elsewhere",
    ),
    Row(
        "Who root of a container is on the machine, as for files in a bind mount",
        "rootless-user",
        _user,
        "as the Engine does; `docker.engine()` and `doctor` say `rootless`",
    ),
)
