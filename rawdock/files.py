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
from collections.abc import AsyncIterable, AsyncIterator, Callable, Generator
from contextlib import contextmanager, suppress
from typing import BinaryIO

import anyio
import anyio.to_thread

from ._iterators import close_iterator
from ._threads import Batches, write_in_threads
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
        return _CountingIterator(self, aiter(self._parts))


class _CountingIterator:
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
        await close_iterator(self._parts)


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

    def __aiter__(self) -> AsyncIterator[bytes]:
        return Batches(self._blocks())

    def _blocks(self) -> Generator[bytes, None, None]:
        try:
            with open(self._path, "rb", buffering=0) as file:
                while block := file.read(_BLOCK):
                    yield block
        except OSError as error:
            raise FileError(f"{self._path} cannot be read: {error.strerror}", path=self._path) from error


async def save_to(path: str | os.PathLike[str], parts: AsyncIterable[bytes]) -> int:
    """Write parts as they come to a file, and give its size in bytes.

    The file is there when it is complete: until then it has another name beside it, and is removed after an error or
    when cancelled. One that is there is replaced. Raises FileError if it cannot be written.
    """
    half = _Half(os.fspath(path))
    try:
        await anyio.to_thread.run_sync(half.open)
        await write_in_threads(parts, half.write)
        await anyio.to_thread.run_sync(half.complete)
    except BaseException:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(half.remove)
        raise
    return half.size


class _Half:
    """A file that is not complete; for worker threads."""

    def __init__(self, path: str) -> None:
        self.size = 0
        self._path = path
        self._beside = os.path.join(os.path.dirname(path), f".{secrets.token_hex(8)}.part")
        self._file: BinaryIO | None = None

    def open(self) -> None:
        with self._failing():
            if os.path.isdir(self._path):
                raise IsADirectoryError(0, "it is a folder")
            self._file = open(self._beside, "xb", buffering=0)  # noqa: SIM115 - closed by `complete` or `remove`

    def write(self, parts: list[bytes]) -> None:
        assert self._file is not None
        with self._failing():
            for part in parts:
                view = memoryview(part)
                self.size += len(view)
                while view:
                    view = view[self._file.write(view) :]

    def complete(self) -> None:
        assert self._file is not None
        with self._failing():
            self._file.close()
            os.replace(self._beside, self._path)

    def remove(self) -> None:
        if self._file is not None:
            self._file.close()
            with suppress(OSError):
                os.unlink(self._beside)

    @contextmanager
    def _failing(self) -> Generator[None, None, None]:
        try:
            yield
        except OSError as error:
            raise FileError(f"{self._path} cannot be written: {error.strerror}", path=self._path) from error
