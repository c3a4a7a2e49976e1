"""The file sync service: the Engine takes of a folder what it does not have yet.

It is told of all files, asks for the contents of those that it lacks, and says when it has all.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

import anyio

from ...errors import RawdockError
from .call import Call, Method, Methods
from .grpc import RpcError, Status, framed
from .messages import PACKET_ERR, PACKET_FIN, PACKET_REQ, error_packet, finish_packet, read_packet
from .paths import Patterns
from .sources import FolderSource
from .tasks import run_beside
from ..._threads import FileWork, run_in_thread
from .transfer import Transfer

__all__ = ["FileSync"]


class FileSync:
    """Folders by the names that the Engine knows them by: `context` and `dockerfile`."""

    def __init__(self, folders: Mapping[str, FolderSource]) -> None:
        self._folders = folders

    def methods(self) -> Methods:
        return {"/moby.filesync.v1.FileSync/DiffCopy": Method(self._diff_copy)}

    async def _diff_copy(self, call: Call) -> None:
        name = call.metadata.get("dir-name", [""])[0]
        source = self._folders.get(name)
        if source is None:
            raise RpcError(Status.NOT_FOUND, f"there is no folder {name!r} in this build")
        transfer = Transfer(source, Patterns.of(call.metadata))
        try:
            await _Exchange(call, transfer).run()
        finally:
            transfer.close()


class _Exchange:
    """One transfer, both directions at the same time."""

    def __init__(self, call: Call, transfer: Transfer) -> None:
        self._call = call
        self._transfer = transfer
        self._requested = anyio.Event()

    async def run(self) -> None:
        """Until the receiver has all; raises its errors and ours."""
        await run_beside(self._listen, partial(self._told, self._describe), partial(self._told, self._send))

    async def _listen(self) -> None:
        async for message in self._call:
            packet = read_packet(message)
            if packet.type == PACKET_REQ:
                self._transfer.request(packet.id)
                self._requested.set()
            elif packet.type == PACKET_FIN:
                await self._call.send(framed(finish_packet()))
                return
            elif packet.type == PACKET_ERR:
                text = packet.data.decode("utf-8", "replace")
                raise RpcError(Status.UNKNOWN, f"the Engine could not take the files: {text}")
        raise RpcError(Status.UNKNOWN, "the Engine ended the transfer before it had all")

    async def _told(self, work: Callable[[], Awaitable[None]]) -> None:
        """The receiver is told of an error on this side."""
        try:
            await work()
        except RawdockError as error:
            self._call.fail(error)
            await self._call.send(framed(error_packet(str(error))))
            raise

    async def _describe(self) -> None:
        batches = self._transfer.descriptions()
        work = FileWork("the files of a build's context")
        try:
            while batch := await work.run(partial(next, batches, b"")):
                await self._call.send(batch)
        finally:
            await work.close(batches.close)

    async def _send(self) -> None:
        while True:
            if not self._transfer.waiting:
                self._requested = anyio.Event()
                await self._requested.wait()
            await self._call.send(await run_in_thread(self._transfer.contents))
