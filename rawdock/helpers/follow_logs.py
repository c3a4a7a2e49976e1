"""`docker.follow_logs(...)`: the lines of containers, over restarts of theirs and of the Engine, each once."""

from __future__ import annotations

import random
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeVar

import anyio
import attrs

from .._background import BackgroundTask
from .._declare.params import filters_text, moment, text
from .._log import log
from .._shown import shown
from .._streams.faces.contexts import named
from ..errors import (
    ClosedError,
    Conflict,
    ConnectError,
    ContainerEnded,
    DecodeError,
    InvalidArgument,
    NotFound,
    RawdockError,
    ServerError,
    TruncatedError,
)
from .chosen import chooses
from .event_position import Backoff, Gap
from .log_position import LogPosition, read_mark, written_mark
from .reader_block import OpensReader
from .waiting import is_restarted
from .watch import Watching, watch

if TYPE_CHECKING:
    from anyio.abc import TaskGroup
    from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

    from .._resources import Operations
    from .._streams.split.frames import StreamName
    from .._streams.split.log_lines import LogEntry
    from .._types import Filters, Moment
    from ..models import ContainerInspect, EventMessage

__all__ = ["FollowedLogs", "LogGap", "LogLine", "follow_logs"]

T = TypeVar("T")

# Of a container that is just being removed, the log is a Conflict.
_RETRYABLE = (ConnectError, TruncatedError, ServerError, DecodeError, Conflict)
_LOOK = 10.0
"""Seconds after which a container that does not run is looked at again, although no event said that it was started."""
_SHORTEST, _LONGEST = 0.1, 10.0


@attrs.frozen
class LogLine:
    """A line that a container has written."""

    id: str
    """The container's id."""
    name: str
    """The container's name, as it was when its log was opened."""
    entry: LogEntry

    @property
    def stream(self) -> StreamName:
        """Where it was written to; `stdout` for everything if the process has a terminal."""
        return self.entry.stream

    @property
    def data(self) -> bytes:
        """The line without its line break."""
        return self.entry.data

    @property
    def text(self) -> str:
        """The line as text; what is not UTF-8 becomes U+FFFD."""
        return self.entry.text

    @property
    def time(self) -> str:
        """When it was written, as the Engine says it: `2026-01-02T03:04:05.678Z`. Podman gives whole seconds."""
        return str(self.entry.time or "")


@attrs.frozen
class LogGap:
    """Lines of a container may have been missed here."""

    id: str
    """The container's id."""
    name: str
    reason: Literal["forgotten", "removed", "unreadable"]
    """`forgotten`: the Engine does not keep the last line that was read any more, as after a rotation of the log.
    `removed`: the container was removed before its log was read to the end. `unreadable`: the Engine cannot give its
    log, as of a log driver that only writes; it is not followed any more.
    """
    since: int
    """No line before this was missed: nanoseconds since 1970, by the Engine's clock; 0 if no line was read."""
    problem: str = ""
    """The Engine's words, if it is unreadable."""


@attrs.frozen
class _Ended:
    """A container has ended, and its lines were all read."""

    id: str
    error: ContainerEnded
    is_final: bool
    """Whether no restart policy starts it again."""


_Item = LogLine | LogGap | _Ended


@attrs.frozen
class _Options:
    container: str | None
    filters: Filters | None
    since: Moment | None
    stdout: bool
    stderr: bool


def _is_over(item: LogGap | _Ended) -> bool:
    """Whether nothing more of the container will come."""
    if isinstance(item, LogGap):
        return item.reason != "forgotten"
    return item.error.status == "removed"


