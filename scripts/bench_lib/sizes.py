"""How much data each task moves, and checks that all of it arrived."""

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
"""Size of a frame in bytes: how many of them a log has. The second makes 1 GiB."""
DOWNLOAD = 1 << 30
"""Bytes of the one file in the archive."""
UPLOAD = 1 << 30
STREAMS = 1000
EVENTS = 10
"""Events that come on each of the open streams."""
RUN = ["echo", "hi"]

_PART = bytes(256 * 1024)
_TAR = 512 + 1024  # its header, and the blocks that end it


def check_frames(size: int, frames: int, total: int) -> None:
    """Frames that are cut over two reads may be counted twice; bytes may not."""
    assert total == FRAMES[size] * size
    assert frames >= FRAMES[size]


def check_download(total: int) -> None:
    assert total == DOWNLOAD + _TAR, total


async def parts() -> AsyncIterator[bytes]:
    """What is uploaded."""
    for _ in range(UPLOAD // len(_PART)):
        yield _PART


def parts_blocking() -> Iterator[bytes]:
    for _ in range(UPLOAD // len(_PART)):
        yield _PART


async def emit(path: str) -> None:
    """Have the fake Engine send its events on all open streams."""
    async with await anyio.connect_unix(path) as peer:
        await peer.send(b"POST /_emit HTTP/1.1\r\nHost: d\r\nContent-Length: 0\r\n\r\n")
        await peer.receive()


def image(container: str) -> str:
    """What a container on a real Engine was made of: the bench names it after its image's id."""
    return container.rpartition("-")[2]
