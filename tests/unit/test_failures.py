"""The table of failures is complete: each has existing tests and a row in the documentation."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest
from failures import FAILURES, Failure
from pages import PROJECT

import rawdock

TESTS = PROJECT / "tests"
PAGE = PROJECT / "docs" / "failures.md"


@cache
def functions(file: str) -> frozenset[str]:
    """What a file of tests or scenarios defines."""
    path = TESTS / file if "/" in file else next((TESTS / "unit").rglob(file))
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))


def rows() -> list[list[str]]:
    """Of the page's table, without its head."""
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


@pytest.mark.parametrize("failure", FAILURES, ids=lambda one: one.what)
def test_it_has_tests(failure: Failure) -> None:
    """They are there, and one of them needs no Engine."""
    assert [test for test in failure.tests if not test.startswith(("live/", "scenarios/"))]
    for test in failure.tests:
        file, _, name = test.partition("::")
        assert name in functions(file), f"{file} has no {name}"
        assert name.startswith("test_") != file.startswith("scenarios/")


def test_none_is_left_out() -> None:
    """Nor told twice; and the page tells of each and of nothing else."""
    assert len(FAILURES) == 43
    assert len({failure.what for failure in FAILURES}) == len(FAILURES)
    told = [row[0] for row in rows()]
    assert len(set(told)) == len(told)
    assert set(told) == {failure.page for failure in FAILURES}


def test_the_page_names_what_there_is() -> None:
    """Each row has three cells, and the errors in it are rawdock's."""
    named: set[str] = set()
    for row in rows():
        assert len(row) == 3
        assert all(row)
        named |= set(re.findall(r"`([A-Z]\w+)`", " ".join(row[1:])))
    assert named >= {"StreamError", "TruncatedError", "DecodeError", "Gap"}
    assert [name for name in sorted(named) if not hasattr(rawdock, name)] == []
