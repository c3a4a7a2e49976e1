"""What the result of `run` tells, what it asks for that, and when it pulls."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from faultserver import NO_CONTENT, Peer, json_answer, serving

from rawdock import BadRequest, Docker, LimitsDropped, NotFound, ProcessError, ServerError
from rawdock.helpers.limits import dropped_limits
from rawdock.models import ContainerSpec, HostConfig, LogConfig, Ulimit

pytestmark = [pytest.mark.anyio, pytest.mark.held_clock]

UPGRADED = (
    b"HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.multiplexed-stream\r\nConnection: Upgrade\r\n"
    b"Upgrade: tcp\r\n\r\n"
)
INSPECT = b"GET /v1.51/containers/c/json"
REMOVE = b"DELETE /v1.51/containers/c?v=true&force=true"
LIMIT = ContainerSpec(host_config=HostConfig(memory=1 << 24))


class Engine:
    """Runs one container to its end."""

    def __init__(self, code: int = 0) -> None:
        self.code = code
        self.inspected: tuple[int, dict[str, Any]] = (200, {"Id": "c", "State": {"OOMKilled": True}})
        self.removed = NO_CONTENT
        self.warnings: list[str] = []
        self.created = 0
        self.missing = 0
        """How many times a creation fails with a 404."""
        self.image: dict[str, Any] | None = None
        self.log_configs: list[Any] = []
        self.refused = ""
        """What a creation that says how to log is refused with."""

    async def answer(self, request: bytes, peer: Peer) -> bytes | None:
        target = request.split(b" ")[1].decode().removeprefix("/v1.51").partition("?")[0]
        if request.startswith(b"DELETE"):
            return self.removed
        if target == "/containers/create":
            self.created += 1
            sent = json.loads(request.partition(b"\r\n\r\n")[2])
            self.log_configs.append(sent.get("HostConfig", {}).get("LogConfig"))
            if self.log_configs[-1] and self.refused:
                return json_answer(json.dumps({"message": self.refused}).encode(), b"400 Bad Request")
            if self.created <= self.missing:
                return json_answer(b'{"message":"something is not there"}', b"404 Not Found")
            return json_answer(json.dumps({"Id": "c", "Warnings": self.warnings}).encode(), b"201 Created")
        if target == "/images/create":
            return json_answer(b'{"status":"done"}')
        if target.startswith("/images/"):
            if self.image is None:
                return json_answer(b'{"message":"no such image"}', b"404 Not Found")
            return json_answer(json.dumps({"Id": "sha256:1"} | self.image).encode())
        if target.endswith("/attach"):
            await peer.send(UPGRADED + b"\1\0\0\0\0\0\0\3out" + b"\2\0\0\0\0\0\0\4why\n")
            return None
        if target.endswith("/wait"):
            return json_answer(b'{"StatusCode":%d}' % self.code)
        if target.endswith("/json"):
            status, body = self.inspected
            return json_answer(json.dumps(body).encode(), b"%d Oh" % status)
        return NO_CONTENT


@pytest.mark.parametrize(
    ("code", "spec", "asked"), [(0, None, False), (0, LIMIT, True), (1, None, True), (137, LIMIT, True)]
)
async def test_out_of_memory_is_looked_up(code: int, spec: ContainerSpec | None, asked: bool) -> None:
    """Once, before the removal; and not at all where nothing can have been ended."""
    engine = Engine(code)
    async with serving(engine.answer) as server, Docker(server.path) as docker:
        done = await docker.run("app:1", ["x"], spec=spec)
        assert done.oom_killed is asked
        assert server.requests[-2:] == [INSPECT, REMOVE] if asked else server.requests[-1] == REMOVE
        assert server.requests.count(INSPECT) == asked


BOUNDED = {"Config": {"max-size": "10m"}}
OWN = ContainerSpec(host_config=HostConfig(memory=1 << 24, log_config=LogConfig(type="none")))


@pytest.mark.parametrize(
    ("spec", "remove", "sent"),
    [
        (None, True, BOUNDED),
        (LIMIT, True, BOUNDED),
        (OWN, True, {"Type": "none"}),
        (None, False, None),
        (LIMIT, False, None),
    ],
)
async def test_log_is_bounded(spec: ContainerSpec | None, remove: bool, sent: Any) -> None:
    """Unless the container is kept, or says itself how it logs."""
    engine = Engine()
    async with serving(engine.answer) as server, Docker(server.path) as docker:
        await docker.run("app:1", ["x"], spec=spec, remove=remove)
    assert engine.log_configs == [sent]


@pytest.mark.parametrize(("remove", "created"), [(True, [BOUNDED, None]), (False, [None])])
async def test_log_driver_without_a_size(remove: bool, created: list[Any]) -> None:
    """An Engine whose driver is journald refuses the option: then its logs are as they are."""
    engine = Engine()
    engine.refused = "unknown log opt 'max-size' for journald log driver"
    async with serving(engine.answer) as server, Docker(server.path) as docker:
        assert (await docker.run("app:1", ["x"], remove=remove)).stdout == b"out"
    assert engine.log_configs == created


@pytest.mark.parametrize("why", ["unknown log opt 'max-size' for journald log driver", "no such thing"])
async def test_log_of_ones_own_is_refused(why: str) -> None:
    engine = Engine()
    engine.refused = why
    spec = ContainerSpec(host_config=HostConfig(log_config=LogConfig(type="journald", config={"max-size": "1m"})))
    async with serving(engine.answer) as server, Docker(server.path) as docker:
        with pytest.raises(BadRequest, match=why):
            await docker.run("app:1", ["x"], spec=spec)
    assert len(engine.log_configs) == 1


async def test_creation_is_refused_for_something_else() -> None:
    engine = Engine()
    engine.refused = "no such thing"
    async with serving(engine.answer) as server, Docker(server.path) as docker:
        with pytest.raises(BadRequest, match="no such thing"):
            await docker.run("app:1", ["x"])
    assert engine.log_configs == [BOUNDED]


@pytest.mark.parametrize("remove", [True, False])
async def test_limits_that_are_dropped(remove: bool) -> None:
    """They are told with the Engine's warnings, nothing is started, and the container is removed in any case."""
    engine = Engine()
    engine.warnings = ["no such thing as a limit"]
    engine.inspected = (200, {"Id": "c", "HostConfig": {"Memory": 0, "PidsLimit": 64}})
    spec = ContainerSpec(host_config=HostConfig(memory=1 << 20, pids_limit=64, cpu_shares=0))
    async with serving(engine.answer) as server, Docker(server.path) as docker:
        with pytest.raises(LimitsDropped, match="memory: no such thing as a limit") as caught:
            await docker.run("app:1", ["x"], spec=spec, remove=remove, strict_limits=True)
        assert server.requests[-1] == REMOVE
        assert not any(b"/start" in one for one in server.requests)
    assert (caught.value.fields, caught.value.warnings) == (("memory",), ("no such thing as a limit",))


