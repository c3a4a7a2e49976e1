"""Connections over the `ssh` program: `docker system dial-stdio` on the other machine, or a forwarded socket.

The program gets one end of a pair of sockets as its standard input and output. The other end serves as any socket does.
Opening such a connection takes long, so each is tried with a ping first, and kept for others. What goes wrong is then
known before a request is sent.
"""

from __future__ import annotations

import asyncio
import math
import shlex
import socket
from typing import TYPE_CHECKING, NamedTuple

import anyio

from .connection import Connection
from .errors import ConnectionEnded, Malformed
from .ssh_errors import no_answer, noise, ssh_error
from .ssh_process import SshProcess
from .wire import AnswerParser

if TYPE_CHECKING:
    from .asyncio_ssh import AsyncioSshConnection
    from .trio_ssh import TrioSshConnection

__all__ = ["DialStdio", "SshTarget", "ssh_command"]

PING = b"GET /_ping HTTP/1.1\r\nHost: docker\r\n\r\n"
# Connections that are being opened at the same time: sshd refuses some of them beyond ten (MaxStartups).
AT_ONCE = 4
# Seconds for ssh to end after its output has ended, so that its exit code is known.
END_TIME = 2.0


class SshTarget(NamedTuple):
    """Where ssh goes; what is empty, ssh finds in its own configuration."""

    host: str
    user: str = ""
    port: int = 0
    path: str = ""
    """Of the Engine's socket on the other machine; empty for the one that the docker command there uses."""


def ssh_command(target: SshTarget, timeout: float | None, *options: str) -> list[str]:
    """The command line up to the host. ssh never asks for anything, and gives up in time."""
    command = ["ssh", "-T", "-o", "BatchMode=yes"]
    if timeout is not None:
        command += ["-o", f"ConnectTimeout={max(1, math.ceil(timeout))}"]
    command += options
    if target.user:
        command += ["-l", target.user]
    if target.port:
        command += ["-p", str(target.port)]
    return [*command, "--", target.host]


def try_by_hand(target: SshTarget, remote: str) -> str:
    """A line that shows in a terminal what is wrong."""
    return shlex.join([*ssh_command(target, None), remote])


class DialStdio:
    """Opens connections with `docker system dial-stdio` on the other machine, one process for each."""

    def __init__(self, target: SshTarget) -> None:
        self._target = target
        self._turns: anyio.Semaphore | None = None
        self._processes: set[SshProcess] = set()
        words = ["docker", *(("--host", f"unix://{target.path}") if target.path else ()), "system", "dial-stdio"]
        self._remote = shlex.join(words)

    async def __call__(self, receive_buffer: memoryview, parser: AnswerParser, timeout: float | None) -> Connection:
        if self._turns is None:
            self._turns = anyio.Semaphore(AT_ONCE)
        async with self._turns:
            return await self._open(receive_buffer, parser, timeout)

    async def aclose(self) -> None:
        """End all processes, and wait until they have ended."""
        for process in self._processes:
            process.end()
        while self._processes:
            await self._processes.pop().aclose()

    async def _open(self, receive_buffer: memoryview, parser: AnswerParser, timeout: float | None) -> Connection:
        self._processes = {process for process in self._processes if not process.ended}
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        try:
            with theirs:
                # A connection that the user shares with others is used. But none of ours may become one: it would end
                # with its own stream and take along all others, or stay behind.
                command = [*ssh_command(self._target, timeout, "-o", "ControlMaster=no"), self._remote]
                process = SshProcess(command, theirs.fileno(), theirs.fileno())
        except BaseException:
            ours.close()
            raise
        self._processes.add(process)
        connection = _connection(ours, receive_buffer, parser)
        try:
            await self._try(connection, process, timeout)
        except BaseException:
            connection.close()
            process.end()
            raise
        connection.process = process
        return connection

    async def _try(self, connection: Connection, process: SshProcess, timeout: float | None) -> None:
        host, by_hand = self._target.host, try_by_hand(self._target, self._remote)
        try:
            with anyio.fail_after(timeout):
                await connection.request(PING, False)
        except TimeoutError as error:
            raise no_answer(host, process.said, timeout, by_hand) from error
        except Malformed as error:
            await process.wait(0.1)
            raise noise(host, str(error), process.said) from error
        except ConnectionEnded as error:
            await process.wait(END_TIME)
            raise ssh_error(host, process.said, process.exit_code, try_it=by_hand) from error


def _connection(
    ours: socket.socket, receive_buffer: memoryview, parser: AnswerParser
) -> AsyncioSshConnection | TrioSshConnection:
    loop = asyncio._get_running_loop()
    if loop is not None:
        from .asyncio_ssh import AsyncioSshConnection

        return AsyncioSshConnection(loop, ours, receive_buffer, parser)
    from .trio_ssh import TrioSshConnection

    return TrioSshConnection(ours, receive_buffer, parser)
