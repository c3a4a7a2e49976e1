"""Send files of this machine, save downloads to files, and count the bytes.

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

from ._checks import local_path
from ._iterators import close_iterator
from ._shown import shortened, shown
from ._threads import Batches, FileWork, write_in_threads
from .errors import FileError, InvalidArgument

__all__ = ["Counted", "FileContent", "save_to"]

_BLOCK = 1 << 20


class Counted:
    """Counts the bytes of an upload or a download as they pass."""

    def __init__(self, parts: AsyncIterable[bytes], *, total: int | None = None) -> None:
        self.count = 0
        """Bytes that have passed so far."""
        self.total = total
        """Bytes that will pass; None if that is not known."""
        self.on_count: Callable[[], None] | None = None
        """Called after each part, in the task that reads it. It should be quick."""
        self._parts = parts

    @property
    def fraction(self) -> float | None:
        """0.0 to 1.0; None if the total is not known."""
        return min(self.count / self.total, 1.0) if self.total else None

    def __aiter__(self) -> AsyncIterator[bytes]:
        self.count = 0
        return _CountingIterator(self, aiter(self._parts))


class _CountingIterator:
    """Iterates once over the parts of a `Counted`."""

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

    Raises InvalidArgument if there is no such file; reading it may raise FileError.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = local_path("FileContent: path", path)
        try:
            status = os.stat(self.path)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise InvalidArgument(f"FileContent: {shown(self.path)} cannot be read: {reason}") from error
        if stat.S_ISDIR(status.st_mode):
            raise InvalidArgument(f"FileContent: {shown(self.path)} is a folder; use copy_in for a folder")
        super().__init__(_FileBlocks(self.path), total=status.st_size if stat.S_ISREG(status.st_mode) else None)

    def __repr__(self) -> str:
        return f"<FileContent {self.path} {self.count} of {self.total}>"


class _FileBlocks:
    """The content of a file in blocks. Each iteration reads it from the start."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __aiter__(self) -> AsyncIterator[bytes]:
        return Batches(self._blocks(), what=f"reading {self._path}")

    def _blocks(self) -> Generator[bytes, None, None]:
        try:
            with open(self._path, "rb", buffering=0) as file:
                while block := file.read(_BLOCK):
                    yield block
        except OSError as error:
            raise FileError(f"{shortened(self._path)} cannot be read: {error.strerror}", path=self._path) from error


async def save_to(path: str | os.PathLike[str], parts: AsyncIterable[bytes]) -> int:
    """Write a download to a file and return its size in bytes.

    The file appears when it is complete: until then it has a temporary name in the same folder, and is removed after an
    error or a cancellation. An existing file is replaced. Raises FileError if it cannot be written.
    """
    partial = _PartialFile(local_path("save_to: path", path))
    work = FileWork(f"writing {shown(path)}")
    try:
        await work.run(partial.open)
        await write_in_threads(parts, partial.write, work)
        await work.run(partial.complete)
    except BaseException:
        await work.close(partial.remove)
        raise
    return partial.size


class _PartialFile:
    """A file under a temporary name until it is complete. Used in worker threads."""

    def __init__(self, path: str) -> None:
        self.size = 0
        self._path = path
        self._temporary_path = os.path.join(os.path.dirname(path), f".{secrets.token_hex(8)}.part")
        self._file: BinaryIO | None = None

    def open(self) -> None:
        with self._translate_errors():
            if os.path.isdir(self._path):
                raise IsADirectoryError(0, "it is a folder")
            self._file = open(self._temporary_path, "xb", buffering=0)  # noqa: SIM115 - closed by `complete` or `remove`

    def write(self, parts: list[bytes]) -> None:
        assert self._file is not None
        with self._translate_errors():
            for part in parts:
                view = memoryview(part)
                self.size += len(view)
                while view:
                    view = view[self._file.write(view) :]

    def complete(self) -> None:
        assert self._file is not None
        with self._translate_errors():
            self._file.close()
            os.replace(self._temporary_path, self._path)

    def remove(self) -> None:
        if self._file is not None:
            self._file.close()
            with suppress(OSError):
                os.unlink(self._temporary_path)

    @contextmanager
    def _translate_errors(self) -> Generator[None, None, None]:
        try:
            yield
        except OSError as error:
            raise FileError(f"{shortened(self._path)} cannot be written: {error.strerror}", path=self._path) from error
