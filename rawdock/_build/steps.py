"""The steps of a build, the same for every builder, and what changes about them. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final, Literal

import attrs

from .trace import Status, Trace, Vertex

__all__ = [
    "BuildChange",
    "BuildWarning",
    "Step",
    "StepDone",
    "StepOutput",
    "StepPart",
    "StepProgress",
    "StepStarted",
    "StepWarning",
    "Steps",
]

_LOGS: Final = 256 * 1024
_NUMBER = re.compile(r"^\[[^\]]*\] ")
_CANCELED = "context canceled"


@attrs.define(eq=False)
class StepPart:
    """A part of a step that has a size or a state of its own, as a layer that is pulled or an image that is named."""

    id: str
    name: str = ""
    """What is done with it; may be empty."""
    current: int = 0
    """Bytes, mostly."""
    total: int = 0
    """0 while not known."""
    completed: bool = False


@attrs.frozen
class BuildWarning:
    """What a builder warns of."""

    message: str
    detail: tuple[str, ...] = ()
    url: str = ""
    """Where more is said of it; BuildKit only."""


@attrs.define(eq=False)
class Step:
    """A step of a build; read it, the stream writes it."""

    id: str
    """A digest with BuildKit, else its number."""
    name: str
    """As `[2/3] COPY . /app`; what a builder does besides has no number, or `[internal]`."""
    cached: bool = False
    """Nothing was done: its result was there."""
    started: datetime | None = None
    """In UTC: as BuildKit tells, else when its first line came here."""
    completed: datetime | None = None
    """The same for its end; also set for a step that failed."""
    error: str = ""
    progress: dict[str, StepPart] = attrs.field(factory=dict[str, StepPart])
    """Its parts, by their ids."""
    warnings: list[BuildWarning] = attrs.field(factory=list[BuildWarning])
    _logs: bytearray = attrs.field(factory=bytearray, repr=False)

    @property
    def instruction(self) -> str:
        """The name without the number, as `COPY . /app`."""
        return _NUMBER.sub("", self.name)

    @property
    def logs(self) -> bytes:
        """What it has written, stdout and stderr as they came; of much only the last 256 KiB."""
        return bytes(self._logs)

    @property
    def text(self) -> str:
        """`logs` as text."""
        return self._logs.decode(errors="replace")

    def write(self, data: bytes) -> None:
        self._logs += data
        # Cut only now and then: each cut moves all that is kept.
        if len(self._logs) > 2 * _LOGS:
            del self._logs[:-_LOGS]


@attrs.frozen
class StepStarted:
    """A step has begun."""

    step: Step


@attrs.frozen
class StepOutput:
    """A step has written something."""

    step: Step
    data: bytes
    stream: Literal["stdout", "stderr"]
    """Podman does not tell them apart: all is stdout."""

    @property
    def text(self) -> str:
        """As text; a character that is cut is not whole."""
        return self.data.decode(errors="replace")


@attrs.frozen
class StepProgress:
    """A part of a step has gone on."""

    step: Step
    part: StepPart


@attrs.frozen
class StepWarning:
    """There is a warning; of the build as a whole if it has no step."""

    step: Step | None
    warning: BuildWarning


@attrs.frozen
class StepDone:
    """A step has ended, well or not."""

    step: Step


BuildChange = StepStarted | StepOutput | StepProgress | StepWarning | StepDone


class Steps:
    """Folds what a builder tells into steps; each call gives what has changed by it."""

    def __init__(self) -> None:
        self.steps: dict[str, Step] = {}
        """By id, in the order in which they began."""
        self.warnings: list[BuildWarning] = []
        self._announced: dict[str, Step] = {}

    @property
    def failed(self) -> Step | None:
        """The step with an error, the first that was not only ended because of another."""
        failed = [step for step in self.steps.values() if step.error]
        return next((step for step in failed if not step.error.endswith(_CANCELED)), failed[0] if failed else None)

    def start(self, id: str, name: str, when: datetime | None = None) -> list[BuildChange]:
        step = self._announced.pop(id, None) or Step(id, name)
        step.started = when or datetime.now(UTC)
        self.steps[id] = step
        return [StepStarted(step)]

    def write(self, step: Step, data: bytes, stream: Literal["stdout", "stderr"]) -> list[BuildChange]:
        step.write(data)
        return [StepOutput(step, data, stream)]

    def warn(self, step: Step | None, warning: BuildWarning) -> list[BuildChange]:
        self.warnings.append(warning)
        if step is not None:
            step.warnings.append(warning)
        return [StepWarning(step, warning)]

    def finish(self, step: Step, when: datetime | None = None, error: str = "") -> list[BuildChange]:
        if step.completed is not None:
            return []
        step.completed = when or datetime.now(UTC)
        step.error = error
        return [StepDone(step)]

    def see(self, trace: Trace) -> list[BuildChange]:
        """A record of BuildKit."""
        changes: list[BuildChange] = []
        for vertex in trace.vertexes:
            changes += self._began(vertex)
        for status in trace.statuses:
            changes += self._status(status)
        for log in trace.logs:
            if log.message:
                step = self._of(log.vertex, changes)
                changes += self.write(step, log.message, "stderr" if log.stream == 2 else "stdout")
        for warned in trace.warnings:
            about = self.steps.get(warned.vertex) or self._announced.get(warned.vertex)
            changes += self.warn(about, BuildWarning(warned.short, tuple(warned.detail), warned.url))
        for vertex in trace.vertexes:
            changes += self._ended(vertex)
        return changes

    def _began(self, vertex: Vertex) -> list[BuildChange]:
        step = self.steps.get(vertex.digest)
        if step is not None:
            step.name = vertex.name or step.name
            return []
        # All are announced before the first begins; some never do.
        announced = self._announced.setdefault(vertex.digest, Step(vertex.digest, vertex.name))
        announced.name = vertex.name or announced.name
        when = vertex.started or vertex.completed
        return self.start(vertex.digest, vertex.name, when) if when else []

    def _ended(self, vertex: Vertex) -> list[BuildChange]:
        step = self.steps.get(vertex.digest)
        if step is None:
            return []
        step.cached = step.cached or vertex.cached
        step.error = vertex.error or step.error
        if not vertex.completed:
            return []
        changes = self.finish(step, vertex.completed, step.error)
        # BuildKit asks some steps twice; the second time tells whether the result was there.
        step.started, step.completed = vertex.started or step.started, vertex.completed
        return changes

    def _status(self, status: Status) -> list[BuildChange]:
        changes: list[BuildChange] = []
        step = self._of(status.vertex, changes)
        part = step.progress.setdefault(status.id, StepPart(status.id))
        part.name = status.name or part.name
        part.current, part.total = status.current, status.total
        part.completed = part.completed or status.completed is not None
        return [*changes, StepProgress(step, part)]

    def _of(self, id: str, changes: list[BuildChange]) -> Step:
        """The step, which has begun if something else is told of it."""
        if id not in self.steps:
            changes += self.start(id, id)
        return self.steps[id]
