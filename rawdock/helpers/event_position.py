"""Where a watch resumes after a lost connection, and its buffer. Pure: no clock, no connection.

The Engine repeats events from a given time on, but only the last 256 of them, and none from before its own start. So a
watch asks again from a little before the last event it received, drops the events it knows, and compares the oldest
event that the Engine remembers with the last one received. If the two do not meet, events may be missing: a `Gap`.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING, Any, Literal

import attrs

from .._models.model import field_or_wrong
from .._models.undecoded import WrongValue

if TYPE_CHECKING:
    from ..models import EventMessage

__all__ = ["Backlog", "Backoff", "Gap", "Position", "event_identity"]

REMEMBERED = 256
"""How many events Docker keeps."""

_SECOND = 1_000_000_000
# Docker stamps an event before it queues it, so two events may be in the opposite order of their times.
_OVERLAP = 2 * _SECOND
_KNOWN = 4 * REMEMBERED

EventIdentity = tuple[Hashable, ...]


@attrs.frozen
class Gap:
    """Events may have been missed here: fetch anew whatever you keep in step with them."""

    reason: Literal["restart", "forgotten", "overflow", "unreadable", "lost", "resumed"]
    """`restart`: the Engine remembers nothing from before, as after a restart. `forgotten`: the connection was lost,
    and more events happened since than the Engine remembers. `overflow`: the buffer was full, as events were read too
    slowly. `unreadable`: an event was not what the API says. Only with `tell_lost`: `lost`, the connection was just
    lost, and what is missed is not known before the Engine is back; `resumed`, it is back and nothing was missed.
    """
    since: int
    """No event before this was missed: nanoseconds since 1970, by the Engine's clock."""
    until: int | None
    """No event after this is missed; the same unit and clock. None for `lost`, which has no end yet."""
    dropped: int = 0
    """How many events an overflow dropped, or were unreadable; 0 for the other reasons, where it is not known."""


def event_identity(event: EventMessage) -> EventIdentity:
    """The values by which an event is recognized when it comes again. The time alone is not unique."""
    # A wrong value is in it as text, in a tuple, so that it equals no right one.
    return tuple((repr(value),) if isinstance(value, WrongValue) else value for value in _identifying(event)[:4])


def _identifying(event: EventMessage) -> tuple[Any, ...]:
    """The values that a watch needs of an event, with `WrongValue` for wrong ones."""
    actor = field_or_wrong(event, "actor")
    id = actor if isinstance(actor, WrongValue) else field_or_wrong(actor, "id")
    return (
        field_or_wrong(event, "time_nano"),
        field_or_wrong(event, "type"),
        field_or_wrong(event, "action"),
        id,
        field_or_wrong(event, "scope"),
    )


def _engine_time(event: EventMessage) -> int | None:
    """The time of an event by the Engine's clock; None if it is wrong, or another machine's (swarm)."""
    time, scope = field_or_wrong(event, "time_nano"), field_or_wrong(event, "scope")
    return None if isinstance(time, WrongValue) or isinstance(scope, WrongValue) or scope == "swarm" else time


