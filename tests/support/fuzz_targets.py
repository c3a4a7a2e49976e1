"""What `scripts/fuzz` feeds with any bytes: each reader raises rawdock's errors only, for any cut the same."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from rawdock import RawdockError, decode, encode
from rawdock._build.ignore import Rules, read_rules
from rawdock._build.trace import read_trace
from rawdock._models.codec import load_lines, loads
from rawdock._streams.split.frames import FrameSplitter
from rawdock._streams.split.json_values import JsonSplitter
from rawdock._streams.split.log_lines import FramedLogSplitter, LogFormat
from rawdock._streams.split.websocket import WebSocketSplitter
from rawdock._tar.reader import Member, TarReader
from rawdock._transport.wire import AnswerParser, Limits, Reader, WireError
from rawdock.models import ContainerInspect, EventMessage, ImageInspect, SystemInfo

__all__ = ["TARGETS"]

_SMALL = Limits(head=500, headers=8, value=400)


def _cut(data: bytes) -> list[bytes]:
    """The first byte says how the rest is cut."""
    step = data[0] % 37 + 1 if data else 1
    rest = data[1:]
    return [rest[at : at + step] for at in range(0, len(rest), step)]


def _wire(data: bytes) -> None:
    def read(parts: list[bytes]) -> tuple[str, bytes]:
        reader, body = Reader(parser=AnswerParser(_SMALL)), b""
        try:
            for part in parts:
                body += b"".join(reader.feed(part))
            reader.feed_eof()
        except WireError as error:
            return type(error).__name__, body + b"".join(error.pieces_before)
        return repr(reader.head and reader.head.status), body

    assert read([data[1:]]) == read(_cut(data))


def _splitter(make: Callable[[], Any]) -> Callable[[bytes], None]:
    def feed(data: bytes) -> None:
        splitter = make()
        for part in _cut(data):
            for item in splitter.feed(part):
                assert not isinstance(item, Exception) or isinstance(item, RawdockError)
        with suppress(RawdockError):
            splitter.feed_eof()

    return feed


class _Sink:
    def __init__(self) -> None:
        self.seen: list[Any] = []

    def member(self, member: Member) -> bool:
        self.seen.append(member)
        return True

    def data(self, data: memoryview) -> None:
        self.seen.append(bytes(data)[:0])

    def complete(self) -> None:
        self.seen.append(None)


def _tar(data: bytes) -> None:
    reader = TarReader(_Sink())
    with suppress(RawdockError):
        for part in _cut(data):
            reader.feed(part)
        reader.feed_eof()


def _trace(data: bytes) -> None:
    with suppress(RawdockError):
        read_trace(data.decode("latin-1"))


def _ignore(data: bytes) -> None:
    text, _, paths = data.partition(b"\0")
    with suppress(RawdockError):
        rules = Rules(read_rules(text))
        for path in paths.decode(errors="replace").split("\0")[:5]:
            rules.match(path)


def _decode(data: bytes) -> None:
    for kind in (ContainerInspect, ImageInspect, EventMessage, SystemInfo):
        with suppress(RawdockError):
            found = decode(kind, data)
            again = encode(found)
            assert encode(decode(kind, again)) == again
            repr(found)
            decode(kind, data, complete=True)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "wire": _wire,
    "frames": _splitter(FrameSplitter),
    "values": _splitter(lambda: JsonSplitter(lambda value: value, loads, load_lines, 400)),
    "logs": _splitter(lambda: FramedLogSplitter(LogFormat(timestamps=True, details=True, limit=100))),
    "websocket": _splitter(lambda: WebSocketSplitter(400)),
    "tar": _tar,
    "trace": _trace,
    "ignore": _ignore,
    "decode": _decode,
}
