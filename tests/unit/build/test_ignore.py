"""The rules of a .dockerignore: what the docker command made of them, and that looking into fewer folders changes
nothing."""

from __future__ import annotations

import io
import json
import os
from itertools import product
from pages import PROJECT
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ignore_cases import CASES, Case, listed, plant

from rawdock import InvalidArgument
from rawdock._build.context import archive_of
from rawdock._build.ignore import Rules, read_rules
from rawdock._build.source import Source
from rawdock._threads import Batches

CORPUS: dict[str, Any] = json.loads((PROJECT / "tests" / "support" / "ignore_corpus.json").read_text())

_EARLY = "the classic builder's command goes past a folder that is left out, unless a rule with ! begins with its path"
_SOCKET = "a tar archive has no sockets"
_OWN = "rules in a file that is named after the Dockerfile are BuildKit's"
# Where two docker commands do not agree: which one rawdock goes with, and what is the matter with the other.
DIFFERENT = {
    ("classic", "star and back by stars"): _EARLY,
    ("classic", "stars and a folder and back deeper"): _EARLY,
    ("classic", "stars at both ends and back"): _EARLY,
    ("classic", "back with a class"): _EARLY,
    ("classic", "back with a question mark"): _EARLY,
    ("classic", "back with a class of slashes"): _EARLY,
    ("classic", "rules of its own"): _OWN,
    ("classic", "rules of its own in a folder"): _OWN,
    ("buildx", "a socket"): _SOCKET,
}


def sent(folder: Path, case: Case, *, engine_applies_dockerignore: bool) -> list[str] | None:
    """What rawdock sends; None if it refuses."""
    try:
        context = Source(folder, None, case.file, None, False)._prepare_folder(str(folder), engine_applies_dockerignore)
    except InvalidArgument:
        return None
    assert isinstance(context.content, Batches)
    return listed(io.BytesIO(b"".join(context.content._pieces)))


def with_folders(paths: set[str]) -> set[str]:
    """The paths, and the folders that they are in."""
    found = set(paths)
    for path in paths:
        parts = path.split(" -> ")[0].rstrip("/").split("/")[:-1]
        found |= {"/".join(parts[: depth + 1]) + "/" for depth in range(len(parts))}
    return found


@pytest.mark.parametrize("name", CASES)
def test_results_equal_those_of_the_docker_command(tmp_path: Path, name: str) -> None:
    """The classic builder's command has the same in its archive. BuildKit's has sent the same files when it was asked
    for them, and the Dockerfile by itself."""
    case, corpus = CASES[name], CORPUS["cases"][name]
    with plant(tmp_path / "context", case):
        classic, buildx = (
            sent(tmp_path / "context", case, engine_applies_dockerignore=reads) for reads in (True, False)
        )
    wanted = corpus["classic"]
    assert (classic == wanted) is (("classic", name) not in DIFFERENT), (classic, wanted)
    wanted = corpus["buildx"]
    if wanted is not None:
        wanted = sorted(with_folders({*wanted, case.file}))
    assert (buildx == wanted) is (("buildx", name) not in DIFFERENT), (buildx, wanted)


def test_the_corpus_is_complete() -> None:
    """Every case was asked about, with two commands, and some rules were refused."""
    assert CORPUS["cases"].keys() == CASES.keys()
    assert len(CASES) > 100
    assert all(CORPUS["made_with"].values())
    assert {name for name, lists in CORPUS["cases"].items() if lists["classic"] is None} >= {"mark alone"}
    assert {name for _, name in DIFFERENT} <= CASES.keys()


# Rules and paths of few letters meet often.
_PART = st.text("ab", min_size=1, max_size=2)
_PATH = st.lists(_PART, min_size=1, max_size=4).map("/".join)
_RULE_PART = st.one_of(
    _PART, st.text("ab*?", min_size=1, max_size=3), st.sampled_from(["**", "*", "[ab]", "[^a]", "\\a"])
)
_RULE = st.tuples(st.sampled_from(["", "", "!"]), st.lists(_RULE_PART, min_size=1, max_size=4).map("/".join)).map(
    "".join
)


def usable(rules: list[str]) -> Rules | None:
    try:
        return Rules(rules)
    except InvalidArgument:
        return None


@pytest.fixture(scope="module")
def wood(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder in which rules of few letters find something."""
    folder = tmp_path_factory.mktemp("wood")
    for parts in [*product(("a", "b", "ab"), ("a", "ab"), ("a", "b")), *product(["ba"], "ab", "ab", "ab")]:
        (folder / "/".join(parts[:-1])).mkdir(parents=True, exist_ok=True)
        (folder / "/".join(parts)).write_bytes(b"")
    return str(folder)


@given(rules=st.lists(_RULE, max_size=5), always=st.sets(_PATH, max_size=1))
def test_pruning_changes_nothing(wood: str, rules: list[str], always: set[str]) -> None:
    """An excluded folder that is not read has no included file."""
    usable_rules = usable(rules)
    if usable_rules is None:
        return
    pruned, whole = (b"".join(archive_of(wood, usable_rules, always=always, prune=prune)) for prune in (True, False))
    assert pruned == whole


@given(_PATH, st.lists(_RULE, min_size=1, max_size=5))
def test_a_reincluded_path_is_not_pruned(path: str, texts: list[str]) -> None:
    """The same, path by path: each folder on the way to what is taken back in may have it."""
    rules = usable(texts)
    if rules is None:
        return
    parts = path.split("/")
    above: tuple[bool, ...] = ()
    out = False
    folders = []
    for depth in range(len(parts)):
        out, above = rules.match("/".join(parts[: depth + 1]), above)
        if out:
            folders.append("/".join(parts[: depth + 1]))
    if not out:
        assert all(rules.may_reinclude(folder) for folder in folders)


@given(st.binary(max_size=60))
def test_any_bytes_are_rules_or_refused(data: bytes) -> None:
    """Any rules are accepted or refused with InvalidArgument, and matching never fails."""
    rules = usable(read_rules(data))
    if rules is not None:
        rules.match("a/b")
        rules.may_reinclude("a")


def test_a_rule_that_cannot_be_read_is_named() -> None:
    with pytest.raises(InvalidArgument, match=r"'a\[b'"):
        Rules(["x", "a[b"])


def test_an_excluded_folder_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An excluded tree of a million files costs nothing."""
    (tmp_path / "huge" / "deep").mkdir(parents=True)
    (tmp_path / "kept").mkdir()
    opened: list[str] = []
    real = os.open
    monkeypatch.setattr(
        os, "open", lambda path, *more, **given: (opened.append(str(path)), real(path, *more, **given))[1]
    )
    b"".join(archive_of(str(tmp_path), Rules(["huge", "!kept/x"])))
    assert opened == [str(tmp_path), "kept"]