def test_limits_are_compared() -> None:
    asked = HostConfig(memory=1, nano_cpus=2, cpuset_cpus="0", ulimits=[Ulimit(name="nofile", soft=1, hard=2)])
    assert dropped_limits(asked, asked) == []
    podman = asked.replace(ulimits=[Ulimit(name="RLIMIT_NPROC"), Ulimit(name="RLIMIT_NOFILE", soft=1, hard=2)])
    assert dropped_limits(asked, podman) == []
    assert dropped_limits(HostConfig(), asked) == []
    assert dropped_limits(asked, HostConfig(cpuset_cpus="1")) == ["memory", "nano_cpus", "cpuset_cpus", "ulimits"]


@pytest.mark.parametrize("status", [404, 409, 500])
async def test_out_of_memory_is_not_known(status: int) -> None:
    """A container that is gone by itself takes the answer with it, and nothing else of the result."""
    engine = Engine(1)
    engine.inspected = (status, {"message": "gone"})
    async with serving(engine.answer) as server, Docker(server.path) as docker:
        done = await docker.run("app:1", ["x"])
    assert (done.oom_killed, done.exit_code, done.stdout) == (None, 1, b"out")


async def test_only_the_removal_fails(caplog: pytest.LogCaptureFixture) -> None:
    """The result is not lost: it says why, and so does the log, once."""
    engine = Engine()
    engine.removed = json_answer(b'{"message":"device or resource busy"}', b"500 Oh")
    with caplog.at_level(logging.WARNING, "rawdock"):
        async with serving(engine.answer) as server, Docker(server.path) as docker:
            done = await docker.run("app:1", ["x"])
            assert server.requests.count(REMOVE) == 1
    assert done.exit_code == 0
    assert "device or resource busy" in done.not_removed
    (record,) = caplog.records
    assert record.getMessage() == done.not_removed
    assert done.not_removed.startswith("container c was not removed: ")
    assert done.check() is done


async def test_warnings_of_the_engine(caplog: pytest.LogCaptureFixture) -> None:
    """They are on the running container and on its result, and are logged once."""
    engine = Engine()
    engine.warnings = ["your kernel does not support it", "nor that"]
    with caplog.at_level(logging.WARNING, "rawdock"):
        async with (
            serving(engine.answer) as server,
            Docker(server.path) as docker,
            docker.run("app:1", ["x"]) as running,
        ):
            assert running.warnings == tuple(engine.warnings)
            assert (await running.result()).warnings == running.warnings
    assert [one.getMessage() for one in caplog.records] == [
        f"containers.create: {warning}" for warning in engine.warnings
    ]


