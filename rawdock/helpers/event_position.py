"""How a watch goes on where it was cut off, and what it keeps for a slow reader. Pure: no clock, no connection.

The Engine gives events again from a time on, but only the last 256 of them, and none from before its own start. So a
watch asks from a little before the last event it knows, drops what it knows, and compares what the Engine remembers
with how far it had come itself. Where these do not meet, something may have been missed: a `Gap`.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

import attrs

if TYPE_CHECKING:
    from ..models import EventMessage

__all__ = ["Backlog", "Backoff", "Gap", "Position", "event_identity"]

REMEMBERED = 256
"""How many events Docker keeps."""

_SECOND = 1_000_000_000
# Docker takes an event's time before it puts the event in its row, so that two may stand in the other order.
_OVERLAP = 2 * _SECOND
_KNOWN = 4 * REMEMBERED

Key = tuple[int, str, str, str]


@attrs.frozen
class Gap:
    """Events may have been missed here: list again whatever you keep in step with them."""

    reason: Literal["restart", "forgotten", "overflow"]
    """`restart`: the Engine remembers nothing from before, as after a restart. `forgotten`: the connection was lost,
    and more has happened since than the Engine remembers. `overflow`: the buffer was full, as events were read too
    slowly.
    """
    since: int
    """Up to here nothing was missed: nanoseconds since 1970, by the Engine's clock."""
    until: int
    """From here on nothing is missed, in the same."""
    dropped: int = 0
    """How many events an overflow cost; the other two cannot know."""


def event_identity(event: EventMessage) -> Key:
    """By what an event is known again. Several may share a time."""
    return event.time_nano, event.type, event.action, event.actor.id


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
        if event.scope != "swarm":  # another machine's clock sets the times of a swarm
            self.reached = event.time_nano
        return True

    def unheard(self, events: Iterable[EventMessage]) -> bool:
        """Whether any of these has never come."""
        known = set(self._known)
        return any(event_identity(event) not in known and not self._before(event) for event in events)

    def _before(self, event: EventMessage) -> bool:
        """Podman takes the time to begin with less exactly, some of its versions in whole seconds."""
        return self.start - _SECOND <= event.time_nano < self.start

    def find_gap(self, memory: list[EventMessage], now: int) -> Gap | None:
        """Compare with all that a Docker Engine remembers, the oldest first; a gap if that may begin too late."""
        times = [event.time_nano for event in memory if event.scope != "swarm"]
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
            self._widen(gap.until, 0)
        else:
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
