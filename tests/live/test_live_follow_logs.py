"""The lines of containers, each once, over restarts of theirs and of the reader."""

from __future__ import annotations

import anyio
import pytest
from scenarios.kit import BUSYBOX
from test_live import ONE_STORE

from rawdock import ContainerEnded, Docker, LogGap, LogLine, NotFound, NotSupported
from rawdock.models import ContainerSpec, HostConfig, LogConfig

pytestmark = [pytest.mark.live, pytest.mark.anyio, pytest.mark.timeout(60)]
if not ONE_STORE:
    pytestmark.append(pytest.mark.skip(reason="RAWDOCK_LIVE_ENGINES names no engine (NAME=SOCKET, ...)"))

LABEL = {"rawdock-s-logs": "yes"}
# A number that goes on over restarts, ten lines at a time, on both streams.
COUNT = """
n=$(cat /n 2> /dev/null || echo 0)
for i in 1 2 3 4 5 6 7 8 9 10; do n=$((n + 1)); echo line $n; echo error $n >&2; done
echo $n > /n; sleep 0.2
"""

MORE = """
echo begin; while [ ! -e /go ]; do sleep 0.05; done
i=0; while [ $i -lt 2000 ]; do i=$((i + 1)); echo more $i; done
sleep 60
"""


@pytest.fixture(params=ONE_STORE or [""], ids=lambda entry: entry.partition("=")[0] or "none")
def socket(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    for name in ("DOCKER_API_VERSION", "DOCKER_HOST", "DOCKER_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    return str(request.param).partition("=")[2]


def spec(cmd: str, **host: object) -> ContainerSpec:
    return ContainerSpec(image=BUSYBOX, cmd=["sh", "-c", cmd], labels=LABEL, host_config=HostConfig(**host))  # type: ignore[arg-type]


def numbers(lines: list[LogLine], stream: str) -> list[int]:
    return [int(one.text.split()[1]) for one in lines if one.stream == stream]


async def test_over_restarts(socket: str, anyio_backend: str) -> None:
    """A container is started three times; the reader begins anew at its mark every seven lines."""
    lines: list[LogLine] = []
    async with Docker(socket) as docker, docker.temporary() as tmp:
        await docker.ensure_image(BUSYBOX)
        box = await tmp.containers.create(spec(COUNT))

        async def start() -> None:
            for _ in range(3):
                await docker.containers.start(box.id)
                await docker.containers.wait(box.id)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(start)
            mark = None
            while len(lines) < 60:
                async with docker.follow_logs(box.id, mark=mark) as logs:
                    for _ in range(7):
                        item = await anext(logs)
                        assert isinstance(item, LogLine), item
                        lines.append(item)
                        if len(lines) == 60:
                            break
                    mark = logs.mark
        async with docker.follow_logs(box.id, mark=mark) as logs:
            await docker.containers.delete(box.id)
            assert not [item async for item in logs if isinstance(item, LogLine)]
            assert logs.mark == '{"version":1,"read":{}}'
    for stream in ("stdout", "stderr"):
        assert numbers(lines, stream) == list(range(1, 31))


async def test_filters(socket: str, anyio_backend: str) -> None:
    """Those that are there, and those that come later; others are not followed."""
    async with Docker(socket) as docker, docker.temporary() as tmp:
        await docker.ensure_image(BUSYBOX)
        first = await tmp.containers.create(spec("echo first; sleep 60"))
        await tmp.containers.start(first.id)
        other = await tmp.containers.create(spec("echo other").replace(labels={}))
        seen: set[tuple[str, str]] = set()
        async with docker.follow_logs(filters={"label": "rawdock-s-logs=yes"}) as logs:
            await tmp.containers.start(other.id)
            line = await logs.wait_line("^first$")
            seen.add((line.id, line.text))
            second = await tmp.containers.create(spec("echo second"))
            await tmp.containers.start(second.id)
            line = await logs.wait_line("o")
            seen.add((line.id, line.text))
        assert seen == {(first.id, "first"), (second.id, "second")}


async def test_short_lives(socket: str, anyio_backend: str) -> None:
    """Of containers that are removed as soon as they end, each is told: by its line, or by a gap."""
    async with Docker(socket) as docker, docker.temporary() as tmp:
        await docker.ensure_image(BUSYBOX)
        made: set[str] = set()
        told: set[str] = set()

        async def short() -> None:
            box = await tmp.containers.create(spec("echo said", auto_remove=True))
            made.add(box.id)
            await tmp.containers.start(box.id)

        async with docker.follow_logs(filters={"label": "rawdock-s-logs=yes"}) as logs:
            async with anyio.create_task_group() as tasks:
                for _ in range(12):
                    tasks.start_soon(short)
            with anyio.fail_after(50):
                while told != made:
                    item = await anext(logs)
                    assert isinstance(item, LogLine) or item.reason == "removed"
                    told.add(item.id)


async def test_wait_line(socket: str, anyio_backend: str) -> None:
    async with Docker(socket) as docker, docker.temporary() as tmp:
        await docker.ensure_image(BUSYBOX)
        box = await tmp.containers.create(spec("echo warming; sleep 0.3; echo ready to serve; sleep 0.3; exit 3"))
        async with docker.follow_logs(box.id) as logs:
            await tmp.containers.start(box.id)
            assert (await logs.wait_line(r"ready to (\w+)")).text == "ready to serve"
            with pytest.raises(ContainerEnded, match="has ended: it is exited, with exit code 3") as caught:
                await logs.wait_line("never")
            assert caught.value.exit_code == 3
        with pytest.raises(NotFound):
            await docker.follow_logs("rawdock-s-nothing").__aenter__()


async def test_a_rotated_log(socket: str, anyio_backend: str) -> None:
    """Between two readers more is written than the Engine keeps: a gap."""
    async with Docker(socket) as docker, docker.temporary() as tmp:
        await docker.ensure_image(BUSYBOX)
        driver = LogConfig(type="json-file", config={"max-size": "20k", "max-file": "2"})
        box = await tmp.containers.create(spec(MORE, log_config=driver))
        await tmp.containers.start(box.id)
        async with docker.follow_logs(box.id) as logs:
            assert (await logs.wait_line("begin")).text == "begin"
            mark = logs.mark
        await docker.execute(box.id, ["touch", "/go"])
        async with docker.containers.logs(box.id, follow=True).entries() as entries:
            async for entry in entries:
                if entry.data == b"more 2000":
                    break
        if b"begin" in [one.data async for one in await all_of(docker, box.id)]:
            pytest.skip("this Engine has not rotated the log")
        async with docker.follow_logs(box.id, mark=mark) as logs:
            gap = await anext(logs)
            assert isinstance(gap, LogGap)
            assert (gap.id, gap.reason) == (box.id, "forgotten")
            assert (await logs.wait_line("more 2000$")).text == "more 2000"


async def all_of(docker: Docker, id: str):  # type: ignore[no-untyped-def]
    async def read():  # type: ignore[no-untyped-def]
        async with docker.containers.logs(id).entries() as entries:
            async for entry in entries:
                yield entry

    return read()


async def test_a_log_that_cannot_be_read(socket: str, anyio_backend: str) -> None:
    async with Docker(socket) as docker, docker.temporary() as tmp:
        await docker.ensure_image(BUSYBOX)
        box = await tmp.containers.create(spec("echo a; sleep 60", log_config=LogConfig(type="none")))
        await tmp.containers.start(box.id)
        if not docker.is_podman:
            with pytest.raises(NotSupported):
                async with docker.follow_logs(box.id) as logs:
                    await anext(logs)
            async with docker.follow_logs(filters={"label": "rawdock-s-logs=yes"}) as logs:
                gap = await anext(logs)
                assert isinstance(gap, LogGap)
                assert gap.reason == "unreadable"
