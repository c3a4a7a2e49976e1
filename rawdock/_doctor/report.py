"""What was found out, as text for people and as JSON for programs."""

from __future__ import annotations

import json
import re
from typing import Any

from .._shown import printable

__all__ = ["Report", "Section", "without_password"]

_PASSWORD = re.compile(r"(//[^/@:\s]*):[^/@\s]*@")


def without_password(text: str) -> str:
    """A text in which addresses show no password."""
    return _PASSWORD.sub(r"\1:***@", text)


class Section:
    """One subject: lines to read, the same as data, and what is wrong."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.lines: list[str] = []
        self.data: dict[str, Any] = {}
        self.problems: list[str] = []

    def say(self, line: str, **data: Any) -> None:
        """A line, and the same as data."""
        self.lines.append(line)
        self.data |= data

    def complain(self, problem: str) -> None:
        """Something that is wrong, and what to do about it."""
        self.problems.append(without_password(problem))


class Report:
    """All sections, in the order in which they were begun."""

    def __init__(self) -> None:
        self._sections: list[Section] = []

    def section(self, title: str) -> Section:
        made = Section(title)
        self._sections.append(made)
        return made

    @property
    def problems(self) -> list[str]:
        return [problem for section in self._sections for problem in section.problems]

    def text(self) -> str:
        """One column of titles, and what belongs to each beside it. Problems are marked, and repeated at the end."""
        width = max(len(section.title) for section in self._sections) + 2
        rows: list[str] = []
        for section in self._sections:
            text = "\n".join([*section.lines, *(f"PROBLEM: {problem}" for problem in section.problems)])
            for index, line in enumerate(text.split("\n")):
                rows.append(f"{'' if index else section.title:{width}}{line}".rstrip())
        found = len(self.problems)
        rows.append("")
        rows.append("no problems" if not found else f"{found} problem{'s' if found > 1 else ''}, marked above")
        return printable("\n".join(rows))

    def json(self) -> str:
        """The same as JSON: a part for each section, and all problems."""
        parts = {section.title: section.data | {"problems": section.problems} for section in self._sections}
        return json.dumps(parts | {"problems": self.problems}, indent=2)
