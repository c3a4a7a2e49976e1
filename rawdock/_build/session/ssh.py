"""The SSH service: steps with `RUN --mount=type=ssh` use an agent of this machine.

As with the docker command, a step may list the agent's keys and sign with them, and nothing else: it can neither add
nor remove keys, nor lock the agent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Protocol

import anyio

from ...errors import FileError
from .call import Call, Method, Methods, unary
from .grpc import RpcError, Status, framed
from .messages import data_message, first_bytes, first_text
from .tasks import run_beside

__all__ = ["Ssh"]

_DEFAULT = "default"
_ID_HEADER = "buildkit.ssh.id"
_LARGEST = 256 * 1024
"""Bytes of a message of the agent's protocol, as OpenSSH has it."""
_PART = 32 * 1024
"""Bytes that are sent in one message."""
# Of the agent's protocol.
_LENGTH = 4
_ALLOWED = (b"\x0b", b"\x0d")  # types of requests: list the keys, sign
_REFUSAL = b"\0\0\0\1\5"


class Ssh:
    """Agents by their IDs; `default` is the one of a step that names none."""

    def __init__(self, sockets: Mapping[str, str]) -> None:
        self._sockets = sockets

    def methods(self) -> Methods:
        return {
            "/moby.sshforward.v1.SSH/CheckAgent": unary(self._check),
            "/moby.sshforward.v1.SSH/ForwardAgent": Method(self._forward),
        }

    async def _check(self, request: bytes) -> bytes:
        self._socket(first_text(request))
        return b""

    def _socket(self, id: str) -> str:
        id = id or _DEFAULT
        if id not in self._sockets:
            raise RpcError(Status.NOT_FOUND, f"no SSH agent was given for the ID {id}")
        return self._sockets[id]

    async def _forward(self, call: Call) -> None:
        path = self._socket(call.metadata.get(_ID_HEADER, [""])[0])
        try:
            agent = await _connect(path)
        except OSError as error:
            raise FileError(f"the SSH agent at {path} cannot be reached: {error.strerror}", path=path) from error
        try:
            await _Forwarding(call, agent).run()
        finally:
            await agent.aclose()


class _Agent(Protocol):
    """A connection to an agent."""

    async def receive(self) -> bytes:
        """Raises EndOfStream when the agent has closed."""
        ...

    async def send(self, item: bytes) -> None: ...

    async def send_eof(self) -> None: ...

    async def aclose(self) -> None: ...


async def _connect(path: str) -> _Agent:
    if asyncio._get_running_loop() is None:
        return await anyio.connect_unix(path)
    return _AsyncioAgent(*await asyncio.open_unix_connection(path))


class _AsyncioAgent:
    """By asyncio's own streams: a cancelled `receive` of anyio's Unix sockets sets a cancelled future's result if data
    comes in the same turn of the event loop, which the loop reports as an error (anyio 4.16)."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def receive(self) -> bytes:
        try:
            data = await self._reader.read(_PART)
        except OSError as error:
            raise anyio.BrokenResourceError from error
        if not data:
            raise anyio.EndOfStream
        return data

    async def send(self, item: bytes) -> None:
        self._writer.write(item)
        await self._writer.drain()

    async def send_eof(self) -> None:
        self._writer.write_eof()

    async def aclose(self) -> None:
        """Close at once; what was not sent yet is dropped."""
        self._writer.transport.abort()


class _Forwarding:
    """One connection of a step to an agent."""

    def __init__(self, call: Call, agent: _Agent) -> None:
        self._call = call
        self._agent = agent
        self._answered = anyio.Event()

    async def run(self) -> None:
        """Hand requests to the agent one by one, and its answers back, until the agent closes."""
        await run_beside(self._hand_back, self._hand_over)

    async def _hand_over(self) -> None:
        messages = _AgentMessages()
        with suppress(anyio.BrokenResourceError, OSError):  # an agent that has closed: its end is seen where it is read from
            async for message in self._call:
                for request in messages.feed(first_bytes(message)):
                    await self._request(request)
            await self._agent.send_eof()

    async def _request(self, request: bytes) -> None:
        if request[4:5] not in _ALLOWED:
            await self._answer(_REFUSAL)
            return
        self._answered = anyio.Event()
        await self._agent.send(request)
        await self._answered.wait()

    async def _hand_back(self) -> None:
        messages = _AgentMessages()
        with suppress(anyio.EndOfStream, anyio.BrokenResourceError):
            while True:
                for answer in messages.feed(await self._agent.receive()):
                    await self._answer(answer)
                    self._answered.set()

    async def _answer(self, answer: bytes) -> None:
        parts = (answer[start : start + _PART] for start in range(0, len(answer), _PART))
        await self._call.send(b"".join(framed(data_message(part)) for part in parts))


class _AgentMessages:
    """Cuts bytes into messages of the agent's protocol: a length of four bytes, a type, and more."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that are whole now. Raises RpcError for one that is too large."""
        self._buffer += data
        found: list[bytes] = []
        while len(self._buffer) >= _LENGTH:
            end = _LENGTH + int.from_bytes(self._buffer[:_LENGTH], "big")
            if end > _LARGEST:
                raise RpcError(Status.RESOURCE_EXHAUSTED, f"a message of {end} bytes to or from an SSH agent")
            if len(self._buffer) < end:
                break
            found.append(bytes(self._buffer[:end]))
            del self._buffer[:end]
        return found
