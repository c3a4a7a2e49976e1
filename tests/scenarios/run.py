"""`docker.run`: a container for one command."""

from __future__ import annotations

from collections.abc import AsyncIterator

import anyio
import pytest

from rawdock import (
    BadRequest,
    Docker,
    InvalidArgument,
    LimitsDropped,
    NotFound,
    ProcessError,
    StreamError,
    TimedOut,
)
from rawdock.models import ContainerSpec, HostConfig, Mount

from .kit import BUSYBOX, OPEN, container, engine_of, no_container, no_image

NAME = "rawdock-s-run"
SAY = ["sh", "-c", 'while read -r line; do echo "said $line"; done']
FOREVER = ["sh", "-c", "echo begun; exec sleep 300"]


async def _gone(docker: Docker) -> bool:
    return not await docker.containers.list(all=True, filters={"name": NAME})


async def outputs(docker: Docker) -> None:
    """Exit code, stdout and stderr of a short command; the container is removed."""
    await no_container(docker, NAME)
    done = await docker.run(BUSYBOX, ["sh", "-c", "echo out; echo err >&2; exit 3"], name=NAME)
    assert (done.exit_code, done.stdout, done.stderr) == (3, b"out\n", b"err\n")
    assert not done.truncated
    with pytest.raises(ProcessError, match="exit code 3: err") as caught:
        done.check()
    assert caught.value.exit_code == 3
    assert await _gone(docker)
    assert (await docker.run(BUSYBOX, ["true"], name=NAME)).check().exit_code == 0


async def input(docker: Docker) -> None:
    """What is given as `stdin` is read to its end, as bytes or as an async iterator."""

    async def parts() -> AsyncIterator[bytes]:
        for part in (b"one\n", b"two\n"):
            yield part

    await no_container(docker, NAME)
    assert (await docker.run(BUSYBOX, ["cat"], stdin=b"all", name=NAME)).stdout == b"all"
    assert (await docker.run(BUSYBOX, ["cat"], stdin=parts(), name=NAME)).stdout == b"one\ntwo\n"
    assert (await docker.run(BUSYBOX, ["cat"], stdin=b"", name=NAME)).stdout == b""


async def input_unread(docker: Docker) -> None:
    """A command need not read its stdin, however much there is."""
    await no_container(docker, NAME)
    for size in (1, 3_000_000):
        assert (await docker.run(BUSYBOX, ["true"], stdin=b"x" * size, name=NAME)).exit_code == 0
    with pytest.raises(TimedOut):
        await docker.run(BUSYBOX, FOREVER, stdin=b"x" * 3_000_000, timeout=1, name=NAME)
    assert await _gone(docker)


input_unread.live_only = True  # type: ignore[attr-defined]  # how much of it is sent varies


async def bounded_log(docker: Docker) -> None:
    """The Engine keeps the newest 10 MB of the log, and all of it if the container is kept."""
    cmd = ["sh", "-c", f"yes {'x' * 1000} | head -n 11000; echo end; sleep 300"]
    kept = []
    for remove in (True, False):
        await no_container(docker, NAME)
        async with docker.run(BUSYBOX, cmd, name=NAME, remove=remove) as running:
            async for line in running.lines():
                if line.data == b"end":
                    break
            for _ in range(100):  # the log may come after the output
                async with docker.containers.logs(running.id) as logs:
                    lines = b"".join([part.data async for part in logs]).splitlines()
                if lines and lines[-1] == b"end":
                    break
                await anyio.sleep(0.1)
        assert lines[-1] == b"end"
        kept.append(len(lines))
    await no_container(docker, NAME)
    assert 100 < kept[0] < 10_500
    assert kept[1] == 11_001


bounded_log.live_only = True  # type: ignore[attr-defined]  # 11 MB of output


