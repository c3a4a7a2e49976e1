"""`docker.execute`: a command in a running container, from its start to its exit code."""

from __future__ import annotations

import re

import anyio
import pytest

from rawdock import (
    BadRequest,
    Conflict,
    ContainerEnded,
    Docker,
    InvalidArgument,
    NotFound,
    ProcessError,
    ServerError,
    StillRunning,
    TimedOut,
)
from rawdock.helpers.execute import Execution
from rawdock.models import ContainerSpec, HostConfig

from .kit import BUSYBOX, container, engine_of, no_container, opened

NAME = "rawdock-s-execute"

SAY = ["sh", "-c", 'while read -r line; do echo "said $line"; done']
# A child, a child in another session, a child without the environment variables, and grandchildren.
_CHILDREN = "sleep 311 & setsid sleep 312 & env -i sleep 313 & (sleep 314 & sleep 315) &"
FAMILY = ["sh", "-c", f"{_CHILDREN} echo begun; sleep 316"]
_LOOK = """\
for folder in /proc/[0-9]*; do
  read -r line < $folder/stat
  set -- ${line##*) }
  [ "$1" = Z ] || tr '\\0' ' ' < $folder/cmdline
  echo
done 2> /dev/null
"""


async def _asleep(docker: Docker, id: str) -> list[str]:
    """The `sleep` processes of these scenarios that run in a container, zombies excluded."""
    seen = await docker.execute(id, ["sh", "-c", _LOOK])
    return sorted(line.strip() for line in seen.stdout.decode().splitlines() if line.startswith("sleep 3"))


async def outputs(docker: Docker) -> None:
    """Exit code, stdout and stderr; environment, user and folder are as given."""
    async with container(docker, NAME) as id:
        await docker.containers.start(id)
        say = "echo $A; id -u; pwd; echo err >&2; exit 3"
        done = await docker.execute(id, ["sh", "-c", say], env={"A": "b"}, user="1000", working_dir="/tmp")
        assert (done.exit_code, done.stdout, done.stderr) == (3, b"b\n1000\n/tmp\n", b"err\n")
        assert (await docker.exec.inspect(done.id)).exit_code == 3
        done = await docker.execute(id, ["sh", "-c", "echo out; echo err >&2"], tty=True)
        assert (done.stdout, done.stderr) == (b"out\r\nerr\r\n", b"")
        done = await docker.execute(id, ["echo", "123456"], output_limit=3)
        assert (done.stdout, done.truncated) == (b"123", True)
        assert (await docker.execute(id, ["true"])).check().exit_code == 0


async def ended_at_limit(docker: Docker) -> None:
    """With `end_at_limit`, a command and its children are ended as soon as it says more; the container goes on."""
    async with container(docker, NAME) as id:
        await docker.containers.start(id)
        say = ["sh", "-c", "sleep 319 & echo 123456789; sleep 318"]
        done = await docker.execute(id, say, output_limit=4, end_at_limit=True)
        assert (done.exit_code, done.stdout, done.truncated) == (137, b"1234", True)
        with pytest.raises(ProcessError, match="exit code 137: its output went over output_limit"):
            done.check()
        assert not await _asleep(docker, id)


async def input(docker: Docker) -> None:
    """What is given as `stdin` is read to its end; a running command answers what is sent to it."""
    async with container(docker, NAME) as id:
        await docker.containers.start(id)
        assert (await docker.execute(id, ["cat"], stdin=b"all")).stdout == b"all"
        async with docker.execute(id, SAY, open_stdin=True) as execution:
            await execution.send(b"one\n")
            heard = b""
            while heard != b"said one\n":
                heard += (await anext(execution)).data
            await execution.send_eof()
            assert (await execution.result()).exit_code == 0


async def errors(docker: Docker) -> None:
    """Errors: no such container, an empty command, a stopped or paused container; and a program that does not exist."""
    await no_container(docker, NAME)
    with pytest.raises(NotFound):
        await docker.execute("rawdock-s-none", ["true"])
    with pytest.raises(InvalidArgument, match="cmd is empty"):
        await docker.execute("rawdock-s-none", [])
    async with container(docker, NAME) as id:
        with pytest.raises(Conflict):
            await docker.execute(id, ["true"])
        await docker.containers.start(id)
        done = await docker.execute(id, ["rawdock-s-none"])
        assert done.exit_code in (126, 127)
        assert "rawdock-s-none" in done.error
        await docker.containers.pause(id)
        with pytest.raises(Conflict):
            await opened(docker.execute(id, ["true"]))
        await docker.containers.unpause(id)


async def large(docker: Docker) -> None:
    """Input and output flow at the same time: a megabyte each way neither blocks nor loses a byte."""
    data = bytes(range(256)) * 4096
    async with container(docker, NAME) as id:
        await docker.containers.start(id)
        assert (await docker.execute(id, ["cat"], stdin=data)).stdout == data


large.live_only = True  # type: ignore[attr-defined]  # its recording would have megabytes


