"""`docker.watch`: lost connections, events that the Engine has forgotten, and slow readers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import anyio
import pytest
from anyio.streams.memory import MemoryObjectSendStream
from faultserver import Peer, Server, json_answer, serving
from hypothesis import given
from hypothesis import strategies as st

from rawdock import (
    BadRequest,
    ClosedError,
    ConnectError,
    DecodeError,
    Docker,
    Gap,
    InvalidArgument,
    NotSupported,
    RawdockError,
    ServerError,
    TruncatedError,
    decode,
)
from rawdock.api.system import System
from rawdock.helpers.event_filters import EventFilters
from rawdock.helpers.event_position import REMEMBERED, Backlog, Backoff, Position
from rawdock.helpers.event_reader import _nanoseconds, _seconds
from rawdock.models import EventActor, EventMessage, Ping
from rawdock.streams import Watching

SECOND = 1_000_000_000
BEGIN = 1_700_000_000 * SECOND + 123_456_789
HEAD = b"HTTP/1.1 200 OK\r\nApi-Version: 1.51\r\nTransfer-Encoding: chunked\r\n\r\n"
QUICK = (0.001, 0.01)


def event(time: int, id: str = "a", action: str = "start", scope: str = "local") -> EventMessage:
    return EventMessage(
        type="container", action=action, actor=EventActor(id=id), scope=scope, time=time // SECOND, time_nano=time
    )


# Filters in the words of either Engine.


@pytest.mark.parametrize(
    ("given", "docker", "podman"),
    [
        (None, None, None),
        ({"type": "container"}, {"type": "container"}, {"type": "container"}),
        ({"event": "destroy"}, ["destroy"], ["remove"]),
        ({"event": ["exec_die", "die"]}, ["exec_die", "die"], ["exec_died", "die"]),
        ({"event": "exec_died"}, ["exec_die"], ["exec_died"]),
        ({"event": "remove"}, ["remove", "destroy"], ["remove"]),
        ({"event": ["remove", "destroy"]}, ["remove", "destroy"], ["remove"]),
        ({"event": "load"}, ["load"], ["loadfromarchive"]),
        ({"event": "exec_start: sh"}, ["exec_start: sh"], ["exec"]),
        ({"event": "health_status: healthy"}, ["health_status: healthy"], ["health_status"]),
    ],
)
def test_filters(given: Any, docker: Any, podman: Any) -> None:
    filters = EventFilters("watch", given)
    for is_docker, expected in ((True, docker), (False, podman)):
        expected = {"event": expected} if isinstance(expected, list) else expected
        assert filters.sent(is_docker) == expected


@pytest.mark.parametrize("action", ["top", "exec_create", "exec_create: sh", "oom"])
def test_actions_that_podman_has_not(action: str) -> None:
    """A watch of them would wait for ever."""
    filters = EventFilters("watch", {"event": ["start", action]})
    assert filters.sent(True)
    with pytest.raises(NotSupported, match=action):
        filters.sent(False)


def test_results_of_health_checks() -> None:
    """Podman knows no filter of them, so they are chosen here."""
    healthy = decode(EventMessage, {"Type": "container", "Action": "health_status", "HealthStatus": "healthy"})
    other = decode(EventMessage, {"Type": "container", "Action": "health_status", "HealthStatus": "unhealthy"})
    start = event(BEGIN)
    assert (healthy.docker_action, healthy.action) == ("health_status: healthy", "health_status")
    wanted = EventFilters("watch", {"event": ["health_status: healthy", "start"]})
    assert [wanted.test(False)(one) for one in (healthy, other, start)] == [True, False, True]
    assert [wanted.test(True)(one) for one in (healthy, other, start)] == [True, True, True]
    every = EventFilters("watch", {"event": "health_status"})
    assert all(every.test(False)(one) for one in (healthy, other))


def test_actions_in_dockers_words() -> None:
    words = {("container", "remove"): "destroy", ("volume", "remove"): "destroy", ("image", "remove"): "remove"}
    words |= {("container", "exec_died"): "exec_die", ("container", "die"): "die", ("image", "loadfromarchive"): "load"}
    for (kind, action), expected in words.items():
        found = EventMessage(type=kind, action=action)
        assert (found.docker_action, found.action) == (expected, action)


# Resuming, with the times of events as the only clock.


def test_the_same_instant_may_hold_several_events() -> None:
    """A known event is dropped when it is repeated; other events of the same nanosecond are not."""
    position = Position(BEGIN)
    first, second = event(BEGIN + 5, "a"), event(BEGIN + 5, "b")
    assert position.accept(first)
    position.resume()
    assert [position.accept(each) for each in (first, second, event(BEGIN + 5, "a", "die"))] == [False, True, True]
    position.resume()
    assert [position.accept(each) for each in (first, second, event(BEGIN + 6))] == [False, False, True]


def test_equal_events_on_one_connection_are_not_repeats() -> None:
    """Only another connection can repeat events: two equal events on one connection are two events."""
    position = Position(BEGIN)
    assert position.accept(event(BEGIN + 5))
    assert position.accept(event(BEGIN + 5))
    position.resume()
    assert [position.accept(event(BEGIN + 5)) for _ in range(3)] == [False, False, True]


def test_podman_sends_events_from_before_the_start() -> None:
    """Events from the second before the start are dropped; events after a clock change are not."""
    position = Position(BEGIN)
    assert not position.accept(event(BEGIN - 1))
    assert position.accept(event(BEGIN - 3600 * SECOND))
    assert position.resume_time == BEGIN
    assert position.accept(event(BEGIN - 3500 * SECOND, scope="swarm"))


def test_times_are_exact() -> None:
    """Nanoseconds are more than a float holds; `time` is in `timeNano` already, and is not added to it."""
    one = decode(EventMessage, b'{"time":1795543089,"timeNano":1795543089468343369}')
    position = Position(BEGIN)
    assert position.accept(one)
    assert position.reached == 1795543089468343369
    assert not position.has_missed([one])


@given(st.integers(0, 4 * 10**18))
def test_times_there_and_back(time: int) -> None:
    """As text in seconds, which is how the Engine is asked, every nanosecond is kept."""
    assert _nanoseconds(_seconds(time)) == time


def test_an_engine_clock_that_was_set_back() -> None:
    """The last received event is the position, not the one with the latest time."""
    position = Position(BEGIN)
    position.accept(event(BEGIN + 100 * SECOND))
    position.accept(event(BEGIN + 50 * SECOND))
    assert position.resume_time <= BEGIN + 50 * SECOND
    position.accept(event(BEGIN + 500 * SECOND, scope="swarm"))
    assert position.resume_time <= BEGIN + 50 * SECOND


def test_find_gap() -> None:
    """There is no gap if the Engine remembers an older event; otherwise there is one, once."""
    position = Position(BEGIN)
    position.accept(event(BEGIN + 10))
    assert position.find_gap([event(BEGIN + 10), event(BEGIN + 90)], BEGIN + 100) is None
    late = [event(BEGIN + 20 + n) for n in range(REMEMBERED)]
    assert position.find_gap(late, BEGIN + 900) == Gap("forgotten", BEGIN, BEGIN + 20)
    assert position.find_gap(late, BEGIN + 950) is None
    assert position.find_gap([event(BEGIN + 30)], BEGIN + 999) == Gap("restart", BEGIN, BEGIN + 30)
    assert position.find_gap([], BEGIN + 2000) == Gap("restart", BEGIN, BEGIN + 2000)
    times_of_others = [event(BEGIN - SECOND, scope="swarm")]
    assert position.find_gap(times_of_others, BEGIN + 3000) == Gap("restart", BEGIN, BEGIN + 3000)


@given(st.lists(st.tuples(st.integers(0, 6 * SECOND), st.sampled_from("abc")), max_size=40), st.data())
def test_every_event_comes_once(told: list[tuple[int, str]], data: st.DataObject) -> None:
    """Wherever the connection ends, and with some out of order: all that an Engine remembers comes exactly once."""
    happened = [event(BEGIN + at // SECOND * SECOND + index, id) for index, (at, id) in enumerate(sorted(told))]
    if len(happened) > 3:
        happened[1], happened[2] = happened[2], happened[1]
    position, seen, done = Position(BEGIN), list[EventMessage](), 0
    while done < len(happened):
        since = position.resume()
        upto = data.draw(st.integers(done + 1, len(happened)))
        # As Docker looks: from the latest back to the first that is older.
        first = next((i + 1 for i in range(done - 1, -1, -1) if happened[i].time_nano < since), 0)
        seen += [each for each in happened[first:upto] if position.accept(each)]
        done = upto
    assert seen == happened


# The buffer.


def drained(backlog: Backlog) -> list[EventMessage | Gap]:
    return [backlog.pop() for _ in range(len(backlog))]


def test_an_overflow_is_one_gap_in_its_place() -> None:
    """Events that do not fit are counted until the gap is read."""
    backlog = Backlog(2)
    events = [event(BEGIN + n) for n in range(8)]
    for each in events[:5]:
        backlog.put(each)
    assert backlog.pop() == events[0]
    backlog.put(events[5])
    assert drained(backlog) == [events[1], Gap("overflow", BEGIN + 1, BEGIN + 5, dropped=4)]
    backlog.put(events[6])
    backlog.put(events[7])
    assert drained(backlog) == events[6:]


def test_a_gap_after_an_overflow_extends_it() -> None:
    backlog = Backlog(1)
    backlog.put_gap(Gap("restart", BEGIN, BEGIN + 1))
    backlog.put(event(BEGIN + 2))
    backlog.put_gap(Gap("restart", BEGIN + 2, BEGIN + 9))
    assert drained(backlog) == [Gap("restart", BEGIN, BEGIN + 1), Gap("overflow", BEGIN + 1, BEGIN + 9, dropped=1)]


@given(st.lists(st.integers(-3, 3)), st.integers(1, 5))
def test_nothing_is_lost_without_a_count(moves: list[int], limit: int) -> None:
    """In any order of put and pop, the events read and counted are all events, in order."""
    backlog, put, out = Backlog(limit), 0, list[EventMessage | Gap]()
    for move in moves:
        for _ in range(move):
            backlog.put(event(BEGIN + put))
            put += 1
        out += [backlog.pop() for _ in range(min(-move, len(backlog)))]
        assert len(backlog) <= limit + 1
    out += drained(backlog)
    assert sum(item.dropped if isinstance(item, Gap) else 1 for item in out) == put
    times = [item.until if isinstance(item, Gap) else item.time_nano for item in out]
    assert times == sorted(times)


def test_backoff_doubles_up_to_its_bound() -> None:
    backoff = Backoff(0.1, 10.0)
    assert [backoff.delay(n, 1.0) for n in (1, 2, 3, 8, 1000)] == [0.1, 0.2, 0.4, 10.0, 10.0]
    assert backoff.delay(2, 0.0) == 0.1


# Whole, with an Engine that does exactly what a case wants.


class Engine:
    """Remembers its last events, and tells them on connections that a case ends as it likes."""

    def __init__(self) -> None:
        self.now = BEGIN
        self.memory = [self.made(-60 * SECOND)]
        self.asked: list[dict[str, str]] = []
        """The queries for events that were to go on."""
        self.looked = 0
        """How often it was asked for what it remembers."""
        self.refuse = b""
        """What every request for events is answered with instead."""
        self.refuse_after = 0.0
        """How many seconds that takes."""
        self.closed = False
        """It tells nothing of its machine."""
        self.forgets_at = 0
        """Which request for events to go on comes to another Engine, started anew."""
        self.deaf = False
        """Nothing that happens is told."""
        self._open: list[MemoryObjectSendStream[bytes | None]] = []
        self._changed = anyio.Event()

    def made(self, after: int, id: str = "a") -> dict[str, object]:
        time = BEGIN + after
        actor = {"ID": id, "Attributes": {}}
        return {
            "Type": "container",
            "Action": "start",
            "Actor": actor,
            "scope": "local",
            "time": time // SECOND,
            "timeNano": time,
        }

    async def emit(self, after: int, id: str = "a", **changes: object) -> None:
        """Something happens, so many nanoseconds after the begin."""
        one = self.made(after, id) | changes
        self.now = max(self.now, BEGIN + after)
        self.memory = [*self.memory, one][-REMEMBERED:]
        if not self.deaf:
            await self._tell(self._chunk(one))

    async def end(self, data: bytes | None = b"0\r\n\r\n") -> None:
        """End all streams: cleanly, with these bytes, or by closing (None)."""
        if data:
            await self._tell(data)
        await self._tell(None)
        self._open = []

    async def _tell(self, data: bytes | None) -> None:
        for stream in list(self._open):
            with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):  # that one was left
                await stream.send(data)

    async def opened(self, count: int) -> None:
        """Wait until events were asked for so often."""
        while len(self.asked) < count:
            self._changed = anyio.Event()
            await self._changed.wait()

    @staticmethod
    def _chunk(one: dict[str, object]) -> bytes:
        line = json.dumps(one).encode() + b"\n"
        return b"%x\r\n%b\r\n" % (len(line), line)

    async def answer(self, request: bytes, peer: Peer) -> bytes | None:
        target = urlsplit(request.split(b" ", 2)[1].decode())
        if target.path.endswith("/_ping"):
            return b"HTTP/1.1 200 OK\r\nDate: Tue, 14 Nov 2023 22:13:20 GMT\r\nContent-Length: 2\r\n\r\nOK"
        if target.path.endswith("/info") and self.closed:
            return json_answer(b'{"message":"no"}', b"403 Forbidden")
        if target.path.endswith("/info"):
            seconds, rest = divmod(self.now, SECOND)
            text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
            return json_answer(json.dumps({"SystemTime": f"{text}.{rest:09}Z"}).encode())
        if target.path.endswith("/containers/json"):
            return json_answer(json.dumps([{"Id": f"listed-{len(self.asked)}"}]).encode())
        query = {name: values[0] for name, values in parse_qs(target.query).items()}
        whole, _, decimals = query["since"].partition(".")
        since = int(whole) * SECOND + int(decimals.ljust(9, "0"))
        if "until" not in query and len(self.asked) + 1 == self.forgets_at:
            self.memory = []
        replay = HEAD + b"".join(self._chunk(one) for one in self.memory if int(str(one["timeNano"])) >= since)
        if "until" in query:
            self.looked += 1
            return replay + b"0\r\n\r\n"
        self.asked.append(query)
        self._changed.set()
        if refusal := self.refuse:
            await anyio.sleep(self.refuse_after)
            return refusal
        send, receive = anyio.create_memory_object_stream[bytes | None](1000)
        self._open.append(send)
        with send, receive:
            await peer.send(replay)
            async for data in receive:
                if data is None:
                    return None
                await peer.send(data)
        return None


@asynccontextmanager
async def engine() -> AsyncIterator[tuple[Engine, Server, Docker]]:
    made = Engine()
    async with serving(made.answer) as server, Docker(server.path) as docker:
        yield made, server, docker


async def told(watching: Watching, count: int) -> list[str]:
    """The next items: ids of events, reasons of gaps."""
    out: list[str] = []
    with anyio.fail_after(60):
        async for item in watching:
            out.append(item.reason if isinstance(item, Gap) else item.actor.id)
            if len(out) == count:
                break
    return out


@pytest.mark.anyio
@pytest.mark.parametrize("end", [b"0\r\n\r\n", None, b"5\r\n{", b"zz\r\n"], ids=["clean", "closed", "cut", "nonsense"])
async def test_reconnects_however_the_connection_ends(end: bytes | None) -> None:
    """However a connection ends, the next one resumes after the last event: none is lost, none repeated."""
    async with engine() as (made, _, docker), docker.watch(backoff=QUICK) as watching:
        await made.emit(1, "one")
        await made.emit(2, "two")
        assert await told(watching, 2) == ["one", "two"]
        await made.end(end)
        await made.emit(2, "three")
        await made.opened(2)
        await made.emit(4, "four")
        assert await told(watching, 2) == ["three", "four"]
        assert made.asked[0]["since"] == "1700000000.123456789"
        assert made.asked[1]["since"] == "1700000000.123456789"


@pytest.mark.anyio
async def test_since_is_the_exact_time_of_the_last_event() -> None:
    """To the nanosecond and with the filters, and a little earlier: two events may stand in the other order."""
    async with engine() as (made, _, docker), docker.watch(filters={"type": "container"}, backoff=QUICK) as watching:
        await made.emit(10 * SECOND, "one")
        assert await told(watching, 1) == ["one"]
        await made.end()
        await made.opened(2)
        assert made.asked[1] == {"since": "1700000008.123456789", "filters": '{"type":["container"]}'}


@pytest.mark.anyio
async def test_an_event_that_cannot_be_read_is_a_gap() -> None:
    """It does not keep the watch from starting, it is told once, and those after it come."""
    async with engine() as (made, _, docker):
        made.memory = [made.made(-60 * SECOND) | {"Actor": 7, "scope": []}]
        async with docker.watch(since=f"{BEGIN // SECOND}", backoff=QUICK) as watching:
            await made.emit(1, "one")
            await made.emit(2, "two", Action=7)
            await made.emit(3, "three", Actor={"ID": "three", "Attributes": 7})
            assert await told(watching, 4) == ["restart", "one", "unreadable", "three"]
            await made.end(None)
            await made.opened(2)
            await made.emit(4, "four", Type={"odd": 1})
            await made.emit(5, "five", scope=7)
            await made.emit(6, "six")
            items: list[EventMessage | Gap] = []
            with anyio.fail_after(60):
                while not items or isinstance(items[-1], Gap):
                    items.append(await anext(watching))
            gaps = [item for item in items if isinstance(item, Gap)]  # one, unless it was read between the two
            assert {gap.reason for gap in gaps} == {"unreadable"}
            assert sum(gap.dropped for gap in gaps) == 2
            assert (gaps[0].since, gaps[-1].until) == (BEGIN + 3, BEGIN + 4)
            assert items[len(gaps)] == decode(EventMessage, made.made(6, "six"))


def test_unreadable_events_do_not_fill_the_backlog() -> None:
    """However many they are, one gap counts them; behind an overflow they belong to it."""
    backlog = Backlog(2)
    for n in range(5):
        backlog.put_gap(Gap("unreadable", BEGIN + n, BEGIN + n + 1, dropped=1))
    assert drained(backlog) == [Gap("unreadable", BEGIN, BEGIN + 5, dropped=5)]
    for n in range(3):
        backlog.put(event(BEGIN + n))
    backlog.put_gap(Gap("unreadable", BEGIN + 2, BEGIN + 9, dropped=1))
    assert drained(backlog)[2:] == [Gap("overflow", BEGIN + 1, BEGIN + 9, dropped=2)]


def test_a_time_that_cannot_be_read_moves_nothing() -> None:
    """The position stays where it was, and the event is known again."""
    odd = decode(EventMessage, b'{"timeNano":"soon","Type":"container"}')
    position = Position(BEGIN)
    assert position.accept(odd)
    assert position.unreadable_gap(odd, BEGIN) == Gap("unreadable", BEGIN, BEGIN, dropped=1)
    assert not position.has_missed([odd])
    assert position.resume() == BEGIN
    assert not position.accept(odd)
    assert position.find_gap([odd], BEGIN + 5) == Gap("restart", BEGIN, BEGIN + 5)


@pytest.mark.anyio
async def test_a_restart_is_a_gap() -> None:
    """The Engine remembers nothing from before: its events come after the gap."""
    async with engine() as (made, _, docker), docker.watch(backoff=QUICK) as watching:
        await made.emit(1, "one")
        assert await told(watching, 1) == ["one"]
        made.memory = []
        made.now = BEGIN + 5
        await made.end(None)
        with anyio.fail_after(60):
            gap = await anext(watching)
        assert gap == Gap("restart", BEGIN, BEGIN + 5)
        await made.emit(9, "two")
        assert await told(watching, 1) == ["two"]
        await made.end(None)
        await made.emit(10, "three")
        assert await told(watching, 1) == ["three"]


def test_a_gap_begins_before_what_may_be_out_of_order() -> None:
    """The Engine stamps an event before it queues it: one that is older than the last received may be lost too."""
    position = Position(BEGIN)
    position.accept(event(BEGIN + 10 * SECOND))
    assert position.find_gap([], BEGIN + 20 * SECOND) == Gap("restart", BEGIN + 8 * SECOND, BEGIN + 20 * SECOND)


@pytest.mark.anyio
async def test_the_engine_that_answers_is_not_the_one_that_tells() -> None:
    """An Engine that is stopping still answers on open connections; the events then come from the next one."""
    async with engine() as (made, _, docker), docker.watch(backoff=QUICK) as watching:
        await made.emit(1, "one")
        assert await told(watching, 1) == ["one"]
        made.forgets_at = 2
        await made.end(None)
        await made.opened(2)
        assert await told(watching, 1) == ["restart"]


@pytest.mark.anyio
async def test_a_proxy_that_allows_events_and_little_else() -> None:
    """The time is then taken from the Date header, in whole seconds."""
    async with engine() as (made, _, docker):
        made.closed = True
        async with docker.watch(backoff=QUICK) as watching:
            await made.emit(1, "one")
            assert await told(watching, 1) == ["one"]
            await made.end(None)
            await made.emit(2, "two")
            assert await told(watching, 1) == ["two"]
        assert made.asked[0]["since"] == "1700000000.000000000"


@pytest.mark.anyio
async def test_a_podman_that_has_lost_its_file() -> None:
    """It has no limit that events fall out of: only the last one that came tells whether it knows what was before."""
    async with engine() as (made, _, docker), docker.watch(backoff=QUICK) as watching:
        watching._reader._is_docker = False
        await made.emit(1, "one")
        assert await told(watching, 1) == ["one"]
        await made.end(None)
        await made.emit(2, "two")
        assert await told(watching, 1) == ["two"]
        assert made.asked[1]["since"] == "1700000000.123455789", "it reads floats"
        made.memory = []
        made.now = BEGIN + 5
        await made.end(None)
        with anyio.fail_after(60):
            assert await anext(watching) == Gap("restart", BEGIN, BEGIN + 5)
        await made.emit(9, "three")
        assert await told(watching, 1) == ["three"]


@pytest.mark.anyio
async def test_more_events_than_the_engine_keeps() -> None:
    """Too many events between two connections: the gap, and then what is remembered."""
    async with engine() as (made, _, docker), docker.watch(backoff=QUICK) as watching:
        await made.emit(1, "one")
        assert await told(watching, 1) == ["one"]
        made.deaf = True
        for n in range(REMEMBERED + 10):
            await made.emit(100 + n, str(n))
        made.deaf = False
        await made.end(None)
        assert await told(watching, 2) == ["forgotten", "10"]


@pytest.mark.anyio
async def test_since_before_what_the_engine_remembers() -> None:
    """A watch that begins in the past says at once if the Engine does not know all of it; else there is no gap."""
    async with engine() as (made, _, docker):
        await made.emit(1, "one")
        async with docker.watch(since=1) as watching:
            assert await told(watching, 3) == ["restart", "a", "one"]
        async with docker.watch(since="1700000000.123456790") as watching:
            assert await told(watching, 1) == ["one"]


@pytest.mark.held_clock
@pytest.mark.anyio
async def test_a_slow_reader_fills_our_buffer_and_not_the_engines() -> None:
    """All is read at once; what the buffer cannot hold is one gap, and then it goes on."""
    async with engine() as (made, _, docker), docker.watch(buffer=3) as watching:
        for n in range(20):
            await made.emit(n + 1, str(n))
        with anyio.fail_after(60):
            while (last := watching._reader._position.reached) < BEGIN + 20:  # noqa: ASYNC110
                await anyio.sleep(0.01)
        assert last == BEGIN + 20
        assert await told(watching, 3) == ["0", "1", "2"]
        assert await anext(watching) == Gap("overflow", BEGIN + 3, BEGIN + 20, dropped=17)
        await made.emit(30, "next")
        assert await told(watching, 1) == ["next"]
        assert len(made.asked) == 1


@pytest.mark.held_clock
@pytest.mark.anyio
async def test_refusals_while_an_engine_comes_up() -> None:
    """A 502 of a proxy and a refused connection are retried; after a success the first wait is short again."""
    async with engine() as (made, _, docker), docker.watch(backoff=QUICK) as watching:
        made.refuse = json_answer(b'{"message":"bad gateway"}', b"502 Bad Gateway")
        await made.end(None)
        await made.opened(4)
        made.refuse = b""
        await made.emit(1, "one")
        assert await told(watching, 1) == ["one"]


@pytest.mark.held_clock
@pytest.mark.anyio
async def test_an_engine_that_is_down_for_a_while() -> None:
    """The socket is gone and comes back: the watch goes on."""
    async with Docker("/tmp/rawdock-none") as docker:
        with pytest.raises(ConnectError):
            async with docker.watch():
                pass
    async with engine() as (made, server, docker), docker.watch(backoff=QUICK) as watching:
        hidden = anyio.Path(server.path + "-")
        await anyio.Path(server.path).rename(hidden)
        await made.end(None)
        await anyio.sleep(0.05)
        await hidden.rename(server.path)
        await made.emit(1, "one")
        assert await told(watching, 1) == ["one"]


# A loss that is told at once.


class Outage:
    """An Engine that refuses, from when its streams end until it is back."""

    def __init__(self, made: Engine) -> None:
        self._made = made

    async def __aenter__(self) -> None:
        self._made.refuse = json_answer(b'{"message":"bad gateway"}', b"502 Bad Gateway")
        await self._made.end(None)
        await self._made.opened(len(self._made.asked) + 3)

    async def __aexit__(self, *_: object) -> None:
        self._made.refuse = b""


async def back(watching: Watching) -> None:
    """Wait until the Engine is connected again."""
    with anyio.fail_after(60):
        while not watching.connected:  # noqa: ASYNC110 - nothing else tells it to one that does not read
            await anyio.sleep(0.001)


@pytest.mark.anyio
@pytest.mark.parametrize("podman", [False, True])
async def test_a_loss_is_told_while_the_engine_is_away(podman: bool) -> None:
    """Once for each outage, and once more when it is back: that nothing was missed, or what."""
    async with engine() as (made, _, docker), docker.watch(backoff=QUICK, tell_lost=True) as watching:
        watching._reader._is_docker = not podman
        await made.emit(1, "one")
        assert await told(watching, 1) == ["one"]
        async with Outage(made):
            with anyio.fail_after(60):
                assert await anext(watching) == Gap("lost", BEGIN, None)
            assert not watching.connected
            await made.emit(2, "two")
        with anyio.fail_after(60):
            assert await anext(watching) == Gap("resumed", BEGIN + 1, BEGIN + 1)
        assert watching.connected
        assert await told(watching, 1) == ["two"]
        async with Outage(made):
            assert await told(watching, 1) == ["lost"]
            made.memory = []
            made.now = BEGIN + 9
        with anyio.fail_after(60):
            assert await anext(watching) == Gap("restart", BEGIN, BEGIN + 9)
        await made.emit(10, "three")
        assert await told(watching, 1) == ["three"]


@pytest.mark.anyio
async def test_a_loss_comes_after_what_was_received_before() -> None:
    async with engine() as (made, _, docker), docker.watch(backoff=QUICK, tell_lost=True) as watching:
        await made.emit(1, "one")
        await made.emit(2, "two")
        async with Outage(made):
            assert await told(watching, 3) == ["one", "two", "lost"]
        assert await told(watching, 1) == ["resumed"]


@pytest.mark.anyio
async def test_losses_that_nobody_reads_do_not_pile_up() -> None:
    """When the Engine is back before anyone reads, only what was missed is told, as without `tell_lost`."""
    async with engine() as (made, _, docker), docker.watch(backoff=QUICK, tell_lost=True) as watching:
        await made.emit(1, "one")
        for n in range(5):
            async with Outage(made):
                pass
            await back(watching)
            await made.emit(2 + n, str(n))
        assert await told(watching, 6) == ["one", "0", "1", "2", "3", "4"]
        async with Outage(made):
            made.memory = []
            made.now = BEGIN + 50
        await back(watching)
        await made.emit(60, "last")
        assert await told(watching, 2) == ["restart", "last"]


@pytest.mark.anyio
async def test_a_loss_is_not_told_unless_asked_for() -> None:
    async with engine() as (made, _, docker), docker.watch(backoff=QUICK) as watching:
        await made.emit(1, "one")
        assert await told(watching, 1) == ["one"]
        async with Outage(made):
            pass
        await made.emit(2, "two")
        assert await told(watching, 1) == ["two"]


@pytest.mark.anyio
@pytest.mark.parametrize("attempts", [0, 2])
async def test_attempts_can_be_limited(attempts: int) -> None:
    """After that many failures in a row the last error is raised, after all events received before."""
    async with engine() as (made, _, docker), docker.watch(backoff=QUICK, attempts=attempts) as watching:
        await made.emit(1, "one")
        made.refuse = json_answer(b'{"message":"no"}', b"500 No")
        await made.end(None)
        with anyio.fail_after(60):
            await watching._reader._finished.wait()
        assert await told(watching, 1) == ["one"]
        with pytest.raises(ServerError if attempts else TruncatedError):
            await anext(watching)
        with pytest.raises(RawdockError):
            await anext(watching)
        assert len(made.asked) == 1 + attempts


@pytest.mark.held_clock
@pytest.mark.anyio
async def test_a_slow_refusal_is_a_failed_attempt() -> None:
    """A busy Engine may take longer to refuse than the longest pause between two tries: that is no success."""
    async with engine() as (made, _, docker), docker.watch(backoff=(0.001, 0.002), attempts=2) as watching:
        made.refuse, made.refuse_after = json_answer(b'{"message":"no"}', b"500 No"), 0.02
        await made.end(None)
        with anyio.fail_after(60), pytest.raises(ServerError):
            await anext(watching)
        assert len(made.asked) == 3


@pytest.mark.held_clock
@pytest.mark.anyio
async def test_an_attempt_that_listened_for_a_while_is_not_a_failure() -> None:
    """Even without events: only failures in a row are counted."""
    async with engine() as (made, _, docker), docker.watch(backoff=(0.001, 0.002), attempts=1) as watching:
        for number in range(1, 5):
            await made.opened(number)
            await anyio.sleep(0.02)
            await made.end(None)
        await made.opened(5)
        await made.emit(1, "one")
        assert await told(watching, 1) == ["one"]


@pytest.mark.anyio
async def test_errors_that_are_not_retried() -> None:
    """An error for an invalid request is raised, at entering and later."""
    refusal = json_answer(b'{"message":"no such filter"}', b"400 Bad Request")
    async with engine() as (made, _, docker):
        made.refuse = refusal
        with pytest.raises(BadRequest):
            async with docker.watch(backoff=QUICK):
                pass
        made.refuse = json_answer(b'{"message":"broken"}', b"500 Broken")
        with pytest.raises(ServerError):
            async with docker.watch(backoff=QUICK):
                pass
        assert len(made.asked) == 2
        made.refuse = b""
        async with docker.watch(backoff=QUICK) as watching:
            made.refuse = refusal
            await made.end(None)
            with pytest.raises(BadRequest):
                await told(watching, 1)
        assert len(made.asked) == 4


@pytest.mark.held_clock
@pytest.mark.anyio
async def test_heartbeat_on_a_connection_that_lost_its_other_end() -> None:
    """The heartbeat notices events that do not arrive, as on a half-open connection."""
    async with engine() as (made, _, docker), docker.watch(heartbeat=0.05, backoff=QUICK) as watching:
        await made.emit(1, "one")
        assert await told(watching, 1) == ["one"]
        made.deaf = True
        await made.emit(2, "two")
        assert await told(watching, 1) == ["two"]
        assert len(made.asked) == 2


@pytest.mark.held_clock
@pytest.mark.anyio
async def test_heartbeat_of_an_engine_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an answer to a ping in time the watch reconnects."""
    async with engine() as (made, _, docker), docker.watch(heartbeat=0.05, backoff=QUICK) as watching:
        ping, pings = System.ping, 0

        async def slow(system: System) -> Ping:
            nonlocal pings
            pings += 1
            if pings == 1:
                await anyio.sleep_forever()
            return await ping(system)

        monkeypatch.setattr("rawdock.helpers.event_reader._MIN_HEARTBEAT_TIMEOUT", 0.05)
        monkeypatch.setattr(System, "ping", slow)
        await made.opened(2)
        await made.emit(1, "one")
        assert await told(watching, 1) == ["one"]


