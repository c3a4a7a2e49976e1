"""Parse the text output of the classic builder and Podman, lines for people, into steps. Pure.

A command in the build may print the same text. So a step line must have the next number, and an end line must name the
container that runs. Any other line is output of the current step.
"""

from __future__ import annotations

import re
from typing import Literal

from .steps import BuildChange, BuildWarning, Step, StepPart, StepProgress, Steps

__all__ = ["TextBuild"]

_STEP = re.compile(r"(?:\[(?P<stage>[0-9]{1,9})/[0-9]{1,9}\] )?S(?:TEP|tep) (?P<number>[0-9]{1,9})/(?P<total>[0-9]{1,9}) ?: (?P<text>.*)", re.DOTALL)
_RESULT = re.compile(r" ?-{2,3}> (?:[0-9a-f]{8,64})?\n")
_CACHED = re.compile(r" ?-{2,3}> Using cache(?: [0-9a-f]+)?\n")
_RUNNING = re.compile(r" ---> Running in (?P<id>[0-9a-f]+)\n")
_REMOVED = re.compile(r"(?: ---> )?Remov(?:ing|ed) intermediate container (?P<id>[0-9a-f]+)\n")
_COMMIT = re.compile(r"(?:\[\d+/\d+\] )?COMMIT(?: (?P<text>.*))?\n")
_WARNING = re.compile(r"(?P<within> ---> )?\[Warning\] (?P<text>.*)\n?")
_SUCCESS = ("Successfully built ", "Successfully tagged ")
# The classic builder prints stderr in red.
_RED, _PLAIN = "\x1b[91m", "\x1b[0m"


class TextBuild:
    """Updates steps from the text of each line."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._step: Step | None = None
        self._last_instruction = ("", 0, 0)  # stage, number and total
        self._container = ""
        self._expects_newline = False  # Docker sends the line break after a step's name separately

    def feed(self, text: str) -> list[BuildChange]:
        """Apply a line, and return the changes."""
        expected_newline, self._expects_newline = self._expects_newline, False
        if (match := _STEP.fullmatch(text)) and (changes := self._start_instruction(match)):
            self._expects_newline = not text.endswith("\n")
            return changes
        if not self._container:
            if match := _COMMIT.fullmatch(text):
                return [*self.end_step(), *self._start("COMMIT", f"COMMIT {match['text'] or ''}".strip())]
            if (match := _WARNING.fullmatch(text)) and (self._is_committing or match["within"]):
                return self._steps.warn(self._step, BuildWarning(match['text']))
        step = self._step
        if step is None or (expected_newline and text == "\n"):
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
            return self.end_step()
        elif self._is_committing and text.startswith(_SUCCESS):
            return []
        return self._add_output(step, text)

    @property
    def _is_committing(self) -> bool:
        """Whether all instructions of the Dockerfile are done."""
        return self._step is None or self._step.id.startswith("COMMIT")

    def update_part(self, id: str, status: str, current: int, total: int) -> list[BuildChange]:
        """Apply a progress line of a pull: the layer is a part of the step that needs the image."""
        if self._step is None or not id:
            return []
        part = self._step.progress.setdefault(id, StepPart(id))
        part.name, part.current, part.total = status, current, total
        part.completed = status in ("Pull complete", "Already exists", "Download complete")
        return [StepProgress(self._step, part)]

    def end_step(self, error: str = "") -> list[BuildChange]:
        """End the current step, with an error if it failed."""
        step, self._step, self._container = self._step, None, ""
        return self._steps.finish(step, error=error) if step is not None else []

    def _start_instruction(self, match: re.Match[str]) -> list[BuildChange]:
        stage, number, total = match["stage"] or "", int(match["number"]), int(match["total"])
        last_stage, last_number, last_total = self._last_instruction
        follows = (stage, number, total) == (last_stage, last_number + 1, last_total)
        if not follows and not (number == 1 and stage != last_stage) and self._last_instruction[1]:
            return []
        self._last_instruction = stage, number, total
        of_stage = f"{stage}:" if stage else ""
        return [*self.end_step(), *self._start(f"{of_stage}{number}", f"[{of_stage}{number}/{total}] {match['text'].strip()}")]

    def _start(self, id: str, name: str) -> list[BuildChange]:
        while id in self._steps.steps:
            id += "'"
        changes = self._steps.start(id, name)
        self._step = self._steps.steps[id]
        return changes

    def _add_output(self, step: Step, text: str) -> list[BuildChange]:
        stream: Literal["stdout", "stderr"] = "stdout"
        if text.startswith(_RED) and text.endswith(_PLAIN):
            text, stream = text[len(_RED) : -len(_PLAIN)], "stderr"
        return self._steps.write(step, text.encode("utf-8", "replace"), stream)
