"""The context of a build: a folder as a tar archive, made while it is sent.

Files are read by worker threads, a batch at a time; nothing is held but the batch. Every step goes from an open folder to
a name in it and follows no link, so that nothing from outside gets in, whatever happens to the folder meanwhile.
"""

from __future__ import annotations

import errno
import os
import stat
import tarfile
import zlib
from collections.abc import Collection, Generator, Iterator, Mapping
from typing import Final

from anyio import to_thread

from ..errors import ContextError
from .ignore import Matches, Rules

__all__ = ["FolderContext", "archive_of"]

_BATCH: Final = 256 * 1024
_BLOCK: Final = tarfile.BLOCKSIZE
_NO_FILE = Rules()
# A device or a pipe that takes the place of a file would make an open wait, a link would lead out.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_KINDS = {stat.S_IFCHR: tarfile.CHRTYPE, stat.S_IFBLK: tarfile.BLKTYPE, stat.S_IFIFO: tarfile.FIFOTYPE}


class FolderContext:
    """A folder as the parts of a tar archive; iterate once."""

    def __init__(self, parts: Generator[bytes, None, None], *, compress: bool = False) -> None:
        self._parts = parts
        self._gzip = zlib.compressobj(wbits=31) if compress else None
        self._ended = False

    def __aiter__(self) -> FolderContext:
        return self

    async def __anext__(self) -> bytes:
        while not self._ended:
            if batch := await to_thread.run_sync(self._batch):
                return batch
        raise StopAsyncIteration

    def _batch(self) -> bytes:
        batch: list[bytes] = []
        size = 0
        for part in self._parts:
            batch.append(part)
            size += len(part)
            if size >= _BATCH:
                break
        else:
            self._ended = True
        data = b"".join(batch)
        if self._gzip is None:
            return data
        return self._gzip.compress(data) + (self._gzip.flush() if self._ended else b"")

    async def aclose(self) -> None:
        """Close what is open. A batch that is being read is waited for: that is where an iteration is cancelled."""
        self._ended = True
        self._parts.close()


def archive_of(
    folder: str,
    rules: Rules = _NO_FILE,
    *,
    always: Collection[str] = (),
    added: Mapping[str, bytes] | None = None,
    mtime: int | None = None,
    prune: bool = True,
) -> Generator[bytes, None, None]:
    """The folder as a tar archive, in parts.

    What `rules` leave out is not in it, unless its path is in `always`. `added` are files that the folder does not
    have, or has otherwise. Owners are root, as the docker command has them; times are in whole seconds, or all `mtime`.
    `prune=False` looks into every folder that is left out: for tests.
    """
    added = added or {}
    for name, content in sorted(added.items()):
        member = tarfile.TarInfo(name)
        member.mode, member.size, member.mtime = 0o600, len(content), mtime or 0
        yield _header(member)
        yield content + bytes(-len(content) % _BLOCK)
    yield from _Walk(folder, rules, frozenset(always), frozenset(added), mtime, prune).archive()
    yield bytes(2 * _BLOCK)


