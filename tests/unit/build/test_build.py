"""Builds with text output, errors with their step, and cleaning up after a cancelled build."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import anyio
import httpx
import pytest
from faultserver import Peer, json_answer, serving
from test_trace import at, line

from rawdock import (
    BuildChange,
    BuildError,
    ClosedError,
    DecodeError,
    Docker,
    FileError,
    InvalidArgument,
    StepDone,
    StepOutput,
    StepProgress,
    StepStarted,
    StepWarning,
    StreamError,
    TruncatedError,
)
from rawdock._build.steps import Steps
from rawdock._build.text import TextBuild
from rawdock.models import Ulimit

pytestmark = pytest.mark.anyio
ID = "sha256:" + "a" * 64

DOCKER = [
    "Step 1/3 : FROM busybox",
    "\n",
    " ---> f45b27d051e9\n",
    "Step 2/3 : RUN x",
    "\n",
    " ---> Using cache\n",
    " ---> 06f1e62b18dd\n",
    "Step 3/3 : RUN y",
    "\n",
    " ---> Running in 7122991caf44\n",
    "out\n",
    "\x1b[91merr\n\x1b[0m",
    REMOVED := "Removing intermediate container 7122991caf44\n",
    " ---> fffac22cf7c5\n",
    "[Warning] One or more build-args [A] were not consumed\n",
    "Successfully built fffac22cf7c5\n",
    "Successfully tagged x:1\n",
]
PODMAN = [
    "STEP 1/3: FROM busybox\n",
    "STEP 2/3: RUN x\n",
    "--> Using cache 06f1e62b18dd06f1e62b18dd06f1e62b18dd06f1e62b18dd06f1e62b18dd06f1\n",
    "--> 06f1e62b18dd\n",
    "STEP 3/3: RUN y\n",
    "out\n",
    "err\n",
    "COMMIT x:1\n",
    "--> fffac22cf7c5\n",
    "[Warning] one or more build args were not consumed: [A]\n",
    "Successfully tagged localhost/x:1\n",
    "fffac22cf7c5fffac22cf7c5fffac22cf7c5fffac22cf7c5fffac22cf7c5fffa\n",
]


def fold(texts: list[str]) -> tuple[Steps, list[BuildChange]]:
    steps = Steps()
    build = TextBuild(steps)
    changes = [change for text in texts for change in build.feed(text)]
    return steps, [*changes, *build.end_step()]


@pytest.mark.parametrize("texts", [DOCKER, [text.replace(REMOVED, f" ---> {REMOVED}") for text in DOCKER], PODMAN])
def test_the_same_steps_of_any_builder(texts: list[str]) -> None:
    texts = [text.replace("---> Removing", "---> Removed") for text in texts]  # in the words of Engine 28
    steps, changes = fold(texts)
    found = [step for step in steps.steps.values() if not step.name.startswith("COMMIT")]
    assert [step.name for step in found] == ["[1/3] FROM busybox", "[2/3] RUN x", "[3/3] RUN y"]
    assert [step.instruction for step in found] == ["FROM busybox", "RUN x", "RUN y"]
    assert [step.cached for step in found] == [False, True, False]
    assert [step.logs for step in found] == [b"", b"", b"out\nerr\n"]
    assert all(step.completed and step.started and step.completed >= step.started for step in found)
    assert [type(change) for change in changes if change.step in found] == [
        *[StepStarted, StepDone] * 2,
        StepStarted,
        StepOutput,
        StepOutput,
        StepDone,
    ]
    assert len(steps.warnings) == 1
    assert "not consumed" in steps.warnings[0].message


def test_stderr_is_recognized() -> None:
    """The classic builder's colour codes are not part of the output."""
    _, changes = fold(DOCKER)
    outputs = [change for change in changes if isinstance(change, StepOutput)]
    assert [(output.stream, output.data) for output in outputs] == [("stdout", b"out\n"), ("stderr", b"err\n")]


def test_stages_of_podman() -> None:
    """Each stage has step numbers of its own."""
    steps, _ = fold(["[1/2] STEP 1/1: FROM a AS one\n", "[2/2] STEP 1/2: FROM b\n", "[2/2] STEP 2/2: RUN x\n", "out\n"])
    assert [step.name for step in steps.steps.values()] == ["[1:1/1] FROM a AS one", "[2:1/2] FROM b", "[2:2/2] RUN x"]
    assert steps.steps["2:2"].logs == b"out\n"