@pytest.mark.held_clock
@pytest.mark.anyio
async def test_heartbeat_of_an_engine_that_is_stopping(monkeypatch: pytest.MonkeyPatch) -> None:
    """It closes its socket first and tells its last events after that: they are read, for as long as a heartbeat."""
    async with engine() as (made, _, docker), docker.watch(heartbeat=0.05, backoff=QUICK) as watching:
        ping, refused = System.ping, anyio.Event()

        async def nobody(system: System) -> Ping:
            if made.asked[1:]:
                return await ping(system)
            refused.set()
            raise ConnectError("nobody listens")

        monkeypatch.setattr(System, "ping", nobody)
        await refused.wait()
        await made.emit(1, "stop")
        await made.emit(2, "die")
        assert await told(watching, 2) == ["stop", "die"]
        assert len(made.asked) == 1
        began = anyio.current_time()
        await made.opened(2)
        assert anyio.current_time() - began >= 9
        await made.emit(3, "again")
        assert await told(watching, 1) == ["again"]


@pytest.mark.held_clock
@pytest.mark.anyio
async def test_silence_with_a_heartbeat_does_not_reconnect() -> None:
    """If there were no events the connection is kept."""
    async with engine() as (made, _, docker), docker.watch(heartbeat=0.02, backoff=QUICK) as watching:
        with anyio.fail_after(60):
            while made.looked < 3:
                await anyio.sleep(0.02)
                made.now += SECOND
        assert len(made.asked) == 1
        await made.emit(1, "one")
        assert await told(watching, 1) == ["one"]


