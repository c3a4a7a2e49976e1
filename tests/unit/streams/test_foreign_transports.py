"""Any httpx transport in the place of rawdock's own: what it cannot do is an error, and what it has open is closed."""

from __future__ import annotations

import gc
import json
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest

from rawdock import Docker, NotSupported
from rawdock._streams.faces.websocket import accept_value

pytestmark = [pytest.mark.anyio, pytest.mark.held_clock]

Work = Callable[[Docker], Awaitable[object]]


class Engine(httpx.MockTransport):
    """Answers 101 where it is asked to, with nothing behind: what comes then is not given to the caller."""

    def __init__(self) -> None:
        super().__init__(self.answer)
        self.asked: list[str] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.partition("/v1.51")[2]
        self.asked.append(f"{request.method} {path}")
        if key := request.headers.get("sec-websocket-key"):
            return httpx.Response(
                101,
                headers={"upgrade": "websocket", "connection": "Upgrade", "sec-websocket-accept": accept_value(key)},
            )
        if "upgrade" in request.headers:
            kind = "application/vnd.docker.multiplexed-stream"
            return httpx.Response(101, headers={"content-type": kind, "upgrade": request.headers["upgrade"]})
        answer: Any = {"Id": "x", "StatusCode": 0, "ExitCode": 0, "State": {"Running": False}, "BuilderVersion": "2"}
        return httpx.Response(200, content=json.dumps(answer), headers={"api-version": "1.51", "builder-version": "2"})


class Body(httpx.AsyncByteStream):
    """A body that goes on for ever."""

    def __init__(self) -> None:
        self.closed = anyio.Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b'{"status":"waiting"}\n'
        await anyio.sleep_forever()

    async def aclose(self) -> None:
        await anyio.lowlevel.checkpoint()
        self.closed.set()


async def read(docker: Docker, open: str, **options: Any) -> object:
    resource, name = open.split(".")
    async with getattr(getattr(docker, resource), name)(**options) as stream:
        return [item async for item in stream]


async def send(docker: Docker, open: str, **options: Any) -> None:
    resource, name = open.split(".")
    async with getattr(getattr(docker, resource), name)(**options) as stream:
        await stream.send(b"in")


async def follow(docker: Docker) -> None:
    async with docker.execute("c", ["true"]) as execution:
        async for _ in execution:
            pass


USES: dict[str, Work] = {
    "run": lambda docker: docker.run("app:1", ["true"]),
    "run with input": lambda docker: docker.run("app:1", ["cat"], stdin=b"in"),
    "execute": lambda docker: docker.execute("c", ["true"]),
    "execute with input": lambda docker: docker.execute("c", ["cat"], stdin=b"in"),
    "execute with empty input": lambda docker: docker.execute("c", ["cat"], stdin=b""),
    "execute, followed": follow,
    "execute with a timeout": lambda docker: docker.execute("c", ["true"], timeout=50),
    "attach": lambda docker: read(docker, "containers.attach", id="c"),
    "attach, sending": lambda docker: send(docker, "containers.attach", id="c", stdin=True),
    "attach_websocket": lambda docker: read(docker, "containers.attach_websocket", id="c"),
    "attach_websocket, sending": lambda docker: send(docker, "containers.attach_websocket", id="c", stdin=True),
    "exec.start": lambda docker: read(docker, "exec.start", id="e"),
    "exec.start, sending": lambda docker: send(docker, "exec.start", id="e"),
    "session": lambda docker: read(docker, "session.open", uuid="u"),
    "session, sending": lambda docker: send(docker, "session.open", uuid="u"),
}


@pytest.mark.parametrize("use", USES)
async def test_an_upgrade_with_nothing_behind(use: str) -> None:
    """httpx.MockTransport, and every transport without `network_stream`: never an exit code of 0, and never a hang."""
    async with Docker(transport=Engine()) as docker:
        with anyio.fail_after(600), pytest.raises(NotSupported, match="two-way stream"):
            await USES[use](docker)


@pytest.mark.parametrize("reading", [False, True])
@pytest.mark.parametrize("thread", [False, True], ids=["own-thread", "other-thread"])
async def test_an_abandoned_stream(reading: bool, thread: bool) -> None:
    """Collected means closed, in the event loop of the stream, with a warning that names the call."""
    body = Body()
    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=body))
    async with Docker(transport=transport, version="1.51") as docker:

        async def abandon() -> None:
            stream = await docker.images.pull("app:1").__aenter__()
            if reading:
                await anext(stream)

        gc.collect()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            await abandon()
            if thread:
                await anyio.to_thread.run_sync(gc.collect)
            else:
                gc.collect()
        texts = [str(one.message) for one in caught if one.category is ResourceWarning]
        assert [text for text in texts if text.startswith("a stream of images.pull was thrown away")]
        with anyio.fail_after(600):
            await body.closed.wait()


def test_abandoned_as_its_loop_has_ended() -> None:
    """Nothing can be awaited any more: the warning is all, and no traceback."""
    kept: list[object] = []

    async def main() -> None:
        transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Body()))
        docker = Docker(transport=transport, version="1.51")
        kept.append(await docker.images.pull("app:1").__aenter__())

    anyio.run(main)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        kept.clear()
        gc.collect()
    assert "images.pull" in " ".join(str(one.message) for one in caught)


async def test_a_closed_stream_is_no_warning() -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Body()))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        async with Docker(transport=transport, version="1.51") as docker:
            async with docker.images.pull("app:1") as stream:
                await anext(stream)
            del stream
            gc.collect()