@pytest.mark.parametrize(
    "said",
    [
        "Step 3/3 : RUN y",
        "Step 2/9 : RUN y",
        "STEP 9/3: x\n",
        " ---> f45b27d051e9\n",
        " ---> Using cache\n",
        "Removing intermediate container 000000000000\n",
        " ---> Running in 000000000000\n",
        "COMMIT x\n",
        "[Warning] One or more\n",
        "Successfully built fffac22cf7c5\n",
        "\n",
    ],
)
def test_a_command_that_prints_step_lines(said: str) -> None:
    """Output of a command is its output even if it looks like the builder's own lines."""
    if said == "Step 3/3 : RUN y":
        texts = ["Step 1/1 : RUN x", "\n", " ---> Running in 7122991caf44\n", said]
    else:
        texts = ["Step 1/3 : RUN x", "\n", " ---> Running in 7122991caf44\n", said]
    steps, changes = fold([*texts, REMOVED, " ---> f45b27d051e9\n"])
    assert [step.name for step in steps.steps.values()] == [f"[{texts[0][5:8]}] RUN x"]
    assert steps.steps["1"].text == said
    assert [type(change) for change in changes] == [StepStarted, StepOutput, StepDone]


def test_a_pull_is_a_part_of_its_step() -> None:
    steps = Steps()
    build = TextBuild(steps)
    build.feed("Step 1/1 : FROM x")
    (change,) = build.update_part("layer", "Downloading", 5, 10)
    assert isinstance(change, StepProgress)
    assert (change.part.id, change.part.name, change.part.current, change.part.total) == ("layer", "Downloading", 5, 10)
    build.update_part("layer", "Pull complete", 0, 0)
    assert steps.steps["1"].progress["layer"].completed


# Builds, from a server that says what a case wants.

Said = list[dict[str, object]]


def glued(values: Said, between: bytes = b"\r\n") -> bytes:
    return b"".join(json.dumps(value, ensure_ascii=False).encode() + between for value in values)


async def uploaded(peer: Peer) -> bytes:
    """The rest of a request in chunks."""
    body = bytearray(peer._buffer)
    peer._buffer = b""
    while not body.endswith(b"0\r\n\r\n"):
        try:
            body += await peer.stream.receive()
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            break
    return bytes(body)


def ping(builder: bytes, more: bytes = b"") -> bytes:
    """The answer to a ping of an Engine that prefers this builder."""
    head = b"HTTP/1.1 200 OK\r\nApi-Version: 1.51\r\nBuilder-Version: %b\r\n" % builder
    return head + more + b"Content-Length: 2\r\n\r\nOK"


BUILDKIT = ping(b"2")
NO_SESSIONS = json_answer(b'{"message":"page not found"}', b"404 Not Found")


def engine(body: bytes, *, end: bool = True, cut: bool = False) -> Callable[[bytes, Peer], Any]:
    """One that answers every build with this body, and then ends it, or waits, or hangs up."""

    async def answer(request: bytes, peer: Peer) -> bytes | None:
        if b"/session " in request:
            return NO_SESSIONS
        if b"/build?" in request or b"/build " in request:
            if b"chunked" in request:
                await uploaded(peer)
            head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
            if cut:
                await peer.send(head + b"%x\r\n%b\r\n" % (len(body), body))
                return None
            return head + b"%x\r\n%b\r\n" % (len(body), body) + (b"0\r\n\r\n" if end else b"")
        if b"/json" in request:
            return json_answer(b'{"Id":"%b","RepoTags":["x:1"],"RepoDigests":null}' % ID.encode())
        return json_answer(b"{}")

    return answer


def texts(lines: list[str]) -> Said:
    return [{"stream": text} for text in lines]


BUILT = [*texts(DOCKER), {"aux": {"ID": ID}}]


@pytest.mark.parametrize("between", [b"\r\n", b"\n", b"", b"\n\n", b"\n\x1e"], ids=repr)
async def test_json_values_with_and_without_separators(between: bytes) -> None:
    """Whatever lies between its lines, or nothing (failure modes 5 and 6), a build comes to the same."""
    async with serving(engine(glued(BUILT, between))) as server, Docker(server.path) as docker:
        result = await docker.build(dockerfile="FROM x\n")
        assert (result.id, result.tags, result.digests) == (ID, ("x:1",), ())
        assert [step.name for step in result.steps] == ["[1/3] FROM busybox", "[2/3] RUN x", "[3/3] RUN y"]
        assert [warning.message for warning in result.warnings] == ["One or more build-args [A] were not consumed"]