@pytest.mark.held_clock
@pytest.mark.anyio
async def test_leaving_stops_the_reader() -> None:
    """On a normal exit, an error or a cancellation the reader ends, and an error is the caller's own."""
    async with engine() as (_, server, docker):
        with pytest.raises(ValueError, match="mine"):
            async with docker.watch() as watching:
                raise ValueError("mine")
        with pytest.raises(ClosedError, match="closed"):
            await anext(watching)
        with anyio.move_on_after(0.05) as scope:
            async with docker.watch() as watching:
                await anext(watching)
        assert scope.cancelled_caught
        with anyio.CancelScope() as scope:
            scope.cancel()
            async with docker.watch():
                pass
        async with docker.watch() as watching:
            pass
        assert watching._reader._finished.is_set()
        await docker.system.ping()
        assert server.connections <= 5


@pytest.mark.anyio
async def test_two_readers_share() -> None:
    """Each item goes to one of two readers, and both are woken."""
    async with engine() as (made, _, docker), docker.watch() as watching:
        seen: list[str] = []

        async def read() -> None:
            seen.extend(await told(watching, 1))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(read)
            tasks.start_soon(read)
            await anyio.wait_all_tasks_blocked()
            await made.emit(1, "one")
            await made.emit(2, "two")
        assert sorted(seen) == ["one", "two"]


