"""`containers.logs`: the output of containers, as frames."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from rawdock import BadRequest, Docker, NotFound, NotSupported
from rawdock._models.model import Timestamp
from rawdock.models import HostConfig, LogConfig

from .kit import container, engine_of, executed, opened, output

SAY = ["sh", "-c", "echo out; echo err >&2; echo out2"]


async def _logs(docker: Docker, id: str, **options: object) -> tuple[bytes, bytes]:
    async with docker.containers.logs(id, **options) as logs:  # type: ignore[arg-type]
        return await output(logs)


async def _run(docker: Docker, id: str) -> None:
    """Start a container and wait for its end."""
    async with docker.containers.wait(id, condition="next-exit") as waiting:
        await docker.containers.start(id)
        await waiting.result()


async def apart(docker: Docker) -> None:
    """stdout and stderr are separate; either can be read alone, or only the last lines of both."""
    async with container(docker, "rawdock-s-output", SAY) as id:
        assert await _logs(docker, id) == (b"", b""), "it has not started yet"
        await _run(docker, id)
        assert await _logs(docker, id) == (b"out\nout2\n", b"err\n")
        assert await _logs(docker, id, tail="all") == (b"out\nout2\n", b"err\n")
        assert await _logs(docker, id, stderr=False) == (b"out\nout2\n", b"")
        assert await _logs(docker, id, stdout=False) == (b"", b"err\n")
        out, err = await _logs(docker, id, tail=2)
        assert len(out + err) in (8, 9), "two of the three lines; which of them the Engine read last varies"
        assert await _logs(docker, id, tail=0) == (b"", b"")


async def times(docker: Docker) -> None:
    """Each line has its time; `since` and `until` select some of the lines."""
    async with container(docker, "rawdock-s-output", ["sh", "-c", "echo one; sleep 1.1; echo two"]) as id:
        await _run(docker, id)
        out, _ = await _logs(docker, id, timestamps=True)
        (first, one), (second, two) = (line.split(" ") for line in out.decode().splitlines())
        assert (one, two) == ("one", "two")
        begin, later = Timestamp(first).datetime, Timestamp(second).datetime
        assert isinstance(begin, datetime)
        assert isinstance(later, datetime)
        assert later > begin
        assert await _logs(docker, id, tail=1) == (b"two\n", b"")
        assert await _logs(docker, id, since=later) == (b"two\n", b"")
        assert await _logs(docker, id, until=later) == (b"one\n", b"")
        assert await _logs(docker, id, since=int(begin.timestamp())) == (b"one\ntwo\n", b"")
        assert await _logs(docker, id, since=later + timedelta(hours=1)) == (b"", b"")


async def followed(docker: Docker) -> None:
    """Following yields new output as it is written, and ends with the container."""
    wait_and_say = ["sh", "-c", "echo before; until [ -e /go ]; do sleep 0.1; done; echo after; echo end >&2"]
    async with container(docker, "rawdock-s-output", wait_and_say) as id:
        await docker.containers.start(id)
        async with docker.containers.logs(id, follow=True) as logs:
            heard = b""
            while heard != b"before\n":
                frame = await anext(logs)
                assert frame.stream == "stdout"
                heard += frame.data
            await executed(docker, id, ["touch", "/go"])
            assert await output(logs) == (b"after\n", b"end\n")


async def terminal(docker: Docker) -> None:
    """With a terminal all output is one stream, with the terminal's line ends."""
    async with container(docker, "rawdock-s-output", SAY, tty=True) as id:
        await _run(docker, id)
        async with docker.containers.logs(id) as logs:
            assert logs.tty
            assert await output(logs) == (b"out\r\nerr\r\nout2\r\n", b"")


async def details(docker: Docker) -> None:
    """With `details`, each line begins with the log driver's extra attributes."""
    engine = await engine_of(docker)
    host = HostConfig(log_config=LogConfig(type="json-file", config={"labels": "rawdock-s"}))
    async with container(docker, "rawdock-s-output", ["echo", "out"], host_config=host) as id:
        await _run(docker, id)
        plain = await _logs(docker, id)
        assert plain == (b"out\n", b"")
        detailed = await _logs(docker, id, details=True)
        if engine.can("report details of logs"):
            assert detailed == (b"rawdock-s=rawdock-s-output out\n", b"")
        else:
            assert detailed == plain


async def errors(docker: Docker) -> None:
    """Errors: no such container, no stream selected, and a log driver without logs."""
    with pytest.raises(NotFound):
        await _logs(docker, "rawdock-s-none")
    host = HostConfig(log_config=LogConfig(type="none"))
    async with container(docker, "rawdock-s-output", ["true"], host_config=host) as id:
        with pytest.raises(BadRequest, match="at least one"):
            await opened(docker.containers.logs(id, stdout=False, stderr=False))
        await _run(docker, id)
        with pytest.raises(NotSupported, match="log"):
            await opened(docker.containers.logs(id))
