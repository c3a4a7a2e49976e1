"""The result of each method for each error status, for a full answer, and for an empty one."""

from __future__ import annotations

import inspect
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any, get_origin

import httpx
import pytest
from example_arguments import EXAMPLES
from made import example
from spec.facts import methods

from rawdock import (
    BadRequest,
    Conflict,
    DecodeError,
    Docker,
    Forbidden,
    NotFound,
    NotSupported,
    RateLimited,
    ServerError,
    StatusError,
    Unauthorized,
    encode,
    endpoint_of,
)
from rawdock._answers.stats import stats_of
from rawdock._models.model import Model, fields_of
from rawdock._streams.faces.contexts import Opens, Runs, stream_classes
from rawdock._streams.faces.json_lines import Lines
from rawdock._streams.faces.prunes import PruneStream
from rawdock._versions import NEWEST, version_text

pytestmark = pytest.mark.anyio

METHODS = methods()
VERSION = version_text(NEWEST)
DATE = {"Date": "Tue, 24 Nov 2026 11:00:00 GMT"}
ENGINE = {"Api-Version": VERSION, **DATE}
PODMAN = {"Libpod-Api-Version": "5.4.2", **ENGINE}

STATUSES: list[tuple[int, type[StatusError]]] = [
    (400, BadRequest),
    (401, Unauthorized),
    (403, Forbidden),
    (404, NotFound),
    (405, NotSupported),
    (409, Conflict),
    (418, StatusError),
    (429, RateLimited),
    (500, ServerError),
    (501, NotSupported),
    (503, ServerError),
]


async def call(name: str, answer: httpx.Response) -> Any:
    """Call a method with its example; a stream is read to its end. The Engine does not say what it is."""
    unknown = httpx.Response(404)

    def answered(request: httpx.Request) -> httpx.Response:
        return unknown if name != "system.version" and request.url.path.endswith("/version") else answer

    async with Docker(transport=httpx.MockTransport(answered), version=VERSION) as docker:
        group, _, verb = name.partition(".")
        result = getattr(getattr(docker, group), verb)(**EXAMPLES[name])
        if not isinstance(result, Opens):
            return await result
        async with result as stream:
            return [item async for item in stream] if hasattr(stream, "__aiter__") else await stream.result()


@pytest.mark.parametrize("name", sorted(METHODS))
async def test_error_statuses(name: str) -> None:
    """Each status has its exception, with the Engine's message, in JSON, in plain text, and in Podman's form."""
    for status, kind in STATUSES:
        for answer in (
            httpx.Response(status, json={"message": "the words"}, headers=ENGINE),
            httpx.Response(status, text="the words\n", headers=ENGINE),
            httpx.Response(
                status,
                json={"cause": "a cause of no class", "message": "the words", "response": status},
                headers=PODMAN,
            ),
        ):
            with pytest.raises(kind) as caught:
                await call(name, answer)
            assert type(caught.value) is kind
            assert (caught.value.status, caught.value.message) == (status, "the words")
            assert caught.value.operation == name
            assert caught.value.curl().startswith("curl ")


@pytest.mark.parametrize("name", sorted(METHODS))
async def test_podman_says_why(name: str) -> None:
    """The exception for Podman's 500 depends on its cause; a missing route is NotSupported, not NotFound."""
    body = {"cause": "no such container", "message": "no container with name or ID", "response": 500}
    with pytest.raises(NotFound):
        await call(name, httpx.Response(500, json=body, headers=PODMAN))
    with pytest.raises(NotSupported):
        await call(name, httpx.Response(404, text="Not Found\n", headers=DATE))
    with pytest.raises(NotSupported):
        await call(name, httpx.Response(404, json={"message": "page not found"}, headers=DATE))


# Full and empty answers.


def kind_of(name: str) -> Any:
    """The type that a method's answer is decoded to; None if it is not decoded."""
    declared, waits = endpoint_of(METHODS[name]), inspect.iscoroutinefunction(METHODS[name])
    made_from_headers = declared.answer is not None and declared.answer is not stats_of
    return declared.returns if waits and not made_from_headers and declared.returns not in (None, bool) else None


DECODED = [name for name in sorted(METHODS) if kind_of(name) is not None]


@pytest.mark.parametrize("name", DECODED)
async def test_full_answer(name: str) -> None:
    """An answer with every field, and with unknown ones, is decoded, and nothing of it is lost."""
    full = example(kind_of(name))
    for one in full if isinstance(full, list) else [full]:
        if isinstance(one, dict):
            one["FieldOfTomorrow"] = {"a": [1]}
    assert encode(await call(name, httpx.Response(200, json=full))) == full


def needs(kind: Any) -> bool:
    """Whether a model has required fields."""
    return isinstance(kind, type) and issubclass(kind, Model) and any(field.required for field in fields_of(kind))


@pytest.mark.parametrize("name", DECODED)
async def test_empty_answer(name: str) -> None:
    """An empty answer has zeros; a missing required field is an error with the path."""
    kind = kind_of(name)
    if get_origin(kind) is list:
        assert await call(name, httpx.Response(200, text="[]")) == []
        assert await call(name, httpx.Response(200, text="null")) == []
    elif needs(kind):
        with pytest.raises(DecodeError, match="is missing") as caught:
            await call(name, httpx.Response(200, text="{}"))
        assert caught.value.path.startswith("$.")
    else:
        empty = await call(name, httpx.Response(200, text='""' if kind is str else "{}"))
        assert encode(empty) in ({}, "")
    for wrong in (
        "{",
        "<html>",
        "7",
        '"text"' if kind is not str else "[]",
    ):
        with pytest.raises(DecodeError) as caught:
            await call(name, httpx.Response(200, text=wrong))
        assert caught.value.operation == name
    with pytest.raises(
        Conflict if name == "containers.stats_once" else NotSupported, match="the answer is empty"
    ) as no:
        await call(name, httpx.Response(200, headers=PODMAN))
    assert (no.value.operation, no.value.status) == (name, 200)


