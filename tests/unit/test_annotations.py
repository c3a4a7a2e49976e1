"""Annotations and signatures of everything public, as tools see them at run time."""

from __future__ import annotations

import inspect
import subprocess
import sys
import types
import typing
from collections.abc import Iterator
from typing import Any

import pytest

import rawdock
import rawdock.bars
import rawdock.files
import rawdock.models
import rawdock.progress
import rawdock.streams
import rawdock.testing
import rawdock.usage
from rawdock import Docker
from rawdock._resources import LoadedOnUse, Operations
from rawdock.api.containers import Containers
from rawdock.helpers.build import Builder

MODULES = [
    rawdock,
    rawdock.bars,
    rawdock.files,
    rawdock.progress,
    rawdock.streams,
    rawdock.testing,
    rawdock.usage,
]
_CALLS = ("__init__", "__call__", "__aenter__", "__anext__", "__await__", "__aiter__", "__iter__")


def functions_of(cls: type[Any]) -> Iterator[tuple[str, Any]]:
    """The public methods and properties of a class, with the functions behind them; none that attrs wrote."""
    for name in dir(cls):
        if name.startswith("_") and name not in _CALLS:
            continue
        member = inspect.getattr_static(cls, name)
        if isinstance(member, property):
            member = member.fget
        elif isinstance(member, (classmethod, staticmethod)):
            member = member.__func__
        else:
            member = getattr(cls, name)
        if (
            isinstance(member, types.FunctionType)
            and member.__module__.startswith("rawdock")
            and "attrs generated" not in member.__code__.co_filename
        ):
            yield f"{cls.__module__}.{cls.__name__}.{name}", member


def public_functions() -> dict[str, Any]:
    """Every public function and method, by its qualified name."""
    found: dict[str, Any] = {}
    docker = Docker("/nowhere")
    for name, resource in vars(Operations).items():
        if isinstance(resource, LoadedOnUse):
            found |= functions_of(type(getattr(docker, name)))
    for module in MODULES:
        for name in module.__all__:
            value = getattr(module, name)
            if isinstance(value, type):
                found |= functions_of(value)
            elif isinstance(value, types.FunctionType):
                found[f"{value.__module__}.{name}"] = value
    return found


FUNCTIONS = public_functions()


def test_the_functions_are_found() -> None:
    """Operations, methods of the client, of streams and of results, and plain functions are among them."""
    expected = {
        "rawdock.api.containers.Containers.create",
        "rawdock.api.images.Images.pull",
        "rawdock.bars.show",
        "rawdock.files.save_to",
        "rawdock.helpers.build.Builder.__call__",
        "rawdock.usage.usage_of",
        "rawdock._docker.Docker.run",
        "rawdock._docker.Docker.request",
        "rawdock._docker.Docker.watch",
        "rawdock._streams.faces.build_steps.Building.result",
        "rawdock.testing.replay.Replay.unused",
    }
    assert expected <= FUNCTIONS.keys()
    assert len(FUNCTIONS) > 300


@pytest.mark.parametrize("name", FUNCTIONS)
def test_annotations_can_be_resolved(name: str) -> None:
    """`typing.get_type_hints` works with `rawdock.type_names()`, and the names mean what they mean in the module."""
    function = FUNCTIONS[name]
    hints = typing.get_type_hints(function, localns=rawdock.type_names())
    module = vars(sys.modules[inspect.unwrap(function).__module__])
    in_module = typing.get_type_hints(function, globalns={**rawdock.type_names(), **module}, localns={})
    assert hints == in_module
    assert set(hints) == set(function.__annotations__)


@pytest.mark.parametrize(
    ("function", "parameters"),
    [
        (Docker.run, ["docker", "image", "cmd", "spec"]),
        (Docker.watch, ["docker", "filters", "since"]),
        (Docker.copy_in, ["docker", "container", "source", "destination"]),
        (Docker.request, ["self", "method", "path"]),
        (Containers.create, ["self", "spec", "name"]),
        (Builder.__call__, ["self", "context", "dockerfile"]),
    ],
)
def test_signatures_are_real(function: Any, parameters: list[str]) -> None:
    """`inspect.signature` and `help` show the parameters and the docstring, and no placeholder."""
    signature = inspect.signature(function)
    assert list(signature.parameters)[: len(parameters)] == parameters
    assert not {"args", "kwargs"} & signature.parameters.keys()
    assert inspect.getdoc(function)


def test_type_names_are_loaded_on_use() -> None:
    """Making the namespace loads no model and no operation; looking a name up loads only its own module."""
    code = (
        "import rawdock, sys\n"
        "names = rawdock.type_names()\n"
        "assert 'Ping' in names and len(names) > 300\n"
        "loaded = {name for name in sys.modules if name.startswith(('rawdock.models.', 'rawdock.api.'))}\n"
        "assert not loaded, loaded\n"
        "names['Ping']\n"
        "assert 'rawdock.models.ping' in sys.modules and 'rawdock.models.containers' not in sys.modules\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_name_that_does_not_exist() -> None:
    """An unknown name is a KeyError, as in any mapping."""
    with pytest.raises(KeyError):
        rawdock.type_names()["NoSuchClass"]
