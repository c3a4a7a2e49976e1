"""`on_call` is told of the begin and end of each call and stream."""

from __future__ import annotations

import logging

import anyio
import pytest
from faultserver import serving
from observed_engine import EVENT, answer

from rawdock import Call, CallEnd, Docker, InvalidArgument, NotFound, TruncatedError


class Seen:
    def __init__(self) -> None:
        self.begun: list[Call] = []
        self.ended: list[CallEnd] = []

    def __call__(self, call: Call):  # type: ignore[no-untyped-def]
        self.begun.append(call)
        return self.ended.append


INSPECT = Call("containers.inspect", "GET", "/containers/{id}/json")


@pytest.mark.anyio
async def test_calls() -> None:
    seen = Seen()
    async with serving(answer) as server, Docker(server.path, version="1.51", on_call=seen) as docker:
        await docker.containers.inspect("web")
        with pytest.raises(NotFound) as caught:
            await docker.containers.inspect("missing")
        with anyio.move_on_after(0.05):
            await docker.containers.inspect("slow")
        await docker.request("GET", "/info")
    assert seen.begun == [INSPECT, INSPECT, INSPECT, Call("request", "GET", "/")]
    ok, missing, slow, info = seen.ended
    assert (ok.status, ok.received, ok.is_stream, ok.new_connection, ok.error) == (200, 10, False, True, None)
    assert ok.answered is not None
    assert 0 < ok.answered <= ok.seconds
    assert (missing.status, missing.error, missing.new_connection) == (404, caught.value, False)
    assert (slow.status, slow.answered, slow.received) == (None, None, 0)
    assert isinstance(slow.error, anyio.get_cancelled_exc_class())
    assert (info.status, info.new_connection) == (200, True)


@pytest.mark.anyio
async def test_streams() -> None:
    """A stream ends when it is closed, once, and says what broke it off."""
    seen = Seen()
    async with serving(answer) as server, Docker(server.path, version="1.51", on_call=seen) as docker:
        async with docker.system.events() as events:
            await anext(events)
            assert len(seen.begun) == 1
            assert seen.ended == []
        async with docker.system.events(since=1) as events:
            with pytest.raises(TruncatedError):
                assert [event async for event in events]
    left, broken = seen.ended
    assert (left.call.path, left.status, left.is_stream, left.received) == ("/events", 200, True, len(EVENT))
    assert left.error is None
    assert isinstance(broken.error, TruncatedError)


@pytest.mark.anyio
async def test_a_hook_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    """The call goes on."""

    def fails(call: Call) -> None:
        raise KeyError

    def fails_later(call: Call):  # type: ignore[no-untyped-def]
        return fails

    async with serving(answer) as server:
        for hook in (fails, fails_later, lambda call: None):
            async with Docker(server.path, version="1.51", on_call=hook) as docker:
                assert (await docker.containers.inspect("web")).id == "x"
    assert [one.getMessage() for one in caplog.records if one.levelno == logging.ERROR] == [
        "on_call: the begin of containers.inspect",
        "on_call: the end of containers.inspect",
    ]
    with pytest.raises(InvalidArgument, match="on_call: expected a function, got 'print'"):
        Docker("/x", on_call="print")  # type: ignore[arg-type]
