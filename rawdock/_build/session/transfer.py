"""What one file transfer sends: descriptions of all files, and the contents of those that are asked for.

Called in worker threads. It makes batches of messages, each about as large as the largest message.
"""

from __future__ import annotations

import os
from array import array
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import closing

from ...errors import FileError, InvalidArgument
from .grpc import LARGEST_SENT, RpcError, Status, framed, message_prefix
from .messages import Stat, data_packet_head, stat_packet
from .paths import Patterns
from .sources import Content, FolderSource, Reader
from .stat import is_content

__all__ = ["Transfer"]

_HEADROOM = 64
"""Bytes that a message with a part of a file needs beside it, at most."""
_BATCH = LARGEST_SENT - _HEADROOM


class Transfer:
    """Of one folder, to one receiver. Close it at the end."""

    def __init__(self, source: FolderSource, patterns: Patterns) -> None:
        self._source = source
        self._patterns = patterns
        # Of each file only its path and size are kept. Its number is its place among all that was described.
        self._paths: list[str | None] = []
        self._sizes = array("q")
        self._requested: deque[tuple[int, str]] = deque()
        self._contents = self._send_contents()
        self._reader: Reader | None = None
        self._content: Content | None = None

    def descriptions(self) -> Generator[bytes, None, None]:
        """Batches that describe all files, with the end behind them."""
        batch: list[bytes] = []
        size = 0
        with closing(self._source.stats(self._patterns)) as stats:
            for stat in stats:
                content = is_content(stat.mode)
                self._sizes.append(stat.size if content else 0)
                self._paths.append(stat.path if content else None)
                batch.append(framed(self._packet(stat)))
                size += len(batch[-1])
                if size >= _BATCH:
                    yield b"".join(batch)
                    batch.clear()
                    size = 0
        batch.append(framed(stat_packet(None)))
        yield b"".join(batch)

    def _packet(self, stat: Stat) -> bytes:
        try:
            return stat_packet(stat)
        except UnicodeEncodeError as error:
            where = self._source.where(stat.path)
            raise InvalidArgument(
                f"build: {os.fsencode(where)!r} cannot be sent: its name, or the target of a link, is not UTF-8; "
                'context_transfer="tar" sends it'
            ) from error

    def request(self, id: int) -> None:
        """The receiver wants the file with this number; raises RpcError if there is none, or it was sent already."""
        path = self._paths[id] if 0 <= id < len(self._paths) else None
        if path is None:
            raise RpcError(Status.INVALID_ARGUMENT, f"there is no file {id} to be sent")
        self._paths[id] = None
        self._requested.append((id, path))

    @property
    def waiting(self) -> bool:
        """Whether something that was asked for is still to be sent."""
        return bool(self._requested) or self._content is not None

    def contents(self) -> bytes:
        """The next batch of what was asked for; raises FileError for a file that is gone, unreadable or shorter."""
        return next(self._contents)

    def _send_contents(self) -> Generator[bytes, None, None]:
        batch: list[bytes] = []
        size = 0
        while True:
            while self._requested:
                for part in self._file(*self._requested.popleft()):
                    batch.append(part)
                    size += len(part)
                    if size >= _BATCH:
                        yield b"".join(batch)
                        batch.clear()
                        size = 0
            yield b"".join(batch)
            batch.clear()
            size = 0

    def _file(self, id: int, path: str) -> Iterator[bytes]:
        """Messages in parts, with exactly as many bytes of the file as were announced, and its end behind them."""
        left = self._sizes[id]
        if left:
            if self._reader is None:
                self._reader = self._source.reader()
            self._content = self._reader.open(path)
            while left:
                data = self._read(path, min(left, _BATCH))
                if not data:
                    raise self._shorter(path, self._sizes[id], left)
                left -= len(data)
                head = data_packet_head(id, len(data))
                yield message_prefix(len(head) + len(data)) + head
                yield data
            self._content.close()
            self._content = None
        yield framed(data_packet_head(id, 0))

    def _read(self, path: str, size: int) -> bytes:
        assert self._content is not None
        try:
            return self._content.read(size) or b""
        except OSError as error:
            where = self._source.where(path)
            raise FileError(f"{where} cannot be read: {error.strerror}", path=where) from error

    def _shorter(self, path: str, size: int, left: int) -> FileError:
        where = self._source.where(path)
        return FileError(f"{where} had {size} bytes when the build began, and has {size - left} now", path=where)

    def close(self) -> None:
        """Close what is open."""
        self._contents.close()
        if self._content is not None:
            self._content.close()
            self._content = None
        if self._reader is not None:
            self._reader.close()
            self._reader = None
