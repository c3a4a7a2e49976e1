"""What each method sends for its row in `example_arguments.py`, and which arguments it refuses.

After an intended change: RAWDOCK_UPDATE_GOLDEN=1 pytest tests/unit/declare/test_requests.py, and check the
difference.
"""

from __future__ import annotations

import inspect
import json
import os
import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from example_arguments import EXAMPLES, MORE, WRONG, Arguments
from pages import PROJECT
from spec.deviations import DEVIATIONS
from spec.facts import methods, missing_operations, operation_differences, operations, resources

from rawdock import Docker, InvalidArgument, ServerError, VersionError, endpoint_of
from rawdock._streams.faces.contexts import Opens
from rawdock._versions import NEWEST, version_text
from rawdock.models import ContainerSpec, HostConfig, Mount, PluginPrivilege, PortBinding

GOLDEN = PROJECT / "tests" / "golden" / "requests.json"
UPDATE = bool(os.environ.get("RAWDOCK_UPDATE_GOLDEN"))
UPDATE_GOLDEN = (
    "if this is meant: RAWDOCK_UPDATE_GOLDEN=1 pytest tests/unit/declare/test_requests.py, and look at the difference "
    "of tests/golden/requests.json"
)
VERSION = version_text(NEWEST)
METHODS = methods()

# Headers that every request has, or that are never the same twice.
_COMMON = frozenset({"host", "user-agent", "content-length", "sec-websocket-key"})


def required(name: str) -> list[str]:
    """The required arguments of a method."""
    parameters = list(inspect.signature(METHODS[name]).parameters.values())[1:]
    return [parameter.name for parameter in parameters if parameter.default is parameter.empty]


def cases(name: str) -> Iterator[tuple[str, Arguments]]:
    """The arguments of a method's calls: the required ones, each option alone, all, and more cases."""
    row = EXAMPLES[name]
    least = {argument: row[argument] for argument in required(name)}
    options = row.keys() - least.keys()
    if options:
        yield "least", least
    if len(options) > 1:
        for option in sorted(options):
            yield option, least | {option: row[option]}
    yield "all", row
    yield from MORE.get(name, {}).items()


async def call(docker: Docker, name: str, arguments: Arguments) -> Any:
    """Call a method; a stream is entered and left."""
    group, _, verb = name.partition(".")
    result = getattr(getattr(docker, group), verb)(**arguments)
    if isinstance(result, Opens):
        async with result as stream:
            return stream
    return await result


def answering(answer: Callable[[httpx.Request], httpx.Response]) -> Docker:
    return Docker(transport=httpx.MockTransport(answer), version=VERSION)


async def sent_by(name: str, arguments: Arguments) -> httpx.Request:
    """The request that a call makes, which the Engine then answers with a 500."""
    taken: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if name != "system.version" and request.url.path.endswith("/version"):
            return httpx.Response(404)  # an Engine that does not say what it is
        taken.append(request)
        return httpx.Response(500, json={"message": "on purpose"})

    async with answering(answer) as docker:
        with pytest.raises(ServerError, match="on purpose") as caught:
            await call(docker, name, arguments)
    assert caught.value.operation == name
    (request,) = taken
    return request


def as_golden(name: str, request: httpx.Request) -> dict[str, Any]:
    """A request as a row of the golden file, without the version that all but a few paths begin with."""
    body = request.content.decode()
    is_json = request.headers.get("content-type") == "application/json"
    target, prefix = request.url.raw_path.decode(), f"/v{VERSION}/"
    assert target.startswith(prefix) is endpoint_of(METHODS[name]).versioned, target
    found: dict[str, Any] = {"request": f"{request.method} /{target.removeprefix(prefix).lstrip('/')}"}
    if headers := [f"{name}: {value}" for name, value in request.headers.multi_items() if name not in _COMMON]:
        found["headers"] = headers
    if body:
        found["body"] = json.loads(body) if is_json else body
    return found


def golden() -> dict[str, dict[str, Any]]:
    read: dict[str, dict[str, Any]] = json.loads(GOLDEN.read_text())
    return read


@pytest.mark.anyio
@pytest.mark.parametrize("name", sorted(EXAMPLES))
async def test_golden(name: str) -> None:
    """A call sends what the golden file has; a 500 is a ServerError of this operation."""
    found = {case: as_golden(name, await sent_by(name, arguments)) for case, arguments in cases(name)}
    if UPDATE:
        write_golden(golden() | {name: found})
    assert found == golden().get(name), UPDATE_GOLDEN


