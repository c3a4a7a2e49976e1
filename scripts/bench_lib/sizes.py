"""How much data each workload transfers, and checks that all of it has arrived."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import anyio

__all__ = [
    "DOWNLOAD",
    "EVENTS",
    "FRAMES",
    "PULL_LINES",
    "RUN",
    "STREAMS",
    "UPLOAD",
    "check_download",
    "check_frames",
    "emit",
    "image",
    "parts",
    "parts_blocking",
]

PULL_LINES = 100_000
FRAMES = {100: 335_000, 32 * 1024: 32_768}
"""The number of frames in a log, by the size of a frame in bytes. The second log has 1 GiB."""
DOWNLOAD = 1 << 30
"""Bytes of the one file in the archive."""
UPLOAD = 1 << 30
STREAMS = 1000
EVENTS = 10
"""The number of events that each open stream receives."""
RUN = ["echo", "hi"]

_PART = bytes(256 * 1024)
_TAR = 512 + 1024  # its header, and the blocks that end it


def check_frames(size: int, frames: int, total: int) -> None:
    """Check the number of bytes, and that there are enough frames: a frame split across reads may be counted twice."""
    assert total == FRAMES[size] * size
    assert frames >= FRAMES[size]


def check_download(total: int) -> None:
    assert total == DOWNLOAD + _TAR, total


async def parts() -> AsyncIterator[bytes]:
    """The parts of an upload."""
    for _ in range(UPLOAD // len(_PART)):
        yield _PART


def parts_blocking() -> Iterator[bytes]:
    for _ in range(UPLOAD // len(_PART)):
        yield _PART


async def emit(path: str) -> None:
    """Tell the fake Engine to send its events on all open streams."""
    async with await anyio.connect_unix(path) as peer:
        await peer.send(b"POST /_emit HTTP/1.1\r\nHost: d\r\nContent-Length: 0\r\n\r\n")
        await peer.receive()


def image(container: str) -> str:
    """The id of a container's image, which is the end of its name in this bench."""
    return container.rpartition("-")[2]
