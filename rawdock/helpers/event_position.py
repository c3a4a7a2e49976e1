"""How a watch goes on where it was cut off, and what it keeps for a slow reader. Pure: no clock, no connection.

The Engine gives events again from a time on, but only the last 256 of them, and none from before its own start. So a
watch asks from a little before the last event it knows, drops what it knows, and compares what the Engine remembers
with how far it had come itself. Where these do not meet, something may have been missed: a `Gap`.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING, Literal

import attrs

from .._models.late import Odd, look

if TYPE_CHECKING:
    from ..models import EventMessage

__all__ = ["Backlog", "Backoff", "Gap", "Position", "event_identity"]

REMEMBERED = 256
"""How many events Docker keeps."""

_SECOND = 1_000_000_000
# Docker takes an event's time before it puts the event in its row, so that two may stand in the other order.
_OVERLAP = 2 * _SECOND
_KNOWN = 4 * REMEMBERED

Key = tuple[Hashable, ...]


@attrs.frozen
class Gap:
    """Events may have been missed here: list again whatever you keep in step with them."""

    reason: Literal["restart", "forgotten", "overflow", "unreadable"]
    """`restart`: the Engine remembers nothing from before, as after a restart. `forgotten`: the connection was lost,
    and more has happened since than the Engine remembers. `overflow`: the buffer was full, as events were read too
    slowly. `unreadable`: there was an event which is not what the API says.
    """
    since: int
    """Up to here nothing was missed: nanoseconds since 1970, by the Engine's clock."""
    until: int
    """From here on nothing is missed, in the same."""
    dropped: int = 0
    """How many events an overflow cost, or could not be read; the other two cannot know."""


def event_identity(event: EventMessage) -> Key:
    """By what an event is known again. Several may share a time. What cannot be read is in it as it came."""
    actor = look(event, "actor")
    id = actor if isinstance(actor, Odd) else look(actor, "id")
    parts = (look(event, "time_nano"), look(event, "type"), look(event, "action"), id)
    return tuple((repr(part),) if isinstance(part, Odd) else part for part in parts)


def _local_time(event: EventMessage) -> int | None:
    """When it happened, by the Engine's clock: None if another machine set the time, or if it cannot be read."""
    time = look(event, "time_nano")
    scope = look(event, "scope")
    return None if isinstance(time, Odd) or isinstance(scope, Odd) or scope == "swarm" else time


class Position:
    """How far a watch has come."""

    def __init__(self, start: int) -> None:
        self.start = start
        self.reached = start
        """The time of the last event, or of the beginning: all before it is known."""
        self.last: Key | None = None
        """The last event."""
        # A Docker Engine gives at most 256 events again, and none that came before the last 256 that came here.
        self._known: deque[Key] = deque(maxlen=_KNOWN)
        self._repeats: Counter[Key] = Counter()

    @property
    def again(self) -> int:
        """From when on to ask for events."""
        return max(self.start, self.reached - _OVERLAP)

    def resume(self) -> int:
        """Go on with another answer: what is known may come once more. Gives from when on to ask."""
        self._repeats = Counter(self._known)
        return self.again

    def accept(self, event: EventMessage) -> bool:
        """Whether an event is new."""
        key = event_identity(event)
        if self._repeats[key] > 0:
            self._repeats[key] -= 1
            return False
        if self._before(event):
            return False
        self._known.append(key)
        self.last = key
        time = _local_time(event)
        if time is not None:
            self.reached = time
        return True

    def unreadable(self, event: EventMessage, before: int) -> Gap | None:
        """The gap that stands for an event that was accepted, if its identity cannot be read. `before` is how far the
        watch had come."""
        actor = look(event, "actor")
        parts = [look(event, name) for name in ("time_nano", "type", "action", "scope")]
        parts.append(actor if isinstance(actor, Odd) else look(actor, "id"))
        if not any(isinstance(part, Odd) for part in parts):
            return None
        return Gap("unreadable", before, max(before, self.reached), 1)

    def unheard(self, events: Iterable[EventMessage]) -> bool:
        """Whether any of these has never come."""
        known = set(self._known)
        return any(event_identity(event) not in known and not self._before(event) for event in events)

    def _before(self, event: EventMessage) -> bool:
        """Podman takes the time to begin with less exactly, some of its versions in whole seconds."""
        time = look(event, "time_nano")
        return not isinstance(time, Odd) and self.start - _SECOND <= time < self.start

    def find_gap(self, memory: list[EventMessage], now: int) -> Gap | None:
        """Compare with all that a Docker Engine remembers, the oldest first; a gap if that may begin too late."""
        times = [time for event in memory if (time := _local_time(event)) is not None]
        if any(time <= self.reached for time in times):
            return None
        return self.gap("forgotten" if len(memory) >= REMEMBERED else "restart", min(times, default=now))

    def gap(self, reason: Literal["restart", "forgotten"], until: int) -> Gap:
        """Go on from `until`, as nothing can be known of what was before."""
        gap = Gap(reason, self.reached, max(until, self.reached))
        self.reached = gap.until
        return gap


class Backlog:
    """What has come and was not read yet. If there is too much, the rest is counted in one gap until that is read."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._items: deque[EventMessage | Gap] = deque()
        self._overflow: Gap | None = None  # stands last

    def __len__(self) -> int:
        return len(self._items)

    def put(self, event: EventMessage) -> None:
        if self._overflow is not None:
            self._widen(event.time_nano, 1)
        elif len(self._items) < self._limit:
            self._items.append(event)
        else:
            last = self._items[-1]
            since = last.until if isinstance(last, Gap) else last.time_nano
            self._overflow = Gap("overflow", since, event.time_nano, 1)
            self._items.append(self._overflow)

    def put_gap(self, gap: Gap) -> None:
        if self._overflow is not None:
            self._widen(gap.until, gap.dropped)
            return
        last = self._items[-1] if self._items else None
        if isinstance(last, Gap) and last.reason == gap.reason == "unreadable":
            self._items.pop()  # however many there are one after the other, one gap says so
            gap = attrs.evolve(gap, since=last.since, dropped=last.dropped + gap.dropped)
        self._items.append(gap)

    def _widen(self, until: int, dropped: int) -> None:
        assert self._overflow is not None
        self._overflow = attrs.evolve(self._overflow, until=until, dropped=self._overflow.dropped + dropped)
        self._items[-1] = self._overflow

    def pop(self) -> EventMessage | Gap:
        item = self._items.popleft()
        if item is self._overflow:
            self._overflow = None
        return item


@attrs.frozen
class Backoff:
    """How long to wait before trying again, in seconds: twice as long each time, and never quite the same."""

    first: float
    most: float

    def delay(self, failures: int, chance: float) -> float:
        """Before the next try after so many failed in a row; `chance` is from 0 to 1."""
        longest = min(self.most, self.first * 2.0 ** min(failures - 1, 60))
        return longest * (1 + chance) / 2