class Position:
    """How far a watch has read."""

    def __init__(self, start: int) -> None:
        self.start = start
        self.reached = start
        """The time of the last event, or of the start: all earlier events are known."""
        self.last: EventIdentity | None = None
        """The last event."""
        # A Docker Engine repeats at most 256 events, and none older than the last 256 received here.
        self._known: deque[EventIdentity] = deque(maxlen=_KNOWN)
        self._repeats: Counter[EventIdentity] = Counter()

    @property
    def resume_time(self) -> int:
        """The time from which on to ask for events again."""
        return max(self.start, self.reached - _OVERLAP)

    def resume(self) -> int:
        """Prepare for a new connection, which may repeat known events. Returns `resume_time`."""
        self._repeats = Counter(self._known)
        return self.resume_time

    def accept(self, event: EventMessage) -> bool:
        """Take note of an event; False if it is a repeated one."""
        identity = event_identity(event)
        if self._repeats[identity] > 0:
            self._repeats[identity] -= 1
            return False
        if self._is_before_start(event):
            return False
        self._known.append(identity)
        self.last = identity
        time = _engine_time(event)
        if time is not None:
            self.reached = time
        return True

    def unreadable_gap(self, event: EventMessage, before: int) -> Gap | None:
        """A gap if an accepted event is unreadable. `before` is `reached` before it was accepted."""
        if not any(isinstance(value, WrongValue) for value in _identifying(event)):
            return None
        return Gap("unreadable", before, max(before, self.reached), 1)

    def has_missed(self, events: Iterable[EventMessage]) -> bool:
        """Whether any of these events was never received."""
        known = set(self._known)
        return any(event_identity(event) not in known and not self._is_before_start(event) for event in events)

    def _is_before_start(self, event: EventMessage) -> bool:
        """Podman rounds the start that it is asked for, some of its versions to whole seconds."""
        time = field_or_wrong(event, "time_nano")
        return not isinstance(time, WrongValue) and self.start - _SECOND <= time < self.start

    def find_gap(self, memory: list[EventMessage], now: int) -> Gap | None:
        """A gap if the oldest event that a Docker Engine remembers may be too late. `memory` is all, oldest first."""
        times = [time for event in memory if (time := _engine_time(event)) is not None]
        if any(time <= self.reached for time in times):
            return None
        return self.add_gap("forgotten" if len(memory) >= REMEMBERED else "restart", min(times, default=now))

    def add_gap(self, reason: Literal["restart", "forgotten"], until: int) -> Gap:
        """Resume at `until`, as the events before it cannot be known.

        One that was stamped before the last event received, but queued after it, may be missed too.
        """
        until = max(until, self.reached)
        gap = Gap(reason, self.resume_time, until)
        self.reached = until
        return gap

    def lost_gap(self) -> Gap:
        """Now that the connection is lost: what comes from here on may be missed."""
        return Gap("lost", self.resume_time, None)

    def resumed_gap(self) -> Gap:
        """Now that the Engine is back, and tells all that came after the last event: an empty gap."""
        return Gap("resumed", self.reached, self.reached)


def _end_of(gap: Gap) -> int:
    return gap.since if gap.until is None else gap.until


class Backlog:
    """The items that were received and not read yet. If it is full, further events are counted in one gap at its end
    until that gap is read."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._items: deque[EventMessage | Gap] = deque()
        self._overflow: Gap | None = None  # always the last item

    def __len__(self) -> int:
        return len(self._items)

    def put(self, event: EventMessage) -> None:
        if self._overflow is not None:
            self._extend_overflow(event.time_nano, 1)
        elif len(self._items) < self._limit:
            self._items.append(event)
        else:
            last = self._items[-1]
            since = _end_of(last) if isinstance(last, Gap) else last.time_nano
            self._overflow = Gap("overflow", since, event.time_nano, 1)
            self._items.append(self._overflow)

    def put_gap(self, gap: Gap) -> None:
        if self._overflow is not None:
            self._extend_overflow(_end_of(gap), gap.dropped)
            return
        last = self._items[-1] if self._items else None
        if isinstance(last, Gap) and last.reason == gap.reason == "unreadable":
            self._items.pop()  # consecutive ones are one gap, so that the backlog does not grow
            gap = attrs.evolve(gap, since=last.since, dropped=last.dropped + gap.dropped)
        self._items.append(gap)

    def _extend_overflow(self, until: int, dropped: int) -> None:
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
    """How many seconds to wait before a retry: twice as long each time, with a random part."""

    shortest: float
    longest: float

    def delay(self, failures: int, fraction: float) -> float:
        """The wait after `failures` failures in a row; `fraction` is a random number from 0 to 1."""
        longest = min(self.longest, self.shortest * 2.0 ** min(failures - 1, 60))
        return longest * (1 + fraction) / 2
