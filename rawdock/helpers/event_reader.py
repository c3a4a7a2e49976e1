"""The reader behind `docker.watch(...)`: reads events in a task of its own and reconnects.

It reads all the time, because the Engine drops events for a client that lags 100 ms behind. It reconnects if nobody
answers (`ConnectError`), if the answer was cut off (`TruncatedError`) or ended, which an Engine does when it stops, and
after a `ServerError` or what is no answer of an Engine (`DecodeError`), as a proxy may send meanwhile. Any other error
would come again and is raised.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import anyio
import attrs

from .._background import BackgroundTask
from .._checks import is_seconds, is_whole_number
from .._declare.params import filters_text, moment
from .._http_dates import seconds_of
from .._log import log
from .._shown import shown
from ..errors import (
    ClosedError,
    ConnectError,
    DecodeError,
    Forbidden,
    InvalidArgument,
    NotFound,
    NotSupported,
    RawdockError,
    ServerError,
    TruncatedError,
)
from .event_filters import EventFilters
from .event_position import Backlog, Backoff, Gap, Position, event_identity

if TYPE_CHECKING:
    from .._resources import Operations
    from .._types import Filters, Moment
    from ..models import EventMessage

__all__ = ["EventReader", "WatchOptions", "check_options"]

_RETRYABLE = (ConnectError, TruncatedError, ServerError, DecodeError)
_SECOND = 1_000_000_000
# Seconds for the requests made before a reconnect: an Engine that hangs is tried again.
_GAP_CHECK_TIMEOUT = 30.0
# The least time that an Engine gets to answer a heartbeat: a busy one is slow, but still there.
_MIN_HEARTBEAT_TIMEOUT = 10.0
# Some Engines send the head of the answer with the first event only; no event is missed by not waiting for it.
_HEAD_TIMEOUT = 2.0
# Seconds after which an event must have been delivered.
_DELIVERY_TIME = 1.0


@attrs.frozen
class WatchOptions:
    """The arguments of a watch, checked."""

    filters: EventFilters
    since: int | None
    """Nanoseconds since 1970; None for now."""
    buffer: int
    heartbeat: float | None
    backoff: Backoff
    attempts: int | None
    tell_lost: bool


def check_options(
    method: str,
    filters: Filters | None,
    since: Moment | None,
    buffer: int,
    heartbeat: float | None,
    backoff: tuple[float, float],
    attempts: int | None,
    tell_lost: bool,
) -> WatchOptions:
    """The options of a watch. Raises InvalidArgument, in the name of `method`, for a value out of range."""
    if filters is not None:
        filters_text(f"{method}: filters", filters)
    if not is_whole_number(buffer, 1):
        raise InvalidArgument(f"{method}: buffer: {shown(buffer)} is no number of events; give at least 1")
    if heartbeat is not None and not (is_seconds(heartbeat) and heartbeat):
        raise InvalidArgument(
            f"{method}: heartbeat: {shown(heartbeat)} is no time; give seconds, or None for no heartbeat"
        )
    pair: tuple[object, ...] = backoff if isinstance(backoff, (tuple, list)) else ()  # pyright: ignore[reportUnnecessaryIsInstance]
    if len(pair) != 2 or not all(map(is_seconds, pair)) or not 0 < backoff[0] <= backoff[1]:
        raise InvalidArgument(
            f"{method}: backoff: expected seconds (shortest, longest), as (0.1, 10), got {shown(backoff)}"
        )
    shortest, longest = backoff
    if attempts is not None and not is_whole_number(attempts, 0):
        raise InvalidArgument(f"{method}: attempts: {shown(attempts)} is no number of tries; give None for no limit")
    if not isinstance(tell_lost, bool):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgument(f"{method}: tell_lost: expected bool, got {shown(tell_lost)}")
    start = None if since is None else _nanoseconds(moment(f"{method}: since", since))
    wait = Backoff(shortest, longest)
    return WatchOptions(EventFilters(method, filters), start, buffer, heartbeat, wait, attempts, tell_lost)


def _nanoseconds(seconds: str) -> int:
    """The nanoseconds in a decimal number of seconds with up to nine decimals, without rounding."""
    whole, _, decimals = seconds.partition(".")
    fraction = int(decimals.ljust(9, "0"))
    return int(whole) * _SECOND + (-fraction if whole.startswith("-") else fraction)


def _seconds(nanoseconds: int) -> str:
    return f"{nanoseconds // _SECOND}.{nanoseconds % _SECOND:09}"


class EventReader:
    """Reads events into a buffer, over as many connections as it takes.

    Call `prepare`, `start`, and `wait_until_connected`; then `receive` gives the items.
    """

    def __init__(self, docker: Operations, options: WatchOptions) -> None:
        self._docker = docker
        self._options = options
        self._backlog = Backlog(options.buffer)
        self._position = Position(options.since or 0)
        self._is_docker = True  # Docker keeps its last 256 events, Podman all of them
        self._filters: Filters | None = None  # in the words of the Engine
        self._is_wanted: Callable[[EventMessage], bool] = options.filters.test(True)
        self._clock_sample = (0, 0.0)  # the Engine's time in nanoseconds, and the event loop's at that moment
        self._last_activity = 0.0
        self._received = 0
        self._connected_at = math.inf  # when this connection began to listen; infinite if the Engine refused it
        self._connected = anyio.Event()
        self._finished = anyio.Event()
        self._available = anyio.Event()
        self._task = BackgroundTask(self.run)
        self._failure: Exception | None = None
        self._listens = False
        # A loss that is not told yet. It is no item of the backlog: it comes after all that was received, and not at
        # all if the Engine is back by then.
        self._untold_loss: Gap | None = None
        self._has_told_loss = False  # since the last connection

    async def prepare(self) -> None:
        """Ask the Engine what it is and what time it has; `run` depends on both."""
        self._is_docker = not (await self._docker.system.ping()).libpod_api_version
        self._filters = self._options.filters.sent(self._is_docker)
        self._is_wanted = self._options.filters.test(self._is_docker)
        now = await self._engine_time()
        if self._options.since is None:
            self._position = Position(now)

    @property
    def connected(self) -> bool:
        """Whether the Engine sends its events now."""
        return self._listens and not self._finished.is_set()

    def start(self) -> None:
        """Read in a task of its own, until `aclose`."""
        self._task.start()

    async def run(self) -> None:
        """Read, one connection after the other, until `aclose` or an error that a retry cannot cure."""
        options, failures = self._options, 0
        try:
            while True:
                received, self._connected_at = self._received, math.inf
                try:
                    await self._read_connection()
                except _RETRYABLE as error:
                    lost: RawdockError = error
                    if not self._connected.is_set():
                        raise
                else:
                    lost = TruncatedError("the Engine ended the stream of its events")
                # A connection was a success if an event came or if it listened for a while. One that was refused, or
                # on which the Engine gave no sign of life, was not, however long that took.
                listened = anyio.current_time() - self._connected_at
                if self._received > received or listened > options.backoff.longest:
                    failures = 0
                failures += 1
                if failures == 1:
                    log.warning("a watch on %s has lost its events: %s", self._docker.address, lost)
                if options.attempts is not None and failures > options.attempts:
                    raise lost
                self._note_loss()
                await anyio.sleep(options.backoff.delay(failures, random.random()))
        except Exception as error:
            self._failure = error
        finally:
            self._end()

    def _note_loss(self) -> None:
        if self._options.tell_lost and not self._has_told_loss and self._untold_loss is None:
            self._untold_loss = self._position.lost_gap()
            self._available.set()

    def _end(self) -> None:
        self._finished.set()
        self._connected.set()
        self._available.set()

    async def wait_until_connected(self) -> None:
        """Wait until no later event can be missed. Raises the error of the first connection if it failed."""
        with anyio.move_on_after(_HEAD_TIMEOUT):
            await self._connected.wait()
        self._connected.set()
        if self._finished.is_set() and self._failure is not None and not self._received:
            raise self._failure

    async def receive(self) -> EventMessage | Gap:
        """The next item. Raises the error that ended the reader, or ClosedError after `aclose`."""
        while not self._backlog:
            if self._failure is not None:
                raise self._failure
            if self._finished.is_set():
                raise ClosedError("this watch was closed")
            if self._untold_loss is not None:
                gap, self._untold_loss, self._has_told_loss = self._untold_loss, None, True
                return gap
            if self._available.is_set():
                self._available = anyio.Event()
            await self._available.wait()
        return self._backlog.pop()

    async def aclose(self) -> None:
        """Stop reading, and wait until `run` has returned."""
        try:
            await self._task.stop()
        finally:
            self._end()

    async def close_with_client(self) -> str:
        """Stop reading, as the client is closed: whoever iterates gets a ClosedError."""
        await self.aclose()
        return ""

    def left(self) -> str:
        """Nothing: a watch only reads."""
        return ""

    async def _read_connection(self) -> None:
        resumes = self._connected.is_set() or self._options.since is not None
        if resumes and not self._is_docker:
            await self._report_gap()
        errors: list[Exception] = []
        async with anyio.create_task_group() as tasks:
            if self._options.heartbeat is not None:
                tasks.start_soon(self._send_heartbeats, self._options.heartbeat, tasks.cancel_scope, errors)
            try:
                await self._read_events(resumes)
            except Exception as error:
                errors.append(error)
            tasks.cancel_scope.cancel()
        if errors:
            raise errors[0]

    async def _read_events(self, resumes: bool) -> None:
        since = self._since(self._position.resume())
        # Counted from here and not from the head of the answer, which some Engines send late.
        self._last_activity = self._connected_at = anyio.current_time()
        try:
            async with self._docker.system.events(since=since, filters=self._filters) as events:
                # Only now: before, an Engine that is stopping may still answer on a connection that was kept open, and
                # the events come from the next one.
                if resumes and self._is_docker:
                    await self._report_gap()
                self._connected.set()
                self._listens = True
                if self._has_told_loss:
                    self._put_gap(self._position.resumed_gap())
                self._untold_loss = None
                async for event in events:
                    self._last_activity = anyio.current_time()
                    before = self._position.reached
                    if self._position.accept(event):
                        self._received += 1
                        gap = self._position.unreadable_gap(event, before)
                        if gap is None:
                            if not self._is_wanted(event):
                                continue
                            self._backlog.put(event)
                        else:
                            self._backlog.put_gap(gap)
                        self._available.set()
        except (ConnectError, ServerError, DecodeError):
            self._connected_at = math.inf
            raise
        finally:
            self._listens = False

    def _since(self, time: int) -> str:
        """The `since` that includes events at `time`. Podman reads it as a float, which is 238 ns apart from the next
        one these days; events that it gives too many of are dropped as known."""
        return _seconds(time if self._is_docker else time - 1000)

    async def _report_gap(self) -> None:
        """Put a `Gap` into the buffer if the Engine no longer remembers all events since the last one received."""
        try:
            with anyio.fail_after(_GAP_CHECK_TIMEOUT):
                now = await self._engine_time()
                gap = await (self._find_docker_gap(now) if self._is_docker else self._find_podman_gap(now))
        except TimeoutError:
            raise ConnectError(f"the Engine did not answer within {_GAP_CHECK_TIMEOUT:g} seconds") from None
        if gap is not None:
            self._put_gap(gap)

    def _put_gap(self, gap: Gap) -> None:
        """Put a `Gap` after which events go on: it ends a loss."""
        self._untold_loss, self._has_told_loss = None, False
        self._backlog.put_gap(gap)
        self._available.set()

    async def _find_docker_gap(self, now: int) -> Gap | None:
        return self._position.find_gap(await self._past_events("1", now, None), now)

    async def _find_podman_gap(self, now: int) -> Gap | None:
        """Podman keeps events in the journal or in a file, which may be gone after a reboot of the machine.

        It answers nothing if it is asked for the past only, so `until` is in the near future. Past events come at once.
        """
        last = self._position.last
        if last is None:
            return None
        since, until = self._since(self._position.resume_time), _seconds(now + 2 * _SECOND)
        async with self._docker.system.events(since=since, until=until, filters=self._filters) as events:
            async for event in events:
                if event_identity(event) == last:
                    return None
        return self._position.add_gap("restart", now)

    async def _send_heartbeats(self, seconds: float, scope: anyio.CancelScope, errors: list[Exception]) -> None:
        """After each `seconds` without an event, ask on another connection if the Engine is there, and if it knows of
        an event that did not come. If so, cancel `scope` with the reason in `errors`."""
        alive = False  # whether a ping was answered while this connection was open
        while True:
            await anyio.sleep(max(0.0, self._last_activity + seconds - anyio.current_time()))
            if anyio.current_time() - self._last_activity < seconds:
                continue
            timeout = max(seconds, _MIN_HEARTBEAT_TIMEOUT)
            try:
                with anyio.fail_after(timeout):
                    await self._docker.system.ping()
                    missed = self._is_docker and await self._missed_events()
            except TimeoutError:
                if not alive:
                    self._connected_at = math.inf
                errors.append(TruncatedError(f"the Engine did not answer a ping within {timeout:g} seconds"))
            except Exception as error:
                # An Engine that stops removes its socket first, and goes on telling what happens for seconds.
                await anyio.sleep(timeout)
                errors.append(error)
            else:
                if missed:
                    errors.append(TruncatedError("the Engine remembers events that did not come on this stream"))
            if errors:
                scope.cancel()
                return
            alive = True
            self._last_activity = anyio.current_time()

    async def _missed_events(self) -> bool:
        """Whether the Engine remembers an event that should have come and did not."""
        engine_time, local_time = self._clock_sample
        until = engine_time + int((anyio.current_time() - local_time - _DELIVERY_TIME) * _SECOND)
        since = self._position.resume_time
        if until <= since:
            return False
        events = await self._past_events(_seconds(since), until, self._filters)
        return self._position.has_missed(events)

    async def _past_events(self, since: str, until: int, filters: Filters | None) -> list[EventMessage]:
        async with self._docker.system.events(since=since, until=_seconds(until), filters=filters) as events:
            return [event async for event in events]

    async def _engine_time(self) -> int:
        """Now by the Engine's clock, in nanoseconds since 1970."""
        before = anyio.current_time()
        try:
            now = (await self._docker.system.info()).system_time.nanoseconds
        # A proxy may allow events, but not what describes the machine, and the time in there may be wrong.
        except (Forbidden, NotFound, NotSupported, DecodeError):
            now = await self._time_of_date_header()
        self._clock_sample = (now or time.time_ns(), before)
        return self._clock_sample[0]

    async def _time_of_date_header(self) -> int | None:
        """Now by the Engine's clock, to the second; None if the answer has no valid `Date` header."""
        date = (await self._docker.request("GET", "/_ping")).headers.get("date", "")
        seconds = seconds_of(date)
        return None if seconds is None else int(seconds) * _SECOND
