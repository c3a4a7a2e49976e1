"""Commands whose container ends: found out from what Engines answer, in whatever order they notice it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from faultserver import Peer, json_answer, serving

from rawdock import Conflict, ContainerEnded, Docker, NotFound, ServerError

pytestmark = [pytest.mark.anyio, pytest.mark.held_clock]

UPGRADED = (
    b"HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.multiplexed-stream\r\nConnection: Upgrade\r\n"
    b"Upgrade: tcp\r\nApi-Version: 1.51\r\n\r\n"
)
DATE = b"Sat, 28 Nov 2026 05:12:01 GMT"
BEFORE, AFTER, SAME = "2026-11-28T05:12:00.9Z", "2026-11-28T05:12:02.1Z", "2026-11-28T05:12:01.5Z"


def state(status: str, code: int = 0, *, started: str = BEFORE, pid: int = 100, **more: Any) -> dict[str, Any]:
    running = status in ("running", "paused", "restarting")
    known = {"Status": status, "Running": running, "Restarting": status == "restarting", "Paused": status == "paused"}
    return {"Id": "c", "State": known | {"ExitCode": code, "StartedAt": started, "Pid": pid}, **more}


GONE: dict[str, Any] = {}


class Engine:
    """A container that can be asked several times, each time with another answer; the last one stays."""

    def __init__(self, *states: dict[str, Any], processes: list[int] | None = None, podman: bool = False) -> None:
        self.states = list(states)
        self.processes = list(processes or [])
        """How many processes `top` lists, each time; below 0 is an error."""
        self.exec: dict[str, Any] | int = {"ID": "e", "Running": False, "ExitCode": 137, "Pid": 500}
        self.start = 101
        self.create = 201
        self.podman = podman
        self.message = "no such thing"

    async def answer(self, request: bytes, peer: Peer) -> bytes | None:
        target = request.split(b" ")[1].decode()
        what = target.partition("?")[0].removeprefix("/v1.51")
        if what == "/containers/c/exec":
            if self.create != 201:
                return self._error(self.create)
            head = b"HTTP/1.1 201 Created\r\nApi-Version: 1.51\r\nDate: %b\r\nContent-Length: 10\r\n\r\n" % DATE
            ends_others = b"kill -KILL" in request
            return head + (b'{"Id":"k"}' if ends_others else b'{"Id":"e"}')
        if what == "/exec/k/start":
            await peer.send(UPGRADED)
            return None
        if what == "/exec/k/json":
            return json_answer(b'{"ID":"k","Running":false,"ExitCode":0,"Pid":501}')
        if what == "/exec/e/start":
            if self.start != 101:
                return self._error(self.start)
            await peer.send(UPGRADED + b"\1\0\0\0\0\0\0\3out" + b"\2\0\0\0\0\0\0\3err")
            return None
        if what == "/exec/e/json":
            return self._error(self.exec) if isinstance(self.exec, int) else json_answer(json.dumps(self.exec).encode())
        if what == "/containers/c/json":
            now = self.states.pop(0) if len(self.states) > 1 else self.states[0]
            return json_answer(json.dumps(now).encode()) if now else self._error(404)
        assert what == "/containers/c/top"
        count = self.processes.pop(0) if len(self.processes) > 1 else self.processes[0]
        if count < 0:
            return self._error(500)
        return json_answer(json.dumps({"Titles": ["PID"], "Processes": [["1"]] * count}).encode())

    def _error(self, status: int) -> bytes:
        return json_answer(json.dumps({"message": self.message}).encode(), b"%d Oh" % status)


async def ended(engine: Engine) -> ContainerEnded:
    ping = b"HTTP/1.1 200 OK\r\nApi-Version: 1.51\r\n%bContent-Length: 2\r\n\r\nOK"
    libpod = b"Libpod-Api-Version: 5.4.2\r\n" if engine.podman else b""
    async with serving(engine.answer, ping=ping % libpod) as server, Docker(server.path) as docker:
        with pytest.raises(ContainerEnded) as caught:
            await docker.execute("c", ["x"])
        assert not any(b"/kill" in one for one in server.requests)
        assert server.requests.count(b"POST /v1.51/containers/c/exec") == 1, "nothing is left to be ended"
    return caught.value


@pytest.mark.parametrize(
    ("states", "processes", "status", "code"),
    [
        ([state("exited", 5)], [], "exited", 5),
        ([GONE], [], "removed", None),
        ([state("restarting", 3)], [], "restarting", 3),
        ([state("running", started=AFTER)], [], "running", None),
        ([state("running", started=SAME, pid=501)], [], "running", None),
        # Docker notices the end of the command first.
        ([state("running"), state("exited", 5)], [0], "exited", 5),
        ([state("running"), state("exited", 5)], [-1], "exited", 5),
        ([state("running"), state("running"), GONE], [0, 0], "removed", None),
        ([state("running"), state("running", started=AFTER)], [0], "running", None),
    ],
)
async def test_killed_with_its_container(
    states: list[dict[str, Any]], processes: list[int], status: str, code: int | None
) -> None:
    """The output until then is in the error, and nothing is searched for and ended."""
    error = await ended(Engine(*states, processes=processes))
    assert (error.status, error.exit_code, error.stdout, error.stderr) == (status, code, b"out", b"err")
    assert "c " in str(error)


@pytest.mark.parametrize(
    ("states", "processes"),
    [
        ([state("running")], [2]),
        ([state("running", started=SAME, pid=499)], [1]),
        ([state("running")], [-1]),  # without `ps` the Engine cannot list them: it is taken at its word at last
        ([state("running")], [-1, -1, 1]),
    ],
)
async def test_killed_alone(states: list[dict[str, Any]], processes: list[int]) -> None:
    engine = Engine(*states, processes=processes)
    async with serving(engine.answer) as server, Docker(server.path) as docker:
        done = await docker.execute("c", ["x"])
    assert (done.exit_code, done.stdout, done.stderr) == (137, b"out", b"err")


@pytest.mark.parametrize(("exec_ids", "anew"), [(["e"], False), ([], True)])
async def test_podman_lists_its_commands(exec_ids: list[str], anew: bool) -> None:
    """It forgets the commands of a container that ends, and has no process numbers of them."""
    engine = Engine(state("running", started=SAME, ExecIDs=exec_ids), processes=[1], podman=True)
    engine.exec = {"ID": "e", "Running": False, "ExitCode": 137, "Pid": 0}
    ping = b"HTTP/1.1 200 OK\r\nApi-Version: 1.51\r\nLibpod-Api-Version: 5.4.2\r\nContent-Length: 2\r\n\r\nOK"
    if anew:
        assert (await ended(engine)).status == "running"
        return
    async with serving(engine.answer, ping=ping) as server, Docker(server.path) as docker:
        assert (await docker.execute("c", ["x"])).exit_code == 137


@pytest.mark.parametrize("status", [404, 409])
@pytest.mark.parametrize("step", ["start", "exec"])
async def test_the_command_is_not_known_any_more(step: str, status: int) -> None:
    """It was created, so its container ran: an error of the Engine about it has a reason."""
    for now, found in ((GONE, "removed"), (state("exited"), "exited"), (state("running"), "running")):
        engine = Engine(now)
        setattr(engine, step, status)
        assert (await ended(engine)).status == found


async def test_a_paused_container_has_not_ended() -> None:
    engine = Engine(state("paused"))
    engine.start, engine.message = 409, "container c is paused"
    async with serving(engine.answer) as server, Docker(server.path) as docker:
        with pytest.raises(Conflict, match="paused"):
            await docker.execute("c", ["x"])


@pytest.mark.parametrize(("status", "error"), [(404, NotFound), (409, Conflict)])
async def test_one_that_never_ran(status: int, error: type[Exception]) -> None:
    """A wrong name, or a container that does not run, is what the Engine says; nothing more is asked."""
    engine = Engine(GONE)
    engine.create = status
    async with serving(engine.answer) as server, Docker(server.path) as docker:
        with pytest.raises(error, match="no such thing") as caught:
            await docker.execute("c", ["x"])
        assert caught.value.operation == "exec.create"  # type: ignore[attr-defined]
        with pytest.raises(error, match="no such thing"):
            await docker.wait_port("c", 80)
        assert server.requests == [b"GET /_ping", *[b"POST /v1.51/containers/c/exec"] * 2]


@pytest.mark.parametrize(("status", "now", "found"), [(404, GONE, "removed"), (409, state("exited"), "exited")])
async def test_a_port_of_a_container_that_ends_between_two_looks(status: int, now: dict[str, Any], found: str) -> None:
    engine = Engine(now)
    engine.exec = {"ID": "e", "Running": False, "ExitCode": 1, "Pid": 500}

    async def answer(request: bytes, peer: Peer) -> bytes | None:
        told = await engine.answer(request, peer)
        if b"/exec/e/json" in request:
            engine.create = status
        return told

    async with serving(answer) as server, Docker(server.path) as docker:
        with pytest.raises(ContainerEnded) as caught:
            await docker.wait_port("c", 80)
    assert caught.value.status == found


async def test_a_command_of_a_container_started_anew_needs_no_end() -> None:
    """Leaving it is no error: the Engine has forgotten the command, although the container runs."""
    engine = Engine(state("running", started=AFTER), processes=[1])
    async with serving(engine.answer) as server, Docker(server.path) as docker:
        async with docker.execute("c", ["x"]) as execution:
            engine.exec = 404
        assert not execution.may_still_run


@pytest.mark.parametrize("podman", [False, True])
async def test_nothing_more_is_asked_where_all_is_well(podman: bool) -> None:
    """A command is three requests, on Podman too."""
    engine = Engine(GONE)
    engine.exec = {"ID": "e", "Running": False, "ExitCode": 3, "Pid": 500}
    libpod = b"Libpod-Api-Version: 5.4.2\r\n" * podman
    ping = b"HTTP/1.1 200 OK\r\nApi-Version: 1.51\r\n%bContent-Length: 2\r\n\r\nOK" % libpod
    async with serving(engine.answer, ping=ping) as server, Docker(server.path) as docker:
        assert (await docker.execute("c", ["x"])).exit_code == 3
        assert server.requests == [
            b"GET /_ping",
            b"POST /v1.51/containers/c/exec",
            b"POST /v1.51/exec/e/start",
            b"GET /v1.51/exec/e/json",
        ]


async def test_one_that_is_being_removed() -> None:
    """Docker 20.10 answers with a 500 then; another 500 is no sign of an end."""
    engine = Engine(state("removing", 5))
    engine.start, engine.message = 500, "Container c is not running: Removal In Progress"
    error = await ended(engine)
    assert (error.status, error.exit_code) == ("removing", 5)
    engine = Engine(GONE)
    engine.start, engine.message = 500, "no space left on device"
    async with serving(engine.answer) as server, Docker(server.path) as docker:
        with pytest.raises(ServerError, match="no space left"):
            await docker.execute("c", ["x"])
