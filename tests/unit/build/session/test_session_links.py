"""Paths that BuildKit asks for: links on their way are followed inside of the folder, wildcards are looked up."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rawdock._build.session.links import follow_links, matches_wildcard


def planted(root: Path, links: dict[str, str], *files: str) -> str:
    for path in files:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()
    for path, target in links.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).symlink_to(target)
    return str(root)


LINKS = {
    "link": "dir",
    "dir/l1": "/dir/l2",  # a whole path is in the folder
    "dir/l2": "target",
    "up": "../../../dir/file",  # what leads out stays in
    "loop": "loop",
    "first": "second",
    "second": "first/x",
    "self": ".",
    "dots/x": "../dir/./file",
    "broken": "none/at/all",
    "w1/link": "../dir",
    "out": "/etc/passwd",
}


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("dir/file", ["dir/file"]),
        ("/dir/file", ["dir/file"]),
        ("./dir//file/", ["dir/file"]),
        ("link", ["dir", "link"]),
        ("link/file", ["dir/file", "link"]),
        ("dir/l1", ["dir/l1", "dir/l2", "dir/target"]),
        ("link/l1", ["dir/l1", "dir/l2", "dir/target", "link"]),
        ("up", ["dir/file", "up"]),
        ("loop", ["loop"]),
        ("loop/x", ["loop"]),
        ("first", ["first", "second"]),
        ("self", [".", "self"]),
        ("self/dir/file", ["dir/file", "self"]),
        ("dots/x", ["dir/file", "dots/x"]),
        ("broken", ["broken", "none/at/all"]),
        ("none/at/all", ["none/at/all"]),
        ("dir/file/below", ["dir/file/below"]),
        ("out", ["etc/passwd", "out"]),
        ("../dir/file", ["dir/file"]),
        ("..", ["."]),
        ("", ["."]),
        # The wildcard itself is kept: it is a pattern for what it matches.
        ("dir/*", ["dir/*", "dir/l2", "dir/target"]),
        ("dir/f*", ["dir/f*"]),
        ("dir/l?", ["dir/l2", "dir/l?", "dir/target"]),
        ("dir/[l]1", ["dir/[l]1", "dir/l2", "dir/target"]),
        ("dir/\\l1", ["dir/\\l1"]),
        ("none/*", ["none/*"]),
        ("w*/link", ["w*/link"]),
        ("li*/file", ["dir/file", "li*"]),
        ("[", ["["]),
    ],
)
def test_what_a_path_leads_to(tmp_path: Path, path: str, wanted: list[str]) -> None:
    assert follow_links(planted(tmp_path, LINKS, "dir/file", "dir/target"), [path]) == wanted


def test_many_paths(tmp_path: Path) -> None:
    """Each place once, sorted by bytes."""
    root = planted(tmp_path, {"é": "b", "l": "b"}, "b", "a")
    assert follow_links(root, ["l", "é", "a", "l", "Z"]) == ["Z", "a", "b", "l", "é"]


def test_nothing_outside_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = planted(tmp_path / "root", {"up": "../outside", "abs": str(tmp_path / "outside")}, "a")
    planted(tmp_path / "outside", {"link": "a"})
    real = os.readlink
    seen: list[str] = []

    def watched(path: str) -> str:
        seen.append(path)
        return real(path)

    monkeypatch.setattr(os, "readlink", watched)
    follow_links(root, ["up/link", "abs/link", "../outside/link"])
    assert seen
    assert all(path.startswith(root + "/") and ".." not in path for path in seen)


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("*", ["", "a", ".x", "a\nb"], []),
        ("a*b", ["ab", "axxb"], ["a", "abc"]),
        ("?", ["a", "é", "\n"], ["", "ab"]),
        ("[abc]", ["a", "c"], ["d", "ab"]),
        ("[^abc]", ["d", "^"], ["a", ""]),
        ("[a-c]x", ["bx"], ["dx", "-x"]),
        ("[a-cx-z]", ["b", "y"], ["d"]),
        ("[\\-]", ["-"], ["\\"]),
        ("[\\]]", ["]"], ["x"]),
        ("[c-a]", [], ["a", "b", "c"]),
        ("[^c-a]", ["a", "x"], []),
        ("[[]", ["["], ["x"]),
        ("[a^]", ["^", "a"], ["b"]),
        ("\\*", ["*"], ["a", "\\*"]),
        ("a.b", ["a.b"], ["axb"]),
        ("(a|b)", ["(a|b)"], ["a"]),
        ("]", ["]"], []),
        # Wrong patterns match nothing.
        ("[", [], ["[", "a"]),
        ("[]a]", [], ["]", "a"]),
        ("[a-]", [], ["a", "-"]),
        ("[-a]", [], ["a", "-"]),
        ("a\\", [], ["a", "a\\"]),
    ],
)
def test_wildcards(pattern: str, matching: list[str], others: list[str]) -> None:
    """As Go's filepath.Match has them."""
    assert [name for name in matching + others if matches_wildcard(pattern, name)] == matching
