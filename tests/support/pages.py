"""The examples in README and docs/: a block of Python is a whole program, and a block of text after it is its output.

In the text, `…` stands for any text, also for several lines. Comments before a block name engines, by label:

    <!-- not on: podman -->                 it is not run on these engines
    <!-- printed otherwise on: podman -->   it is run on these engines, but its output is not compared

A block of `sh` is a command that runs as printed.
"""

from __future__ import annotations

import ast
import builtins
import re
import symtable
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PROJECT = Path(__file__).resolve().parents[2]
README = PROJECT / "README.md"
PAGES = (README, *sorted((PROJECT / "docs").glob("*.md")))

_TEXT = r"(?:\n+^```text\n(?P<text>.*?)^```\n)?"
_BLOCK = re.compile(
    r"(?:^<!-- not on: (?P<not>[^>]*?) -->\n+)?(?:^<!-- printed otherwise on: (?P<other>[^>]*?) -->\n+)?"
    rf"^```python\n(?P<code>.*?)^```\n{_TEXT}",
    re.MULTILINE | re.DOTALL,
)
_COMMAND = re.compile(rf"^```sh\n(?P<code>.*?)^```\n{_TEXT}", re.MULTILINE | re.DOTALL)
_LABELS = re.compile(r"[^\s,]+")


class Example(NamedTuple):
    """A program or command in a page, and its output."""

    page: str
    line: int
    code: str
    printed: str | None = None
    not_on: frozenset[str] = frozenset()
    printed_otherwise_on: frozenset[str] = frozenset()

    @property
    def size(self) -> int:
        """The number of lines that are not blank."""
        return sum(bool(line.strip()) for line in self.code.splitlines())

    def fits(self, printed: str) -> bool:
        """Whether an output matches the one in the page."""
        if self.printed is None:
            return True
        parts = [re.escape(part) for part in self.printed.strip().split("…")]
        return re.fullmatch(".*".join(parts), printed.strip(), re.DOTALL) is not None

    def undefined(self) -> set[str]:
        """The names that the program uses but neither imports nor defines."""
        table = symtable.symtable(self.code, self.page, "exec")
        defined = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
        used = {symbol.get_name() for one in _tables(table) for symbol in one.get_symbols() if symbol.is_global()}
        used |= {symbol.get_name() for symbol in table.get_symbols() if symbol.is_referenced()}
        return used - defined - set(dir(builtins))

    def runs(self, loop: str) -> bool:
        """Whether the program's last statement is `LOOP.run(...)`."""
        last = ast.parse(self.code).body[-1]
        return isinstance(last, ast.Expr) and ast.unparse(last).startswith(f"{loop}.run(")


def _tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    for child in table.get_children():
        yield child
        yield from _tables(child)


def examples() -> list[Example]:
    """All programs in README and docs/."""
    return [
        Example(page.name, line, match["code"], match["text"], _labels(match["not"]), _labels(match["other"]))
        for page in PAGES
        for line, match in _found(page, _BLOCK)
    ]


def commands() -> list[Example]:
    """All commands in README and docs/."""
    return [
        Example(page.name, line, match["code"], match["text"])
        for page in PAGES
        for line, match in _found(page, _COMMAND)
    ]


def _found(page: Path, pattern: re.Pattern[str]) -> Iterator[tuple[int, re.Match[str]]]:
    content = page.read_text(encoding="utf-8")
    for match in pattern.finditer(content):
        yield content.count("\n", 0, match.start("code")), match


def _labels(text: str | None) -> frozenset[str]:
    return frozenset(_LABELS.findall(text or ""))