@pytest.mark.anyio
async def test_containers_are_listed_after_the_watch_has_started() -> None:
    """The list is made after subscribing: a change between the two is in the list, an event, or both."""
    async with engine() as (made, _, docker), docker.watch_containers(label="a=b") as watching:
        assert [each.id for each in watching.containers] == ["listed-1"]
        assert json.loads(made.asked[0]["filters"]) == {"type": ["container"], "label": ["a=b"]}
        await made.emit(1, "one")
        assert await told(watching, 1) == ["one"]
        assert watching.containers == await watching.list()


@pytest.mark.anyio
@pytest.mark.parametrize(
    "wrong",
    [
        {"buffer": 0},
        {"heartbeat": 0},
        {"backoff": (0, 1)},
        {"backoff": (2, 1)},
        {"attempts": -1},
        {"tell_lost": "yes"},
        {"since": "yesterday"},
        {"filters": {"type": 1.5}},
    ],
)
async def test_wrong_arguments(wrong: dict[str, object]) -> None:
    """Invalid arguments are refused before anything is sent."""
    async with Docker("/tmp/rawdock-none") as docker:
        with pytest.raises(InvalidArgument, match="watch: " + next(iter(wrong))):
            docker.watch(**wrong)  # type: ignore[arg-type]


@pytest.mark.anyio
@pytest.mark.held_clock
@pytest.mark.parametrize("how", ["hangs", "garbage", "502"])
@pytest.mark.timeout(1000)  # on the held clock
async def test_an_engine_that_is_not_one_any_more(
    how: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With `attempts` a watch gives up, whatever it gets in place of events; the logger is told once."""
    opened = 0

    async def answer(request: bytes, peer: Peer) -> bytes | None:
        nonlocal opened
        if b"/info" in request:
            return json_answer(b'{"ID":"i","SystemTime":"2026-01-01T00:00:00Z"}')
        if b"until=" in request:
            return json_answer(b"")
        opened += 1
        if opened == 1:
            await peer.send(HEAD)
            return None
        if how == "garbage":
            return b"SSH-2.0-OpenSSH_9.2p1\r\n"
        if how == "502":
            return json_answer(b"no backend", b"502 Bad Gateway")
        await anyio.sleep_forever()
        return None

    async with serving(answer) as server, Docker(server.path) as docker:

        async def no_ping(self: System) -> Ping:
            await anyio.sleep_forever()
            raise AssertionError

        with caplog.at_level("WARNING", "rawdock"), anyio.fail_after(1000):
            async with docker.watch(attempts=3, heartbeat=30, backoff=(0.1, 1)) as watching:
                if how == "hangs":
                    monkeypatch.setattr(System, "ping", no_ping)
                with pytest.raises({"hangs": TruncatedError, "garbage": DecodeError, "502": ServerError}[how]):  # noqa: PT012
                    while isinstance(await anext(watching), Gap):
                        pass
    assert opened == 4
    assert len([one for one in caplog.records if "has lost its events" in one.getMessage()]) == 1
