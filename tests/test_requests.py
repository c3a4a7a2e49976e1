"""Golden requests: what each endpoint sends, at least and at most; and its declaration beside the official facts.

After a change that is meant: RAWDOCK_UPDATE_GOLDEN=1 pytest tests/test_requests.py, and look at the difference.
"""

from __future__ import annotations

import inspect
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from rawdock import Docker, InvalidArgument, ServerError, endpoint_of
from rawdock._endpoint import Endpoint, Resource
from rawdock._streams.opens import Opens
from rawdock._versions import version_text
from rawdock.api.containers import Containers
from rawdock.api.images import Images
from rawdock.api.system import System
from rawdock.models import (
    AuthConfig,
    ContainerConfig,
    ContainerSpec,
    ContainerUpdate,
    HostConfig,
    Platform,
    RestartPolicy,
)

HERE = Path(__file__).parent
GOLDEN = HERE / "golden" / "requests.json"
UPDATE = bool(os.environ.get("RAWDOCK_UPDATE_GOLDEN"))
FACTS: dict[str, Any] = json.loads((HERE / "spec" / "engine.json").read_text())["operations"]
VERSION = "1.56"

AUTH = AuthConfig(username="ada", password="not secret")
ARM = Platform(os="linux", architecture="arm", variant="v7")
AMD = Platform(os="linux", architecture="amd64")
ODD = {"label": ["a=b", "c d&é"], "until": 5, "dangling": True}

# What each public endpoint is called with. Together the cases of an endpoint use each of its parameters.
CASES: dict[str, dict[str, dict[str, Any]]] = {
    "containers.changes": {"all": {"id": "web"}},
    "containers.commit": {
        "least": {"container": "web"},
        "all": {
            "container": "web",
            "config": ContainerConfig(env=["A=1"]),
            "repo": "r.test:5000/app",
            "tag": "1",
            "comment": "a b",
            "author": "Ada <ada@r.test>",
            "pause": False,
            "changes": 'CMD ["sh"]\nUSER ada',
        },
    },
    "containers.create": {
        "least": {"spec": ContainerSpec(image="busybox:1")},
        "all": {
            "spec": ContainerSpec(
                image="busybox:1", cmd=["sh"], entrypoint=[], labels={"é": ""}, host_config=HostConfig(auto_remove=True)
            ),
            "name": "web",
            "platform": "linux/arm/v7",
        },
    },
    "containers.delete": {"least": {"id": "web"}, "all": {"id": "web", "volumes": True, "force": True, "link": True}},
    "containers.inspect": {"least": {"id": "web"}, "all": {"id": "web", "size": True}},
    "containers.kill": {"least": {"id": "web"}, "all": {"id": "web", "signal": "SIGTERM"}},
    "containers.list": {"least": {}, "all": {"all": True, "limit": 3, "size": True, "filters": ODD}},
    "containers.pause": {"all": {"id": "web"}},
    "containers.prune": {"least": {}, "all": {"filters": ODD}},
    "containers.rename": {"all": {"id": "web", "name": "other"}},
    "containers.restart": {"least": {"id": "web"}, "all": {"id": "web", "timeout": 0, "signal": "SIGINT"}},
    "containers.start": {"least": {"id": "web"}, "all": {"id": "web", "detach_keys": "ctrl-p,ctrl-q"}},
    "containers.stop": {"least": {"id": "web"}, "all": {"id": "web", "timeout": -1, "signal": "SIGINT"}},
    "containers.top": {"least": {"id": "web"}, "all": {"id": "web", "ps_args": "-eo pid,args"}},
    "containers.unpause": {"all": {"id": "web"}},
    "containers.update": {
        "all": {"id": "web", "update": ContainerUpdate(cpu_shares=512, restart_policy=RestartPolicy(name="always"))}
    },
    "containers.wait": {"least": {"id": "web"}, "all": {"id": "web", "condition": "next-exit"}},
    "images.delete": {
        "least": {"name": "busybox:1"},
        "all": {"name": "r.test:5000/a/b:1", "force": True, "noprune": True, "platforms": [ARM, AMD]},
    },
    "images.history": {"least": {"name": "busybox:1"}, "all": {"name": "busybox:1", "platform": ARM}},
    "images.inspect": {
        "least": {"name": "busybox:1"},
        "all": {"name": "r.test:5000/a/b@sha256:" + "0" * 64, "manifests": True, "platform": ARM},
    },
    "images.list": {
        "least": {},
        "all": {
            "all": True,
            "filters": ODD,
            "shared_size": True,
            "digests": True,
            "manifests": True,
            "identity": True,
        },
    },
    "images.prune": {"least": {}, "all": {"filters": {"dangling": False}}},
    "images.pull": {
        "least": {"reference": "busybox"},
        "all": {"reference": "r.test:5000/a/b:1", "platform": "linux/arm/v7", "auth_config": AUTH},
        "all tags": {"reference": "r.test:5000/a/b", "all_tags": True},
        "digest": {"reference": "busybox@sha256:" + "0" * 64},
    },
    "images.push": {
        "least": {"reference": "r.test:5000/a/b"},
        "all": {"reference": "r.test:5000/a/b:1", "platform": ARM, "auth_config": AUTH},
        "all tags": {"reference": "r.test:5000/a/b", "all_tags": True},
    },
    "images.tag": {
        "least": {"name": "busybox:1", "repo": "other"},
        "all": {"name": "busybox:1", "repo": "r.test:5000/a/b", "tag": "2"},
    },
    "system.auth": {
        "least": {"auth_config": AuthConfig()},
        "all": {"auth_config": AuthConfig(username="ada", password="not secret", serveraddress="r.test")},
    },
    "system.data_usage": {"least": {}, "all": {"type": ["image", "build-cache"], "verbose": True}},
    "system.info": {"all": {}},
    "system.ping": {"all": {}},
    "system.ping_head": {"all": {}},
    "system.version": {"all": {}},
}