@pytest.mark.parametrize(
    ("image", "platform", "pulled"),
    [
        (None, None, True),
        (None, "linux/amd64", True),
        ({"Os": "linux", "Architecture": "amd64"}, None, False),
        ({"Os": "linux", "Architecture": "amd64"}, "linux/amd64", False),
        ({"Os": "linux", "Architecture": "amd64"}, "linux/x86_64", False),
        ({"Os": "linux", "Architecture": "amd64"}, "linux", False),
        ({"Os": "linux", "Architecture": "amd64"}, "amd64", False),
        ({"Os": "linux", "Architecture": "amd64"}, "arm64", True),
        ({"Os": "linux", "Architecture": "amd64"}, "linux/arm64", True),
        ({"Os": "linux", "Architecture": "arm64", "Variant": "v8"}, "linux/arm64", False),
        ({"Os": "linux", "Architecture": "arm", "Variant": "v6"}, "linux/arm/v7", True),
        ({"Os": "linux", "Architecture": "arm", "Variant": "v7"}, "linux/arm/v7", False),
        ({"Os": "linux", "Architecture": "amd64"}, "windows/amd64", True),
    ],
)
async def test_only_a_missing_image_is_pulled(image: dict[str, Any] | None, platform: str | None, pulled: bool) -> None:
    """Whatever else is missing is the Engine's error, not a pull."""
    engine = Engine()
    engine.missing, engine.image = 1, image
    async with serving(engine.answer) as server, Docker(server.path) as docker:
        if pulled:
            assert (await docker.run("app:1", ["x"], platform=platform)).exit_code == 0
        else:
            with pytest.raises(NotFound, match="something is not there") as caught:
                await docker.run("app:1", ["x"], platform=platform)
            assert caught.value.operation == "containers.create"
        assert any(b"/images/create" in one for one in server.requests) is pulled
        assert server.requests.count(b"GET /v1.51/images/app:1/json") == 1


async def test_never_pulled() -> None:
    engine = Engine()
    engine.missing = 1
    async with serving(engine.answer) as server, Docker(server.path) as docker:
        with pytest.raises(NotFound, match="something is not there"):
            await docker.run("app:1", ["x"], pull="never")
        assert not any(b"/images/" in one for one in server.requests)


async def test_missing_after_the_pull_too() -> None:
    engine = Engine()
    engine.missing = 2
    async with serving(engine.answer) as server, Docker(server.path) as docker:
        with pytest.raises(NotFound, match="something is not there"):
            await docker.run("app:1", ["x"])
        assert engine.created == 2


async def test_a_failed_check_says_what_failed() -> None:
    """The command and its image, and the end of stderr; a long command is cut. Secrets of the environment stay out."""
    engine = Engine(3)
    async with serving(engine.answer) as server, Docker(server.path) as docker:
        done = await docker.run("app:1", ["sh", "-c", "exit 3"])
        with pytest.raises(ProcessError) as caught:
            done.check()
        assert str(caught.value) == "sh -c 'exit 3' in a container of app:1: exit code 3: why"
        with pytest.raises(ProcessError, match=r"^in a container of app:1: exit code 3: why$"):
            (await docker.run("app:1")).check()
        with pytest.raises(ProcessError) as caught:
            (await docker.run("app:1", ["x" * 1000])).check()
        assert len(str(caught.value)) < 250
        assert "title" not in repr(done)


async def test_a_removal_that_is_refused_is_no_error_of_a_result_only() -> None:
    """Left before its end, a container that cannot be removed may still run: that is told as before."""
    engine = Engine()
    engine.removed = json_answer(b'{"message":"busy"}', b"500 Oh")
    async with serving(engine.answer) as server, Docker(server.path) as docker:
        with pytest.raises(LookupError) as caught:
            async with docker.run("app:1", ["x"]):
                raise LookupError("the caller's own")
    assert not isinstance(caught.value, ServerError)
    assert any("may still run" in note for note in caught.value.__notes__)


async def test_nothing_more_is_asked_where_all_is_well() -> None:
    """A run is five requests, and none of them is for what only a failure needs."""
    async with serving(Engine().answer) as server, Docker(server.path) as docker:
        await docker.run("app:1", ["x"])
        assert [one.partition(b"?")[0].split(b"/v1.51")[-1] for one in server.requests[1:]] == [
            b"/containers/create",
            b"/containers/c/attach",
            b"/containers/c/wait",
            b"/containers/c/start",
            b"/containers/c",
        ]