class _Walk:
    def __init__(
        self, folder: str, rules: Rules, always: frozenset[str], without: frozenset[str], mtime: int | None, prune: bool
    ) -> None:
        self._folder = folder
        self._rules = rules
        self._always = always
        self._without = without
        self._mtime = mtime
        self._prune = prune
        self._seen: dict[tuple[int, int], str] = {}  # names of files that have several
        self._waiting: list[bytes] = []  # heads of folders that are left out, until something in them is not

    def archive(self) -> Iterator[bytes]:
        try:
            root = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise _unreadable(self._folder, error) from error
        try:
            yield from self._inside(root, "", ())
        finally:
            os.close(root)

    def _inside(self, folder: int, path: str, above: Matches) -> Iterator[bytes]:
        try:
            names = sorted(os.listdir(folder), key=os.fsencode)
        except OSError as error:
            raise _unreadable(path, error) from error
        for name in names:
            where = f"{path}/{name}" if path else name
            if where in self._without:
                continue
            out, matches = self._rules.look(where, above)
            if out and where in self._always:
                out = False
            try:
                found = os.stat(name, dir_fd=folder, follow_symlinks=False)
            except FileNotFoundError:
                continue  # it is gone since it was listed
            if stat.S_ISDIR(found.st_mode):
                if not out or self._may_have(where):
                    yield from self._folder_of(folder, name, where, found, out, matches)
            elif not out:
                yield from self._file_of(folder, name, where, found)

    def _may_have(self, path: str) -> bool:
        """Whether something in a folder that is left out may be wanted."""
        if not self._prune or self._rules.may_return(path):
            return True
        return any(name.startswith(path + "/") for name in self._always)

    def _folder_of(
        self, parent: int, name: str, path: str, found: os.stat_result, out: bool, matches: Matches
    ) -> Iterator[bytes]:
        waiting = len(self._waiting)
        self._waiting.append(_header(self._member(path, tarfile.DIRTYPE, found)))
        try:
            if not out:
                yield from self._waited()
            try:
                folder = os.open(name, _READ | os.O_DIRECTORY, dir_fd=parent)
            except OSError as error:
                if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
                    return  # it is gone, or something else, since it was looked at
                raise _unreadable(path, error) from error
            try:
                yield from self._inside(folder, path, matches)
            finally:
                os.close(folder)
        finally:
            del self._waiting[waiting:]

    def _waited(self) -> Iterator[bytes]:
        heads, self._waiting[:] = list(self._waiting), [b""] * len(self._waiting)
        yield from filter(None, heads)

    def _file_of(self, folder: int, name: str, path: str, found: os.stat_result) -> Iterator[bytes]:
        kind = stat.S_IFMT(found.st_mode)
        if kind == stat.S_IFSOCK:
            return  # a tar archive has no such thing, and the docker command goes past it too
        yield from self._waited()
        if kind == stat.S_IFREG:
            yield from self._content_of(folder, name, path)
            return
        member = self._member(path, _KINDS.get(kind, tarfile.SYMTYPE), found)
        if kind == stat.S_IFLNK:
            member.linkname = os.readlink(name, dir_fd=folder)
            member.mode = 0o777
        elif kind != stat.S_IFIFO:
            member.devmajor, member.devminor = os.major(found.st_rdev), os.minor(found.st_rdev)
        yield _header(member)

    def _content_of(self, folder: int, name: str, path: str) -> Iterator[bytes]:
        try:
            file = os.open(name, _READ, dir_fd=folder)
        except FileNotFoundError:
            return
        except OSError as error:
            raise _unreadable(path, error) from error
        try:
            found = os.fstat(file)
            if not stat.S_ISREG(found.st_mode):
                raise ContextError(f"{path}: it became something else while the context was sent", path=path)
            member = self._member(path, tarfile.REGTYPE, found)
            if found.st_nlink > 1:
                first = self._seen.setdefault((found.st_dev, found.st_ino), path)
                if first != path:
                    member.type, member.linkname = tarfile.LNKTYPE, first
                    yield _header(member)
                    return
            member.size = found.st_size
            yield _header(member)
            yield from _exactly(file, found.st_size, path)
        finally:
            os.close(file)

    def _member(self, path: str, kind: bytes, found: os.stat_result) -> tarfile.TarInfo:
        member = tarfile.TarInfo(path)
        member.type = kind
        member.mode = stat.S_IMODE(found.st_mode)
        member.mtime = int(found.st_mtime) if self._mtime is None else self._mtime
        return member


def _exactly(file: int, size: int, path: str) -> Iterator[bytes]:
    """As many bytes as the head has announced. What a file grows by meanwhile is left out; one that has become
    shorter cannot be sent any more: the archive would be torn."""
    left = size
    while left:
        try:
            part = os.read(file, min(left, _BATCH))
        except OSError as error:
            raise _unreadable(path, error) from error
        if not part:
            raise ContextError(
                f"{path}: it became shorter while the context was sent: {size - left} bytes of {size}", path=path
            )
        left -= len(part)
        yield part
    yield bytes(-size % _BLOCK)


def _header(member: tarfile.TarInfo) -> bytes:
    return member.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def _unreadable(path: str, error: OSError) -> ContextError:
    return ContextError(f"{path or '.'}: it cannot be read: {error.strerror}; leave it out by a .dockerignore", path=path)
