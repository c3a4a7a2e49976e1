"""What the classic builder and Podman say of a build: lines for people, told apart by how they begin. Pure.

A command in the build may write the same. So a step must have the number that is next, and an end must name the
container that runs; what fits nothing is the output of the step.
"""

from __future__ import annotations

import re
from typing import Literal

from .steps import BuildChange, BuildWarning, Step, StepPart, StepProgress, Steps

__all__ = ["TextBuild"]

_STEP = re.compile(r"(?:\[(?P<stage>\d+)/\d+\] )?S(?:TEP|tep) (?P<number>\d+)/(?P<total>\d+) ?: (?P<what>.*)", re.DOTALL)
_RESULT = re.compile(r" ?-{2,3}> (?:[0-9a-f]{8,64})?\n")
_CACHED = re.compile(r" ?-{2,3}> Using cache(?: [0-9a-f]+)?\n")
_RUNNING = re.compile(r" ---> Running in (?P<id>[0-9a-f]+)\n")
_REMOVED = re.compile(r"(?: ---> )?Remov(?:ing|ed) intermediate container (?P<id>[0-9a-f]+)\n")
_COMMIT = re.compile(r"(?:\[\d+/\d+\] )?COMMIT(?: (?P<what>.*))?\n")
_WARNING = re.compile(r"(?P<within> ---> )?\[Warning\] (?P<what>.*)\n?")
_NAMED = ("Successfully built ", "Successfully tagged ")
# How the classic builder marks what came from stderr.
_RED, _PLAIN = "\x1b[91m", "\x1b[0m"


class TextBuild:
    """Feed it the text of each line, in order."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._step: Step | None = None
        self._last = ("", 0, 0)  # stage, number and total
        self._container = ""
        self._open = False  # Docker sends the line break behind a step's name by itself

    def feed(self, text: str) -> list[BuildChange]:
        """What a line changes."""
        opened, self._open = self._open, False
        if (match := _STEP.fullmatch(text)) and (changes := self._begin(match)):
            self._open = not text.endswith("\n")
            return changes
        if not self._container:
            if match := _COMMIT.fullmatch(text):
                return [*self.end(), *self._start("COMMIT", f"COMMIT {match['what'] or ''}".strip())]
            if (match := _WARNING.fullmatch(text)) and (self._commits or match["within"]):
                return self._steps.warn(self._step, BuildWarning(match["what"]))
        step = self._step
        if step is None or (opened and text == "\n"):
            return []
        if self._container:
            if (match := _REMOVED.fullmatch(text)) and match["id"] == self._container:
                self._container = ""
                return []
        elif match := _RUNNING.fullmatch(text):
            self._container = match["id"]
            return []
        elif _CACHED.fullmatch(text):
            step.cached = True
            return []
        elif _RESULT.fullmatch(text):
            return self.end()
        elif self._commits and text.startswith(_NAMED):
            return []
        return self._write(step, text)

    @property
    def _commits(self) -> bool:
        """All steps of the Dockerfile are over."""
        return self._step is None or self._step.id.startswith("COMMIT")

    def part(self, id: str, status: str, current: int, total: int) -> list[BuildChange]:
        """A line of a pull, which is a part of the step that needs the image."""
        if self._step is None or not id:
            return []
        part = self._step.progress.setdefault(id, StepPart(id))
        part.name, part.current, part.total = status, current, total
        part.completed = status in ("Pull complete", "Already exists", "Download complete")
        return [StepProgress(self._step, part)]

    def end(self, error: str = "") -> list[BuildChange]:
        """The step that runs has ended."""
        step, self._step, self._container = self._step, None, ""
        return self._steps.finish(step, error=error) if step is not None else []

    def _begin(self, match: re.Match[str]) -> list[BuildChange]:
        stage, number, total = match["stage"] or "", int(match["number"]), int(match["total"])
        last_stage, last_number, last_total = self._last
        follows = (stage, number, total) == (last_stage, last_number + 1, last_total)
        if not follows and not (number == 1 and stage != last_stage) and self._last[1]:
            return []
        self._last = stage, number, total
        of_stage = f"{stage}:" if stage else ""
        return [*self.end(), *self._start(f"{of_stage}{number}", f"[{of_stage}{number}/{total}] {match['what'].strip()}")]

    def _start(self, id: str, name: str) -> list[BuildChange]:
        while id in self._steps.steps:
            id += "'"
        changes = self._steps.start(id, name)
        self._step = self._steps.steps[id]
        return changes

    def _write(self, step: Step, text: str) -> list[BuildChange]:
        stream: Literal["stdout", "stderr"] = "stdout"
        if text.startswith(_RED) and text.endswith(_PLAIN):
            text, stream = text[len(_RED) : -len(_PLAIN)], "stderr"
        return self._steps.write(step, text.encode("utf-8", "replace"), stream)
