"""`docker.watch(...)`: events that never go deaf.

A task of its own reads, always: the Engine drops events for a reader that is 100 ms late. A connection that is lost is
made again. What is worth that: nobody answers (`ConnectError`), the answer was cut off (`TruncatedError`) or ended,
which an Engine does when it ends itself, and a `ServerError`, which is what a proxy says meanwhile. Everything else
is an answer that would come again, and is raised.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import AsyncIterator, Callable
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

import anyio
import anyio.abc
import attrs

from .._declare.params import filters_text, moment
from .._streams.faces.contexts import Opens
from ..errors import (
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
from .event_position import Backlog, Backoff, Gap, Position, event_identity

if TYPE_CHECKING:
    from .._resources import Operations
    from .._types import Filters, Moment
    from ..models import ContainerSummary, EventMessage

__all__ = ["ContainerWatching", "Gap", "Watching", "watch", "watch_containers"]

W = TypeVar("W", bound="Watching")

BUFFER = 4096
BACKOFF = (0.1, 10.0)

_PASSING = (ConnectError, TruncatedError, ServerError)
_SECOND = 1_000_000_000
# For what is asked between two connections: an Engine that is stuck is tried again.
_PATIENCE = 30.0
# How long an Engine has at least to answer a heartbeat: a busy one is slow, and not gone.
_ANSWER = 10.0
# Some Engines keep the head of an answer back until there is an event; nothing is missed by going on without.
_HEAD = 2.0
# How old an event must be to have come for certain.
_ON_ITS_WAY = 1.0


@attrs.frozen
class _Settings:
    filters: Filters | None
    since: int | None
    buffer: int
    heartbeat: float | None
    backoff: Backoff
    attempts: int | None


def _settings(
    where: str,
    filters: Filters | None,
    since: Moment | None,
    buffer: int,
    heartbeat: float | None,
    backoff: tuple[float, float],
    attempts: int | None,
) -> _Settings:
    """The settings, if they can be right."""
    if filters is not None:
        filters_text(f"{where}: filters", filters)
    if buffer < 1:
        raise InvalidArgument(f"{where}: buffer: {buffer!r} is no number of events; give at least 1")
    if heartbeat is not None and not (0 < heartbeat < math.inf):
        raise InvalidArgument(f"{where}: heartbeat: {heartbeat!r} is no time; give seconds, or None for no heartbeat")
    first, most = backoff
    if not (0 < first <= most < math.inf):
        raise InvalidArgument(f"{where}: backoff: expected seconds (shortest, longest), as (0.1, 10), got {backoff!r}")
    if attempts is not None and attempts < 0:
        raise InvalidArgument(f"{where}: attempts: {attempts!r} is no number of tries; give None for no limit")
    start = None if since is None else _nanoseconds(moment(f"{where}: since", since))
    return _Settings(filters, start, buffer, heartbeat, Backoff(first, most), attempts)


def _nanoseconds(seconds: str) -> int:
    """Exact, of a number of seconds with up to nine decimals."""
    whole, _, decimals = seconds.partition(".")
    fraction = int(decimals.ljust(9, "0"))
    return int(whole) * _SECOND + (-fraction if whole.startswith("-") else fraction)


def _seconds(nanoseconds: int) -> str:
    return f"{nanoseconds // _SECOND}.{nanoseconds % _SECOND:09}"


class Watching:
    """Iterate to get what happens, and a `Gap` wherever something may have been missed.

    The end is an error: one that trying again cannot cure, or the last of too many failed tries.
    """

    def __init__(self, docker: Operations, settings: _Settings) -> None:
        self._docker = docker
        self._settings = settings
        self._backlog = Backlog(settings.buffer)
        self._position = Position(settings.since or 0)
        self._forgets = True  # as Docker does, and not Podman
        self._clock = (0, 0.0)  # the Engine's, and ours at that moment
        self._last = 0.0  # when something came last
        self._arrived = 0
        self._listening = math.inf  # since when this try listens to events; never, if the Engine refused
        self._begun = anyio.Event()
        self._ended = anyio.Event()
        self._news = anyio.Event()
        self._scope = anyio.CancelScope()
        self._failure: Exception | None = None

    def __aiter__(self) -> AsyncIterator[EventMessage | Gap]:
        return self

    async def __anext__(self) -> EventMessage | Gap:
        while not self._backlog:
            if self._failure is not None:
                raise self._failure
            if self._ended.is_set():
                raise StopAsyncIteration
            if self._news.is_set():
                self._news = anyio.Event()
            await self._news.wait()
        return self._backlog.pop()

    async def aclose(self) -> None:
        """End the reading; leaving the block does it."""
        self._scope.cancel()
        with anyio.CancelScope(shield=True):
            await self._ended.wait()

    async def _begin(self) -> None:
        """Before the first connection: what is needed to make all others."""
        self._forgets = not (await self._docker.system.ping()).libpod_api_version
        now = await self._now()
        if self._settings.since is None:
            self._position = Position(now)

    async def _follow(self) -> None:
        """The reader: one connection after the other."""
        settings, failures = self._settings, 0
        try:
            with self._scope:
                while True:
                    arrived, self._listening = self._arrived, math.inf
                    try:
                        await self._connection()
                    except _PASSING as error:
                        lost: RawdockError = error
                        if not self._begun.is_set():
                            raise
                    else:
                        lost = TruncatedError("the Engine ended the stream of its events")
                    # A try was a good one if an event came or if it listened for a while. One that was refused was
                    # not, however long the Engine took to say so.
                    if self._arrived > arrived or anyio.current_time() - self._listening > settings.backoff.most:
                        failures = 0
                    failures += 1
                    if settings.attempts is not None and failures > settings.attempts:
                        raise lost
                    await anyio.sleep(settings.backoff.delay(failures, random.random()))
        except Exception as error:
            self._failure = error
        finally:
            self._ended.set()
            self._begun.set()
            self._news.set()

    async def _connection(self) -> None:
        if self._begun.is_set() or self._settings.since is not None:
            await self._look_back()
        broken: list[Exception] = []
        async with anyio.create_task_group() as tasks:
            if self._settings.heartbeat is not None:
                tasks.start_soon(self._beat, self._settings.heartbeat, tasks.cancel_scope, broken)
            try:
                await self._read()
            except Exception as error:
                broken.append(error)
            tasks.cancel_scope.cancel()
        if broken:
            raise broken[0]

    async def _read(self) -> None:
        since = self._since(self._position.resume())
        self._last = self._listening = anyio.current_time()  # not from the head on, which some Engines keep back
        try:
            async with self._docker.system.events(since=since, filters=self._settings.filters) as events:
                self._begun.set()
                async for event in events:
                    self._last = anyio.current_time()
                    before = self._position.reached
                    if self._position.accept(event):
                        self._arrived += 1
                        gap = self._position.unreadable(event, before)
                        if gap is None:
                            self._backlog.put(event)
                        else:
                            self._backlog.put_gap(gap)
                        self._news.set()
        except (ConnectError, ServerError):
            self._listening = math.inf
            raise

    def _since(self, time: int) -> str:
        """Podman reads times as floats, which are 238 ns apart these days; what it then gives too much is dropped."""
        return _seconds(time if self._forgets else time - 1000)

    async def _look_back(self) -> None:
        """Say so if the Engine's memory does not reach back to where we were."""
        try:
            with anyio.fail_after(_PATIENCE):
                now = await self._now()
                gap = await (self._gap_of_docker(now) if self._forgets else self._gap_of_podman(now))
        except TimeoutError:
            raise ConnectError(f"the Engine did not answer within {_PATIENCE:g} seconds") from None
        if gap is not None:
            self._backlog.put_gap(gap)
            self._news.set()

    async def _gap_of_docker(self, now: int) -> Gap | None:
        return self._position.find_gap(await self._remembered("1", now, None), now)

    async def _gap_of_podman(self, now: int) -> Gap | None:
        """It keeps its events in the journal or in a file, which may be gone after a restart of the machine.

        It tells nothing of the past alone, so it is asked up to the near future. What it knows comes at once.
        """
        last = self._position.last
        if last is None:
            return None
        since, until = self._since(self._position.again), _seconds(now + 2 * _SECOND)
        async with self._docker.system.events(since=since, until=until, filters=self._settings.filters) as events:
            async for event in events:
                if event_identity(event) == last:
                    return None
        return self._position.gap("restart", now)

    async def _beat(self, seconds: float, scope: anyio.CancelScope, broken: list[Exception]) -> None:
        """Where it is quiet: ask on another connection whether the Engine is there, and whether we hear it."""
        while True:
            await anyio.sleep(max(0.0, self._last + seconds - anyio.current_time()))
            if anyio.current_time() - self._last < seconds:
                continue
            patience = max(seconds, _ANSWER)
            try:
                with anyio.fail_after(patience):
                    await self._docker.system.ping()
                    deaf = self._forgets and await self._deaf()
            except TimeoutError:
                broken.append(TruncatedError(f"the Engine did not answer a ping within {patience:g} seconds"))
            except Exception as error:
                broken.append(error)
            else:
                if deaf:
                    broken.append(TruncatedError("the Engine tells of events that did not come on this stream"))
            if broken:
                scope.cancel()
                return
            self._last = anyio.current_time()

    async def _deaf(self) -> bool:
        """Whether the Engine remembers an event that should have come, and did not."""
        theirs, ours = self._clock
        until = theirs + int((anyio.current_time() - ours - _ON_ITS_WAY) * _SECOND)
        since = self._position.again
        if until <= since:
            return False
        told = await self._remembered(_seconds(since), until, self._settings.filters)
        return self._position.unheard(told)

    async def _remembered(self, since: str, until: int, filters: Filters | None) -> list[EventMessage]:
        events = self._docker.system.events(since=since, until=_seconds(until), filters=filters)
        async with events as remembered:
            return [event async for event in remembered]

    async def _now(self) -> int:
        """The time by the Engine's clock."""
        before = anyio.current_time()
        try:
            now = (await self._docker.system.info()).system_time.nanoseconds
        # A proxy may allow events and nothing that tells of the machine, and what it allows may be odd.
        except (Forbidden, NotFound, NotSupported, DecodeError):
            now = await self._second()
        self._clock = (now or time.time_ns(), before)
        return self._clock[0]

    async def _second(self) -> int | None:
        """The second that it is by the Engine's clock, which every answer tells."""
        date = (await self._docker.request("GET", "/_ping")).headers.get("date", "")
        try:
            return int(parsedate_to_datetime(date).timestamp()) * _SECOND
        except ValueError:
            return None

    async def _opened(self) -> None:
        """The watch is on: what happens from here on is not missed."""
        with anyio.move_on_after(_HEAD):
            await self._begun.wait()
        self._begun.set()
        if self._ended.is_set() and self._failure is not None and not self._arrived:
            raise self._failure