async def test_a_build_is_followed_step_by_step() -> None:
    """Changes come in order, the steps are updated with them, and the result is available afterwards."""
    async with serving(engine(glued(BUILT))) as server, Docker(server.path) as docker:
        async with docker.build(dockerfile="FROM x\n") as build:
            states = [(type(change), len(build.steps)) async for change in build]
            assert build.finished
            result = await build.result()
        assert states[:4] == [(StepStarted, 1), (StepDone, 1), (StepStarted, 2), (StepDone, 2)]
        assert result.steps == tuple(build.steps)
        assert not [request for request in server.requests if b"cancel" in request]


async def test_a_failure_of_the_classic_builder() -> None:
    """Changes before the failure come first; the error has the step, its exit code and its output."""
    failing = [
        *texts(DOCKER[:12]),
        {"errorDetail": {"code": 3, "message": "returned a non-zero code: 3"}, "error": "x"},
    ]
    async with serving(engine(glued(failing))) as server, Docker(server.path) as docker:
        changes: list[BuildChange] = []

        async def follow() -> None:
            async with docker.build(dockerfile="FROM x\n") as build:
                async for change in build:
                    changes.append(change)  # noqa: PERF401

        with pytest.raises(BuildError, match="non-zero") as caught:
            await follow()
        error = caught.value
        assert isinstance(error, StreamError)
        assert (error.exit_code, error.logs) == (3, b"out\nerr\n")
        assert error.step is not None
        assert error.step.instruction == "RUN y"
        assert error.step.completed
        assert error.step.error == "returned a non-zero code: 3"
        assert (error.operation, error.address) == ("images.build", f"unix://{server.path}")
        assert isinstance(changes[-1], StepDone)


async def test_steps_with_too_many_digits() -> None:
    """Output like a step that no builder would number so is output, and no raw error."""
    digits = "9" * 5000
    said = [
        *texts(DOCKER[:2]),
        *({"stream": f"Step {one} : RUN y\n"} for one in (f"{digits}/2", f"2/{digits}", "\u0662/3")),
        {"stream": f"[{digits}/2] STEP 2/3: RUN y\n"},
        {"error": f"returned a non-zero code: {digits}"},
    ]
    async with serving(engine(glued(said))) as server, Docker(server.path) as docker:
        with pytest.raises(BuildError, match="non-zero") as caught:
            await docker.build(dockerfile="FROM x\n")
        assert caught.value.exit_code is None


def buildkit(*records: Any) -> Said:
    return [{"id": "moby.buildkit.trace", "aux": line(record)} for record in records]


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("executor failed running [/bin/sh -c x]: exit code: 3", 3),
        ('process "/bin/sh -c x" did not complete successfully: exit code: 137', 137),
        ('building at STEP "RUN x": while running runtime: exit status 4\n', 4),
        ("failed to compute cache key: /none not found", None),
        ("exit code: 3 is not at the end", None),
        (f"exit code: {'9' * 5000}", None),
    ],
)
async def test_a_failure_of_buildkit(message: str, code: int | None) -> None:
    """BuildKit and Podman have the exit code in the message only."""
    records = buildkit(
        [(1, [(1, "a"), (3, "[1/1] RUN x"), (5, at(1))]), (3, [(1, "a"), (3, 2), (4, b"last words\n")])],
        [(1, [(1, "a"), (5, at(1)), (6, at(2)), (7, message)])],
    )
    failing = [*records, {"errorDetail": {"message": message}, "error": message}]
    async with serving(engine(glued(failing)), ping=BUILDKIT) as server, Docker(server.path) as docker:
        with pytest.raises(BuildError) as caught:
            await docker.build(dockerfile="FROM x\n")
        assert (caught.value.exit_code, caught.value.logs) == (code, b"last words\n")
        assert caught.value.message == message.strip()


async def test_a_failure_outside_of_steps() -> None:
    failing = glued([{"error": "dockerfile parse error"}])
    async with serving(engine(failing), ping=BUILDKIT) as server, Docker(server.path) as docker:
        with pytest.raises(BuildError, match="parse error") as caught:
            await docker.build(dockerfile="FROM x\n")
        assert (caught.value.step, caught.value.exit_code, caught.value.logs) == (None, None, b"")


