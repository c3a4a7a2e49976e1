"""Rows about containers, their limits and their files."""

from __future__ import annotations

from typing import Any

from .heard import Heard
from .rows import Row

_CREATE = "POST /containers/create"
_START = "POST /exec/[^/]+/start"
_INSPECT = r"GET /containers/[^/]+/json$"
_MAC = "02:42:ac:11:00:98"


def _protections(heard: Heard) -> str:
    said = heard.answer(_START).output
    hidden, protected = said.startswith(b"0\n") or b"\n0\n" in said, b"Read-only file system" in said
    warned = bool(heard.answer(_CREATE).json["Warnings"])
    if protected is (b"written" in said):
        raise LookupError(f"{said!r} says neither")
    return {
        (True, True, False): "hidden, and read-only",
        (False, False, False): "taken and ignored, without a warning",
    }[hidden, protected, warned]


def _address(heard: Heard) -> str:
    warned = bool(heard.answer(_CREATE).json["Warnings"])
    kept = heard.answer(_START).output.decode().strip() == _MAC
    return {
        (True, False): "obeyed",
        (True, True): "obeyed, with a warning that it is deprecated",
        (False, False): "taken and ignored, without a warning",
    }[kept, warned]


def _graphics_card(heard: Heard) -> str:
    return {500: "the start is refused (500)", 204: "taken and ignored, it starts without one"}[
        heard.answer("POST /containers/[^/]+/start").status
    ]


def _limit(heard: Heard) -> str:
    warned = bool(heard.answer(_CREATE).json["Warnings"])
    shown = heard.answer(_INSPECT).json["HostConfig"]["BlkioWeight"]
    return {
        (True, 0): "created with a warning; inspect says 0",
        (False, 0): "created without a warning; inspect says 0",
        (False, 500): "created without a warning; inspect says what was given",
    }[warned, shown]


def _bind_source(heard: Heard) -> str:
    if heard.answer(_CREATE).status == 400:
        return "refused (400)"
    return {True: "the folder is made", False: "created all the same"}[b"made\n" in heard.answer(_START).output]


def _ports(heard: Heard) -> str:
    return {True: "published", False: "not published, without a word"}[
        bool(heard.answer(_INSPECT).json["NetworkSettings"]["Ports"])
    ]


def _links(heard: Heard) -> str:
    made = heard.answer(_CREATE, 1)
    if made.status == 400:
        return "refused (400)"
    return {False: "made", True: "made, with a warning that they are deprecated"}[bool(made.json["Warnings"])]


def _failed_start(heard: Heard) -> str:
    state: dict[str, Any] = heard.answer(_INSPECT).json["State"]
    if "rawdock-s-none" not in state["Error"]:
        raise LookupError(f"{state} does not say why")
    return f"`{state['Status']}`, exit code {state['ExitCode']}, and the reason in `Error`"


def _update(heard: Heard) -> str:
    before, after = (heard.answer(_INSPECT, number).json["HostConfig"]["RestartPolicy"] for number in (0, 1))
    if before["Name"] != "on-failure":
        raise LookupError(f"{before} was not set")
    return {"on-failure": "the policy stays", "no": "the policy is removed"}[after["Name"]]


def _changes(heard: Heard) -> str:
    paths = [one["Path"] for one in heard.answer("GET /containers/[^/]+/changes", 1).json]
    return "the file" if paths == ["/made"] else f"the file, and {', '.join(sorted({*paths} - {'/made'}))}"


def _top(heard: Heard) -> str:
    found = heard.answer("GET /containers/[^/]+/top").json
    pid = found["Processes"][0][found["Titles"].index("PID")]
    return "those inside the container" if pid == "1" else "those of the Engine's machine"


def _stats(heard: Heard) -> str:
    answer = heard.answer("GET /containers/[^/]+/stats.*stream=false")
    if answer.json.get("response") == 500:
        return "status 200, and an error as the body"
    if answer.json["cpu_stats"]["cpu_usage"]["total_usage"] == 0:
        return "zeros"
    raise LookupError(f"{answer.body[:80]!r} is neither")


def _sample(heard: Heard) -> str:
    previous = heard.answer("GET /containers/[^/]+/stats.*stream=false").json.get("preread", "")
    return "one, at once" if previous.startswith("0001") else "two, a second apart"


def _memory(heard: Heard) -> str:
    into = heard.answer(_START).output == b"into\n"
    out = heard.answer("GET /containers/[^/]+/archive").status
    if heard.answer("PUT /containers/[^/]+/archive").status != 200:
        raise LookupError("the upload was refused")
    return {
        (True, 200): "there, both ways",
        (False, 404): "uploaded with status 200 and nowhere; downloads say 404",
    }[into, out]


def _missing_folder(heard: Heard) -> str:
    return {404: "refused (404)", 200: "the folder is made"}[
        heard.answer("PUT /containers/[^/]+/archive.path=/none/there").status
    ]


def _read_only(heard: Heard) -> str:
    status = heard.answer("PUT /containers/[^/]+/archive").status
    return {400: "refused (400)", 500: "refused (500)", 200: "written all the same"}[status]


ROWS = (
    Row(
        "`masked_paths` and `readonly_paths`",
        "engines-protections",
        _protections,
        '`containers.create` and `run` refuse them on Podman; `security_opt=["mask=/path"]` works there',
    ),
    Row(
        "A MAC address for the whole container",
        "engines-address-of-a-container",
        _address,
        "refused on Podman and from API 1.52 on: `networking_config.endpoints_config` has one that works",
    ),
    Row(
        "`device_requests` for a graphics card that is not there",
        "engines-graphics-card",
        _graphics_card,
        "refused on Podman: name devices in `devices`",
    ),
    Row(
        "A limit that the machine cannot keep (`blkio_weight`)",
        "engines-limit-not-kept",
        _limit,
        "`RunResult.warnings`; `run(..., strict_limits=True)` compares with inspect and raises LimitsDropped",
    ),
    Row(
        "A mount of type bind whose source is not there",
        "engines-missing-bind-source",
        _bind_source,
        "as the Engine does",
    ),
    Row("A port that is published and not exposed", "engines-port-not-exposed", _ports, "as the Engine does"),
    Row("Links between containers", "engines-links", _links, "as the Engine does"),
    Row(
        "A start fails because the command does not exist: the state afterwards",
        "engines-failed-start",
        _failed_start,
        "`wait_healthy` raises Unhealthy with the reason",
    ),
    Row(
        "An update that does not name the restart policy",
        "lifecycle-updated",
        _update,
        "as the Engine does: give the policy again",
    ),
    Row("`containers.changes` after one file was written", "lifecycle-inside", _changes, "as it came"),
    Row("Which process ids `containers.top` shows", "lifecycle-inside", _top, "as they came"),
    Row(
        "`containers.stats_once` of a container that has ended",
        "usage-not-running",
        _stats,
        "Conflict for the error",
    ),
    Row(
        "How many samples `containers.stats_once` waits for",
        "usage-once",
        _sample,
        "`cpu_percent` is None without a second one",
    ),
    Row(
        "An archive to and from a tmpfs of a running container",
        "engines-archives-of-memory",
        _memory,
        "`write_file` and `read_file` go through the container's shell there; `copy_in` and `copy_out` refuse it",
    ),
    Row(
        "An archive is uploaded to a folder that is not there",
        "archives-errors",
        _missing_folder,
        "NotFound, or as the Engine does",
    ),
    Row(
        "An archive is uploaded to a container with a read-only root",
        "archives-read-only",
        _read_only,
        "BadRequest where the Engine refuses it",
    ),
)
