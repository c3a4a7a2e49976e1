"""The examples in README and docs/, as far as they can be looked at without an engine."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from pages import PAGES, PROJECT, README, Example, commands, examples

import rawdock

EXAMPLES = examples()
COMMANDS = commands()
MOST_LINES = {README.name: 20}
"""Of a page's programs; 15 where it says nothing else."""


def test_every_block_is_found() -> None:
    """None is missed because of how it is written, and README has none of another kind."""
    text = "".join(page.read_text() for page in PAGES)
    assert len(EXAMPLES) == text.count("```python")
    assert len(COMMANDS) == text.count("```sh")
    assert set(re.findall(r"^```(.+)$", README.read_text(), re.MULTILINE)) == {"python", "sh", "text"}
    prose = re.sub(r"^```.*?^```$", "", README.read_text(), flags=re.MULTILINE | re.DOTALL)
    assert not re.search(r"^ {4}", prose, re.MULTILINE)  # an indented block would be none of these


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: f"{one.page}-{one.line}")
def test_an_example_is_short_and_a_whole_program(example: Example) -> None:
    assert example.size <= MOST_LINES.get(example.page, 15)
    compile(example.code, example.page, "exec")
    assert example.undefined() == set()
    assert example.runs("asyncio") or (example.page != README.name and example.runs("anyio"))


def test_a_program_that_is_not_whole_is_found() -> None:
    whole = Example("page.md", 1, "import asyncio\nasync def main(): print([x for x in 'ab'])\nasyncio.run(main())\n")
    assert whole.undefined() == set()
    assert whole.runs("asyncio")
    assert not whole.runs("trio")
    part = Example("page.md", 1, "async def main(): await docker.system.ping()\nprint(rawdock)\n")
    assert part.undefined() == {"docker", "rawdock"}
    assert not part.runs("asyncio")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda one: f"{one.page}-{one.line}")
def test_a_command_is_there(command: Example) -> None:
    for line in command.code.splitlines():
        program, *arguments = line.split()
        if program.startswith("./"):
            assert os.access(PROJECT / program, os.X_OK), f"{program} cannot be executed"
        elif program == "pip":
            assert arguments == ["install", "."]
        else:
            assert line in (
                "python3 -m venv .venv",
                ". .venv/bin/activate",
                "python -m rawdock",
                "python -m rawdock doctor",
                "python -m rawdock reap",
            )


def test_contributing_names_what_is_there() -> None:
    """Each script, folder and file that it names exists, and it is short enough to be read."""
    text = (PROJECT / "CONTRIBUTING.md").read_text()
    named = set(re.findall(r"(?<!/)\b(?:scripts|tests|docs|rawdock)/[a-z_/-]+(?:\.(?:py|json|md))?", text))
    assert len(named) > 20
    package = Path(rawdock.__file__).parent.parent  # not the checkout where a wheel is tested
    assert {path for path in named if not ((PROJECT / path).exists() or (package / path).exists())} == set()
    assert len(text.splitlines()) <= 120


def test_the_extras_are_there() -> None:
    named = set(re.findall(r"\.\[(\w+)\]", README.read_text()))
    assert named == set(tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["optional-dependencies"])


def test_no_page_needs_an_image_that_only_the_test_engines_have() -> None:
    """Programs take busybox:1, which everybody has; only a push needs a registry of one's own."""
    for example in EXAMPLES:
        assert "127.0.0.1:5000" not in example.code.replace('name = "127.0.0.1:5000/rawdock-s-', "")


def test_the_story_in_readme_is_the_recorded_one() -> None:
    [shown] = [one for one in COMMANDS if one.code == "./scripts/lifecycle\n"]
    assert shown.printed
    told = subprocess.run(
        [sys.executable, "-m", "rawdock.lifecycle", "--replay"], capture_output=True, text=True, timeout=30, check=True
    )
    assert shown.fits(told.stdout)


def test_printed_output_is_compared() -> None:
    example = Example("page.md", 1, "", "one …\nthree\n")
    assert example.fits("one two\nthree\n")
    assert example.fits("one \nand more\nthree")
    assert not example.fits("one two\n")
    assert not example.fits("one two\nthree four\n")