async def ended(docker: Docker) -> None:
    """A command that is cancelled, timed out or left ends with all its child processes; the container keeps running."""
    async with container(docker, NAME, ["sleep", "1000"], host_config=HostConfig(init=True)) as id:
        await docker.containers.start(id)
        for user in ("", "1000"):
            with pytest.raises(TimedOut) as caught:
                await docker.execute(id, FAMILY, timeout=1.5, user=user)
            assert (caught.value.stdout, caught.value.may_still_run) == (b"begun\n", False)
            assert await _asleep(docker, id) == []

            async with docker.execute(id, FAMILY, user=user) as execution:
                await anext(execution)
                seen = await _asleep(docker, id)
                assert len(seen) == 6, seen
            assert await _asleep(docker, id) == []

            with anyio.CancelScope() as scope:
                async with docker.execute(id, FAMILY, user=user, tty=True) as execution:
                    await anext(execution)
                    scope.cancel()
                    await execution.result()
            assert scope.cancelled_caught
            assert await _asleep(docker, id) == []
        # Beyond the limit, the endless output is not read, which must not prevent the command from being ended.
        with pytest.raises(TimedOut) as caught:
            await docker.execute(id, ["sh", "-c", "yes & sleep 317"], timeout=1.5, output_limit=4)
        assert (caught.value.stdout, caught.value.may_still_run) == (b"y\ny\n", False)
        assert await _asleep(docker, id) == []
        assert (await docker.containers.inspect(id)).state.running


ended.live_only = True  # type: ignore[attr-defined]  # depends on real time


async def ended_alone(docker: Docker) -> None:
    """Only the abandoned command is ended, not a second one, nor the container's main process."""
    async with container(docker, NAME, ["sleep", "350"], host_config=HostConfig(init=True)) as id:
        await docker.containers.start(id)
        async with docker.execute(id, ["sh", "-c", "echo begun; sleep 351"]) as one:
            await anext(one)
            async with docker.execute(id, ["sh", "-c", "echo begun; sleep 352"]) as other:
                await anext(other)
            assert await _asleep(docker, id) == ["sleep 350", "sleep 351"]
        assert await _asleep(docker, id) == ["sleep 350"]


ended_alone.live_only = True  # type: ignore[attr-defined]  # depends on real time


async def ended_at_any_moment(docker: Docker) -> None:
    """However early a command is cancelled, no process of it keeps running."""
    async with container(docker, NAME, ["sleep", "1000"], host_config=HostConfig(init=True)) as id:
        await docker.containers.start(id)
        for moment in range(12):
            with anyio.move_on_after(0.01 * moment):
                await docker.execute(id, ["sh", "-c", "sleep 321 & sleep 322"])
        assert await _asleep(docker, id) == []


ended_at_any_moment.live_only = True  # type: ignore[attr-defined]  # depends on real time


async def ended_without_a_shell(docker: Docker) -> None:
    """Without a shell in the container, a command is ended from outside if the Engine is local, or `StillRunning`."""
    async with container(docker, NAME, ["sleep", "1000"], host_config=HostConfig(init=True)) as id:
        await docker.containers.start(id)
        await docker.execute(id, ["rm", "/bin/sh"])
        for command in (["sleep", "331"], ["env", "-i", "sleep", "332"]):
            still: StillRunning | None = None
            try:
                with anyio.move_on_after(1) as scope:
                    await docker.execute(id, command)
                assert scope.cancelled_caught
            except StillRunning as error:
                still = error
            titles = (await docker.containers.top(id)).processes
            assert sum(" ".join(command[-2:]) in " ".join(title) for title in titles) == (still is not None)


ended_without_a_shell.live_only = True  # type: ignore[attr-defined]  # depends on real time


async def ended_with_the_container(docker: Docker) -> None:
    """A container deleted while a command runs ends the command; leaving the command then raises no error."""
    await no_container(docker, NAME)
    spec = ContainerSpec(image=BUSYBOX, cmd=["sleep", "1000"], stop_timeout=1)
    created = await docker.containers.create(spec, name=NAME)
    await docker.containers.start(created.id)
    async with docker.execute(created.id, ["sh", "-c", "echo begun; sleep 341"]) as execution:
        await anext(execution)
        await docker.containers.kill(created.id)
        await docker.containers.delete(created.id, force=True)
    assert not execution.may_still_run


ended_with_the_container.live_only = True  # type: ignore[attr-defined]  # depends on real time


