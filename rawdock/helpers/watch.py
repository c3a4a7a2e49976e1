"""`docker.watch(...)`: events without silent losses; `docker.watch_containers(...)`: the same, beside a list."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from .._streams.faces.contexts import Opens, named
from .event_position import Gap
from .event_reader import EventReader, WatchOptions, check_options
from .reader_block import OpensReader

if TYPE_CHECKING:
    from .._resources import Operations
    from .._types import Filters, Moment
    from ..models import ContainerSummary, EventMessage

__all__ = ["ContainerWatching", "Gap", "Watching", "watch", "watch_containers"]

W = TypeVar("W", bound="Watching")


class Watching:
    """Iterate to get each event as an `EventMessage`, and a `Gap` wherever events may have been missed.

    The iteration ends with an error only: one that a retry cannot cure, or the last one of too many failed retries.
    """

    def __init__(self, reader: EventReader) -> None:
        self._reader = reader

    @property
    def connected(self) -> bool:
        """Whether the Engine is connected now; False while it is lost, until its answer begins again."""
        return self._reader.connected

    def __aiter__(self) -> AsyncIterator[EventMessage | Gap]:
        return self

    async def __anext__(self) -> EventMessage | Gap:
        return await self._reader.receive()

    async def aclose(self) -> None:
        """Stop reading events. Leaving the block does the same."""
        await self._reader.aclose()


class ContainerWatching(Watching):
    """A watch of containers, with a list of them to begin with.

    A container that changes while the list is made may be in the list and come as an event too; none is in neither.
    """

    containers: list[ContainerSummary]
    """The result of the latest `list()`."""

    def __init__(self, reader: EventReader, list_containers: Callable[[], Awaitable[list[ContainerSummary]]]) -> None:
        super().__init__(reader)
        self._list_containers = list_containers

    async def list(self) -> list[ContainerSummary]:
        """List the containers again, as is needed after a `Gap`; after `lost` only the next one."""
        self.containers = await self._list_containers()
        return self.containers


class _OpensWatch(OpensReader[W, EventReader]):
    """Opens a watch."""

    def __init__(
        self, docker: Operations, options: WatchOptions, create: Callable[[EventReader], Awaitable[W]]
    ) -> None:
        super().__init__(docker)
        self._options = options
        self._create = create

    async def _make_reader(self) -> EventReader:
        reader = EventReader(self._docker, self._options)
        await reader.prepare()
        return reader

    async def _begin(self, reader: EventReader) -> W:
        reader.start()
        await reader.wait_until_connected()
        return await self._create(reader)


def watch(
    docker: Operations,
    *,
    filters: Filters | None = None,
    since: Moment | None = None,
    buffer: int = 4096,
    heartbeat: float | None = None,
    backoff: tuple[float, float] = (0.1, 10.0),
    attempts: int | None = None,
    tell_lost: bool = False,
) -> Opens[Watching]:
    """Follow the Engine's events like `system.events`, but reconnect and report every possible loss.

    Enter it, then iterate: each event is an `EventMessage`, and a `Gap` stands wherever events may have been missed, or
    one could not be read.
    Once entered, no event is lost because it is read late: a task reads into a buffer of `buffer` events, and what
    does not fit is counted in one `Gap`. After a lost connection it waits for `backoff` seconds (shortest, longest),
    reconnects and goes on after the last event, without repeating any. `attempts` limits how many reconnects in a row
    may fail; then the last error is raised, after all events received before it. Entering does not retry.

    `filters` are those of `system.events`. Actions in `event` may be Docker's words or Podman's on either Engine; for a
    word of Docker that Podman never says, NotSupported is raised. `EventMessage.docker_action` is Docker's word for
    what came.

    `since` starts in the past, with a `Gap` first if a Docker Engine no longer remembers all events since then.

    `heartbeat` is in seconds: if no event came for so long, another connection asks whether the Engine is there and,
    on Docker, whether it remembers events that did not come. If it does not answer in the same time (at least 10
    seconds), or remembers any, the watch reconnects. If nobody is there, the stream is read on for that time: an
    Engine that stops closes its socket first, and tells the last events after that.

    With `tell_lost`, a `Gap` with the reason `lost` and without an end comes at once when the connection is lost, after
    the events received before. When the Engine is back, another one always follows, before any event: what was missed,
    or `resumed` if nothing was. If nobody reads while the Engine is away, only what was missed is told, as without it.

    Raises what `system.events` raises for an invalid request. Routes: GET /events, GET /_ping, GET /info.
    Engines differ: docs/engines.md.
    """
    options = check_options("watch", filters, since, buffer, heartbeat, backoff, attempts, tell_lost)

    async def create(reader: EventReader) -> Watching:
        return Watching(reader)

    return named(_OpensWatch(docker, options, create), "watch")


def watch_containers(
    docker: Operations,
    *,
    all: bool = True,
    label: str | list[str] | None = None,
    buffer: int = 4096,
    heartbeat: float | None = None,
    backoff: tuple[float, float] = (0.1, 10.0),
    attempts: int | None = None,
    tell_lost: bool = False,
) -> Opens[ContainerWatching]:
    """List the containers and follow their events from then on, with nothing lost between the two.

    Enter it: `containers` is the list; iterate to get the events, as with `watch`. An event may be about a change that
    the list shows already. After a `Gap` (other than `lost`), `list()` lists again. `all` includes containers that do
    not run; `label` filters both the list and the events. The other parameters are those of `watch`.

    Raises what `containers.list` and `system.events` raise. Routes: GET /containers/json, GET /events, GET /_ping,
    GET /info.
    """
    filters: dict[str, str | bool | int | list[str]] = {"type": "container"}
    if label is not None:
        filters["label"] = label
    options = check_options("watch_containers", filters, None, buffer, heartbeat, backoff, attempts, tell_lost)

    async def list_containers() -> list[ContainerSummary]:
        return await docker.containers.list(all=all, filters=None if label is None else {"label": label})

    async def create(reader: EventReader) -> ContainerWatching:
        watching = ContainerWatching(reader, list_containers)
        await watching.list()
        return watching

    return named(_OpensWatch(docker, options, create), "watch_containers")
