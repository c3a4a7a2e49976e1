"""`docker.exec`: commands in a running container."""

from __future__ import annotations

import anyio
import pytest

from rawdock import BadRequest, Conflict, Docker, InvalidArgument, NotFound
from rawdock.models import ExecConfig, ExecInspect, ExecStartConfig

from .kit import container, engine_of, executed, opened, output

NONE = "rawdock-s-none"
TRUE = ExecConfig(cmd=["true"])
DETACHED = ExecStartConfig(detach=True)


async def _ended(docker: Docker, id: str) -> ExecInspect:
    """A command's state after its end, which may come a moment after the end of its output."""
    while (found := await docker.exec.inspect(id)).running:  # noqa: ASYNC110  # not every Engine has an event for it
        await anyio.sleep(0.1)
    return found


async def outputs(docker: Docker) -> None:
    """stdout and stderr are separate, inspect has the exit code, and environment, user and folder are as given."""
    say = "echo $A; id -u; pwd; echo to stderr >&2; exit 3"
    async with container(docker, "rawdock-s-exec") as id:
        await docker.containers.start(id)
        config = ExecConfig(
            cmd=["sh", "-c", say], attach_stdout=True, attach_stderr=True, env=["A=b"], user="12:34", working_dir="/tmp"
        )
        created = await docker.exec.create(id, config)
        before = await docker.exec.inspect(created.id)
        assert (before.id, before.container_id) == (created.id, id)
        assert not before.running
        assert before.exit_code in (None, 0)
        assert before.pid == 0
        assert (before.open_stdin, before.open_stdout, before.open_stderr) == (False, True, True)
        assert (before.process_config.entrypoint, before.process_config.arguments) == ("sh", ["-c", say])
        assert before.process_config.user == "12:34"
        assert not before.process_config.tty
        async with docker.exec.start(created.id) as process:
            assert not process.tty
            assert await output(process) == (b"b\n12\n/tmp\n", b"to stderr\n")
        assert (await _ended(docker, created.id)).exit_code == 3
        out_only = ExecConfig(cmd=["sh", "-c", "echo out; echo err >&2"], attach_stdout=True)
        async with docker.exec.start((await docker.exec.create(id, out_only)).id) as process:
            assert await output(process) == (b"out\n", b"")


async def input_ends(docker: Docker) -> None:
    """Input arrives, the end of input ends the command, and all of its output is received."""
    lines = b"".join(b"%d\n" % number for number in range(500))
    async with container(docker, "rawdock-s-exec") as id:
        await docker.containers.start(id)
        config = ExecConfig(cmd=["sh", "-c", "cat; wc -c >&2; echo end"], attach_stdin=True, attach_stdout=True)
        created = await docker.exec.create(id, config)
        async with docker.exec.start(created.id) as process:
            await process.send(lines[:1000])
            await process.send(lines[1000:])
            await process.send_eof()
            assert await output(process) == (lines + b"end\n", b"")
        assert (await _ended(docker, created.id)).exit_code == 0


async def conversation(docker: Docker) -> None:
    """Input and output take turns."""
    async with container(docker, "rawdock-s-exec") as id:
        await docker.containers.start(id)
        ask = 'while read -r word; do echo "$word!"; done; echo bye'
        config = ExecConfig(cmd=["sh", "-c", ask], attach_stdin=True, attach_stdout=True)
        async with docker.exec.start((await docker.exec.create(id, config)).id) as process:
            for word in (b"one", b"two", b"three"):
                await process.send(word + b"\n")
                heard = b""
                while not heard.endswith(b"\n"):
                    heard += (await anext(process)).data
                assert heard == word + b"!\n"
            await process.send_eof()
            assert await output(process) == (b"bye\n", b"")


async def terminal(docker: Docker) -> None:
    """With a terminal all output is stdout, input is echoed, and the terminal has the size set by `resize`."""
    engine = await engine_of(docker)
    async with container(docker, "rawdock-s-exec") as id:
        await docker.containers.start(id)
        # Podman passes the size and the input on separately, so the size may arrive after the input.
        wait = 'for n in $(seq 100); do [ "$(stty size)" = "10 20" ] && break; sleep 0.1; done'
        ask = f"read -r word; {wait}; stty size; echo $word >&2"
        config = ExecConfig(cmd=["sh", "-c", ask], attach_stdin=True, attach_stdout=True, attach_stderr=True, tty=True)
        created = await docker.exec.create(id, config)
        async with docker.exec.start(created.id, ExecStartConfig(tty=True)) as process:
            assert process.tty
            await docker.exec.resize(created.id, height=10, width=20)
            await process.send(b"word\n")
            assert await output(process) == (b"word\r\n10 20\r\nword\r\n", b"")
        assert (await docker.exec.inspect(created.id)).process_config.tty
        if engine.has("1.42") and engine.can("start with a console size"):
            config = ExecConfig(cmd=["stty", "size"], attach_stdout=True, tty=True, console_size=[33, 77])
            created = await docker.exec.create(id, config)
            async with docker.exec.start(created.id, ExecStartConfig(tty=True, console_size=[33, 77])) as process:
                assert await output(process) == (b"33 77\r\n", b"")


