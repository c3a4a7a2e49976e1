"""Lines with values of a wrong type: the stream goes on, and DecodeError is raised where such a value is read."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from rawdock import DecodeError, Docker, StreamError

pytestmark = pytest.mark.anyio


def docker_with(lines: list[Any]) -> Docker:
    body = "\r\n".join(map(json.dumps, lines)).encode()
    return Docker(transport=httpx.MockTransport(lambda request: httpx.Response(200, content=body)), version="1.51")


WRONG: list[dict[str, Any]] = [
    {"id": 7, "status": "Downloading"},
    {"id": "aaa", "status": 7},
    {"id": "aaa", "status": "Downloading", "progressDetail": 7},
    {"id": "aaa", "status": "Downloading", "progressDetail": {"current": "x", "total": "y"}},
    {"stream": 7, "error": 0, "errorDetail": []},
]


async def test_a_pull() -> None:
    """All lines are yielded, the progress and the result come from the right ones."""
    lines = [*WRONG, {"id": "aaa", "status": "Pull complete", "progressDetail": {}}, {"status": "Digest: sha256:1"}]
    async with docker_with(lines) as docker:
        async with docker.images.pull("app") as pull:
            read = [line async for line in pull]
        assert len(read) == len(lines)
        with pytest.raises(DecodeError) as caught:
            _ = read[3].progress_detail.current
        assert caught.value.path == "$.progressDetail.current"
        result = await docker.images.pull("app")
        assert result.digest == "sha256:1"
        assert result.progress.fraction == 1


async def test_a_load_and_an_import() -> None:
    async with docker_with([*WRONG, {"stream": "Loaded image: app:1\n"}, {"status": "sha256:2"}]) as docker:
        assert (await docker.images.load(b"x")).images == ("app:1",)
        async with docker.images.import_(b"x") as imported:
            assert (await imported.result()).id == "sha256:2"


@pytest.mark.parametrize("aux", [{"Tag": "1", "Digest": 7}, [7], "text"])
async def test_the_result_of_a_push(aux: Any) -> None:
    """A result of a wrong type raises where it is asked for, with the request."""
    async with docker_with([*WRONG, {"aux": aux}]) as docker:
        async with docker.images.push("app:1") as push:
            assert len([line async for line in push]) == len(WRONG) + 1
            with pytest.raises(DecodeError) as caught:
                await push.result()
        assert caught.value.operation == "images.push"


async def test_the_result_of_a_build() -> None:
    """The lines of a build all come; its image raises where it is asked for."""
    async with docker_with([*WRONG, {"aux": {"ID": 7}}, {"stream": "done"}]) as docker:
        async with docker.images.build(b"x") as build:
            assert len([line async for line in build]) == len(WRONG) + 2
            with pytest.raises(DecodeError):
                _ = build.image
            with pytest.raises(DecodeError) as caught:
                await build.result()
        assert caught.value.path == "$.ID"


@pytest.mark.parametrize(
    ("line", "message", "code"),
    [
        ({"error": {"text": "no space"}}, "{'text': 'no space'}", None),
        ({"error": "no space", "errorDetail": 7}, "no space", None),
        ({"error": 7, "errorDetail": {"message": "no space", "code": 5}}, "no space", 5),
        ({"errorDetail": {"message": "no space", "code": "5"}}, "no space", None),
        ({"errorDetail": ["no space"]}, "['no space']", None),
    ],
)
async def test_a_failure_of_another_form_is_still_one(line: Any, message: str, code: int | None) -> None:
    """An error that is not of its type is not taken for success."""
    async with docker_with([{"status": "one"}, line]) as docker:
        with pytest.raises(StreamError) as caught:
            await docker.images.pull("app")
    assert (caught.value.message, caught.value.code) == (message, code)


async def test_stats_and_events() -> None:
    """What can be read of them is read."""
    lines: list[Any] = [{"id": "a", "cpu_stats": 7, "type": [], "Action": "die"}, {"id": "b", "Actor": 7, "Action": 7}]
    async with docker_with(lines) as docker:
        async with docker.containers.stats("x") as stats:
            usage = stats.usage()
            with pytest.raises(DecodeError) as caught:
                async for _ in usage:
                    pass
            assert caught.value.operation == "containers.stats"
            assert [sample.id async for sample in stats] == ["b"]
        async with docker.system.events() as events:
            assert [event.id async for event in events] == ["a", "b"]
