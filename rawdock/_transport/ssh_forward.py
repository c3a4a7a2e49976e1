"""Connections through a socket that one `ssh` process forwards: quick to open, for many streams at the same time."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import weakref

import anyio

from .connection import Connection
from .errors import ConnectionEnded, Malformed, Unreachable
from .sockets import connect_unix, unix_path_too_long
from .ssh import END_TIME, PING, SshTarget, ssh_command, try_by_hand
from .ssh_errors import no_answer, noise, ssh_error
from .ssh_process import SshProcess
from .this_loop import connection_on_this_loop
from .wire import AnswerParser

__all__ = ["ForwardedSocket"]

# Seconds between two looks whether the socket is there.
_LOOK_AGAIN = 0.01
DEFAULT_SOCKET = "/var/run/docker.sock"


class _Forwarding:
    """One ssh process, and the folder with its socket, which nobody else can enter."""

    def __init__(self, target: SshTarget, path: str, timeout: float | None) -> None:
        self.tried = False
        """Whether an Engine has answered through it."""
        self.folder = _make_folder()
        self.socket = f"{self.folder}/s"
        command = ssh_command(
            target,
            timeout,
            *("-N", "-o", "ExitOnForwardFailure=yes", "-o", "StreamLocalBindUnlink=yes"),
            *("-o", "ControlPath=none"),  # a shared connection would keep the forwarding after this process
            *("-L", f"{self.socket}:{path}"),
        )
        try:
            self.process = SshProcess(command, subprocess.DEVNULL, subprocess.DEVNULL)
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        # Also for a client that is thrown away, or that is open when Python ends.
        self.end = weakref.finalize(self, _end, self.process, self.folder, os.getpid())


async def _connect_to_new(forwarding: _Forwarding, timeout: float | None) -> socket.socket:
    """Connect to the socket. ssh makes its file a moment before it listens."""
    listens_from = anyio.current_time() + END_TIME
    while True:
        try:
            return await connect_unix(forwarding.socket, timeout)
        except ConnectionRefusedError:
            is_ended = forwarding.process.exit_code is not None
            if forwarding.tried or is_ended or anyio.current_time() >= listens_from:
                raise
        await anyio.sleep(_LOOK_AGAIN)


def _end(process: SshProcess, folder: str, owner: int) -> None:
    if os.getpid() != owner:
        return  # in a forked child: it is the parent's
    process.end()
    shutil.rmtree(folder, ignore_errors=True)


def _make_folder() -> str:
    folder = tempfile.mkdtemp(prefix="rawdock-")
    if ":" in folder or unix_path_too_long(f"{folder}/s.0123456789abcdef") is not None:  # ssh binds a longer name first
        with contextlib.suppress(OSError):
            os.rmdir(folder)
        folder = tempfile.mkdtemp(prefix="rawdock-", dir="/tmp")
    return folder


class ForwardedSocket:
    """Opens connections to a socket of the other machine, which one ssh process forwards. It is started when needed."""

    def __init__(self, target: SshTarget) -> None:
        self._target = target
        self._path = target.path or DEFAULT_SOCKET
        self._lock: anyio.Lock | None = None
        self._forwarding: _Forwarding | None = None

    async def __call__(self, receive_buffer: memoryview, parser: AnswerParser, timeout: float | None) -> Connection:
        if self._lock is None:
            self._lock = anyio.Lock()
        async with self._lock:
            try:
                with anyio.fail_after(timeout):
                    forwarding = self._forwarding
                    if forwarding is None or forwarding.process.exit_code is not None:
                        await self._start(timeout)
                        forwarding = self._forwarding
                    assert forwarding is not None
                    if not forwarding.tried:
                        connection = await self._connect(forwarding, receive_buffer, parser, timeout)
                        await self._try(connection, forwarding)
                        return connection
            except TimeoutError as error:
                said = self._forwarding.process.said if self._forwarding else ""
                await self.aclose()
                raise no_answer(self._target.host, said, timeout, self._by_hand) from error
            except BaseException:
                await self.aclose()
                raise
        return await self._connect(forwarding, receive_buffer, parser, timeout)

    async def aclose(self) -> None:
        """End the process, and wait until it has ended."""
        forwarding, self._forwarding = self._forwarding, None
        if forwarding is not None:
            forwarding.end()
            await forwarding.process.aclose()

    @property
    def _by_hand(self) -> str:
        return try_by_hand(self._target, "true")

    async def _start(self, timeout: float | None) -> None:
        await self.aclose()
        self._forwarding = forwarding = _Forwarding(self._target, self._path, timeout)
        while not os.path.exists(forwarding.socket):  # noqa: ASYNC240 - there is no event; a local folder
            if forwarding.process.exit_code is not None:
                raise self._error(forwarding)
            await anyio.sleep(_LOOK_AGAIN)

    async def _connect(
        self, forwarding: _Forwarding, receive_buffer: memoryview, parser: AnswerParser, timeout: float | None
    ) -> Connection:
        connection_on = connection_on_this_loop()
        try:
            sock = await _connect_to_new(forwarding, timeout)
        except TimeoutError:
            raise
        except OSError as error:
            await forwarding.process.wait(END_TIME)
            raise self._error(forwarding) from error
        return connection_on(sock, receive_buffer, parser)

    async def _try(self, connection: Connection, forwarding: _Forwarding) -> None:
        try:
            await connection.request(PING, False)
        except Malformed as error:
            raise noise(self._target.host, str(error), forwarding.process.said) from error
        except ConnectionEnded as error:
            await forwarding.process.wait_to_hear(END_TIME)  # it says why, and does not end
            raise self._error(forwarding) from error
        forwarding.tried = True

    def _error(self, forwarding: _Forwarding) -> Unreachable:
        process = forwarding.process
        return ssh_error(self._target.host, process.said, process.exit_code, try_it=self._by_hand, path=self._path)