async def test_truncated_and_invalid_answers() -> None:
    """A premature end and an invalid record are errors that name the request."""
    async with serving(engine(glued(BUILT[:5]), cut=True)) as server, Docker(server.path) as docker:
        with pytest.raises(TruncatedError):
            await docker.build(dockerfile="FROM x\n")
    nonsense = glued([{"id": "moby.buildkit.trace", "aux": "%%%"}])
    async with serving(engine(nonsense), ping=BUILDKIT) as server, Docker(server.path) as docker:
        with pytest.raises(DecodeError, match=r"images\.build .*base64"):
            await docker.build(dockerfile="FROM x\n")


@pytest.mark.held_clock
@pytest.mark.parametrize("builder", [b"1", b"2"])
async def test_leaving_early_cancels_the_build(builder: bytes, tmp_path: Path) -> None:
    """The connection is closed and a BuildKit build is cancelled by its id; the classic builder notices by itself."""
    (tmp_path / "Dockerfile").write_text("FROM x\n")
    body = glued(BUILT[:1] if builder == b"1" else buildkit([(1, [(1, "a"), (3, "x"), (5, at(1))])]))
    async with serving(engine(body, end=False), ping=ping(builder)) as server, Docker(server.path) as docker:
        with anyio.fail_after(60):
            async with docker.build(tmp_path, buildid="mine") as build:
                await anext(aiter(build))
        cancelled = [request for request in server.requests if b"cancel" in request]
        assert cancelled == ([b"POST /v1.51/build/cancel?id=mine"] if builder == b"2" else [])
        with anyio.fail_after(60), anyio.move_on_after(0.2) as scope:
            await docker.build(tmp_path)
        assert scope.cancelled_caught
        builds = [request for request in server.requests if b"/build?" in request]
        assert (b"buildid=mine" in builds[0]) is (builder == b"2")
        made_up = [request for request in server.requests if b"cancel" in request][1:]
        assert len(made_up) == (builder == b"2")
        assert all(len(request.partition(b"id=")[2]) == 32 for request in made_up)