async def spoken_with(docker: Docker) -> None:
    """Inside the block, output comes while the command runs, and input can be sent. The result has only the output that
    was not iterated over.
    """
    await no_container(docker, NAME)
    async with docker.run(BUSYBOX, SAY, open_stdin=True, name=NAME, remove=False) as running:
        await running.send(b"one\n")
        heard = b""
        while heard != b"said one\n":
            frame = await anext(running)
            assert frame.stream == "stdout"
            heard += frame.data
        await running.send(b"two\n")
        await running.send_eof()
        done = await running.result()
        assert await running.result() is done
    assert (done.exit_code, done.stdout) == (0, b"said two\n")
    assert (await docker.containers.inspect(done.id)).state.status == "exited"
    await docker.containers.delete(done.id)


async def terminal(docker: Docker) -> None:
    """With a terminal all output is stdout."""
    await no_container(docker, NAME)
    done = await docker.run(BUSYBOX, ["sh", "-c", "echo out; echo err >&2"], spec=ContainerSpec(tty=True), name=NAME)
    assert (done.stdout, done.stderr) == (b"out\r\nerr\r\n", b"")


async def limited(docker: Docker) -> None:
    """Beyond `output_limit`, only the beginning of each stream is kept."""
    await no_container(docker, NAME)
    say = ["sh", "-c", "echo 123456789; echo more; echo abc >&2"]
    done = await docker.run(BUSYBOX, say, output_limit=4, name=NAME)
    assert (done.stdout, done.stderr, done.truncated) == (b"1234", b"abc\n", True)
    done = await docker.run(BUSYBOX, say, output_limit=15, name=NAME)
    assert (done.stdout, done.truncated) == (b"123456789\nmore\n", False)


async def ended_at_limit(docker: Docker) -> None:
    """With `end_at_limit`, a command is killed as soon as it says more, and the result tells so."""
    await no_container(docker, NAME)
    say = ["sh", "-c", "echo 123456789; sleep 300"]
    done = await docker.run(BUSYBOX, say, output_limit=4, end_at_limit=True, name=NAME)
    assert (done.exit_code, done.stdout, done.truncated) == (137, b"1234", True)
    assert done.error == "its output went over output_limit, where it was to be ended"
    with pytest.raises(NotFound):
        await docker.containers.inspect(done.id)
    done = await docker.run(BUSYBOX, say, output_limit=4, end_at_limit=True, name=NAME, remove=False)
    assert (done.exit_code, done.truncated) == (137, True)
    assert (await docker.containers.inspect(done.id)).state.status == "exited"
    await docker.containers.delete(done.id)


async def with_strict_limits(docker: Docker) -> None:
    """A limit that the Engine drops, as the weight of block devices on most machines, is told before the start."""
    await no_container(docker, NAME)
    config = HostConfig(blkio_weight=300, pids_limit=50)
    async with container(docker, NAME, host_config=config) as id:
        dropped = (await docker.containers.inspect(id)).host_config.blkio_weight != 300
    kept = ContainerSpec(host_config=HostConfig(pids_limit=50))
    assert (await docker.run(BUSYBOX, ["true"], spec=kept, name=NAME, strict_limits=True)).exit_code == 0
    spec = ContainerSpec(host_config=config)
    if dropped:
        with pytest.raises(LimitsDropped, match="blkio_weight") as caught:
            await docker.run(BUSYBOX, ["true"], spec=spec, name=NAME, strict_limits=True)
        assert caught.value.fields == ("blkio_weight",)
        with pytest.raises(NotFound):
            await docker.containers.inspect(NAME)
    assert (await docker.run(BUSYBOX, ["true"], spec=spec, name=NAME)).exit_code == 0