class FollowedLogs:
    """Iterate to get each line as a `LogLine`, and a `LogGap` wherever lines may have been missed.

    For one container the iteration ends when that is removed; for filters it does not end.
    """

    def __init__(self, follower: _Follower, positions: dict[str, LogPosition]) -> None:
        self._follower = follower
        self._positions = positions

    @property
    def mark(self) -> str:
        """Where this was read to, as text: give it to `follow_logs` to go on after the last item that was returned."""
        return written_mark(self._positions)

    def __aiter__(self) -> AsyncIterator[LogLine | LogGap]:
        return self

    async def __anext__(self) -> LogLine | LogGap:
        while True:
            item = await self._next()
            if not isinstance(item, _Ended):
                return item

    async def wait_line(self, pattern: str | re.Pattern[str]) -> LogLine:
        """Read until a line has what `pattern` looks for, by `re.search`, and return that line.

        The lines before it are read, and do not come again. Raises ContainerEnded if the one container that is followed
        has ended, or was removed, and its restart policy does not start it again.
        """
        try:
            wanted = re.compile(pattern)
            wanted.search("")
        except (re.error, TypeError, RecursionError, OverflowError, MemoryError) as error:
            raise InvalidArgument(f"wait_line: pattern: {shown(pattern)} is not a pattern of text: {error}") from error
        while True:
            try:
                item = await self._next()
            except StopAsyncIteration:
                raise ContainerEnded("the container was removed, and no line was as wanted", status="removed") from None
            if isinstance(item, LogLine) and wanted.search(item.text):
                return item
            if isinstance(item, _Ended) and item.is_final and self._follower.is_of_one:
                raise item.error

    async def _next(self) -> _Item:
        item = await self._follower.receive()
        if isinstance(item, LogLine):
            self._positions.setdefault(item.id, LogPosition()).note(item.entry)
        elif _is_over(item):
            self._positions.pop(item.id, None)
        return item

    async def aclose(self) -> None:
        """Stop following. Leaving the block does the same."""
        await self._follower.aclose()


class _Follower:
    """Reads the logs in tasks of its own, one for each container."""

    def __init__(self, docker: Operations, options: _Options, positions: dict[str, LogPosition]) -> None:
        self._docker = docker
        self._options = options
        self._positions = positions
        self._send: MemoryObjectSendStream[_Item]
        self._receive: MemoryObjectReceiveStream[_Item]
        self._send, self._receive = anyio.create_memory_object_stream[_Item](0)
        self._started: dict[str, anyio.Event] = {}
        self._failure: Exception | None = None
        self._task = BackgroundTask(self._run)
        self._is_begun = False
        self._ready = anyio.Event()
        self._tasks: TaskGroup

    @property
    def is_of_one(self) -> bool:
        return self._options.container is not None

    async def start(self) -> None:
        """Begin. Raises the error of the first look at the Engine."""
        if self._options.container is not None:
            self._id = (await self._docker.containers.inspect(self._options.container)).id
        self._is_begun = True
        self._task.start()
        await self._ready.wait()
        if self._failure is not None:
            raise self._failure

    async def receive(self) -> _Item:
        try:
            return await self._receive.receive()
        except (anyio.EndOfStream, anyio.ClosedResourceError):
            if self._failure is not None:
                raise self._failure from None
            if self.is_of_one and not self._task.stopping:
                raise StopAsyncIteration from None
            raise ClosedError("these logs are not followed any more") from None

    async def aclose(self) -> None:
        if self._is_begun:
            await self._task.stop()
        self._send.close()
        self._receive.close()

    async def close_with_client(self) -> str:
        await self.aclose()
        return ""

    def left(self) -> str:
        """Nothing: following only reads."""
        return ""

    async def _run(self) -> None:
        failures: list[Exception] = []
        try:
            async with anyio.create_task_group() as self._tasks:
                try:
                    await self._follow_all()
                except Exception as error:
                    failures.append(error)
                self._tasks.cancel_scope.cancel()
        except BaseExceptionGroup as group:  # of a task: an error of rawdock's own code
            failures += [one for one in group.exceptions if isinstance(one, Exception)]
        self._failure = next(iter(failures), None)
        self._send.close()
        self._ready.set()

    async def _follow_all(self) -> None:
        """Begin with what is there, and go on with what is started."""
        filters: dict[str, str | bool | int | list[str]] = {"type": "container", "event": ["start", "destroy"]}
        if self.is_of_one:
            filters["container"] = self._id
        async with watch(self._docker, filters=filters) as watching:
            self._ready.set()
            if self.is_of_one:
                self._started[self._id] = anyio.Event()
                self._tasks.start_soon(self._pass_on, watching)
                await self._follow(self._id)
                self._tasks.cancel_scope.cancel()
                return
            listed = await self._listed()
            for id in listed:
                self._begin(id)
            for id in self._positions.keys() - set(listed):
                self._look_for(id)  # it was read before, as the mark says, and may be gone
            await self._pass_on(watching)

    async def _pass_on(self, watching: Watching) -> None:
        """Tell the readers which containers were started or removed, and begin with new ones."""
        async for event in watching:
            id = "" if isinstance(event, Gap) else event.actor.id
            may_be_new = isinstance(event, Gap) or event.docker_action == "start"
            for known in [id] if id else list(self._started):
                if known in self._started:
                    self._started[known].set()
            if may_be_new and not self.is_of_one and id not in self._started:
                await self._begin_new(None if isinstance(event, Gap) else event)

    async def _begin_new(self, event: EventMessage | None) -> None:
        """Begin with the container that was started, if the filters choose it, or with all that are there."""
        id, attributes = (event.actor.id, event.actor.attributes) if event is not None else ("", {})
        chosen = chooses(self._options.filters or {}, id, attributes) if id else None
        if chosen:
            self._begin(id, attributes.get("name", ""))
        elif chosen is None:
            listed = await _until_answered(self._listed)
            for new in listed:
                self._begin(new)
            if id and id not in listed:
                self._look_for(id, attributes.get("name", ""))

    async def _listed(self) -> list[str]:
        return [one.id for one in await self._docker.containers.list(all=True, filters=self._options.filters)]

    def _begin(self, id: str, name: str = "") -> None:
        if id not in self._started:
            self._started[id] = anyio.Event()
            self._tasks.start_soon(self._follow, id, name)

    async def _follow(self, id: str, name: str = "") -> None:
        try:
            await _Reader(self._docker, self._options, id, name, self._positions.get(id), self).read()
        finally:
            del self._started[id]

    def _look_for(self, id: str, name: str = "") -> None:
        """Tell that a container was removed before it was read, if it was; the filters may also not choose it."""
        if id not in self._started:
            self._started[id] = anyio.Event()
            self._tasks.start_soon(self._tell_if_gone, id, name)

    async def _tell_if_gone(self, id: str, name: str) -> None:
        try:
            if await _until_answered(partial(self._is_gone, id)):
                position = self._positions.get(id) or LogPosition()
                await self.put(LogGap(id, name, "removed", position.reached))
        finally:
            del self._started[id]

    async def _is_gone(self, id: str) -> bool:
        try:
            await self._docker.containers.inspect(id)
        except NotFound:
            return True
        except RawdockError as error:
            if isinstance(error, _RETRYABLE):
                raise
        return False

    # For the readers.

    async def put(self, item: _Item) -> None:
        await self._send.send(item)

    async def wait_for_start(self, id: str) -> None:
        """Wait until the container was perhaps started again."""
        with anyio.move_on_after(_LOOK):
            await self._started[id].wait()
        self._started[id] = anyio.Event()