def write_golden(table: dict[str, dict[str, Any]]) -> None:
    """Write one line for each case, for short diffs."""
    rows = []
    for name in sorted(table.keys() & METHODS.keys()):
        lines = ",\n".join(
            f"  {json.dumps(case)}: {json.dumps(row, ensure_ascii=False)}" for case, row in table[name].items()
        )
        rows.append(f" {json.dumps(name)}: {{\n{lines}\n }}")
    GOLDEN.write_text("{\n" + ",\n".join(rows) + "\n}\n")


def test_golden_is_complete() -> None:
    """The golden file has the methods that exist, and no others."""
    assert set(golden()) == set(METHODS), UPDATE_GOLDEN


def test_every_method_has_a_row() -> None:
    """A new method, or a new parameter of one, needs an example."""
    assert set(EXAMPLES) == set(METHODS), "tests/support/example_arguments.py: EXAMPLES needs one row for each method"
    for name, method in METHODS.items():
        parameters = list(inspect.signature(method).parameters)[1:]
        assert {argument for _, case in cases(name) for argument in case} == set(parameters), (
            f"tests/support/example_arguments.py: the row {name!r} needs a value for each parameter"
        )


def test_an_option_is_seen_in_the_request() -> None:
    """Each option changes the request: none is ignored."""
    for name, found in golden().items():
        least = found.get("least", {})
        assert [case for case, row in found.items() if case != "least" and row == least] == [], name


@pytest.mark.parametrize("name", sorted(METHODS))
def test_documented(name: str) -> None:
    """The docstring of a method has a sentence and the route."""
    text = " ".join(inspect.cleandoc(METHODS[name].__doc__ or "").split())
    declared = endpoint_of(METHODS[name])
    assert re.search(re.escape(f"Route: {declared.method} {declared.path}") + r"(\.|,)", text)
    assert re.match(r"[A-Z].*[.;]", text)
    assert declared.returns is None or declared.returns is not inspect.Signature.empty


@pytest.mark.parametrize("name", sorted(resources()))
def test_list_is_last(name: str) -> None:
    """`list` is the last method of its class, since it hides the type of that name from later annotations."""
    names = [key for key in vars(resources()[name]) if not key.startswith("_")]
    assert "list" not in names[:-1]


# Declarations beside the official facts.


@pytest.mark.parametrize("key", sorted(operations()))
def test_an_operation_differs_from_the_files_only_where_a_reason_is_given(key: str) -> None:
    """Name, parameters, versions and body are the official ones, except for the listed deviations."""
    meant = {name for name in DEVIATIONS if name.partition(": ")[0] == key}
    assert {difference for difference, _ in operation_differences(key)} == meant, (
        f"change the declaration of {key} in rawdock/api, or give the reason in DEVIATIONS of tests/spec/deviations.py"
    )


def test_every_operation_is_there() -> None:
    """rawdock has every operation of the files, and every deviation is of an operation that exists."""
    assert missing_operations() == set(), "declare them in rawdock/api (CONTRIBUTING.md: An endpoint)"
    assert len(operations()) > 100
    assert {name.partition(": ")[0] for name in DEVIATIONS if ": " in name} <= operations().keys()


# Versions.


def gated() -> Iterator[tuple[str, str, Arguments, str]]:
    """Each method or option that older Engines do not have, with its arguments and the version it needs."""
    for name in sorted(METHODS.keys() & EXAMPLES.keys()):
        declared = endpoint_of(METHODS[name])
        row = EXAMPLES[name]
        least = {argument: row[argument] for argument in required(name)}
        if declared.since:
            yield name, name, least, version_text(declared.since)
        for one in declared.parameters:
            if one.since and one.name in row:
                yield (
                    name,
                    f"{declared.operation}: {one.name}",
                    least | {one.name: row[one.name]},
                    version_text(one.since),
                )


@pytest.mark.anyio
@pytest.mark.parametrize(("name", "what", "arguments", "since"), list(gated()), ids=lambda value: str(value)[:30])
async def test_newer_than_the_engine(name: str, what: str, arguments: Arguments, since: str) -> None:
    """What the API version does not have raises a VersionError that names it and both versions; nothing is sent."""
    major, _, minor = since.partition(".")
    older = f"{major}.{int(minor) - 1}"

    def answer(request: httpx.Request) -> httpx.Response:
        raise AssertionError(f"sent {request.method} {request.url}")

    async with Docker(transport=httpx.MockTransport(answer), version=older) as docker:
        with pytest.raises(VersionError, match=re.escape(f"{what} needs API {since}")) as caught:
            await call(docker, name, arguments)
    assert (caught.value.needed, caught.value.actual) == (since, older)