class ContainerWatching(Watching):
    """A watch of containers, and a list of them to begin with.

    What happens while the list is made may be in the list and come as an event too; nothing is in neither.
    """

    containers: list[ContainerSummary]
    """As they were listed last."""

    def __init__(self, docker: Operations, settings: _Settings, all: bool, label: str | list[str] | None) -> None:
        super().__init__(docker, settings)
        self._all = all
        self._label = label

    async def _opened(self) -> None:
        await super()._opened()
        await self.list()

    async def list(self) -> list[ContainerSummary]:
        """List them again, as behind a `Gap`."""
        filters = None if self._label is None else {"label": self._label}
        self.containers = await self._docker.containers.list(all=self._all, filters=filters)
        return self.containers


class _Watches(Opens[W]):
    """Opens a watch: its reader runs as long as the block."""

    def __init__(self, made: Callable[[], W]) -> None:
        super().__init__(self._enter)
        self._made = made
        self._tasks: anyio.abc.TaskGroup | None = None

    async def _enter(self) -> W:
        watching = self._made()
        await watching._begin()  # pyright: ignore[reportPrivateUsage]
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        self._tasks.start_soon(watching._follow)  # pyright: ignore[reportPrivateUsage]
        try:
            await watching._opened()  # pyright: ignore[reportPrivateUsage]
        except BaseException:
            await self._leave(watching)
            raise
        return watching

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._stream is not None:
            await self._leave(self._stream)

    async def _leave(self, watching: W) -> None:
        """End the reader. It raises nothing of its own, so the group has nothing to say either."""
        assert self._tasks is not None
        await watching.aclose()
        await self._tasks.__aexit__(None, None, None)