async def input_of_a_terminal(docker: Docker) -> None:
    """The end of input under a terminal ends a reader in line mode, and no output is lost; nor do keys detach."""
    async with container(docker, NAME) as id:
        await docker.containers.start(id)
        late = ["sh", "-c", "read x; sleep 0.3; echo got $x"]
        assert (await docker.execute(id, late, tty=True, stdin=b"hi\n")).stdout == b"hi\r\ngot hi\r\n"
        for given, shown in (
            (b"", b""),
            (b"one\n", b"one\r\none\r\n"),
            (b"one\r", b"one\r\none\r\n"),
            (b"one\ntwo", b"one\r\ntwoone\r\ntwo"),
        ):
            done = await docker.execute(id, ["cat"], tty=True, stdin=given)
            assert (done.exit_code, done.stdout) == (0, shown)
        longest = b"x" * 4095
        assert (await docker.execute(id, ["wc", "-c"], tty=True, stdin=longest)).stdout.endswith(b"4095\r\n")
        done = await docker.execute(id, ["cat", "-v"], tty=True, stdin=b"a\x10\x11b\x1ec\x1fd\n")
        assert (done.exit_code, done.stdout) == (0, b"a^Pb^^c^_d\r\na^Pb^^c^_d\r\n")
        async with docker.execute(id, ["cat"], tty=True, open_stdin=True) as execution:
            await execution.send(b"half")
            await execution.send_eof()
            assert (await execution.result()).stdout in (b"halfhalf", b"half" * 3)


async def input_too_long_for_a_terminal(docker: Docker) -> None:
    """A line that a terminal would cut is refused before anything is sent."""
    with pytest.raises(InvalidArgument, match="4096 bytes"):
        await docker.execute("rawdock-s-none", ["cat"], tty=True, stdin=b"a\n" + b"x" * 4096 + b"\n")


async def never_started(docker: Docker) -> None:
    """A command that could not be started has no output: the Engine's words about it are the error."""
    engine = await engine_of(docker)
    async with container(docker, NAME) as id:
        await docker.containers.start(id)
        for cmd, more in (
            (["rawdock-s-none"], {}),
            (["/etc"], {}),
            (["true"], {"working_dir": "/rawdock-s-none"}),
            (["rawdock-s-none"], {"tty": True}),
            (["rawdock-s-none"], {"output_limit": 5}),
        ):
            done = await docker.execute(id, cmd, **more)  # type: ignore[arg-type]
            assert done.exit_code in (126, 127)
            assert (done.stdout, done.stderr, done.truncated) == (b"", b"", False)
            assert "/etc" in done.error or "rawdock-s-none" in done.error
            with pytest.raises(ProcessError, match=re.escape(f"exit code {done.exit_code}: {done.error}")):
                done.check()
        # Its own words and exit codes are not taken for those of the Engine.
        done = await docker.execute(id, ["sh", "-c", "rawdock-s-none"])
        assert (done.exit_code, done.stderr, done.error) == (127, b"sh: rawdock-s-none: not found\n", "")
        done = await docker.execute(id, ["sh", "-c", "exit 126"])
        assert (done.exit_code, done.stdout, done.stderr, done.error) == (126, b"", b"", "")
        if engine.labels & {"docker-20.10", "docker-26.1"}:
            assert "rawdock-s-none" in (await docker.execute(id, ["true"], user="rawdock-s-none")).error
        else:
            with pytest.raises((BadRequest, ServerError), match="rawdock-s-none"):
                await docker.execute(id, ["true"], user="rawdock-s-none")


async def _has_begun(execution: Execution) -> None:
    heard = b""
    while heard != b"begun\n":
        heard += (await anext(execution)).data


async def the_container_ends(docker: Docker) -> None:
    """A container that ends, is removed or is started anew while a command runs in it is `ContainerEnded`."""
    begin = ["sh", "-c", "echo begun; exec sleep 300"]
    async with container(docker, NAME) as id:
        await docker.containers.start(id)
        async with docker.execute(NAME, begin) as execution:
            await _has_begun(execution)
            await docker.containers.stop(id)
            with pytest.raises(ContainerEnded, match="ended meanwhile") as caught:
                await execution.result()
        assert caught.value.exit_code == 7
        assert caught.value.status in ("exited", "stopped")
        await docker.containers.start(id)
        async with docker.execute(NAME, begin) as execution:
            await _has_begun(execution)
            await docker.containers.restart(id)
            with pytest.raises(ContainerEnded, match="started anew") as caught:
                await execution.result()
        assert (caught.value.status, caught.value.exit_code) == ("running", None)
        async with docker.execute(NAME, begin) as execution:
            await _has_begun(execution)
            await docker.containers.delete(id, force=True)
            with pytest.raises(ContainerEnded, match="removed") as caught:
                await execution.result()
        assert (caught.value.status, caught.value.exit_code) == ("removed", None)
        with pytest.raises(NotFound):
            await docker.execute(NAME, begin)


async def the_command_is_killed(docker: Docker) -> None:
    """A command that is killed alone has exit code 137; its container runs on."""
    async with container(docker, NAME) as id:
        await docker.containers.start(id)
        done = await docker.execute(id, ["sh", "-c", "echo begun; kill -9 $$"])
        assert (done.exit_code, done.stdout) == (137, b"begun\n")
        with pytest.raises(ProcessError, match=f"^sh -c .* in {id}: exit code 137: begun$"):
            done.check()