# Where a declaration differs from the official facts on purpose.
_IMPORT = "belongs to an import, which is another operation on the same path"
DEVIATIONS: dict[str, str] = {
    "GET /system/df: query type since": "the files of 1.40 and 1.41 show it, the Engine has read it from 1.42 on",
    "POST /images/create: query changes missing": _IMPORT,
    "POST /images/create: query fromSrc missing": _IMPORT,
    "POST /images/create: query message missing": _IMPORT,
    "POST /images/create: query repo missing": _IMPORT,
    "POST /images/create: query tag missing": "stands in fromImage, where a digest can be too",
}


def public_methods() -> dict[str, Callable[..., Any]]:
    """Every public endpoint, by its public name."""
    groups: tuple[type[Resource], ...] = (Containers, Images, System)
    return {
        f"{group.__name__.lower()}.{name}": value
        for group in groups
        for name, value in vars(group).items()
        if not name.startswith("_") and hasattr(value, "__endpoint__")
    }


METHODS = public_methods()
ALL_CASES = [(name, case) for name in sorted(CASES) for case in CASES[name]]


def declared(name: str) -> Endpoint:
    return endpoint_of(METHODS[name])


async def call(docker: Docker, name: str, arguments: dict[str, Any]) -> Any:
    group, _, verb = name.partition(".")
    return await getattr(getattr(docker, group), verb)(**arguments)


async def sent_by(name: str, arguments: dict[str, Any]) -> httpx.Request:
    """The request that a call makes, which the Engine then answers with a 500."""
    taken: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        taken.append(request)
        return httpx.Response(500, json={"message": "on purpose"})

    async with Docker(transport=httpx.MockTransport(answer), version=VERSION) as docker:
        with pytest.raises(ServerError, match="on purpose") as caught:
            await call(docker, name, arguments)
    assert caught.value.operation == name
    (request,) = taken
    return request


def as_golden(request: httpx.Request) -> dict[str, Any]:
    body = request.content.decode()
    return {
        "request": f"{request.method} {request.url.raw_path.decode()}",
        "headers": [f"{name}: {value}" for name, value in request.headers.multi_items() if name != "user-agent"],
        "body": json.loads(body) if body else None,
    }