async def _until_answered(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask the Engine again until it is there."""
    pause = _SHORTEST
    while True:
        try:
            return await ask()
        except _RETRYABLE:
            await anyio.sleep(pause)
            pause = min(2 * pause, _LONGEST)


class _Reader:
    """Reads the log of one container, over as many connections as it takes."""

    def __init__(
        self, docker: Operations, options: _Options, id: str, name: str, position: LogPosition | None,
        follower: _Follower,
    ) -> None:  # fmt: skip
        self._docker = docker
        self._options = options
        self._id = id
        self._name = name
        self._position = position or LogPosition()
        self._follower = follower
        self._is_broken = True  # until the log was read to its end

    async def read(self) -> None:
        """Read until the container is removed, or an error that a retry cannot cure."""
        failures, backoff = 0, Backoff(_SHORTEST, _LONGEST)
        while True:
            try:
                await self._inspect()
                await self._read_log()
                if self._docker.is_podman or not self._position.is_whole:
                    # Podman 5.4 stops following a container that ends in that moment, before it has read all of the
                    # log, even the lines that were read before. Only a log that is not followed tells what is kept.
                    await self._read_log(follow=False)
                failures = 0
                self._is_broken = False
                await self._until_it_runs()
            except NotFound:
                await self._tell_removed()
                return
            except _RETRYABLE as error:
                failures += 1
                if failures == 1:
                    log.warning("follow_logs: the log of %s is lost for now: %s", self._name or self._id, error)
                await anyio.sleep(backoff.delay(failures, random.random()))
            except RawdockError as error:
                if self._follower.is_of_one:
                    raise
                await self._put_gap("unreadable", str(error))
                return

    async def _inspect(self) -> ContainerInspect:
        found = await self._docker.containers.inspect(self._id)
        self._name = found.name.removeprefix("/")
        return found

    async def _read_log(self, follow: bool = True) -> None:
        options, position = self._options, self._position
        since: Moment | None = position.resume() or options.since
        before = position.reached
        logs = self._docker.containers.logs(
            self._id, follow=follow, since=since, timestamps=True, stdout=options.stdout, stderr=options.stderr
        )
        async with logs.entries() as entries:
            self._is_broken = True
            async for entry in entries:
                if entries.is_broken:
                    continue  # the beginning of a line, which will come again as a whole
                for new in position.accept(entry):
                    await self._put_line(new, before)
        if follow and not position.is_whole:
            return
        for new in position.rest():
            await self._put_line(new, before)
        if not position.is_whole:
            await self._tell_forgotten(before)

    async def _put_line(self, entry: LogEntry, before: int) -> None:
        """Pass a line on, after a gap if the last one that was read before has not come again."""
        if not self._position.is_whole:
            await self._tell_forgotten(before)
        await self._follower.put(LogLine(self._id, self._name, entry))

    async def _until_it_runs(self) -> None:
        """Tell that the container has ended, if so, and wait until it was started again."""
        found = await self._inspect()
        state, started = found.state, found.state.started_at
        if state.running:
            await anyio.sleep(_SHORTEST)
            return
        if state.status != "created":
            error = ContainerEnded(
                f"{self._name} has ended: it is {state.status}, with exit code {state.exit_code}",
                status=state.status,
                exit_code=state.exit_code,
            )
            await self._follower.put(_Ended(self._id, error, not (state.restarting or is_restarted(found))))
        while not found.state.running and found.state.started_at == started:
            await self._follower.wait_for_start(self._id)
            found = await self._inspect()
        self._is_broken = True

    async def _tell_forgotten(self, since: int) -> None:
        self._position.is_whole = True
        await self._put_gap("forgotten", since=since)

    async def _tell_removed(self) -> None:
        if self._is_broken:
            await self._put_gap("removed")
        error = ContainerEnded(f"{self._name or self._id} was removed", status="removed")
        await self._follower.put(_Ended(self._id, error, is_final=True))

    async def _put_gap(
        self, reason: Literal["forgotten", "removed", "unreadable"], problem: str = "", since: int | None = None
    ) -> None:
        since = self._position.reached if since is None else since
        await self._follower.put(LogGap(self._id, self._name, reason, since, problem))


class OpensLogs(OpensReader[FollowedLogs, _Follower]):
    """Opens logs that are followed."""

    def __init__(self, docker: Operations, options: _Options, mark: str | None) -> None:
        super().__init__(docker)
        self._options = options
        self._mark = mark

    def _marked(self) -> dict[str, LogPosition]:
        return {} if self._mark is None else read_mark(self._mark)

    async def _make_reader(self) -> _Follower:
        return _Follower(self._docker, self._options, self._marked())

    async def _begin(self, reader: _Follower) -> FollowedLogs:
        await reader.start()
        return FollowedLogs(reader, self._marked())  # one is for what was read, the other for what was returned


def follow_logs(
    docker: Operations,
    container: str | None = None,
    *,
    filters: Filters | None = None,
    mark: str | None = None,
    since: Moment | None = None,
    stdout: bool = True,
    stderr: bool = True,
) -> OpensLogs:
    """The lines of a container, or of all containers that the filters of `containers.list` choose, as they come.

    Enter it, then iterate: each line is a `LogLine`, once, also over restarts of the container and of the Engine, and a
    `LogGap` stands wherever lines may have been missed. It begins with what the log holds, or at `since`. Containers
    that are started later, and that the filters choose, are followed too. `wait_line` reads until a line is as wanted.

    `mark` of the object that is entered is where it was read to, as text. Save it, give it as `mark`, and it goes on
    there: after the last line that was returned, with the lines that were written meanwhile.

    What the Engine keeps decides what can be had: a log that is rotated forgets, and may then begin inside a line; a
    container that is removed takes its log along. Raises NotFound if there is no such container, and for one container
    NotSupported if its log cannot be read, as the log of a terminal on Podman. Routes: GET /containers/{id}/logs,
    GET /containers/{id}/json, GET /containers/json, and those of `watch`.
    """
    if (container is None) is (filters is None):
        raise InvalidArgument("follow_logs: give either a container or filters; filters={} is all containers")
    if container is not None and not text("follow_logs: container", container):
        raise InvalidArgument("follow_logs: container is empty; give the name or the id of a container")
    if filters is not None:
        filters_text("follow_logs: filters", filters)
    if since is not None:
        moment("follow_logs: since", since)
    if mark is not None:
        read_mark(mark)
    for name, value in (("stdout", stdout), ("stderr", stderr)):
        if not isinstance(value, bool):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidArgument(f"follow_logs: {name}: expected bool, got {shown(value)}")
    if not (stdout or stderr):
        raise InvalidArgument("follow_logs: with neither stdout nor stderr there is nothing to follow")
    options = _Options(container, filters, since, stdout, stderr)
    return named(OpensLogs(docker, options, mark), "follow_logs", container)
