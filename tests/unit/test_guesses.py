"""A name that is known from elsewhere is answered with the right one."""

from __future__ import annotations

import copy
import inspect
import pickle
import re
import runpy
from typing import Any
from unittest import mock

import pytest
from pages import PROJECT

import rawdock
from rawdock import Docker
from rawdock._guesses import BY_GROUP, PLACES, meant

GUESSES = [(group, name, *row) for group, names in BY_GROUP.items() for name, row in names.items()]


@pytest.fixture
def docker() -> Docker:
    return Docker("unix:///nowhere.sock")


def found(docker: Docker, path: str) -> Any:
    place: Any = docker
    for name in path.removeprefix("docker.").split("."):
        place = getattr(place, name)
    return place


@pytest.mark.parametrize(("group", "name", "right", "place"), GUESSES, ids=lambda one: str(one)[:30])
def test_a_guess_is_answered(docker: Docker, group: str, name: str, right: str, place: str) -> None:
    owner = getattr(docker, group) if group else docker
    assert not hasattr(owner, name)
    assert name not in dir(owner)
    with pytest.raises(AttributeError, match=re.escape(f"has no attribute {name!r}; here it is {right} (")) as caught:
        getattr(owner, name)
    assert (caught.value.name, caught.value.obj) == (name, owner)
    assert PLACES[place] in str(caught.value)
    paths = re.findall(r"docker\.[a-z_]+(?:\.[a-z_]+)?", right)
    assert paths
    assert all(found(docker, path) is not None for path in paths)


def test_other_names_are_plain_errors(docker: Docker) -> None:
    for owner in (docker, docker.containers):
        with pytest.raises(AttributeError, match=r"has no attribute 'colour'$"):
            getattr(owner, "colour")  # noqa: B009
        assert getattr(owner, "rm_", None) is None
    assert meant("nothing", "rm") == meant("containers", "__len__") == ""


def test_looking_at_objects_finds_nothing_more(docker: Docker) -> None:
    for owner in (docker, docker.containers, docker.images):
        for name in (
            "__len__",
            "__iter__",
            "__await__",
            "__aiter__",
            "__wrapped__",
            "__deepcopy__",
            "_ipython_display_",
        ):
            assert not hasattr(owner, name)
        assert inspect.unwrap(owner) is owner  # type: ignore[arg-type]
        assert inspect.getmembers(owner)
        assert not callable(owner)
    assert copy.copy(docker.containers)._client is docker
    with pytest.raises((TypeError, AttributeError, pickle.PicklingError)):
        pickle.dumps(docker)
    fake = mock.create_autospec(type(docker.containers), instance=True)
    with pytest.raises(AttributeError):
        fake.rm("web")


def test_dir_shows_what_users_use(docker: Docker) -> None:
    public = [name for name in dir(docker) if not name.startswith("_")]
    assert {"run", "containers", "images", "build", "execute", "watch", "aclose", "request", "http"} <= set(public)
    assert not {"held", "perform", "negotiate", "call", "open", "known_engine"} & set(public)
    assert [name for name in dir(docker) if name.startswith("_") and not name.startswith("__")] == []
    assert "create" in dir(docker.containers)
    names = [name for name in dir(rawdock) if not name.startswith("__")]
    assert set(names) - set(rawdock.__all__) == {
        "bars", "errors", "files", "models", "progress", "streams", "testing", "usage",
    }  # fmt: skip
    assert set(rawdock.__all__) <= {*dir(rawdock)}
    assert rawdock.models.ContainerSpec


def test_the_page_is_made_of_the_table() -> None:
    script = runpy.run_path(str(PROJECT / "scripts" / "migration-page"))
    assert (PROJECT / "docs" / "migration.md").read_text(encoding="utf-8") == script["page"]()