@pytest.mark.anyio
@pytest.mark.parametrize(("name", "case"), ALL_CASES)
async def test_golden(name: str, case: str) -> None:
    """A call sends what it sent when somebody looked at it last; a 500 is a ServerError of this operation."""
    found = as_golden(await sent_by(name, CASES[name][case]))
    golden: dict[str, Any] = json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {}
    if UPDATE:
        golden.setdefault(name, {})[case] = found
        GOLDEN.write_text(json.dumps(golden, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    assert golden[name][case] == found


def test_golden_is_complete() -> None:
    """Nothing stands in the golden file that is not tested, and nothing is missing there."""
    golden: dict[str, Any] = json.loads(GOLDEN.read_text())
    assert {name: set(cases) for name, cases in golden.items()} == {name: set(cases) for name, cases in CASES.items()}


def test_every_endpoint_has_cases() -> None:
    """A new endpoint, or a new parameter of one, needs a case here."""
    assert set(CASES) == set(METHODS)
    for name, method in METHODS.items():
        parameters = list(inspect.signature(method).parameters)[1:]
        used = {argument for case in CASES[name].values() for argument in case}
        assert used == set(parameters), name


@pytest.mark.parametrize("name", sorted(METHODS))
def test_route_in_docstring(name: str) -> None:
    """The route in the docstring, which is all that a reader of the API sees, is the one that is asked."""
    text = inspect.cleandoc(METHODS[name].__doc__ or "")
    route = f"{declared(name).method} {declared(name).path}"
    assert re.search(re.escape(f"Route: {route}") + r"(\.|,)", " ".join(text.split()))


def differences(name: str) -> set[str]:
    """How a declaration differs from the facts."""
    endpoint = declared(name)
    operation = f"{endpoint.method} {endpoint.path}"
    if operation not in FACTS:
        return {f"{operation}: unknown"}
    facts = FACTS[operation]
    ours = {f"{one.place} {one.wire}": one for one in endpoint.parameters if one.place != "body"}
    official: dict[str, dict[str, Any]] = facts["parameters"]
    found = {f"{operation}: {key} missing" for key in official.keys() - ours.keys()}
    found |= {f"{operation}: {key} extra" for key in ours.keys() - official.keys()}
    for key in official.keys() & ours.keys():
        one = ours[key]
        for gate, version in (("since", one.since), ("until", one.until)):
            if (version_text(version) if version else None) != official[key].get(gate):
                found.add(f"{operation}: {key} {gate}")
        if official[key].get("required") and not one.required:
            found.add(f"{operation}: {key} required")
    if any(one.place == "body" for one in endpoint.parameters) != (facts.get("body", "string") != "string"):
        found.add(f"{operation}: body")
    if (version_text(endpoint.since) if endpoint.since else None) != facts.get("since"):
        found.add(f"{operation}: since")
    return found


def test_declarations_and_facts() -> None:
    """Each operation, wire name and version is an official one and none is missing, but for the deviations."""
    assert set().union(*map(differences, METHODS)) == set(DEVIATIONS)


# Arguments that are refused before anything is sent.


async def refused(name: str, arguments: dict[str, Any]) -> InvalidArgument:
    def answer(request: httpx.Request) -> httpx.Response:
        raise AssertionError(f"sent {request.method} {request.url}")

    async with Docker(transport=httpx.MockTransport(answer), version=VERSION) as docker:
        with pytest.raises(InvalidArgument) as caught:
            await call(docker, name, arguments)
    return caught.value


WITH_IDS = [
    (name, argument)
    for name in sorted(CASES)
    for argument in CASES[name]["all"]
    if argument in ("id", "name", "reference") and name not in ("containers.create", "containers.rename")
]


@pytest.mark.anyio
@pytest.mark.parametrize("value", ["", " ", "..", "a/../b", "a b", "a?b", "a#b", "a\r\nb", "/a", "a//b", None, 7, b"a"])
@pytest.mark.parametrize(("name", "argument"), WITH_IDS)
async def test_ids_refused(name: str, argument: str, value: object) -> None:
    """What would reach another endpoint, or none, as an id or reference is refused before it is sent."""
    error = await refused(name, {**CASES[name]["all"], argument: value})
    assert str(error)


@pytest.mark.anyio
async def test_id_of_rename_refused() -> None:
    """The id of a rename is an id too; its new name is a query and cannot reach another endpoint."""
    await refused("containers.rename", {"id": "", "name": "other"})


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("containers.list", {"limit": "3"}),
        ("containers.list", {"limit": True}),
        ("containers.list", {"all": 1}),
        ("containers.list", {"filters": ["label"]}),
        ("containers.list", {"filters": {"label": 1.5}}),
        ("containers.list", {"filters": {"": "x"}}),
        ("containers.wait", {"id": "web", "condition": "sometime"}),
        ("containers.create", {"spec": {"Image": "busybox"}}),
        ("containers.update", {"id": "web", "update": None}),
        ("system.data_usage", {"type": ["images"]}),
        ("system.data_usage", {"type": "image"}),
        ("images.delete", {"name": "a", "platforms": ["linux/amd64"]}),
        ("images.pull", {"reference": "a:1", "all_tags": True}),
        ("images.push", {"reference": "a:1", "all_tags": True}),
        ("images.push", {"reference": "a@sha256:" + "0" * 64}),
        ("images.pull", {"reference": "a", "auth_config": {"username": "ada"}}),
    ],
)
async def test_wrong_arguments(name: str, arguments: dict[str, Any]) -> None:
    """A value of another type, or one that the Engine does not have, is named before anything is sent."""
    assert str(await refused(name, arguments))


def test_streams_are_no_coroutines() -> None:
    """What opens a stream is not async itself: it gives something to enter, and sends nothing by then."""
    for name, method in METHODS.items():
        streams = name in ("containers.wait", "images.pull", "images.push")
        assert inspect.iscoroutinefunction(method) is not streams
        if streams:
            docker = Docker(transport=httpx.MockTransport(lambda request: httpx.Response(500)), version=VERSION)
            group, _, verb = name.partition(".")
            assert isinstance(getattr(getattr(docker, group), verb)(**CASES[name]["least"]), Opens)
