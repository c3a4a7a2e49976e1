"""An Engine with BuildKit over a Unix socket: a build does what a test says, with its client's session at hand."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from urllib.parse import parse_qs

import anyio
from faultserver import Peer, Server, json_answer, serving
from session_engine import Engine

IMAGE = "sha256:" + "a" * 64
PING = b"HTTP/1.1 200 OK\r\nApi-Version: 1.51\r\nBuilder-Version: 2\r\nContent-Length: 2\r\n\r\nOK"
UPGRADED = b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
BUILT = {"id": "moby.image.id", "aux": {"ID": IMAGE}}


class _Pipe:
    """A connection that was handed over, as `session_engine.Engine` takes it. What was not sent yet goes with the first
    bytes."""

    def __init__(self, peer: Peer, first: bytes) -> None:
        self._peer = peer
        self._first = first

    async def receive(self) -> bytes:
        if self._peer._buffer:
            data, self._peer._buffer = self._peer._buffer, b""
            return data
        try:
            return await self._peer.stream.receive()
        except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
            return b""

    async def send(self, data: bytes) -> None:
        data, self._first = self._first + data, b""
        try:
            await self._peer.stream.send(data)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            raise BrokenPipeError(32, "Broken pipe") from None


class Build:
    """One build, as the Engine runs it."""

    def __init__(self, held: BuildKit, peer: Peer, request: bytes) -> None:
        self.session = held.session
        self.end_session = held.end_session
        self.peer = peer
        target = request.split(b" ", 2)[1].decode()
        self.query = {name: values[0] for name, values in parse_qs(target.partition("?")[2]).items()}
        self.request = request
        self._begun = False

    @property
    def engine(self) -> Engine:
        assert self.session is not None, "the build has no session"
        return self.session

    async def read_body(self) -> bytes:
        """The rest of a request in chunks, as it came; nothing if it has a length."""
        body = b""
        if b"chunked" in self.request:
            while not body.endswith(b"0\r\n\r\n"):
                body += self.peer._buffer
                self.peer._buffer = b""
                if body.endswith(b"0\r\n\r\n"):
                    break
                body += await self.peer.stream.receive()
        return body

    async def say(self, *lines: dict[str, object]) -> None:
        """Lines of the answer."""
        data = b"".join(json.dumps(line).encode() + b"\r\n" for line in lines)
        await self.peer.send((b"" if self._begun else _HEAD) + (b"%x\r\n%b\r\n" % (len(data), data) if data else b""))
        self._begun = True

    async def fail(self, message: str) -> None:
        await self.say({"errorDetail": {"message": message}, "error": message})

    async def until_closed(self) -> None:
        """Until the client has closed the build's connection."""
        try:
            while await self.peer.stream.receive():
                pass
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            pass


Runs = Callable[[Build], Awaitable[None]]


class BuildKit:
    """What the server has seen."""

    def __init__(self, run: Runs, *, session_answer: bytes | None = None) -> None:
        self.sessions: list[dict[str, list[str]]] = []
        """The headers of each session."""
        self.builds: list[Build] = []
        self.cancelled: list[str] = []
        self.session: Engine | None = None
        self.open_sessions = 0
        self.server: Server
        self._run = run
        self._session_answer = session_answer
        self._end = anyio.Event()
        self.idle = anyio.Event()
        """The last session is over."""

    def end_session(self) -> None:
        """Close its connection."""
        self._end.set()

    async def answer(self, request: bytes, peer: Peer) -> bytes | None:
        if b"/session " in request:
            return await self._hand_over(request, peer)
        if b"/build?" in request:
            build = Build(self, peer, request)
            self.builds.append(build)
            await self._run(build)
            await build.say()
            return b"0\r\n\r\n"
        if b"/build/cancel" in request:
            self.cancelled.append(request.split(b"id=")[1].split(b" ")[0].decode())
        if b"/images/" in request:
            return json_answer(b'{"Id":"%b","RepoTags":["x:1"]}' % IMAGE.encode())
        return json_answer(b"{}")

    async def _hand_over(self, request: bytes, peer: Peer) -> bytes | None:
        headers: dict[str, list[str]] = {}
        for line in request.decode().split("\r\n")[1:]:
            name, _, value = line.partition(": ")
            headers.setdefault(name.lower(), []).append(value)
        self.sessions.append(headers)
        if self._session_answer is not None:
            return self._session_answer
        self._end, self.idle = anyio.Event(), anyio.Event()
        engine = self.session = Engine(_Pipe(peer, UPGRADED))  # type: ignore[arg-type]
        self.open_sessions += 1
        await engine.start()
        async with anyio.create_task_group() as tasks:

            async def until_ended() -> None:
                await self._end.wait()
                tasks.cancel_scope.cancel()

            tasks.start_soon(until_ended)
            await engine.run()
            tasks.cancel_scope.cancel()
        self.open_sessions -= 1
        self.idle.set()
        return None


@asynccontextmanager
async def buildkit(run: Runs, **more: bytes | None) -> AsyncIterator[BuildKit]:
    """An Engine that builds as `run` says."""
    held = BuildKit(run, **more)
    async with serving(held.answer, ping=PING) as server:
        held.server = server
        yield held