def watch(
    docker: Operations,
    *,
    filters: Filters | None = None,
    since: Moment | None = None,
    buffer: int = 4096,
    heartbeat: float | None = None,
    backoff: tuple[float, float] = (0.1, 10.0),
    attempts: int | None = None,
) -> Opens[Watching]:
    """What happens on the Engine, as `system.events`, but it never goes deaf.

    Enter it, and iterate to get an `EventMessage` for each event, and a `Gap` where events may have been missed, or
    in the place of one that cannot be read.
    What happens once it is entered is told, however late it is read: a task reads into a buffer of `buffer` events,
    and what is too much for that is counted in one `Gap`. A lost connection is made again, after `backoff` seconds
    (the first wait and the longest), and goes on behind the last event without repeating any. `attempts` limits how
    often in a row that may fail; then the last error is raised, behind what came before it. Entering tries once.

    With `since` it begins there, with a `Gap` if a Docker Engine's memory does not reach back so far.

    `heartbeat` is in seconds: when nothing came for so long, the Engine is asked on another connection whether it
    is there and, on Docker, whether it knows of events that did not come. If it does not answer in as long (but at
    least 10 seconds), or does know some, the connection is made again.

    Raises what `system.events` raises for what is wrong with the request.
    """
    settings = _settings("watch", filters, since, buffer, heartbeat, backoff, attempts)
    return _Watches(lambda: Watching(docker, settings))


def watch_containers(
    docker: Operations,
    *,
    all: bool = True,
    label: str | list[str] | None = None,
    buffer: int = 4096,
    heartbeat: float | None = None,
    backoff: tuple[float, float] = (0.1, 10.0),
    attempts: int | None = None,
) -> Opens[ContainerWatching]:
    """The containers there are, and from then on what happens to containers, with nothing lost between the two.

    Enter it: `containers` is the list; iterate to get what happens, as `watch` gives it. An event may tell of what
    the list shows already. Behind a `Gap`, `list()` lists again. `all` takes those that do not run too; `label` is
    for both, list and events. The rest is as in `watch`.
    """
    filters: dict[str, str | bool | int | list[str]] = {"type": "container"}
    if label is not None:
        filters["label"] = label
    settings = _settings("watch_containers", filters, None, buffer, heartbeat, backoff, attempts)
    return _Watches(lambda: ContainerWatching(docker, settings, all, label))
