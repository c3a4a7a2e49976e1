"""One failure, one class: bodies in every form, errors inside a success; and each message that counts was recorded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache

import httpx
import pytest
from pages import PROJECT
from spec.facts import methods, operations
from spec.seen import exchanges, of_exchange

from rawdock import (
    BuildError,
    Conflict,
    Docker,
    NotFound,
    RateLimited,
    ServerError,
    StatusError,
    StreamError,
    Unauthorized,
    errors,
)
from rawdock._error_kinds import _BY_WORDS, IN_A_SUCCESS, _Words, kind_in_a_success, kind_of_error  # pyright: ignore[reportPrivateUsage]
from rawdock._error_mapping import status_error
from rawdock._http_dates import seconds_of
from rawdock.testing.format import from_piece

VERSION = "1.51"


def error(status: int, content: bytes | str, operation: str = "images.pull", **headers: str) -> StatusError:
    content = content.encode() if isinstance(content, str) else content
    return status_error(httpx.Response(status, headers=headers), content, operation)


# Each message is one of an Engine.


@cache
def said() -> frozenset[tuple[str, int, str]]:
    """Operation, status and message of each error in the recordings; the status of one inside a success is 200."""
    return frozenset(_said())


def _said() -> Iterator[tuple[str, int, str]]:
    for _, exchange in exchanges():
        response, operation = exchange["response"], operations().get(of_exchange(exchange).operation)
        if response is None or operation is None:
            continue
        text = b"".join(map(from_piece, response["chunks"])).decode(errors="replace")
        status = response["status"]
        for name in (endpoint.operation for endpoint in operation.endpoints):  # several have the same route
            if status >= 400:
                yield name, status, error(status, text, name).message.strip()
            elif '"errorDetail"' in text:
                line = next(line for line in text.splitlines() if '"errorDetail"' in line)
                yield name, IN_A_SUCCESS, json.loads(line)["error"].strip()


@pytest.mark.parametrize("words", _BY_WORDS, ids=lambda one: one.pattern.pattern[:60])
def test_each_message_was_recorded(words: _Words) -> None:
    """A pattern is not a guess: an Engine has said it, for one of its operations."""
    assert [
        message
        for operation, status, message in said()
        if operation in words.operations and status in words.statuses and words.pattern.fullmatch(message)
    ]


def test_operations_exist() -> None:
    """An operation with another name would never match."""
    assert {name for words in _BY_WORDS for name in words.operations} <= methods().keys()


def test_a_message_counts_for_its_operation_only() -> None:
    """And only whole, and with a status that says too little."""
    taken = "endpoint with name a already exists in network b"
    assert kind_of_error(403, taken, "", "networks.connect") is Conflict
    assert kind_of_error(403, taken, "", "networks.create").__name__ == "Forbidden"
    assert kind_of_error(500, taken, "", "networks.connect") is ServerError
    assert kind_of_error(403, f"no {taken}", "", "networks.connect").__name__ == "Forbidden"
    assert kind_of_error(404, "x: unauthorized: y", "", "images.pull") is NotFound
    assert kind_of_error(500, "limit toomanyrequestsx", "", "images.pull") is ServerError


def test_a_cause_decides_before_the_status() -> None:
    """Podman's 500 and 403, with and without a name in the cause."""
    for status, cause, kind in (
        (403, "network is already connected", "Conflict"),
        (500, "top can only be used on running containers", "Conflict"),
        (500, "netavark: network already exists n1", "Conflict"),
        (500, "netavark: subnet 10.1.0.0/24 is already used on the host or by another config", "Forbidden"),
        (500, "default network podman cannot be removed", "Forbidden"),
        (500, "unauthorized: authentication required", "Unauthorized"),
        (500, "something else", "ServerError"),
    ):
        assert kind_of_error(status, "words", cause, "images.push").__name__ == kind


def test_a_limit_that_cannot_be_set_is_not_a_missing_command() -> None:
    """Podman has the same cause for both."""
    cause = "OCI runtime attempted to invoke a command that was not found"
    missing = f"crun: executable file `/none` not found: No such file or directory: {cause}"
    limit = f"crun: open `memory.max` for writing: No such file or directory: {cause}"
    assert kind_of_error(500, missing, cause, "containers.start").__name__ == "BadRequest"
    assert kind_of_error(500, limit, cause, "containers.start") is ServerError


def test_the_page_has_every_class() -> None:
    """docs/errors.md tells of each class of an Engine's answer, once."""
    rows = (PROJECT / "docs" / "errors.md").read_text(encoding="utf-8").split("\n| `")[1:]
    told = [row.partition("`")[0] for row in rows]
    of_answers = {name for name in errors.__all__ if issubclass(getattr(errors, name), (StatusError, StreamError))}
    assert set(told) == (of_answers - {"StatusError"}) | {"VersionError"}
    assert len(set(told)) == len(told)


