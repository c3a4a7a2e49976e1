"""Which operations, parameters and fields appear in the golden requests, the recordings and the live runs."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, cast, get_args, get_origin
from urllib.parse import parse_qsl

from rawdock._annotations import without_none
from rawdock._answers.stats import stats_of
from rawdock._declare.endpoint import Endpoint
from rawdock._models.model import Model, fields_of
from rawdock._streams.faces.contexts import stream_classes
from rawdock._streams.faces.json_lines import Lines
from rawdock._streams.faces.prunes import PruneStream
from rawdock.models import ArchiveStat, WaitResponse
from rawdock.testing import Exchange, Recording
from rawdock.testing.format import from_piece

from .facts import operations

_TESTS = Path(__file__).resolve().parent.parent
RECORDINGS = sorted((_TESTS / "recordings").glob("*/*.json"))
GOLDEN: dict[str, dict[str, Any]] = json.loads((_TESTS / "golden" / "requests.json").read_text())
LIVE_PATH = _TESTS / "spec" / "live.json"
LIVE_API = "API"
"""The key of an Engine's API version in that file, beside its operations."""


class RequestedOperation(NamedTuple):
    """The operation of a request, and which of its parameters were sent."""

    operation: str
    """As `GET /containers/json`."""
    parameters: frozenset[str]
    """As `query all`."""


@cache
def _routes() -> list[tuple[str, str, re.Pattern[str]]]:
    """Method, operation and pattern of each route; routes without a path parameter come first."""
    routes = []
    for key in sorted(operations(), key=lambda key: ("{" in key, key)):
        method, _, path = key.partition(" ")
        pattern = re.sub(r"\\\{name\\\}", ".+", re.escape(path))
        routes.append((method, key, re.compile(r"(?:/v[0-9.]+)?" + re.sub(r"\\\{\w+\\\}", "[^/]+", pattern))))
    return routes


def requested_operation(method: str, target: str, headers: list[str]) -> RequestedOperation:
    """Find the operation of a request, and which of its parameters were sent."""
    path, _, query = target.partition("?")
    key = next((key for verb, key, pattern in _routes() if verb == method and pattern.fullmatch(path)), "")
    names = {f"query {name}" for name, _ in parse_qsl(query, keep_blank_values=True)}
    names |= {f"header {line.partition(':')[0]}".lower() for line in headers}
    known = operations()[key].parameters if key else {}
    return RequestedOperation(key, frozenset(name for name in known if name in names or name.lower() in names))


@cache
def in_golden() -> dict[str, set[str]]:
    """The parameters in golden requests, by operation."""
    found: dict[str, set[str]] = {}
    for cases in GOLDEN.values():
        for case in cases.values():
            method, _, target = case["request"].partition(" ")
            one = requested_operation(method, target, case.get("headers", []))
            found.setdefault(one.operation, set()).update(one.parameters)
    return found


# Recordings.


def exchanges() -> Iterator[tuple[Path, Exchange]]:
    for path in RECORDINGS:
        for exchange in cast("Recording", json.loads(path.read_text()))["exchanges"]:
            yield path, exchange


def of_exchange(exchange: Exchange) -> RequestedOperation:
    request = exchange["request"]
    return requested_operation(request["method"], request["target"], request["headers"])


def endpoint_of_exchange(exchange: Exchange) -> Endpoint | None:
    """The endpoint of an exchange. If several have the same route, the fixed query decides."""
    operation = operations().get(of_exchange(exchange).operation)
    if operation is None:
        return None
    query = exchange["request"]["target"].partition("?")[2]
    fitting = [one for one in operation.endpoints if one.fixed and one.fixed in query]
    if "fromSrc=" in query:
        fitting = [one for one in operation.endpoints if any(x.wire == "fromSrc" for x in one.parameters)]
    return (fitting or [*operation.endpoints])[0]


def answers() -> Iterator[tuple[str, Any, Any]]:
    """Each JSON value in a successful answer: the recording it is in, its declared type, and the value."""
    for path, exchange in exchanges():
        response, endpoint = exchange["response"], endpoint_of_exchange(exchange)
        if endpoint is None or response is None or response["status"] >= 300:
            continue
        where = f"{path.parent.name}-{path.stem}: {exchange['request']['target']}"
        kind, is_lines = kind_of(endpoint)
        if kind is ArchiveStat:
            lines = [line.partition(": ")[2] for line in response["headers"] if "path-stat" in line.lower()]
            yield from ((where, kind, json.loads(base64.b64decode(line))) for line in lines)
        elif kind is not None:
            text = b"".join(map(from_piece, response["chunks"]))
            texts = text.splitlines() if is_lines else [text]
            if is_lines and not response["ended"]:
                texts = texts[:-1]  # the last line may be incomplete
            yield from ((where, kind, json.loads(one)) for one in texts if one.strip())


