"""`run` on an Engine that is as quick as can be: a command is over, and its container gone, before `start` answers."""

from __future__ import annotations

import json

import anyio
import pytest
from faultserver import NO_CONTENT, Peer, json_answer, serving

from rawdock import Docker, NotFound
from rawdock.models import ContainerSpec, HostConfig

pytestmark = pytest.mark.anyio

UPGRADED = (
    b"HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.multiplexed-stream\r\n"
    b"Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
)
HEAD = b"HTTP/1.1 200 OK\r\nApi-Version: 1.51\r\nTransfer-Encoding: chunked\r\n\r\n"
NONE = json_answer(b'{"message":"No such container: c"}', b"404 Not Found")


def frame(kind: int, data: bytes) -> bytes:
    return bytes((kind, 0, 0, 0)) + len(data).to_bytes(4) + data


class QuickEngine:
    """Has one container, whose command ends within the start, and which it removes itself if it is to."""

    def __init__(self, *, error: str = "") -> None:
        self.state = "none"
        self.error = error
        self.removes = False
        self.once = False
        """Whether the end of the input ends it for the command too."""
        self.told: list[str] = []
        self._attached: Peer | None = None
        self._ended = anyio.Event()

    async def answer(self, request: bytes, peer: Peer) -> bytes | None:
        head, _, body = request.partition(b"\r\n\r\n")
        method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
        path, _, query = target.partition("?")
        verb = path.rsplit("/", 1)[1]
        self.told.append(f"{method} {verb}")
        if verb == "create":
            spec = json.loads(body)
            self.state, self.removes = "created", spec.get("HostConfig", {}).get("AutoRemove", False)
            self.once = spec.get("StdinOnce", False)
            self._attached, self._ended = None, anyio.Event()
            return json_answer(b'{"Id":"c"}', b"201 Created")
        if self.state == "none":
            return NONE
        if verb == "attach":
            await peer.send(UPGRADED)
            if "stdin=true" in query and self.state == "created":
                await self._echo(peer)
                return None
            self._attached = peer
            await self._ended.wait()
            return None
        if verb == "wait":
            return await self._wait(query, peer)
        if verb == "start":
            await self._start()
        elif method == "DELETE":
            self.state = "none"
        return NO_CONTENT

    async def _wait(self, query: str, peer: Peer) -> bytes:
        code = 3
        if "next-exit" in query:
            await peer.send(HEAD)
            await self._ended.wait()
        else:
            code = 3 if self.state == "exited" else 0  # as Docker: one that never ran does not run
            await peer.send(HEAD)
        body = json.dumps({"StatusCode": code, "Error": {"Message": self.error} if self.error else None}).encode()
        return b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)

    async def _start(self) -> None:
        if self.state != "created":
            return
        if self._attached is not None:
            await self._attached.send(frame(1, b"out") + frame(2, b"err"))
        if not self.once:
            self._end()

    def _end(self) -> None:
        self.state = "none" if self.removes else "exited"
        self._ended.set()

    async def _echo(self, peer: Peer) -> None:
        """A command that says what it reads, and reads on only when that was taken from it."""
        while True:
            try:
                data = await peer.stream.receive()
            except anyio.EndOfStream:
                break
            await peer.send(frame(1, data))
        await peer.send(frame(2, b"end"))
        self._end()


@pytest.mark.parametrize("removes", [False, True])
async def test_a_command_that_ends_at_once(removes: bool) -> None:
    """Exit code and output are complete, since attach and wait are registered before the start."""
    engine = QuickEngine()
    spec = ContainerSpec(host_config=HostConfig(auto_remove=removes))
    async with serving(engine.answer) as server, Docker(server.path) as docker:
        with anyio.fail_after(60):
            done = await docker.run("app:1", ["x"], spec=spec)
    assert (done.exit_code, done.stdout, done.stderr, done.error) == (3, b"out", b"err", "")
    assert engine.told[:4] == ["POST create", "POST attach", "POST wait", "POST start"]
    assert engine.state == "none"


async def test_separate_calls_lose_the_output() -> None:
    """The reason for `run`: separate calls, start first, lose output and exit code on this Engine."""
    engine = QuickEngine()
    async with serving(engine.answer) as server, Docker(server.path) as docker:
        created = await docker.containers.create(ContainerSpec(image="app:1"))
        assert (await docker.containers.wait(created.id)).status_code == 0, "it does not run: that it never did"
        await docker.containers.start(created.id)
        assert (await docker.containers.wait(created.id)).status_code == 3
        async with docker.containers.attach(created.id) as process:
            assert [piece async for piece in process] == []
        await docker.containers.create(ContainerSpec(image="app:1", host_config=HostConfig(auto_remove=True)))
        await docker.containers.start(created.id)
        with pytest.raises(NotFound):
            await docker.containers.wait(created.id)


async def test_the_error_beside_an_exit_code() -> None:
    """The Engine's error in addition to the exit code is in the result of `run`."""
    engine = QuickEngine(error="out of memory")
    async with serving(engine.answer) as server, Docker(server.path) as docker:
        assert (await docker.run("app:1", ["x"])).error == "out of memory"


async def test_large_input_and_output_at_the_same_time() -> None:
    """A command that says what it reads: megabytes go in while they come out, and the end of the input reaches it."""
    engine = QuickEngine()
    data = bytes(range(256)) * 16384
    async with serving(engine.answer) as server, Docker(server.path) as docker:
        with anyio.fail_after(60):
            done = await docker.run("app:1", ["cat"], stdin=data)
    assert engine.once
    assert done.stdout == data
    assert done.stderr == b"end"
