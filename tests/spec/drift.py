"""Compares the answers of a live Engine with the models, for all requests that change nothing."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any, NamedTuple, cast, get_args, get_origin

import rawdock.models
from rawdock import DecodeError, Docker, NotSupported, StatusError, VersionError, decode, endpoint_of
from rawdock._annotations import without_none
from rawdock._models.model import Model, fields_of
from rawdock._versions import parse_version

from .facts import ENGINE, methods, schemas

_LIMIT = 50  # how many objects of each list are inspected


class Read(NamedTuple):
    """An answer, with the method that was called and its declared type."""

    method: str
    kind: Any
    value: Any


class Drift:
    """Collects the differences: `Model.Field`, and the first answer where it was found."""

    def __init__(self) -> None:
        self.unknown: dict[str, str] = {}
        self.wrong: dict[str, str] = {}
        self.outside: dict[str, str] = {}
        self.seen: set[tuple[str, str]] = set()
        self.models: set[str] = set()
        self.reads: dict[str, int] = {}

    def look(self, read: Read) -> None:
        self.reads[read.method] = self.reads.get(read.method, 0) + 1
        try:
            decode(read.kind, json.dumps(read.value), complete=True)
        except DecodeError as error:
            self.wrong.setdefault(f"{error.model}: {error.path}", f"{read.method}: {error}")
        self._walk(read.kind, read.value, f"{read.method} $")

    def _walk(self, kind: Any, value: Any, path: str) -> None:
        kind = without_none(kind)[0]
        arguments = get_args(kind)
        if get_origin(kind) is list and isinstance(value, list):
            for index, item in enumerate(cast("list[Any]", value)):
                self._walk(arguments[0], item, f"{path}[{index}]")
        elif get_origin(kind) is dict and isinstance(value, dict):
            for key, item in cast("dict[str, Any]", value).items():
                self._walk(arguments[1], item, f"{path}[{key!r}]")
        elif isinstance(kind, type) and issubclass(kind, Model) and isinstance(value, dict):
            self._object(kind, cast("dict[str, Any]", value), path)

    def _object(self, kind: type[Model], value: dict[str, Any], path: str) -> None:
        name = kind.__name__
        self.models.add(name)
        known = {field.wire: field for field in fields_of(kind)}
        for wire, item in value.items():
            if wire not in known:
                self.unknown.setdefault(f"{name}.{wire}", f"{path}.{wire}")
                continue
            self.seen.add((name, wire))
            for text in cast("list[Any]", item) if isinstance(item, list) else [item]:
                if isinstance(text, str) and text and text not in enum(name, wire, text):
                    self.outside.setdefault(f"{name}.{wire} = {text!r}", f"{path}.{wire}")
            self._walk(known[wire].type, item, f"{path}.{wire}")

    def never_sent(self, version: str) -> list[str]:
        """The fields of this API version that no answer had, of all models that appeared in an answer."""
        spoken = parse_version(version)
        return [
            f"{name}.{field.wire}"
            for name in sorted(self.models)
            for field in fields_of(getattr(rawdock.models, name))
            if (name, field.wire) not in self.seen
            and (field.since is None or field.since <= spoken)
            and (field.until is None or spoken < field.until)
        ]


def enum(model: str, wire: str, otherwise: str) -> list[str]:
    """The documented values of a field; only `otherwise` if none are documented."""
    for schema in schemas(model):
        found: list[str] = ENGINE["schemas"].get(schema, {}).get("fields", {}).get(wire, {}).get("enum", [])
        if found:
            return found
    return [otherwise]


def _items(value: Any, *names: str) -> Iterator[str]:
    """The ids of the first objects in a list, from the first of these fields that each has."""
    for item in cast("list[dict[str, Any]]", value or [])[:_LIMIT]:
        yield next(str(item[name]) for name in names if item.get(name))


async def harmless_reads(docker: Docker) -> AsyncIterator[Read]:
    """Read every object that can be read without changing anything. Requests that the Engine refuses are skipped."""

    async def ask(method: str, path: str, **params: Any) -> Read | None:
        declared = endpoint_of(methods()[method])
        try:
            response = await docker.request("GET", path, params=params)
        except (NotSupported, StatusError, VersionError):
            return None
        return Read(method, declared.returns, response.json() if response.content.strip() else None)

    for method, path, params in (
        ("system.version", "/version", {}),
        ("system.info", "/info", {}),
        ("system.data_usage", "/system/df", {}),
        ("system.data_usage", "/system/df", {"verbose": True}),
        ("swarm.inspect", "/swarm", {}),
    ):
        if read := await ask(method, path, **params):
            yield read
    for listed, path, params, names, looks in _LISTS:
        read = await ask(listed, path, **params)
        if read is None:
            continue
        yield read
        value = read.value["Volumes"] if listed == "volumes.list" else read.value
        for id in _items(value, *names):
            for method, template, more in looks:
                if found := await ask(method, template.format(id=id), **more):
                    yield found


# Each row: the method that lists objects, its path and parameters, the fields of their ids, the reads for each object.
_LISTS: list[tuple[str, str, dict[str, Any], tuple[str, ...], list[tuple[str, str, dict[str, Any]]]]] = [
    (
        "containers.list",
        "/containers/json",
        {"all": True, "size": True},
        ("Id",),
        [
            ("containers.inspect", "/containers/{id}/json", {"size": True}),
            ("containers.changes", "/containers/{id}/changes", {}),
            ("containers.top", "/containers/{id}/top", {}),
            ("containers.stats_once", "/containers/{id}/stats", {"stream": False, "one-shot": True}),
            ("checkpoints.list", "/containers/{id}/checkpoints", {}),
        ],
    ),
    (
        "images.list",
        "/images/json",
        {"all": True, "manifests": True, "shared-size": True},
        ("Id",),
        [
            ("images.inspect", "/images/{id}/json", {}),
            ("images.inspect", "/images/{id}/json", {"manifests": True}),
            ("images.history", "/images/{id}/history", {}),
        ],
    ),
    ("networks.list", "/networks", {}, ("Id",), [("networks.inspect", "/networks/{id}", {"verbose": True})]),
    ("volumes.list", "/volumes", {}, ("Name",), [("volumes.inspect", "/volumes/{id}", {})]),
    ("plugins.list", "/plugins", {}, ("Id",), [("plugins.inspect", "/plugins/{id}/json", {})]),
    ("nodes.list", "/nodes", {}, ("ID",), [("nodes.inspect", "/nodes/{id}", {})]),
    ("services.list", "/services", {"status": True}, ("ID",), [("services.inspect", "/services/{id}", {})]),
    ("tasks.list", "/tasks", {}, ("ID",), [("tasks.inspect", "/tasks/{id}", {})]),
    ("secrets.list", "/secrets", {}, ("ID",), [("secrets.inspect", "/secrets/{id}", {})]),
    ("configs.list", "/configs", {}, ("ID",), [("configs.inspect", "/configs/{id}", {})]),
]