async def pulled(docker: Docker) -> None:
    """A missing image is pulled; `pull` can be "always" or "never" too."""
    reference = f"{OPEN}/app:3"
    await no_container(docker, NAME)
    await no_image(docker, reference)
    with pytest.raises(NotFound):
        await docker.run(reference, ["true"], pull="never", name=NAME)
    assert (await docker.run(reference, ["echo", "hi"], name=NAME)).stdout == b"hi\n"
    assert (await docker.run(reference, ["echo", "hi"], pull="never", name=NAME)).stdout == b"hi\n"
    assert (await docker.run(reference, ["echo", "hi"], pull="always", name=NAME)).stdout == b"hi\n"
    await docker.images.delete(reference)
    with pytest.raises((NotFound, StreamError)):  # older Podman reports it inside the pull
        await docker.run(f"{OPEN}/rawdock-s-none:1", ["true"], name=NAME)


async def errors(docker: Docker) -> None:
    """A container that cannot be started is removed, and the error has the Engine's message."""
    await no_container(docker, NAME)
    with pytest.raises(BadRequest, match="rawdock-s-none"):
        await docker.run(BUSYBOX, ["rawdock-s-none"], name=NAME)
    assert await _gone(docker)


async def removed_by_the_engine(docker: Docker) -> None:
    """With `auto_remove`, when the Engine removes the container, exit code and output are still complete."""
    await no_container(docker, NAME)
    spec = ContainerSpec(host_config=HostConfig(auto_remove=True))
    for code in range(3):
        done = await docker.run(BUSYBOX, ["sh", "-c", f"echo {code}; exit {code}"], spec=spec, name=NAME)
        assert (done.exit_code, done.stdout) == (code, b"%d\n" % code)
        assert await _gone(docker)


removed_by_the_engine.live_only = True  # type: ignore[attr-defined]  # who removes it first varies


async def timed_out(docker: Docker) -> None:
    """After the timeout, the error has the output so far, and the container is removed."""
    await no_container(docker, NAME)
    with pytest.raises(TimedOut) as caught:
        await docker.run(BUSYBOX, FOREVER, timeout=1.5, name=NAME)
    assert (caught.value.stdout, caught.value.may_still_run) == (b"begun\n", False)
    assert await _gone(docker)
    async with docker.run(BUSYBOX, FOREVER, timeout=1.5, name=NAME) as running:
        assert (await anext(running)).data == b"begun\n"
        for _ in range(2):
            with pytest.raises(TimeoutError):
                await anext(running)
    assert await _gone(docker)


timed_out.live_only = True  # type: ignore[attr-defined]  # depends on real time


async def given_up(docker: Docker) -> None:
    """When cancelled, left early, or with a failing input, the container is removed, even with `remove=False`."""
    await no_container(docker, NAME)
    with anyio.CancelScope() as scope:
        async with docker.run(BUSYBOX, FOREVER, name=NAME, remove=False) as running:
            assert (await anext(running)).data == b"begun\n"
            scope.cancel()
            await running.result()
    assert scope.cancelled_caught
    assert await _gone(docker)
    async with docker.run(BUSYBOX, FOREVER, name=NAME, remove=False) as running:
        await anext(running)
    assert await _gone(docker)

    async def failing() -> AsyncIterator[bytes]:
        yield b"one"
        raise LookupError("the caller's own")

    with pytest.raises(LookupError, match="own"):
        await docker.run(BUSYBOX, ["sh", "-c", "cat; sleep 300"], stdin=failing(), name=NAME)
    assert await _gone(docker)


given_up.live_only = True  # type: ignore[attr-defined]  # depends on real time


async def in_a_network(docker: Docker) -> None:
    """`spec` sets everything that `run` has no parameter for."""
    await no_container(docker, NAME)
    host = HostConfig(network_mode="none", memory=32 * 1024 * 1024, readonly_rootfs=True)
    spec = ContainerSpec(host_config=host, env=["A=b"], working_dir="/tmp", labels={"rawdock-s": "run"})
    done = await docker.run(
        BUSYBOX, ["sh", "-c", "echo $A; pwd; touch /file || ls /sys/class/net"], spec=spec, name=NAME
    )
    assert done.stdout == b"b\n/tmp\nlo\n"
    assert b"Read-only" in done.stderr


