"""The steps of a build and their changes, the same for every builder. Pure."""

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

_KEPT_LOGS: Final = 256 * 1024
_NUMBER = re.compile(r"^\[[^\]]*\] ")
_CANCELED = "context canceled"


@attrs.define(eq=False)
class StepPart:
    """A part of a step with its own progress, such as a layer that is pulled or an image that is named."""

    id: str
    name: str = ""
    """What the builder does with it; may be empty."""
    current: int = 0
    """The progress so far, usually in bytes."""
    total: int = 0
    """The same at the end; 0 while not known."""
    completed: bool = False


@attrs.frozen
class BuildWarning:
    """A warning of the builder."""

    message: str
    detail: tuple[str, ...] = ()
    url: str = ""
    """A page about the warning; BuildKit only."""


@attrs.define(eq=False)
class Step:
    """A step of a build. The build updates it while it runs; only read it."""

    id: str
    """A digest with BuildKit, otherwise the number of the step."""
    name: str
    """As `[2/3] COPY . /app`. Steps that are no instruction have no number, or `[internal]`."""
    cached: bool = False
    """Whether the result was in the build cache."""
    started: datetime | None = None
    """The start in UTC: from BuildKit, otherwise when its first line was received."""
    completed: datetime | None = None
    """The end in UTC, also of a failed step."""
    error: str = ""
    """The error of a failed step; otherwise empty."""
    progress: dict[str, StepPart] = attrs.field(factory=dict[str, StepPart])
    """The parts of the step by id."""
    warnings: list[BuildWarning] = attrs.field(factory=list[BuildWarning])
    _logs: bytearray = attrs.field(factory=bytearray, repr=False)

    @property
    def instruction(self) -> str:
        """The name without the number, as `COPY . /app`."""
        return _NUMBER.sub("", self.name)

    @property
    def logs(self) -> bytes:
        """The output, stdout and stderr in the order received; only the last 256 KiB are kept."""
        return bytes(self._logs)

    @property
    def text(self) -> str:
        """`logs` as text."""
        return self._logs.decode(errors="replace")

    def write(self, data: bytes) -> None:
        self._logs += data
        # Cut rarely, since each cut moves all that is kept.
        if len(self._logs) > 2 * _KEPT_LOGS:
            del self._logs[:-_KEPT_LOGS]


@attrs.frozen
class StepStarted:
    """A step has started."""

    step: Step


@attrs.frozen
class StepOutput:
    """A step has written output."""

    step: Step
    data: bytes
    stream: Literal["stdout", "stderr"]
    """Always `stdout` on Podman, which does not distinguish the two."""

    @property
    def text(self) -> str:
        """`data` as text. A character that is split between two outputs is replaced."""
        return self.data.decode(errors="replace")


@attrs.frozen
class StepProgress:
    """A part of a step has made progress."""

    step: Step
    part: StepPart


@attrs.frozen
class StepWarning:
    """The builder has given a warning, about a step or about the whole build (`step` is None)."""

    step: Step | None
    warning: BuildWarning


@attrs.frozen
class StepDone:
    """A step has ended, successfully or not."""

    step: Step


BuildChange = StepStarted | StepOutput | StepProgress | StepWarning | StepDone


class Steps:
    """The steps of one build. Each method updates them and returns the changes."""

    def __init__(self) -> None:
        self.steps: dict[str, Step] = {}
        """By id, in the order of their start."""
        self.warnings: list[BuildWarning] = []
        self._announced: dict[str, Step] = {}

    @property
    def failed(self) -> Step | None:
        """The first failed step that was not merely cancelled because another one failed."""
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

    def add_trace(self, trace: Trace) -> list[BuildChange]:
        """Apply a trace record of BuildKit."""
        changes: list[BuildChange] = []
        for vertex in trace.vertexes:
            changes += self._vertex_started(vertex)
        for status in trace.statuses:
            changes += self._part_changed(status)
        for log in trace.logs:
            if log.message:
                step = self._step_of(log.vertex, changes)
                changes += self.write(step, log.message, "stderr" if log.stream == 2 else "stdout")
        for warning in trace.warnings:
            step_of_warning = self.steps.get(warning.vertex) or self._announced.get(warning.vertex)
            changes += self.warn(step_of_warning, BuildWarning(warning.short, tuple(warning.detail), warning.url))
        for vertex in trace.vertexes:
            changes += self._vertex_changed(vertex)
        return changes

    def _vertex_started(self, vertex: Vertex) -> list[BuildChange]:
        step = self.steps.get(vertex.digest)
        if step is not None:
            step.name = vertex.name or step.name
            return []
        # All steps are announced before the first one starts; some never start.
        announced = self._announced.setdefault(vertex.digest, Step(vertex.digest, vertex.name))
        announced.name = vertex.name or announced.name
        when = vertex.started or vertex.completed
        return self.start(vertex.digest, vertex.name, when) if when else []

    def _vertex_changed(self, vertex: Vertex) -> list[BuildChange]:
        step = self.steps.get(vertex.digest)
        if step is None:
            return []
        step.cached = step.cached or vertex.cached
        step.error = vertex.error or step.error
        if not vertex.completed:
            return []
        changes = self.finish(step, vertex.completed, step.error)
        # BuildKit completes some steps twice; only the second time says whether the result was cached.
        step.started, step.completed = vertex.started or step.started, vertex.completed
        return changes

    def _part_changed(self, status: Status) -> list[BuildChange]:
        changes: list[BuildChange] = []
        step = self._step_of(status.vertex, changes)
        part = step.progress.setdefault(status.id, StepPart(status.id))
        part.name = status.name or part.name
        part.current, part.total = status.current, status.total
        part.completed = part.completed or status.completed is not None
        return [*changes, StepProgress(step, part)]

    def _step_of(self, id: str, changes: list[BuildChange]) -> Step:
        """The step with this id. If it has not started, it is started now, as something about it was reported."""
        if id not in self.steps:
            changes += self.start(id, id)
        return self.steps[id]