# Bodies.


def test_bodies_in_the_form_of_a_stream() -> None:
    """Podman before 6 sends a refused push with an error status and the line of a stream."""
    words = "trying to reuse blob sha256:1 at destination: checking whether it exists: authentication required"
    for body in (
        {"errorDetail": {"message": words}, "error": words},
        {"errorDetail": {"message": words}},
        {"errorDetail": {}, "error": f"{words}\n"},
        {"error": words},
        {"errorDetail": words, "message": ""},
    ):
        found = error(500, json.dumps(body), "images.push")
        assert (type(found), found.message) == (Unauthorized, words)
    assert error(500, '{"errorDetail": {"message": 7}}').message == '{"errorDetail": {"message": 7}}'


def test_bodies_that_are_not_utf8() -> None:
    """Podman 6.1 repeats a part of the request, with NULs and cut characters."""
    for bad in (b"\xff\xfe", b"\x00\x01", b"\xe2\x82"):
        found = error(400, b'{"cause":"a' + bad + b'","message":"cannot read |' + bad + b'|","response":400}')
        assert found.message.startswith("cannot read |")
        assert found.cause.startswith("a")
    assert error(500, b"\xff no JSON").message == "\ufffd no JSON"


ODD_DATES = (
    "Tue, 24 Nov 99999999999999999999 11:00:00 GMT",
    f"Tue, 24 Nov {'9' * 5000} 11:00:00 GMT",
    "Tue, 24 Nov 2020 11:00:00 +99999999999",
    "\0",
)


@pytest.mark.parametrize("date", ODD_DATES)
def test_odd_dates(date: str) -> None:
    """Of a header `Date` too: no date at all, as far as rawdock is concerned."""
    assert seconds_of(date) is None


def test_when_to_ask_again() -> None:
    """As a number, as a date, in the past, and not at all."""
    for text, seconds in (("7", 7.0), (" 0 ", 0.0), ("Tue, 24 Nov 2020 11:00:00 GMT", 0.0)):
        found = error(429, '{"message":"toomanyrequests: x"}', **{"Retry-After": text})
        assert isinstance(found, RateLimited)
        assert found.retry_after == seconds
    later = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    found = error(500, '{"message":"toomanyrequests: x"}', **{"Retry-After": later})
    assert isinstance(found, RateLimited)
    assert found.retry_after is not None
    assert 3000 < found.retry_after <= 3600
    for text in ("", "-1", "1.5", "soon", "Tue, 24 Nov 2020 11:00:00", *ODD_DATES):
        found = error(429, "words", **{"Retry-After": text} if text else {})
        assert isinstance(found, RateLimited)
        assert found.retry_after is None


# Inside a success.

LIMIT = "toomanyrequests: You have reached your pull rate limit."


def stream(*lines: object) -> httpx.MockTransport:
    text = "".join(json.dumps(line) + "\n" for line in lines)
    return httpx.MockTransport(lambda request: httpx.Response(200, text=text))


def failure(message: str) -> dict[str, object]:
    return {"errorDetail": {"message": message}, "error": message}


@pytest.mark.anyio
async def test_a_class_inside_a_success() -> None:
    """The lines before it come first; what is known only as a failure stays a StreamError."""
    for message, kind in (
        (LIMIT, RateLimited),
        ("no basic auth credentials", Unauthorized),
        ("no matching manifest for linux/s390x in the manifest list entries", NotFound),
        ("unknown blob", StreamError),
    ):
        seen: list[str] = []
        async with Docker(transport=stream({"status": "one"}, failure(message)), version=VERSION) as docker:

            async def follow(docker: Docker, seen: list[str]) -> None:
                async with docker.images.pull("a:1") as pull:
                    async for line in pull:
                        seen.append(line.status)  # noqa: PERF401  # keep the lines before the error

            with pytest.raises(kind) as caught:
                await follow(docker, seen)
        assert type(caught.value) is kind
        assert seen == ["one"]
        assert (getattr(caught.value, "status", 200), caught.value.operation) == (200, "images.pull")
        assert kind_in_a_success(message, "images.pull") is (None if kind is StreamError else kind)


@pytest.mark.anyio
async def test_a_build_that_is_refused() -> None:
    """It is a BuildError, as every build that fails, and the cause has the class."""
    async with Docker(transport=stream({"stream": "Step 1/1"}, failure(LIMIT)), version=VERSION) as docker:
        with pytest.raises(RateLimited):
            await docker.images.build(b"", version="1")
        with pytest.raises(BuildError, match="pull rate limit") as caught:
            await docker.build(dockerfile="FROM a\n", builder="classic")
    assert isinstance(caught.value.__cause__, RateLimited)