async def beside_others(docker: Docker) -> None:
    """Many runs at the same time get each their own result."""
    labels = (await engine_of(docker)).labels
    async with container(docker, NAME):
        pass  # pulls the image

    async def one(number: int) -> None:
        done = await docker.run(BUSYBOX, ["sh", "-c", f"echo {number}; exit {number}"], name=f"{NAME}-{number}")
        assert (done.exit_code, done.stdout) == (number, b"%d\n" % number), labels

    async with anyio.create_task_group() as tasks:
        for number in range(12):
            tasks.start_soon(one, number)
    assert await _gone(docker)


beside_others.live_only = True  # type: ignore[attr-defined]  # their order varies


async def input_of_a_terminal(docker: Docker) -> None:
    """The end of input under a terminal ends a reader in line mode, and no output is lost."""
    await no_container(docker, NAME)
    spec = ContainerSpec(tty=True)
    late = ["sh", "-c", "read x; sleep 0.3; echo got $x"]
    assert (await docker.run(BUSYBOX, late, spec=spec, stdin=b"hi\n", name=NAME)).stdout == b"hi\r\ngot hi\r\n"
    done = await docker.run(BUSYBOX, ["sh", "-c", "sleep 0.3; cat -v"], spec=spec, stdin=b"a\x10\x11b", name=NAME)
    assert (done.exit_code, done.stdout) == (0, b"a^Pba^Pb")
    with pytest.raises(InvalidArgument, match="4096 bytes"):
        await docker.run(BUSYBOX, ["cat"], spec=spec, stdin=b"x" * 4096, name=NAME)


async def something_else_is_missing(docker: Docker) -> None:
    """If what is missing is not the image, nothing is pulled, and the Engine says what it is."""
    await no_container(docker, NAME)
    async with container(docker, f"{NAME}-image"):
        pass  # pulls the image
    engine = await engine_of(docker)
    if "podman" in engine.labels:
        host = HostConfig(volumes_from=["rawdock-s-none"])
    elif engine.has("1.48"):
        host = HostConfig(mounts=[Mount(type="image", source="rawdock-s-none:1", target="/mnt")])
    else:
        host = HostConfig(binds=["rawdock-s-run:/mnt"], volume_driver="rawdock-s-none")  # it looks for 15 s
    spec = ContainerSpec(host_config=host)
    with pytest.raises(NotFound, match="rawdock-s-none") as caught:
        await docker.run(BUSYBOX, ["true"], spec=spec, name=NAME)
    assert caught.value.operation == "containers.create"
    assert await _gone(docker)


async def out_of_memory(docker: Docker) -> None:
    """A container out of memory is told from one that was killed; with exit code 0 it is looked up under a limit."""
    await no_container(docker, NAME)
    limit = ContainerSpec(host_config=HostConfig(memory=16 << 20, memory_swap=16 << 20))
    done = await docker.run(BUSYBOX, ["sh", "-c", "exec tail /dev/zero"], spec=limit, name=NAME)
    assert (done.exit_code, done.oom_killed, done.not_removed) == (137, True, "")
    done = await docker.run(BUSYBOX, ["sh", "-c", "exit 137"], name=NAME)
    assert (done.exit_code, done.oom_killed) == (137, False)
    assert (await docker.run(BUSYBOX, ["true"], spec=limit, name=NAME)).oom_killed is False
    assert (await docker.run(BUSYBOX, ["true"], name=NAME)).oom_killed is False


async def checked(docker: Docker) -> None:
    """A failed check names the command, the image, the exit code and the end of stderr."""
    await no_container(docker, NAME)
    done = await docker.run(BUSYBOX, ["sh", "-c", "echo out; echo why >&2; exit 3"], name=NAME)
    with pytest.raises(ProcessError, match=f"^sh -c .* in a container of {BUSYBOX}: exit code 3: why$"):
        done.check()