@pytest.mark.held_clock
async def test_an_engine_that_does_not_answer_the_cancel(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cancel request has a time limit."""
    monkeypatch.setattr("rawdock.helpers.build._CANCEL_TIMEOUT", 0.1)
    plain = engine(glued(buildkit([(1, [(1, "a"), (3, "x"), (5, at(1))])])), end=False)

    async def answer(request: bytes, peer: Peer) -> bytes | None:
        if b"cancel" in request:
            await anyio.sleep(30)
        found: bytes | None = await plain(request, peer)
        return found

    async with serving(answer, ping=BUILDKIT) as server, Docker(server.path) as docker:
        with anyio.fail_after(60):
            async with docker.build(dockerfile="FROM x\n") as build:
                await anext(aiter(build))
        assert any(b"cancel" in request for request in server.requests)


@pytest.mark.held_clock
async def test_cancelled_while_the_context_is_sent(tmp_path: Path) -> None:
    """No file stays open, and the build is cancelled."""
    (tmp_path / "Dockerfile").write_text("FROM x\n")
    with (tmp_path / "large").open("wb") as file:
        file.truncate(64 << 20)
    plain = engine(b"")

    async def answer(request: bytes, peer: Peer) -> bytes | None:
        if b"/build?" in request:
            await anyio.sleep(30)  # reads nothing
        found: bytes | None = await plain(request, peer)
        return found

    async with serving(answer, ping=BUILDKIT) as server, Docker(server.path) as docker:
        await docker.system.ping()
        before = names_of_open_files()
        with anyio.fail_after(60), anyio.move_on_after(0.3) as scope:
            await docker.build(tmp_path)
        assert scope.cancelled_caught
        assert names_of_open_files() - before <= {"socket"}
        assert [request for request in server.requests if b"cancel" in request]


@pytest.mark.held_clock
@pytest.mark.parametrize("builder", [b"1", b"2"])
@pytest.mark.parametrize("followed", [True, False], ids=["followed", "awaited"])
async def test_closing_the_client_ends_its_build(builder: bytes, followed: bool) -> None:
    """Before the connections are closed, BuildKit is told; whoever waits for the build gets a ClosedError."""
    body = glued(BUILT[:1] if builder == b"1" else buildkit([(1, [(1, "a"), (3, "x"), (5, at(1))])]))
    begun = anyio.Event()
    plain = engine(body, end=False)

    async def answer(request: bytes, peer: Peer) -> bytes | None:
        if b"/build?" in request:
            begun.set()
        found: bytes | None = await plain(request, peer)
        return found

    async def build() -> None:
        with pytest.raises(ClosedError):  # noqa: PT012
            if followed:
                async with docker.build(dockerfile="FROM x\n", buildid="mine") as build:
                    async for _ in build:
                        pass
            else:
                await docker.build(dockerfile="FROM x\n", buildid="mine")
        ended.append(1)

    ended: list[int] = []
    async with serving(answer, ping=ping(builder)) as server:
        docker = Docker(server.path)
        with anyio.fail_after(60):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(build)
                await begun.wait()
                await anyio.sleep(0.1)
                await docker.aclose()
        assert ended
        assert len([request for request in server.requests if b"cancel" in request]) == (builder == b"2")


@pytest.mark.held_clock
async def test_closing_the_client_while_a_context_is_sent(tmp_path: Path) -> None:
    """The build raises ClosedError, and no file stays open."""
    (tmp_path / "Dockerfile").write_text("FROM x\n")
    with (tmp_path / "large").open("wb") as file:
        file.truncate(64 << 20)
    plain = engine(b"")
    begun = anyio.Event()

    async def answer(request: bytes, peer: Peer) -> bytes | None:
        if b"/build?" in request:
            begun.set()
            await anyio.sleep(30)  # reads nothing
        found: bytes | None = await plain(request, peer)
        return found

    async with serving(answer, ping=BUILDKIT) as server:
        docker = Docker(server.path)
        await docker.system.ping()
        before = names_of_open_files()

        async def build() -> None:
            with pytest.raises(ClosedError):
                await docker.build(tmp_path)
            assert names_of_open_files() - before <= {"socket"}

        with anyio.fail_after(60):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(build)
                await begun.wait()
                await docker.aclose()


class Breaks(httpx.AsyncBaseTransport):
    """A transport that fails half-way through a body, and leaves it as it is."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/_ping"):
            return httpx.Response(200, headers={"api-version": "1.51"}, content=b"OK")
        self.body = aiter(request.stream)  # type: ignore[arg-type]
        await anext(self.body)
        raise httpx.ReadError("broken")


async def test_a_transport_that_leaves_the_context_open(tmp_path: Path) -> None:
    """A context that the transport does not close is closed anyway."""
    (tmp_path / "Dockerfile").write_text("FROM x\n")
    with (tmp_path / "large").open("wb") as file:
        file.truncate(4 << 20)
    transport = Breaks()
    async with Docker(transport=transport) as docker:
        with pytest.raises(TruncatedError):
            await docker.build(tmp_path)
    assert not [name for name in names_of_open_files() if name.startswith(str(tmp_path))]


def names_of_open_files() -> set[str]:
    found = set()
    for number in os.listdir("/proc/self/fd"):
        try:
            found.add(os.readlink(f"/proc/self/fd/{number}").partition(":")[0])
        except OSError:
            continue
    return found


async def test_a_file_that_shrinks_ends_the_build(tmp_path: Path) -> None:
    """The error names the file, and the archive is not completed (failure mode 63)."""
    (tmp_path / "Dockerfile").write_text("FROM x\n")
    with (tmp_path / "large").open("wb") as file:
        file.truncate(32 << 20)
    bodies: list[bytes] = []
    plain = engine(b"")

    async def answer(request: bytes, peer: Peer) -> bytes | None:
        if b"/build?" in request:
            body = b""
            while len(body) < 1 << 20:
                body += await peer.stream.receive()
            os.truncate(tmp_path / "large", 1 << 20)
            bodies.append(body + await uploaded(peer))
            return None
        found: bytes | None = await plain(request, peer)
        return found

    async with serving(answer) as server, Docker(server.path) as docker:
        with anyio.fail_after(60), pytest.raises(FileError, match="large shrank from 33554432"):
            await docker.build(tmp_path)
        with anyio.fail_after(60):
            while not bodies:  # noqa: ASYNC110
                await anyio.sleep(0.01)
    assert not bodies[0].endswith(b"0\r\n\r\n")