async def test_answers_without_a_body() -> None:
    """Any 2xx is a success, and its body is ignored if the method returns None or a bool."""
    for name, method in METHODS.items():
        declared = endpoint_of(method)
        if inspect.iscoroutinefunction(method) and declared.returns in (None, bool):
            for status in (200, 201, 204):
                assert await call(name, httpx.Response(status, text="OK")) in (None, True)
            assert await call(name, httpx.Response(304)) in (None, False)


# Streams.


def streams() -> Iterator[tuple[str, type[Any]]]:
    for name, method in sorted(METHODS.items()):
        if (classes := stream_classes(endpoint_of(method).returns)) is not None:
            yield name, classes[1]


OF_LINES = [(name, stream) for name, stream in streams() if issubclass(stream, Lines)]


@pytest.mark.parametrize(("name", "stream"), OF_LINES)
async def test_stream_of_lines(name: str, stream: type[Lines[Any]]) -> None:
    """Every field of a line is decoded and kept; lines may be cut anywhere; an empty stream has no line."""
    full = example(stream.line_type)
    full.pop("error", None)
    full.pop("errorDetail", None)
    if "aux" in full:
        full["aux"] = {"ID": "sha256:1"}
    text = (json.dumps(full) + "\r\n").encode() * 3

    async def cut() -> AsyncIterator[bytes]:
        for position in range(0, len(text), 7):
            yield text[position : position + 7]

    kind = {"Content-Type": "application/jsonl"}
    assert [encode(line) for line in await call(name, httpx.Response(200, content=cut(), headers=kind))] == [full] * 3
    if not issubclass(stream, PruneStream):  # it needs the report in its last line
        assert await call(name, httpx.Response(200, headers=kind)) == []


@pytest.mark.parametrize(
    ("name", "answer", "texts"),
    [
        ("containers.create", {"Id": "1", "Warnings": ["no limit\n", "no swap"]}, ["no limit", "no swap"]),
        ("containers.update", {"Warnings": ["no limit"]}, ["no limit"]),
        ("services.create", {"ID": "1", "Warnings": ["not found"]}, ["not found"]),
        ("services.update", {"Warnings": ["not found"]}, ["not found"]),
        ("networks.create", {"Id": "1", "Warning": "the name is in use"}, ["the name is in use"]),
        ("containers.create", {"Id": "1", "Warnings": None}, []),
        ("containers.create", {"Id": "1", "Warnings": 7}, []),
        ("system.info", {"ID": "1", "Warnings": ["No swap limit support"]}, []),
    ],
)
async def test_warnings_are_told(
    name: str, answer: dict[str, Any], texts: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    """What an Engine remarks about a call is on its result, and once in the log; what it says of itself is not."""
    result = await call(name, httpx.Response(201, json=answer))
    assert [record.getMessage() for record in caplog.records if record.name == "rawdock"] == [
        f"{name}: {text}" for text in texts
    ]
    assert {record.levelname for record in caplog.records if record.name == "rawdock"} <= {"WARNING"}
    if texts:
        found = result.warning if name == "networks.create" else result.warnings
        assert [one.strip() for one in ([found] if isinstance(found, str) else found)] == texts


async def test_what_podman_lacks() -> None:
    """Podman answers some of Docker's operations, without supporting them, with 503 or with empty fields."""
    service = {"cause": "Podman does not support service: /v1.41/swarm/init", "message": "no", "response": 503}
    with pytest.raises(NotSupported):
        await call("swarm.init", httpx.Response(503, json=service, headers=PODMAN))
    route = {"cause": "", "message": "Path /v1.41/plugins is not supported", "response": 0}
    with pytest.raises(NotSupported):
        await call("plugins.list", httpx.Response(404, json=route, headers=PODMAN))


async def test_digest_of_a_plugin() -> None:
    """The digest of a plugin comes among the first lines, before those of its layers."""
    lines = [{"status": "Digest: sha256:1"}, {"id": "a", "status": "Downloading"}, {"id": "a", "status": "Complete"}]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    transport = httpx.MockTransport(lambda request: httpx.Response(200, text=text))
    async with Docker(transport=transport, version="1.51") as docker:
        result = await docker.plugins.pull([], remote="a")
    assert (result.digest, result.id) == ("sha256:1", "")


async def test_runs_can_be_awaited() -> None:
    """A stream with a result returns it when awaited, also for an empty answer unless that cannot be one."""
    for name, _ in streams():
        if name.endswith(".prune") or name == "containers.wait":
            continue
        if get_origin(endpoint_of(METHODS[name]).returns) is Runs:
            async with Docker(
                transport=httpx.MockTransport(lambda request: httpx.Response(200)), version=VERSION
            ) as docker:
                group, _, verb = name.partition(".")
                assert await getattr(getattr(docker, group), verb)(**EXAMPLES[name]) is not None


async def test_a_refusal_hidden_in_a_success() -> None:
    """Podman answers for a container that is not running with an error object and status 200, or with nothing."""
    hidden = {"cause": "container is stopped", "message": "container is stopped", "response": 500}
    for name in ("containers.stats_once", "containers.stats"):
        with pytest.raises(Conflict, match="container is stopped") as caught:
            await call(name, httpx.Response(200, json=hidden, headers=PODMAN))
        assert (caught.value.operation, caught.value.status) == (name, 500)
    with pytest.raises(Conflict, match="the answer is empty"):
        await call("containers.stats_once", httpx.Response(200, headers=PODMAN))
