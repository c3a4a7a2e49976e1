"""docs/engines.md: every cell is read from what an Engine answered, and each row says something of at least two."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from differences import TABLES
from differences.heard import ENGINES, Heard
from differences.page import cells, text
from differences.rows import Row
from pages import PROJECT
from scenarios import SCENARIOS

import rawdock
from rawdock.testing import Recording

PAGE = PROJECT / "docs" / "engines.md"
ROWS = [row for table in TABLES for row in table.rows]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.what)
def test_row(row: Row) -> None:
    """It has words for at least two Engines, and none of them is empty, from a scenario that there is."""
    assert row.scenario in SCENARIOS
    found = cells(row)
    assert sum(map(len, found.values())) >= 2
    assert all(words.strip() == words and "|" not in words and "\n" not in words for words in found)
    assert "|" not in row.what + row.rawdock


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.what)
def test_a_cell_is_made_of_an_answer(row: Row) -> None:
    """Without anything that a row could read, there is an error and not some words."""
    nothing: Recording = {"format": 1, "exchanges": []}
    for engine in {recording.engine for recordings in cells(row).values() for recording in recordings}:
        with pytest.raises((LookupError, StopIteration, ValueError)):
            row.says(Heard(engine, nothing))


def test_most_rows_differ() -> None:
    """A row whose cells are all alike is in the last table."""
    *others, alike = TABLES
    assert [row.what for table in others for row in table.rows if len(cells(row)) < 2] == []
    assert [row.what for row in alike.rows if len(cells(row)) > 1] == []


def test_the_page_is_up_to_date() -> None:
    """As `scripts/engines-page --check`."""
    assert PAGE.read_text(encoding="utf-8") == text()


def test_every_cell_has_a_version_and_a_date() -> None:
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    said = [cell for line in lines for cell in line.split(" | ")[1].split("<br>") if cell.startswith("**")]
    assert len(said) >= 2 * len(ROWS) - len(TABLES[-1].rows)
    version = r"[\d.]+(-dev)?( graph drivers| containerd| rootless)?"
    name = rf"(Docker|Podman) {version}(, {version})*"
    several = rf"\*\*{name}(, {name})*\*\* \(\d{{4}}-\d\d-\d\d\)"
    assert [cell for cell in said if not re.match(rf"{several}(, {several})*: \S", cell)] == []


def test_every_question_to_engines_is_in_a_row() -> None:
    """A scenario of tests/scenarios/engines.py is there for this page alone."""
    asked = {name for name in SCENARIOS if name.startswith("engines-")}
    assert asked - {row.scenario for row in ROWS} == set()


def test_the_page_is_named_where_a_behaviour_is_documented() -> None:
    """Public docstrings that speak of such a difference name the page."""
    named = [
        path
        for path in Path(rawdock.__file__).parent.rglob("*.py")  # a wheel is tested without its sources beside it
        if any(
            "docs/engines.md" in (ast.get_docstring(node) or "")
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef, ast.Module))
        )
    ]
    assert {path.name for path in named} >= {"containers.py", "exec.py", "images.py", "volumes.py", "networks.py"}
    assert "docs/engines.md" in (PROJECT / "README.md").read_text(encoding="utf-8")


def test_all_engines_are_known() -> None:
    assert {engine.partition("-")[0] for engine in ENGINES} == {"docker", "podman"}