async def test_the_builder_is_chosen() -> None:
    """The Engine's preferred builder, the requested one, and Podman's own."""
    for builder, asked, version in (
        (b"1", None, b"1"),
        (b"2", None, b"2"),
        (b"2", "classic", b"1"),
        (b"", "buildkit", b"2"),
    ):
        async with serving(engine(glued([])), ping=ping(builder)) as server, Docker(server.path) as docker:
            await docker.build(dockerfile="FROM x\n", builder=asked)  # type: ignore[arg-type]
            assert [b"version=%b" % version in one for one in server.requests if b"/build?" in one] == [True]
    podman = ping(b"2", b"Libpod-Api-Version: 5.4.0\r\n")
    async with serving(engine(glued([])), ping=podman) as server, Docker(server.path) as docker:
        await docker.build(dockerfile="FROM x\n", extra_hosts=["a:1.2.3.4", "b:5.6.7.8"], tag=["x", "y"])
        (asked_for,) = [one for one in server.requests if b"/build?" in one]
        assert b"version=" not in asked_for
        assert b"t=x&t=y" in asked_for
        assert b"extrahosts=%5B%22a%3A1.2.3.4%22%2C+%22b%3A5.6.7.8%22%5D" in asked_for.replace(b"%20", b"+")
        with pytest.raises(InvalidArgument, match="Podman"):
            await docker.build(dockerfile="FROM x\n", builder="classic")
        with pytest.raises(InvalidArgument, match=r"secrets needs BuildKit; Podman's API"):
            await docker.build(dockerfile="FROM x\n", secrets={"a": b""})
        limits = [Ulimit(name="nofile", soft=100, hard=200)]
        await docker.build(dockerfile="FROM x\n", ulimits=limits, security_opt=["label=disable", "seccomp=x"])
        query = parse_qs(server.requests[-1].partition(b"?")[2].decode())
        assert query["ulimits"] == ['["nofile=100:200"]']
        assert query["securityopt"] == ['["label=disable", "seccomp=x"]']
        assert not [one for one in server.requests if b"/session" in one]


async def test_invalid_sources_are_not_sent(tmp_path: Path) -> None:
    async with serving(engine(glued(BUILT))) as server, Docker(server.path) as docker:
        with pytest.raises(InvalidArgument, match="no Dockerfile"):
            await docker.build(tmp_path)
        (tmp_path / "Dockerfile").write_text("x")
        (tmp_path / ".dockerignore").write_text("a[")
        with pytest.raises(InvalidArgument, match="rule"):
            await docker.build(tmp_path)
        assert not [one for one in server.requests if b"/build?" in one]


async def test_an_archive_is_sent_unchanged() -> None:
    """An archive is sent unchanged, as bytes or in parts."""
    bodies: list[bytes] = []
    plain = engine(glued(BUILT))

    async def answer(request: bytes, peer: Peer) -> bytes | None:
        if b"/build?" in request:
            bodies.append(await uploaded(peer) if b"chunked" in request else request.partition(b"\r\n\r\n")[2])
            request = request.replace(b"chunked", b"")
        found: bytes | None = await plain(request, peer)
        return found

    async def parts() -> AsyncIterator[bytes]:
        yield b"an "
        yield b"archive"

    async with serving(answer) as server, Docker(server.path) as docker:
        await docker.build(b"an archive", file="sub/Dockerfile")
        await docker.build(parts())
        assert bodies == [b"an archive", b"3\r\nan \r\n7\r\narchive\r\n0\r\n\r\n"]
        assert b"dockerfile=sub%2FDockerfile" in server.requests[-4] + server.requests[1] + server.requests[2]


async def test_an_image_that_was_deleted_meanwhile() -> None:
    plain = engine(glued(BUILT))

    async def answer(request: bytes, peer: Peer) -> bytes | None:
        if b"/json" in request:
            return json_answer(b'{"message":"No such image"}', b"404 Not Found")
        found: bytes | None = await plain(request, peer)
        return found

    async with serving(answer) as server, Docker(server.path) as docker:
        result = await docker.build(dockerfile="FROM x\n")
        assert (result.id, result.tags) == (ID, ())


def test_warnings_have_their_class() -> None:
    _, changes = fold(DOCKER)
    assert [change.step for change in changes if isinstance(change, StepWarning)] == [None]
