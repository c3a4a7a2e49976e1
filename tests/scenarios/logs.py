"""What containers have written, line by line."""

from __future__ import annotations

import pytest

from rawdock import Docker, NotFound
from rawdock.models import HostConfig, LogConfig
from rawdock.streams import LogEntry

from .kit import container, engine_of, executed, opened

NAME = "rawdock-s-logs"
LONG = 17_000  # bytes, which no Engine keeps as one message
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
    """Each line is an entry of its stream; JSON may be asked for where nobody has it."""
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
    """A line that is longer than what an Engine keeps in one piece comes whole, with the time of its beginning."""
    podman = "podman" in (await engine_of(docker)).labels
    for tty in (False, True):
        async with container(docker, NAME, SAY_LONG, tty=tty) as id:
            await _run(docker, id)
            found = await _entries(docker, id)
            assert [one.data for one in found] == [b"x" * LONG, b"b", b"end"]
            assert {one.time for one in found} == {None}
            found = await _entries(docker, id, timestamps=True)
            if not (podman and tty):  # nothing tells there where a piece ends
                assert [one.data for one in found] == [b"x" * LONG, b"b", b"end"]
            moments = [one.time.nanoseconds if one.time else None for one in found]
            assert None not in moments
            assert moments == sorted(moments, key=lambda moment: moment or 0)
            (last,) = await _entries(docker, id, timestamps=True, tail=1)
            assert last == found[-1]


async def details(docker: Docker) -> None:
    """What the log driver adds is apart from the line."""
    engine = await engine_of(docker)
    host = HostConfig(log_config=LogConfig(type="json-file", config={"labels": "rawdock-s"}))
    async with container(docker, NAME, ["echo", "two words"], host_config=host) as id:
        await _run(docker, id)
        (found,) = await _entries(docker, id, details=True, timestamps=True)
        assert found.data == b"two words"
        assert found.time
        assert found.details == ({"rawdock-s": NAME} if engine.can("give details of logs") else {})


async def followed(docker: Docker) -> None:
    """Lines come while they are written; text comes as it is."""
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
