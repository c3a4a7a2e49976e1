"""Attaching to the main process of a container."""

from __future__ import annotations

import pytest

from rawdock import Conflict, Docker, InvalidArgument, NotFound, NotSupported

from .kit import container, engine_of, opened, output

NONE = "rawdock-s-none"


async def before_start(docker: Docker) -> None:
    """An attach before the start misses no output; input arrives, and the end of input ends the process."""
    say = ["sh", "-c", "echo begin; cat; echo end >&2; exit 3"]
    async with container(docker, "rawdock-s-attach", say, open_stdin=True, stdin_once=True) as id:
        async with docker.containers.attach(id, stdin=True) as process:
            assert not process.tty
            await docker.containers.start(id)
            await process.send(b"one\n")
            await process.send(b"two\n" * 100)
            await process.send_eof()
            assert await output(process) == (b"begin\none\n" + b"two\n" * 100, b"end\n")
        assert (await docker.containers.wait(id)).status_code == 3


async def chosen(docker: Docker) -> None:
    """Attach to only one of the outputs; and read earlier output with `logs=True`."""
    engine = await engine_of(docker)
    say = ["sh", "-c", "echo out; echo err >&2"]
    async with container(docker, "rawdock-s-attach", say) as id:
        async with docker.containers.attach(id, stdout=False) as process:
            await docker.containers.start(id)
            assert await output(process) == (b"", b"err\n")
        await docker.containers.wait(id)
        async with docker.containers.attach(id, logs=True, stream=False) as process:
            assert await output(process) == (b"out\n", b"err\n")
        if engine.can("select earlier outputs"):
            async with docker.containers.attach(id, logs=True, stream=False, stderr=False) as process:
                assert await output(process) == (b"out\n", b"")


async def with_logs(docker: Docker) -> None:
    """Earlier output comes first, then new output."""
    say = ["sh", "-c", "echo before; read -r word; echo $word"]
    async with container(docker, "rawdock-s-attach", say, open_stdin=True) as id:
        await docker.containers.start(id)
        async with docker.containers.logs(id, follow=True) as logs:
            assert (await anext(logs)).data
        async with docker.containers.attach(id, logs=True, stdin=True) as process:
            await process.send(b"after\n")
            assert await output(process) == (b"before\nafter\n", b"")


async def terminal(docker: Docker) -> None:
    """With a terminal all output is stdout, input is echoed, and the terminal has the size set by `resize`."""
    say = ["sh", "-c", "read -r word; stty size; echo $word >&2"]
    async with container(docker, "rawdock-s-attach", say, open_stdin=True, tty=True) as id:
        with pytest.raises(Conflict):
            await docker.containers.resize(id, height=10, width=20)
        async with docker.containers.attach(id, stdin=True) as process:
            assert process.tty
            await docker.containers.start(id)
            await docker.containers.resize(id, height=10, width=20)
            await process.send(b"word\n")
            assert await output(process) == (b"word\r\n10 20\r\nword\r\n", b"")


async def left_early(docker: Docker) -> None:
    """Leaving an attach does not stop the container."""
    async with container(docker, "rawdock-s-attach", ["sh", "-c", "echo out; sleep 100"]) as id:
        async with docker.containers.attach(id) as process:
            await docker.containers.start(id)
            assert (await anext(process)).data
        assert (await docker.containers.inspect(id)).state.running


async def websocket(docker: Docker) -> None:
    """Over a WebSocket, input and output are messages, until the process ends. Podman does not support it."""
    engine = await engine_of(docker)
    say = ["sh", "-c", "read -r word; echo got $word"]
    async with container(docker, "rawdock-s-attach", say, open_stdin=True) as id:
        if engine.can("attach over a WebSocket"):
            async with docker.containers.attach_websocket(id, stdin=True) as socket:
                await docker.containers.start(id)
                await socket.send(b"word\n")
                assert b"".join([message async for message in socket]) == b"got word\n"
            await docker.containers.wait(id)
            async with docker.containers.attach_websocket(id, logs=True, stream=False) as socket:
                assert b"".join([message async for message in socket]) == b"got word\n"
            with pytest.raises(NotFound, match=NONE):
                await opened(docker.containers.attach_websocket(NONE))
        else:
            with pytest.raises(NotSupported):
                await opened(docker.containers.attach_websocket(id))


async def errors(docker: Docker) -> None:
    """Errors: no such container, and a paused container."""
    with pytest.raises(NotFound, match=NONE):
        await opened(docker.containers.attach(NONE))
    with pytest.raises(NotFound, match=NONE):
        await docker.containers.resize(NONE, height=1, width=1)
    async with container(docker, "rawdock-s-attach") as id:
        await docker.containers.start(id)
        await docker.containers.pause(id)
        with pytest.raises(Conflict, match="paused"):
            await opened(docker.containers.attach(id))


async def half_closed(docker: Docker) -> None:
    """`send_eof` is refused where it would cost the output of a container that runs on: on Docker, under a terminal or
    without `stdin_once`.
    """
    podman = "podman" in (await engine_of(docker)).labels
    ask = ["sh", "-c", "read -r word; sleep 0.3; echo got $word"]
    for tty, words in ((False, "stdin_once"), (True, "x04")):
        async with (
            container(docker, "rawdock-s-attach", ask, open_stdin=True, tty=tty, stdin_once=tty) as id,
            docker.containers.attach(id, stdin=True) as process,
        ):
            await docker.containers.start(id)
            await process.send(b"word\n")
            if podman:
                await process.send_eof()
            else:
                with pytest.raises(InvalidArgument, match=words):
                    await process.send_eof()
            assert await output(process) == (b"word\r\ngot word\r\n" if tty else b"got word\n", b"")
