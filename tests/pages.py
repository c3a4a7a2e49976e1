"""The examples in docs/: a block of Python is a whole program, and the block of text behind it is what it prints.

In the text, `…` stands for anything, also for several lines. A comment `<!-- not on: podman -->` before a block names
the engines, by label, on which it is not run.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

PROJECT = Path(__file__).resolve().parent.parent

_BLOCK = re.compile(
    r"(?:^<!-- not on: (?P<not>[^>]*?) -->\n+)?^```python\n(?P<code>.*?)^```\n(?:\n+^```text\n(?P<text>.*?)^```\n)?",
    re.MULTILINE | re.DOTALL,
)


class Example(NamedTuple):
    """A program in a page, and what it prints."""

    page: str
    line: int
    code: str
    printed: str | None
    not_on: frozenset[str]

    @property
    def size(self) -> int:
        """Lines that are not blank."""
        return sum(bool(line.strip()) for line in self.code.splitlines())

    def fits(self, printed: str) -> bool:
        """Whether that is what the page says."""
        if self.printed is None:
            return True
        parts = [re.escape(part) for part in self.printed.strip().split("…")]
        return re.fullmatch(".*".join(parts), printed.strip(), re.DOTALL) is not None


def examples() -> list[Example]:
    """All of them."""
    found = []
    for page in sorted((PROJECT / "docs").glob("*.md")):
        content = page.read_text(encoding="utf-8")
        for match in _BLOCK.finditer(content):
            line = content.count("\n", 0, match.start("code"))
            not_on = frozenset((match["not"] or "").replace(",", " ").split())
            found.append(Example(page.name, line, match["code"], match["text"], not_on))
    return found
