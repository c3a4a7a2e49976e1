"""The examples in docs/, as far as they can be looked at without an engine."""

from __future__ import annotations

import pytest
from pages import PROJECT, Example, examples

EXAMPLES = examples()
MOST_LINES = 15


def test_every_block_of_python_is_an_example() -> None:
    """None is missed because of how it is written."""
    blocks = sum(page.read_text().count("```python") for page in (PROJECT / "docs").glob("*.md"))
    assert len(EXAMPLES) == blocks


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: f"{one.page}-{one.line}")
def test_an_example_is_short_and_a_program(example: Example) -> None:
    assert example.size <= MOST_LINES
    compile(example.code, example.page, "exec")


def test_what_is_printed_is_compared() -> None:
    example = Example("page.md", 1, "", "one …\nthree\n", frozenset())
    assert example.fits("one two\nthree\n")
    assert example.fits("one \nand more\nthree")
    assert not example.fits("one two\n")
    assert not example.fits("one two\nthree four\n")
