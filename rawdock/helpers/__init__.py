"""What takes more than one call of the API, each in a module of its own: here is only what a client shows of them.

A helper takes a `Docker` and uses its public operations, nothing below them. Its module is loaded when it is first
asked for, so that importing the client stays light.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from .._client import Docker
    from .._streams.opens import Opens
    from .._types import Filters, Moment
    from .watch import ContainerWatching, Watching

__all__ = ["Helpers"]


class Helpers:
    """The part of `Docker` that is more than one call."""

    def watch(
        self,
        *,
        filters: Filters | None = None,
        since: Moment | None = None,
        buffer: int = 4096,
        heartbeat: float | None = None,
        backoff: tuple[float, float] = (0.1, 10.0),
        attempts: int | None = None,
    ) -> Opens[Watching]:
        """What happens on the Engine, as `system.events`, but it never goes deaf.

        Enter it, and iterate to get an `EventMessage` for each event, and a `Gap` where events may have been missed.
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
        from .watch import watch

        return watch(
            cast("Docker", self),
            filters=filters,
            since=since,
            buffer=buffer,
            heartbeat=heartbeat,
            backoff=backoff,
            attempts=attempts,
        )

    def watch_containers(
        self,
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
        from .watch import watch_containers

        return watch_containers(
            cast("Docker", self),
            all=all,
            label=label,
            buffer=buffer,
            heartbeat=heartbeat,
            backoff=backoff,
            attempts=attempts,
        )
