"""Waits as Engines and proxies answer them, and those that the Engine has no call for."""

from __future__ import annotations

import json
from typing import Any

import anyio
import pytest
from faultserver import Peer, json_answer, serving

from rawdock import DecodeError, Docker, InvalidArgument, TruncatedError, Unhealthy

pytestmark = [pytest.mark.anyio, pytest.mark.held_clock]

HEAD = b"HTTP/1.1 200 OK\r\nApi-Version: 1.51\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


async def test_the_error_beside_the_exit_code() -> None:
    """A wait for a container that could not be started returns the error."""

    async def answer(request: bytes, peer: Peer) -> bytes:
        return HEAD + chunk(b'{"StatusCode":128,"Error":{"Message":"no such program"}}') + b"0\r\n\r\n"

    async with serving(answer) as server, Docker(server.path) as docker:
        done = await docker.containers.wait("x")
    assert done.status_code == 128
    assert done.error is not None
    assert done.error.message == "no such program"


@pytest.mark.parametrize(
    ("body", "error", "words"),
    [
        (chunk(b"the proxy gave up") + b"0\r\n\r\n", DecodeError, "the proxy gave up"),
        (chunk(b"<html>504</html>") + b"0\r\n\r\n", DecodeError, "<html>504</html>"),
        (b"0\r\n\r\n", DecodeError, "JSON"),
        (chunk(b'{"Status'), TruncatedError, "before the answer was complete"),
        (b"", TruncatedError, "before the answer was complete"),
    ],
)
async def test_invalid_exit_codes(body: bytes, error: type[Exception], words: str) -> None:
    """An error text in the answer, or its early end, is never an exit code; the message has the text."""

    async def answer(request: bytes, peer: Peer) -> None:
        await peer.send(HEAD)
        await anyio.sleep(0.01)
        await peer.send(body)

    async with serving(answer) as server, Docker(server.path) as docker:
        with pytest.raises(error, match=words):
            await docker.containers.wait("x")


async def test_a_wait_is_registered_when_it_is_entered() -> None:
    """Entering returns once the Engine has sent its headers; the result comes later."""
    asked: list[bytes] = []
    go = anyio.Event()

    async def answer(request: bytes, peer: Peer) -> bytes:
        asked.append(request.split(b" ")[1])
        await peer.send(HEAD)
        await go.wait()
        return chunk(b'{"StatusCode":7}') + b"0\r\n\r\n"

    async with (
        serving(answer) as server,
        Docker(server.path) as docker,
        docker.containers.wait("x", condition="next-exit") as waiting,
    ):
        assert asked == [b"/v1.51/containers/x/wait?condition=next-exit"]
        go.set()
        assert (await waiting.result()).status_code == 7
        assert (await waiting.result()).status_code == 7


class Sick:
    """A container with a list of health states, one for each inspect."""

    def __init__(self, *states: str) -> None:
        self.states = list(states)
        self.events = 0

    async def answer(self, request: bytes, peer: Peer) -> bytes | None:
        if b"/events" in request:
            await peer.send(HEAD)
            for _ in range(self.events):
                await peer.send(chunk(b'{"Type":"container","Action":"health_status: starting"}'))
            if self.events:
                await anyio.sleep_forever()
            return b"0\r\n\r\n"
        status, _, health = self.states[0].partition(" ")
        if len(self.states) > 1:
            self.states.pop(0)
        state: dict[str, object] = {"Status": status, "Running": status == "running"}
        if health:
            state["Health"] = {"Status": health, "Log": [{"Output": "what it said\n"}]}
        return json_answer(json.dumps({"Id": "x", "Name": "/sick", "State": state}).encode())


async def test_becomes_healthy() -> None:
    """A container that is not started yet is waited for too."""
    engine = Sick("created", "created", "running starting", "restarting", "running healthy")
    engine.events = 5
    async with serving(engine.answer) as server, Docker(server.path) as docker:
        with anyio.fail_after(60):
            assert (await docker.wait_healthy("sick")).status == "healthy"


