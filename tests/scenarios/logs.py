"""`containers.logs(...).entries()`: the output of containers, line by line."""

from __future__ import annotations

import pytest

from rawdock import Docker, NotFound, NotSupported
from rawdock.models import HostConfig, LogConfig
from rawdock.streams import LogEntry

from .kit import container, engine_of, executed, opened

NAME = "rawdock-s-logs"
LONG = 17_000  # bytes, which every Engine splits into several messages
SAY_LONG = ["sh", "-c", f"head -c {LONG} /dev/zero | tr '\\0' x; echo; echo b; printf end"]


async def _run(docker: Docker, id: str) -> None:
    """Start a container and wait for its end."""
    async with docker.containers.wait(id, condition="next-exit") as waiting:
        await docker.containers.start(id)
        await waiting.result()


async def _entries(docker: Docker, id: str, *, json: bool = False, **options: object) -> list[LogEntry]:
    async with docker.containers.logs(id, **options).entries(json) as lines:  # type: ignore[arg-type]
        return [one async for one in lines]


async def lines(docker: Docker) -> None:
    """Each line is an entry of its stream; `json=True` works too if the Engine does not support it."""
    async with container(docker, NAME, ["sh", "-c", "echo out; echo err >&2; echo; printf last"]) as id:
        assert await _entries(docker, id) == []
        await _run(docker, id)
        found = await _entries(docker, id)
        assert [one.data for one in found if one.stream == "stdout"] == [b"out", b"", b"last"]
        assert [one for one in found if one.stream == "stderr"] == [LogEntry("stderr", b"err")]
        again = await _entries(docker, id, json=True)
        assert sorted(again) == sorted(found)
        assert [one.text for one in await _entries(docker, id, tail=1, stderr=False)] == ["last"]


async def times(docker: Docker) -> None:
    """A line that the Engine stores in several pieces comes as one entry, with the time of its first piece."""
    podman = "podman" in (await engine_of(docker)).labels
    for tty in (False, True):
        async with container(docker, NAME, SAY_LONG, tty=tty) as id:
            await _run(docker, id)
            found = await _entries(docker, id)
            assert [one.data for one in found] == [b"x" * LONG, b"b", b"end"]
            assert {one.time for one in found} == {None}
            if podman and tty:  # its output does not show where a piece ends
                with pytest.raises(NotSupported, match="timestamps=False"):
                    await _entries(docker, id, timestamps=True)
                continue
            found = await _entries(docker, id, timestamps=True)
            assert [one.data for one in found] == [b"x" * LONG, b"b", b"end"]
            moments = [one.time.nanoseconds if one.time else None for one in found]
            assert None not in moments
            assert moments == sorted(moments, key=lambda moment: moment or 0)
            (last,) = await _entries(docker, id, timestamps=True, tail=1)
            assert last == found[-1]._replace(may_begin_inside=True)


async def as_json(docker: Docker) -> None:
    """Lines asked for as JSON are the same as those made of frames, also if they were stored in several pieces."""
    engine = await engine_of(docker)
    for tty in (False, True):
        async with container(docker, NAME, ["sh", "-c", f"{SAY_LONG[2]}; echo err >&2"], tty=tty) as id:
            await _run(docker, id)
            timestamps = not tty or "podman" not in engine.labels
            framed = await _entries(docker, id, timestamps=timestamps, stderr=False)
            found = await _entries(docker, id, json=True, timestamps=timestamps, stderr=False)
            assert [(one.stream, one.data) for one in found] == [(one.stream, one.data) for one in framed]
            moments = [[one.time.nanoseconds if one.time else None for one in lines] for lines in (found, framed)]
            assert moments[0] == moments[1], "the same moments, though JSON has no zeros at their end"
            answer = await docker.request(
                "GET", f"/containers/{id}/logs", params={"stdout": True}, headers={"Accept": "application/jsonl"}
            )
            is_json = answer.headers.get("content-type", "").startswith("application/jsonl")
            assert is_json is engine.can("send log lines as JSON")


async def details(docker: Docker) -> None:
    """The details that the log driver adds are separated from the line."""
    engine = await engine_of(docker)
    host = HostConfig(log_config=LogConfig(type="json-file", config={"labels": "rawdock-s"}))
    async with container(docker, NAME, ["echo", "two words"], host_config=host) as id:
        await _run(docker, id)
        (found,) = await _entries(docker, id, details=True, timestamps=True)
        assert found.data == b"two words"
        assert found.time
        assert found.details == ({"rawdock-s": NAME} if engine.can("report details of logs") else {})


async def followed(docker: Docker) -> None:
    """Lines come as they are written; `text()` yields the text unchanged."""
    cmd = ["sh", "-c", "echo before; until [ -e /go ]; do sleep 0.1; done; printf 'caf\\303\\251\\n'"]
    async with container(docker, NAME, cmd) as id:
        await docker.containers.start(id)
        async with docker.containers.logs(id, follow=True).entries() as lines:
            assert (await anext(lines)).text == "before"
            await executed(docker, id, ["touch", "/go"])
            assert [one.text async for one in lines] == ["café"]
        async with docker.containers.logs(id) as logs:
            assert "".join([one.text async for one in logs.text()]) == "before\ncafé\n"


async def errors(docker: Docker) -> None:
    """No such container."""
    with pytest.raises(NotFound):
        await opened(docker.containers.logs("rawdock-s-none").entries())


async def the_end_of_a_long_line(docker: Docker) -> None:
    """The Engine counts the pieces of a long line as lines: with `tail`, the first entry may be the end of one."""
    async with container(docker, NAME, SAY_LONG) as id:
        await _run(docker, id)
        assert [one.may_begin_inside for one in await _entries(docker, id)] == [False, False, False]
        assert [one.may_begin_inside for one in await _entries(docker, id, tail="all")] == [False, False, False]
        found = await _entries(docker, id, tail=3)
        assert [one.may_begin_inside for one in found] == [True, False, False]
        assert [one.data for one in found[1:]] == [b"b", b"end"]
        assert 0 < len(found[0].data) < LONG


async def details_of_a_terminal(docker: Docker) -> None:
    """The details before the pieces of a long line of a terminal are not left in the line."""
    engine = await engine_of(docker)
    config = {"labels": "rawdock-s,other"}
    host = HostConfig(log_config=LogConfig(type="json-file", config=config))
    wide = ["sh", "-c", "head -c 33000 /dev/zero | tr '\\0' x; echo; echo b"]
    async with container(docker, NAME, wide, tty=True, host_config=host) as id:
        await _run(docker, id)
        for timestamps in (False, True):
            if timestamps and "podman" in engine.labels:
                continue
            found = await _entries(docker, id, details=True, timestamps=timestamps)
            assert [one.data for one in found] == [b"x" * 33_000, b"b"]
            details = {"rawdock-s": NAME} if engine.can("report details of logs") else {}
            assert [one.details for one in found] == [details, details]


async def rotated(docker: Docker) -> None:
    """Where the log driver drops its oldest file, the log begins inside a line, and nothing shows it."""
    podman = "podman" in (await engine_of(docker)).labels
    config = {"max-size": "50k"} if podman else {"max-size": "20k", "max-file": "2"}
    host = HostConfig(log_config=LogConfig(type="json-file", config=config))
    say = ["sh", "-c", f"for n in 1 2 3 4 5; do head -c {LONG} /dev/zero | tr '\\0' $n; echo; done"]
    async with container(docker, NAME, say, host_config=host) as id:
        await _run(docker, id)
        first, *_ = await _entries(docker, id)
        assert 0 < len(first.data) < LONG
        assert not first.may_begin_inside