# Arguments that are refused before anything is sent.


async def refused(name: str, arguments: Arguments) -> InvalidArgument:
    def answer(request: httpx.Request) -> httpx.Response:
        raise AssertionError(f"sent {request.method} {request.url}")

    async with answering(answer) as docker:
        with pytest.raises(InvalidArgument) as caught:
            await call(docker, name, arguments)
    return caught.value


HOSTILE = ["", " ", "..", "a/../b", "a b", "a?b", "a#b", "a\r\nb", "/a", "a//b", None, 7, b"a"]
TAKEN = {"containers": {"/a"}, "networks": {" ", "a b", "a?b", "a#b"}}
"""Of these, what Engines give to containers and networks as names; by the route."""


def path_arguments() -> Iterator[tuple[str, str]]:
    """The arguments that become part of a path, and image references."""
    for name, method in sorted(METHODS.items()):
        public = inspect.signature(method).parameters
        for one in endpoint_of(method).parameters:
            if one.place == "path" and one.name in public:
                yield name, one.name
        if "reference" in public:
            yield name, "reference"


@pytest.mark.anyio
@pytest.mark.parametrize(("name", "argument"), list(path_arguments()))
async def test_ids_refused(name: str, argument: str) -> None:
    """An id or reference that would reach another endpoint is refused before anything is sent."""
    taken = TAKEN.get(endpoint_of(METHODS[name]).path.split("/")[1], set()) if argument != "checkpoint" else set()
    for value in (value for value in HOSTILE if value not in taken):
        error = await refused(name, {**EXAMPLES[name], argument: value})
        assert name.split(".")[0] in str(error) or argument == "reference"


@pytest.mark.anyio
@pytest.mark.parametrize(("name", "arguments"), WRONG)
async def test_wrong_arguments(name: str, arguments: Arguments) -> None:
    """A value of the wrong type, or one that the Engine does not know, is refused before anything is sent."""
    assert str(await refused(name, arguments))


def test_streams_are_not_coroutines() -> None:
    """A method that opens a stream is not async: it returns a context manager, and sends nothing until entered."""
    docker = answering(lambda request: httpx.Response(500))
    opened = []
    for name, method in METHODS.items():
        if not inspect.iscoroutinefunction(method):
            group, _, verb = name.partition(".")
            made = getattr(getattr(docker, group), verb)(**EXAMPLES[name])
            assert isinstance(made, Opens), name
            made._is_used = True  # so that it does not warn
            opened.append(name)
    assert len(opened) > 20


@pytest.mark.anyio
async def test_a_wrong_type_inside_a_model() -> None:
    """The error has the path, through models, lists and maps; nothing is sent."""
    mounts: Any = [Mount(target="/a"), Mount(target="/b"), Mount(target="/c", type=5)]  # type: ignore[arg-type]
    error = await refused("containers.create", {"spec": ContainerSpec(host_config=HostConfig(mounts=mounts))})
    assert "$.HostConfig.Mounts[2].Type: expected str, got int" in str(error)
    ports: Any = {"80/tcp": [PortBinding(host_port=80)]}  # type: ignore[arg-type]
    error = await refused("containers.create", {"spec": ContainerSpec(host_config=HostConfig(port_bindings=ports))})
    assert "$.HostConfig.PortBindings['80/tcp'][0].HostPort: expected str, got int" in str(error)
    wrong: Any = [PluginPrivilege(name="a"), PluginPrivilege(value="host")]  # type: ignore[arg-type]
    error = await refused("plugins.pull", {"remote": "a", "privileges": wrong})
    assert "$[1].Value: expected list, got str" in str(error)


@pytest.mark.anyio
async def test_unknown_fields_can_be_sent() -> None:
    """A field that no model has can be sent in `extra`, at any depth, and replaces others."""
    spec = ContainerSpec(image="a", extra={"Tomorrow": 1}, host_config=HostConfig(extra={"Also": {"a": None}}))
    request = await sent_by("containers.create", {"spec": spec})
    assert json.loads(request.content) == {"Image": "a", "Tomorrow": 1, "HostConfig": {"Also": {"a": None}}}
