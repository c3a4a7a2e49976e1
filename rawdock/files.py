"""Files of this machine as what operations send, and what they give as files, with the bytes counted on the way.

    content = FileContent("images.tar")
    await docker.images.load(content)

    async with docker.images.save("busybox:1.36") as archive:
        await save_to("images.tar", archive)

Files are read and written by worker threads.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import AsyncIterable, AsyncIterator, Callable
from contextlib import suppress
from functools import partial
from typing import BinaryIO

import anyio
import anyio.to_thread

from .errors import FileError, InvalidArgument

__all__ = ["Counted", "FileContent", "save_to"]

_BLOCK = 1 << 20


class Counted:
    """Any bytes that come in parts, counted as they pass: what is sent, or what is received."""

    def __init__(self, parts: AsyncIterable[bytes], *, total: int | None = None) -> None:
        self.count = 0
        """Bytes that have passed."""
        self.total = total
        """Bytes that will pass, where that is known."""
        self.on_count: Callable[[], None] | None = None
        """Called after each part, in the task that takes it. It should be quick."""
        self._parts = parts

    @property
    def fraction(self) -> float | None:
        """0.0 to 1.0; None where the total is not known."""
        return min(self.count / self.total, 1.0) if self.total else None

    def __aiter__(self) -> AsyncIterator[bytes]:
        self.count = 0
        return _Passing(self, aiter(self._parts))


class _Passing:
    """One way through."""

    def __init__(self, counted: Counted, parts: AsyncIterator[bytes]) -> None:
        self._counted = counted
        self._parts = parts

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        part = await anext(self._parts)
        counted = self._counted
        counted.count += len(part)
        if counted.on_count is not None:
            counted.on_count()
        return part

    async def aclose(self) -> None:
        close = getattr(self._parts, "aclose", None)
        if close is not None:
            await close()


class FileContent(Counted):
    """A file as the body of an upload: for `images.load`, `images.import_`, `containers.put_archive` and others.

    Raises InvalidArgument if there is no such file, and FileError later on if it cannot be read.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        try:
            found = os.stat(self.path)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise InvalidArgument(f"FileContent: {self.path!r} cannot be read: {reason}") from error
        if stat.S_ISDIR(found.st_mode):
            raise InvalidArgument(f"FileContent: {self.path!r} is a folder; copy_in takes one")
        super().__init__(_Read(self.path), total=found.st_size if stat.S_ISREG(found.st_mode) else None)

    def __repr__(self) -> str:
        return f"<FileContent {self.path} {self.count} of {self.total}>"


class _Read:
    """A file in blocks, from its beginning each time that it is iterated."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._file: BinaryIO | None = None

    def __aiter__(self) -> AsyncIterator[bytes]:
        return _Read(self._path)

    async def __anext__(self) -> bytes:
        block = await anyio.to_thread.run_sync(self._next)
        if not block:
            raise StopAsyncIteration
        return block

    def _next(self) -> bytes:
        try:
            if self._file is None:
                self._file = open(self._path, "rb", buffering=0)  # noqa: SIM115 - closed at its end, or by `aclose`
            block = self._file.read(_BLOCK)
            if not block:
                self._file.close()
            return block
        except OSError as error:
            raise FileError(f"{self._path} cannot be read: {error.strerror}", path=self._path) from error

    async def aclose(self) -> None:
        if self._file is not None:
            self._file.close()


async def save_to(path: str | os.PathLike[str], parts: AsyncIterable[bytes]) -> int:
    """Write parts as they come to a file, and give its size in bytes.

    The file is there when it is complete: until then it has another name beside it, and is removed after an error or
    when cancelled. One that is there is replaced. Raises FileError if it cannot be written.
    """
    target = os.fspath(path)
    half = os.path.join(os.path.dirname(target), f".{secrets.token_hex(8)}.part")
    size = 0
    file = await anyio.to_thread.run_sync(partial(_open, half, target))
    incoming: AsyncIterator[bytes] | None = None
    try:
        held: list[bytes] = []
        length = 0
        incoming = aiter(parts)
        async for part in incoming:
            held.append(part)
            length += len(part)
            if length >= _BLOCK:
                size += await anyio.to_thread.run_sync(partial(_write, file, held, target))
                held, length = [], 0
        size += await anyio.to_thread.run_sync(partial(_write, file, held, target))
        await anyio.to_thread.run_sync(partial(_complete, file, half, target))
    except BaseException:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(partial(_remove, file, half))
            close = getattr(incoming, "aclose", None)
            if close is not None:  # a generator would wait for the collector
                await close()
        raise
    return size


def _open(half: str, target: str) -> BinaryIO:
    try:
        if os.path.isdir(target):
            raise IsADirectoryError(0, "it is a folder")
        return open(half, "xb", buffering=0)
    except OSError as error:
        raise _unwritable(target, error) from error


def _write(file: BinaryIO, parts: list[bytes], target: str) -> int:
    size = 0
    try:
        for part in parts:
            view = memoryview(part)
            size += len(view)
            while view:
                view = view[file.write(view) :]
    except OSError as error:
        raise _unwritable(target, error) from error
    return size


def _complete(file: BinaryIO, half: str, target: str) -> None:
    try:
        file.close()
        os.replace(half, target)
    except OSError as error:
        raise _unwritable(target, error) from error


def _remove(file: BinaryIO, half: str) -> None:
    file.close()
    with suppress(OSError):
        os.unlink(half)


def _unwritable(target: str, error: OSError) -> FileError:
    return FileError(f"{target} cannot be written: {error.strerror}", path=target)