async def test_without_events(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lost event does not make it wait for ever."""
    monkeypatch.setattr("rawdock.helpers.waiting._POLL_SECONDS", 0.01)
    engine = Sick(*["running starting"] * 8, "running healthy")
    engine.events = 1
    async with serving(engine.answer) as server, Docker(server.path) as docker:
        with anyio.fail_after(60):
            assert (await docker.wait_healthy("sick")).status == "healthy"


@pytest.mark.parametrize(
    ("state", "words", "status"),
    [
        ("running unhealthy", "what it said", "unhealthy"),
        ("exited unhealthy", "is not running: it is exited", "exited"),
        ("running", "no health check", "none"),
        ("running none", "no health check", "none"),
    ],
)
async def test_cannot_become_healthy(state: str, words: str, status: str) -> None:
    engine = Sick("created", state)
    engine.events = 1
    async with serving(engine.answer) as server, Docker(server.path) as docker:
        with pytest.raises(Unhealthy, match=words) as caught:
            await docker.wait_healthy("sick")
    assert caught.value.status == status


async def test_the_engine_ends_its_events() -> None:
    """The end of the event stream is an error, as no more events will come."""
    engine = Sick("running starting")
    async with serving(engine.answer) as server, Docker(server.path) as docker:
        with pytest.raises(TruncatedError, match="ended its event stream"):
            await docker.wait_healthy("sick")


@pytest.mark.parametrize("port", [0, -1, 65536])
async def test_invalid_ports(port: int) -> None:
    engine = Sick("running")
    async with serving(engine.answer) as server, Docker(server.path) as docker:
        with pytest.raises(InvalidArgument, match="65535"):
            await docker.wait_port("sick", port)
        assert not server.requests


def told(status: str, health: str = "", *, policy: str = "", restarts: int = 0, code: int = 3, error: str = "",
         most: int = 0) -> dict[str, Any]:  # fmt: skip
    """A container as inspect tells of it."""
    running = status in ("running", "restarting")
    state: dict[str, Any] = {"Status": status, "Running": running, "Restarting": status == "restarting"}
    state |= {"ExitCode": code, "Error": error}
    if health:
        state["Health"] = {"Status": health, "Log": []}
    host = {"RestartPolicy": {"Name": policy, "MaximumRetryCount": most}}
    return {"Id": "x", "Name": "/sick", "State": state, "RestartCount": restarts, "HostConfig": host}


class Patient:
    """A container that is told of each time it is asked for; the last one stays. No event comes."""

    def __init__(self, *states: dict[str, Any]) -> None:
        self.states = list(states)

    async def answer(self, request: bytes, peer: Peer) -> bytes | None:
        if b"/events" in request:
            await peer.send(HEAD)
            await anyio.sleep_forever()
        now = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return json_answer(json.dumps(now).encode())


@pytest.mark.parametrize("ended", ["exited", "stopped", "restarting"])
@pytest.mark.parametrize("policy", ["always", "unless-stopped", "on-failure"])
async def test_healthy_after_a_crash(policy: str, ended: str) -> None:
    """Between its end and its restart it is not given up."""
    starting = told("running", "starting", policy=policy)
    patient = Patient(
        starting,
        starting,
        told(ended, "starting", policy=policy),
        told("running", "starting", policy=policy, restarts=1),
        told("running", "healthy", policy=policy, restarts=1),
    )
    async with serving(patient.answer) as server, Docker(server.path) as docker:
        with anyio.fail_after(60):
            assert (await docker.wait_healthy("sick")).status == "healthy"


@pytest.mark.parametrize(
    ("state", "words", "seconds"),
    [
        (told("exited", policy="always"), "exited, with exit code 3, and was not restarted in 5 s", 5),
        (told("exited", policy="on-failure"), "not restarted in 5 s", 5),
        (told("exited", policy="on-failure", code=0), "exited, with exit code 0$", 0),
        (told("exited", policy="on-failure", restarts=2, most=2), "exited, with exit code 3$", 0),
        (told("exited", policy="no", error="what it was"), "exit code 3: what it was$", 0),
        (told("created", error="no such program", code=0), "could not be started: no such program", 0),
    ],
)
async def test_given_up(state: dict[str, Any], words: str, seconds: float) -> None:
    """At once where nothing restarts it; and where its policy should, but does not, after 5 seconds."""
    async with serving(Patient(state).answer) as server, Docker(server.path) as docker:
        begin = anyio.current_time()
        with pytest.raises(Unhealthy, match=words) as caught:
            await docker.wait_healthy("sick")
        assert seconds <= anyio.current_time() - begin < seconds + 1
    assert caught.value.status == state["State"]["Status"]


async def test_a_restarting_container_has_time() -> None:
    """The Engine pauses before a restart, a minute at last: then it says `restarting`."""
    waiting = told("restarting", policy="always", restarts=9)
    patient = Patient(*[waiting] * 20, told("running", "healthy", policy="always", restarts=10))
    async with serving(patient.answer) as server, Docker(server.path) as docker:
        begin = anyio.current_time()
        assert (await docker.wait_healthy("sick")).status == "healthy"
        assert anyio.current_time() - begin > 30


@pytest.mark.parametrize(("restarts", "given_up"), [(1, True), (2, True), (3, False), (None, False)])
async def test_too_many_restarts(restarts: int | None, given_up: bool) -> None:
    """Those since the call count; one that got healthy in time is healthy."""

    def now(count: int, health: str = "starting") -> dict[str, Any]:
        return told("running", health, policy="always", restarts=count)

    patient = Patient(now(5), now(5), now(6), now(7), now(8, "healthy"))
    async with serving(patient.answer) as server, Docker(server.path) as docker:
        if not given_up:
            assert (await docker.wait_healthy("sick", restarts=restarts)).status == "healthy"
            return
        with pytest.raises(Unhealthy, match=f"after {restarts} restarts"):
            await docker.wait_healthy("sick", restarts=restarts)


@pytest.mark.parametrize("restarts", [0, -1, True, "2"])
async def test_invalid_restarts(restarts: Any) -> None:
    async with serving(Patient(told("running")).answer) as server, Docker(server.path) as docker:
        with pytest.raises(InvalidArgument, match="restarts"):
            await docker.wait_healthy("sick", restarts=restarts)
        assert not server.requests
