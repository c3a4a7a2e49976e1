"""The Engine's side of a BuildKit session, by h2 as a client, over a pair of streams in memory."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import anyio
from anyio.abc import ObjectReceiveStream, ObjectSendStream
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    PingAckReceived,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
)
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes

from rawdock._build.session.call import Methods
from rawdock._build.session.grpc import MessageReader, framed
from rawdock._build.session.server import SessionServer

LIMIT = 60
"""Seconds after which a test that hangs has failed."""


class Pipe:
    """One end of a connection. `writes` has the size of each write."""

    def __init__(self, incoming: ObjectReceiveStream[bytes], outgoing: ObjectSendStream[bytes]) -> None:
        self.writes: list[int] = []
        self._incoming = incoming
        self._outgoing = outgoing

    async def receive(self) -> bytes:
        try:
            return await self._incoming.receive()
        except (anyio.EndOfStream, anyio.ClosedResourceError):
            return b""

    async def send(self, data: bytes) -> None:
        self.writes.append(len(data))
        try:
            await self._outgoing.send(data)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            raise BrokenPipeError(32, "Broken pipe") from None

    def close(self) -> None:
        self._incoming.close()
        self._outgoing.close()


def pipes(buffer: float = 16) -> tuple[Pipe, Pipe]:
    """Both ends. As many writes are on their way at most."""
    to_engine, at_engine = anyio.create_memory_object_stream[bytes](buffer)
    to_session, at_session = anyio.create_memory_object_stream[bytes](buffer)
    return Pipe(at_session, to_engine), Pipe(at_engine, to_session)


class EngineCall:
    """A call that the Engine makes."""

    def __init__(self, engine: Engine, stream: int) -> None:
        self.engine = engine
        self.stream = stream
        self.headers: dict[str, str] = {}
        self.trailers: dict[str, str] = {}
        self.reset = False
        self.ended = False
        self.unread = deque[tuple[bytes, int]]()
        self.size = 0
        """Bytes of data that have come."""
        self._reader = MessageReader(1 << 30)

    async def send(self, *messages: bytes, end: bool = False) -> None:
        data = memoryview(b"".join(map(framed, messages)))
        h2 = self.engine.h2
        while data:
            size = min(h2.local_flow_control_window(self.stream), h2.max_outbound_frame_size, len(data))
            if size:
                h2.send_data(self.stream, bytes(data[:size]))
                data = data[size:]
                await self.engine.flush()
            else:
                await self.engine.changed()
        if end:
            h2.end_stream(self.stream)
            await self.engine.flush()

    async def receive(self) -> bytes | None:
        """The next message; None at the end."""
        while (message := self._reader.next()) is None:
            if self.unread:
                data, size = self.unread.popleft()
                self._reader.feed(data)
                await self.engine.give_back(self, size)
            elif self.ended or self.reset or self.engine.closed:
                return None
            else:
                await self.engine.changed()
        return message

    async def status(self) -> tuple[int, str]:
        """How the call ended, behind all messages."""
        while await self.receive() is not None:
            pass
        found = self.trailers or self.headers
        return int(found.get("grpc-status", -1)), found.get("grpc-message", "")


class Engine:
    """Make calls with `call`. `run` reads what comes, in a task of its own."""

    def __init__(self, pipe: Pipe, *, window: int = 65_535) -> None:
        self.pipe = pipe
        self.h2 = H2Connection(H2Configuration(client_side=True, header_encoding="utf-8"))
        self.window = window
        self.calls: dict[int, EngineCall] = {}
        self.closed = False
        self.goaway: ConnectionTerminated | None = None
        self.pongs = 0
        self.gives_window_back = True
        self._changed = anyio.Event()
        self._turn = anyio.Lock()
        self._may_read = anyio.Event()
        self._may_read.set()

    async def start(self) -> None:
        self.h2.initiate_connection()
        self.h2.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: self.window})
        await self.flush()

    async def run(self) -> None:
        while data := await self.pipe.receive():
            await self._may_read.wait()
            try:
                for event in self.h2.receive_data(data):
                    self._see(event)
            except ProtocolError:
                break  # after its own GOAWAY h2 takes nothing any more
            await self.flush()
            self._wake()
        self.closed = True
        self._wake()

    def stop_reading(self) -> None:
        self._may_read = anyio.Event()

    def _see(self, event: Any) -> None:
        call = self.calls.get(getattr(event, "stream_id", None) or 0)
        if isinstance(event, PingAckReceived):
            self.pongs += 1
        elif isinstance(event, ConnectionTerminated):
            self.goaway = event
        elif call is None:
            return
        elif isinstance(event, ResponseReceived):
            call.headers = dict(event.headers)
        elif isinstance(event, TrailersReceived):
            call.trailers = dict(event.headers)
        elif isinstance(event, DataReceived):
            call.unread.append((event.data, event.flow_controlled_length))
            call.size += len(event.data)
            if self.gives_window_back and event.flow_controlled_length:
                self.h2.increment_flow_control_window(event.flow_controlled_length)
        elif isinstance(event, StreamEnded):
            call.ended = True
        elif isinstance(event, StreamReset):
            call.reset = True

    async def call(
        self, path: str, *messages: bytes, headers: list[tuple[str, str]] | None = None, end: bool = False
    ) -> EngineCall:
        """Begin a call, with some messages."""
        stream = self.h2.get_next_available_stream_id()
        call = self.calls[stream] = EngineCall(self, stream)
        usual = [(":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "localhost")]
        self.h2.send_headers(stream, [*usual, ("content-type", "application/grpc"), *(headers or [])])
        await self.flush()
        await call.send(*messages, end=end)
        return call

    async def ask(
        self, path: str, message: bytes, headers: list[tuple[str, str]] | None = None
    ) -> tuple[bytes | None, tuple[int, str]]:
        """A call with one message each way: the answer, and how the call ended."""
        call = await self.call(path, message, headers=headers, end=True)
        return await call.receive(), await call.status()

    async def give_back(self, call: EngineCall, size: int) -> None:
        """Let the session send more in a stream that is read. For the connection it may as soon as data has come, as
        with grpc-go."""
        if size and self.gives_window_back and not call.ended and not call.reset:
            self.h2.increment_flow_control_window(size, call.stream)
            await self.flush()

    async def flush(self) -> None:
        async with self._turn:
            if data := self.h2.data_to_send():
                with suppress(OSError):  # the end is seen by whoever reads
                    await self.pipe.send(data)

    async def changed(self) -> None:
        """Wait for something to come."""
        await self._changed.wait()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until what has come fulfils a condition."""
        while not condition():
            assert not self.closed, "the session ended"
            await self.changed()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()


class Session:
    """What a test holds: both sides."""

    def __init__(self, server: SessionServer, pipe: Pipe, engine: Engine) -> None:
        self.server = server
        self.pipe = pipe
        self.engine = engine
        self.reason: str | None = None
        """Why the session ended; None as long as it has not."""
        self.ended = anyio.Event()

    async def serve(self) -> None:
        self.reason = await self.server.serve(self.pipe)
        self.pipe.close()
        self.ended.set()


@asynccontextmanager
async def session(
    methods: Methods, *, window: int = 65_535, buffer: float = 16, **more: Any
) -> AsyncGenerator[Session, None]:
    """A session that is served, and an Engine that is connected to it."""
    ours, theirs = pipes(buffer)
    engine = Engine(theirs, window=window)
    held = Session(SessionServer(methods, **more), ours, engine)
    try:
        with anyio.fail_after(LIMIT):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(held.serve)
                tasks.start_soon(engine.run)
                await engine.start()
                yield held
                tasks.cancel_scope.cancel()
    except Exception as error:
        error.add_note(f"the session ended because {held.reason}; it failed by {held.server.failure!r}")
        raise
    finally:
        ours.close()
        theirs.close()