async def detached(docker: Docker) -> None:
    """A detached command runs on its own, and inspect reports when and how it ended; a second start is refused."""
    async with container(docker, "rawdock-s-exec") as id:
        await docker.containers.start(id)
        config = ExecConfig(cmd=["sh", "-c", "until [ -e /go ]; do sleep 0.1; done; exit 5"])
        created = await docker.exec.create(id, config)
        await docker.exec.start_detached(created.id, DETACHED)
        running = await docker.exec.inspect(created.id)
        assert running.running
        assert running.exit_code in (None, 0)
        assert running.pid > 0
        assert created.id in (await docker.containers.inspect(id)).exec_ids
        with pytest.raises(Conflict):
            await docker.exec.start_detached(created.id, DETACHED)
        await executed(docker, id, ["touch", "/go"])
        assert (await _ended(docker, created.id)).exit_code == 5


async def not_a_command(docker: Docker) -> None:
    """A program that does not exist is reported in the output; of a detached command it is an error."""
    async with container(docker, "rawdock-s-exec") as id:
        await docker.containers.start(id)
        config = ExecConfig(cmd=["/rawdock-s-none"], attach_stdout=True, attach_stderr=True)
        created = await docker.exec.create(id, config)
        async with docker.exec.start(created.id) as process:
            out, err = await output(process)
        assert b"/rawdock-s-none" in out + err
        assert (await _ended(docker, created.id)).exit_code in (126, 127)
        created = await docker.exec.create(id, ExecConfig(cmd=["/rawdock-s-none"]))
        with pytest.raises(BadRequest, match="/rawdock-s-none"):
            await docker.exec.start_detached(created.id, DETACHED)


async def errors(docker: Docker) -> None:
    """Errors: no such container or command, and a stopped or paused container."""
    none = "f" * 64
    with pytest.raises(NotFound, match=NONE):
        await docker.exec.create(NONE, TRUE)
    with pytest.raises(NotFound):
        await docker.exec.inspect(none)
    with pytest.raises(NotFound):
        await opened(docker.exec.start(none))
    with pytest.raises(NotFound):
        await docker.exec.start_detached(none, DETACHED)
    with pytest.raises(NotFound):
        await docker.exec.resize(none, height=1, width=1)
    async with container(docker, "rawdock-s-exec") as id:
        with pytest.raises(Conflict):
            await docker.exec.create(id, TRUE)
        await docker.containers.start(id)
        with pytest.raises(BadRequest):
            await docker.exec.create(id, ExecConfig())
        created = await docker.exec.create(id, TRUE)
        await docker.containers.pause(id)
        with pytest.raises(Conflict, match="paused"):
            await docker.exec.create(id, TRUE)
        with pytest.raises(Conflict, match="paused"):
            await opened(docker.exec.start(created.id))
        await docker.containers.unpause(id)
        await docker.containers.kill(id)
        await docker.containers.wait(id)
        with pytest.raises((Conflict, NotFound)):  # Docker forgets the command when the container's process ends
            await opened(docker.exec.start(created.id))


async def twice(docker: Docker) -> None:
    """A command can be started only once: Docker reports that in the output, Podman with an error."""
    engine = await engine_of(docker)
    async with container(docker, "rawdock-s-exec") as id:
        await docker.containers.start(id)
        created = await docker.exec.create(id, ExecConfig(cmd=["true"], attach_stdout=True))
        async with docker.exec.start(created.id) as process:
            assert await output(process) == (b"", b"")
        await _ended(docker, created.id)
        if engine.can("refuse a second start"):
            with pytest.raises(Conflict):
                await opened(docker.exec.start(created.id))
        else:
            async with docker.exec.start(created.id) as process:
                assert b"has already run" in (await output(process))[0]


async def terminal_as_made(docker: Docker) -> None:
    """Podman goes by how a command was made, also if it is started without saying so; Docker by how it is started."""
    podman = "podman" in (await engine_of(docker)).labels
    say = ["sh", "-c", "echo out; echo err >&2"]
    plain = ExecConfig(cmd=say, attach_stdout=True, attach_stderr=True)
    async with container(docker, "rawdock-s-exec") as id:
        await docker.containers.start(id)
        created = await docker.exec.create(id, plain)
        async with docker.exec.start(created.id, ExecStartConfig(tty=True)) as process:
            assert process.tty is not podman
            assert await output(process) == ((b"out\n", b"err\n") if podman else (b"out\n", b""))
        created = await docker.exec.create(id, plain.replace(tty=True))
        if podman:
            async with docker.exec.start(created.id) as process:
                assert process.tty
                assert await output(process) == (b"out\r\nerr\r\n", b"")


async def half_closed(docker: Docker) -> None:
    """`send_eof` is refused under a terminal where it would cost the output: on Docker. Byte 4 ends the input there."""
    podman = "podman" in (await engine_of(docker)).labels
    async with container(docker, "rawdock-s-exec") as id:
        await docker.containers.start(id)
        ask = ["sh", "-c", "read -r word; sleep 0.3; echo got $word; cat; echo end"]
        config = ExecConfig(cmd=ask, attach_stdin=True, attach_stdout=True, tty=True)
        created = await docker.exec.create(id, config)
        async with docker.exec.start(created.id, ExecStartConfig(tty=True)) as process:
            await process.send(b"word\n\x04")
            if podman:
                await process.send_eof()
            else:
                with pytest.raises(InvalidArgument, match="x04"):
                    await process.send_eof()
            assert await output(process) == (b"word\r\ngot word\r\nend\r\n", b"")
