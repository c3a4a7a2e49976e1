"""One call of the Engine to one of the session's services."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import NamedTuple, Protocol

import anyio

from .grpc import MessageReader, Metadata, RpcError, Status, framed

__all__ = ["Call", "Connection", "Method", "Methods", "unary"]


class Connection(Protocol):
    """What a call needs of the connection that it came on."""

    async def send(self, call: Call, data: memoryview) -> int:
        """Send some of it, at least a byte, as soon as the Engine takes more; says how much."""
        ...

    def consumed(self, call: Call, size: int) -> None:
        """So many bytes are no longer held."""
        ...

    def fail(self, error: Exception) -> None:
        """Keep the first error on this side that makes a call fail."""
        ...


class Method(NamedTuple):
    """How calls of one method are answered."""

    answer: Callable[[Call], Awaitable[None]]
    """Returning ends the call with OK; an RpcError ends it with its status."""
    urgent: bool = False
    """Whether it may use the last bytes of the connection's window, so that it never waits for a file that is sent."""
    window: int = 0
    """Bytes that the Engine may send before they are read; 0 for HTTP/2's own 64 KiB."""


Methods = dict[str, Method]
"""By their paths, as `/grpc.health.v1.Health/Check`."""


class Call:
    """A call that is being answered: messages both ways. Iterate to receive."""

    def __init__(self, connection: Connection, stream: int, method: Method, metadata: Metadata) -> None:
        self.stream = stream
        self.method = method
        self.metadata = metadata
        self.scope = anyio.CancelScope()
        """Around the answer; cancelled when the Engine gives the call up."""
        self.cut = False
        """Whether the response stops within a message."""
        self._connection = connection
        self._chunks: deque[tuple[bytes, int]] = deque()  # with what they count for flow control
        self._reader = MessageReader()
        self._ended = False
        self._arrived = anyio.Event()
        self._turn = anyio.Lock()

    def feed(self, data: bytes, size: int) -> None:
        """Bytes from the Engine."""
        self._chunks.append((data, size))
        self._arrived.set()

    def feed_eof(self) -> None:
        """The Engine sends no more."""
        self._ended = True
        self._arrived.set()

    async def receive(self) -> bytes | None:
        """The next message; None at the end. Raises RpcError, or DecodeError for an end within a message."""
        while (message := self._reader.next()) is None:
            if self._chunks:
                data, size = self._chunks.popleft()
                self._reader.feed(data)
                self._connection.consumed(self, size)
            elif self._ended:
                self._reader.feed_eof()
                return None
            else:
                self._arrived = anyio.Event()
                await self._arrived.wait()
        return message

    def __aiter__(self) -> Call:
        return self

    async def __anext__(self) -> bytes:
        message = await self.receive()
        if message is None:
            raise StopAsyncIteration
        return message

    def fail(self, error: Exception) -> None:
        """Say at once why this call is going to fail: the Engine may give it up before it ends."""
        self._connection.fail(error)

    async def send(self, data: bytes) -> None:
        """Send messages with their prefixes (`grpc.framed`). Several tasks take turns."""
        async with self._turn:
            if self.cut:
                raise RpcError(Status.INTERNAL, "the response was cut within a message")
            view = memoryview(data)
            self.cut = True
            while view:
                view = view[await self._connection.send(self, view) :]
            self.cut = False


def unary(answer: Callable[[bytes], Awaitable[bytes]], *, urgent: bool = False) -> Method:
    """A method with one message each way."""

    async def run(call: Call) -> None:
        request = await call.receive()
        if request is None:
            raise RpcError(Status.INVALID_ARGUMENT, "a call without a request")
        await call.send(framed(await answer(request)))

    return Method(run, urgent=urgent)