def kind_of(endpoint: Endpoint) -> tuple[Any, bool]:
    """The type of an answer's JSON (None if it has none), and whether it comes in lines."""
    returns = endpoint.returns
    if endpoint.path.endswith("/archive") and endpoint.method != "PUT":
        return ArchiveStat, False
    if (classes := stream_classes(returns)) is not None:
        stream = classes[1]
        if issubclass(stream, PruneStream):
            return stream.report_type, False  # no Engine of the recordings sends lines
        if issubclass(stream, Lines):
            return cast("Any", stream).line_type, True
        return (WaitResponse, False) if stream.__name__ == "Waiting" else (None, False)
    made_from_headers = endpoint.answer is not None and endpoint.answer is not stats_of
    return (None, False) if returns in (None, type(None), bool) or made_from_headers else (returns, False)


def bodies() -> Iterator[tuple[str, Any, Any]]:
    """Each JSON body that was sent: the recording it is in, its declared type, and the value."""
    for path, exchange in exchanges():
        endpoint = endpoint_of_exchange(exchange)
        body = from_piece(exchange["request"]["body"])
        if endpoint is None or not body:
            continue
        for parameter in endpoint.parameters:
            if parameter.place == "body" and parameter.encode.__name__ != "upload_body":
                kind = without_none(parameter.type)[0]
                yield f"{path.parent.name}-{path.stem}: {exchange['request']['target']}", kind, json.loads(body)


def fields_in(kind: Any, value: Any) -> Iterator[tuple[str, str]]:
    """Model and wire name of each field that is present in a value of this type."""
    kind = without_none(kind)[0]
    arguments = get_args(kind)
    if get_origin(kind) is list and isinstance(value, list):
        for item in cast("list[Any]", value):
            yield from fields_in(arguments[0], item)
    elif get_origin(kind) is dict and isinstance(value, dict):
        for item in cast("dict[str, Any]", value).values():
            yield from fields_in(arguments[1], item)
    elif isinstance(kind, type) and issubclass(kind, Model) and isinstance(value, dict):
        for field in fields_of(kind):
            if field.wire in value:
                yield kind.__name__, field.wire
                yield from fields_in(field.type, value[field.wire])


@cache
def recorded() -> tuple[dict[str, set[str]], set[tuple[str, str]]]:
    """The parameters of successful requests in recordings, by operation; and all fields in recordings."""
    found: dict[str, set[str]] = {}
    for _, exchange in exchanges():
        one, response = of_exchange(exchange), exchange["response"]
        if response and (response["status"] < 300 or response["status"] == 304):
            found.setdefault(one.operation, set()).update(one.parameters)
    fields = {field for _, kind, value in [*answers(), *bodies()] for field in fields_in(kind, value)}
    return found, fields


@cache
def _live() -> dict[str, dict[str, list[str]]]:
    read: dict[str, dict[str, list[str]]] = json.loads(LIVE_PATH.read_text()) if LIVE_PATH.exists() else {}
    return read


@cache
def live() -> dict[str, dict[str, list[str]]]:
    """The parameters of successful requests in the last live run, by Engine and operation (`scripts/test --report`)."""
    return {name: {key: seen for key, seen in rows.items() if key != LIVE_API} for name, rows in _live().items()}


@cache
def apis_live() -> dict[str, str]:
    """The API version of each Engine of the last live run."""
    return {name: rows[LIVE_API][0] for name, rows in _live().items()}


@cache
def apis_recorded() -> dict[str, str]:
    """The API version of each Engine that there are recordings of: the one of its answers to pings."""
    found: dict[str, set[str]] = {}
    for path, exchange in exchanges():
        if exchange["request"]["target"] == "/_ping" and (response := exchange["response"]):
            lines = [line for line in response["headers"] if line.lower().startswith("api-version: ")]
            found.setdefault(path.parent.name, set()).update(line.partition(": ")[2] for line in lines)
    return {name: version for name, (version,) in found.items()}


def in_live() -> dict[str, set[str]]:
    """The parameters of successful requests on any Engine, by operation."""
    found: dict[str, set[str]] = {}
    for of_engine in live().values():
        for key, parameters in of_engine.items():
            found.setdefault(key, set()).update(parameters)
    return found
