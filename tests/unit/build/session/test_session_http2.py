"""HTTP/2 under a BuildKit session: long headers, flow control, PING, and what ends a connection."""

from __future__ import annotations

import random
import subprocess
import sys

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import PingAckReceived, RemoteSettingsChanged
from h2.settings import SettingCodes
from hyperframe.frame import ContinuationFrame, DataFrame, HeadersFrame, PingFrame
from hypothesis import given
from hypothesis import strategies as st

from rawdock._build.session.grpc import Status, metadata
from rawdock._build.session.header_blocks import LONGEST_BLOCK, HeaderBlockJoiner
from rawdock._build.session.http2 import (
    Data,
    End,
    Http2Connection,
    Http2Error,
    Request,
    Reset,
    StreamGone,
    Window,
)

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
REQUEST = [(":method", "POST"), (":scheme", "http"), (":path", "/a.B/C"), (":authority", "localhost")]


class Both:
    """An Engine and a session, whose bytes go over at once."""

    def __init__(self, window: int = 65_535) -> None:
        self.engine = H2Connection(H2Configuration(client_side=True, header_encoding="utf-8"))
        self.session = Http2Connection()
        self.engine.initiate_connection()
        self.engine.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: window})
        self.seen = self.exchange()

    def exchange(self) -> list[object]:
        """What both sides see; the Engine's own events come first."""
        seen: list[object] = []
        while True:
            to_engine, to_session = self.session.take_output(), self.engine.data_to_send()
            if not to_engine and not to_session:
                return seen
            if to_engine:
                seen += self.engine.receive_data(to_engine)
            if to_session:
                seen += self.session.receive(to_session)

    def call(self, headers: list[tuple[str, str]] | None = None) -> int:
        stream = self.engine.get_next_available_stream_id()
        self.engine.send_headers(stream, [*REQUEST, *(headers or [])])
        return stream


def test_what_is_announced() -> None:
    """Room for the headers of thousands of rules, and for many calls."""
    both = Both()
    changed = next(event for event in both.seen if isinstance(event, RemoteSettingsChanged))
    assert changed.changed_settings[SettingCodes.MAX_HEADER_LIST_SIZE].new_value == 16 << 20
    assert changed.changed_settings[SettingCodes.MAX_CONCURRENT_STREAMS].new_value >= 100
    assert both.engine.outbound_flow_control_window == 16 << 20


def header_frames(headers: list[tuple[str, str]], stream: int = 1, size: int = 16_384) -> bytes:
    """A call as grpc-go sends it: its headers in frames of at most so many bytes."""
    from hpack import Encoder

    block = Encoder().encode([*REQUEST, *headers])
    parts = [block[at : at + size] for at in range(0, len(block), size)]
    frames: list[HeadersFrame | ContinuationFrame] = [HeadersFrame(stream, parts[0])]
    frames += [ContinuationFrame(stream, part) for part in parts[1:]]
    frames[-1].flags.add("END_HEADERS")
    return b"".join(frame.serialize() for frame in frames)


@pytest.mark.parametrize("count", [1_000, 30_000])
def test_headers_of_many_rules(count: int) -> None:
    """More than 64 KiB, and more than the 64 frames that h2 would take."""
    chance = random.Random(count)
    rules = [f"folder/{chance.randbytes(20).hex()}/{number}" for number in range(count - 1)] + ["größe/*"]
    data = header_frames([("exclude-patterns", rule) for rule in rules])
    assert count == 1_000 or len(data) > 1 << 20
    both = Both()
    seen = both.session.receive(data)
    (request,) = seen
    assert isinstance(request, Request)
    assert request.path == "/a.B/C"
    assert metadata(request.headers)["exclude-patterns"] == rules


def test_headers_without_end() -> None:
    """They are refused before they fill the memory."""
    joiner = HeaderBlockJoiner()
    joiner.feed(PREFACE + HeadersFrame(1, b"x" * 16_384).serialize())
    more = ContinuationFrame(1, b"x" * 16_384).serialize()
    for _ in range(1_022):
        assert joiner.feed(more) == b""
    with pytest.raises(ValueError, match=f"more than {LONGEST_BLOCK}"):
        joiner.feed(more)
    both = Both()
    both.session.receive(HeadersFrame(1, b"x" * 16_384).serialize())
    for _ in range(1_022):
        both.session.receive(more)
    with pytest.raises(Http2Error, match="headers of more than"):
        both.session.receive(more)


_PAYLOADS = st.lists(st.binary(max_size=20), min_size=1, max_size=4)


@given(st.lists(st.tuples(_PAYLOADS, st.booleans(), st.integers(0, 5)), max_size=4), st.data())
def test_any_cut_of_header_blocks(blocks: list[tuple[list[bytes], bool, int]], data: st.DataObject) -> None:
    """However the bytes come, a block in several frames becomes one frame, and all else is passed on as it is."""
    sent, wanted = PREFACE, PREFACE
    for number, (parts, priority, padding) in enumerate(blocks):
        stream = 2 * number + 1
        between = DataFrame(stream, b"data").serialize() + PingFrame(0, b"12345678").serialize()
        frames: list[HeadersFrame | ContinuationFrame] = [HeadersFrame(stream, parts[0], depends_on=0)]
        frames += [ContinuationFrame(stream, part) for part in parts[1:]]
        frames[-1].flags.add("END_HEADERS")
        if padding:
            frames[0].flags.add("PADDED")
            frames[0].pad_length = padding
        if priority:
            frames[0].flags.add("PRIORITY")
        sent += b"".join(frame.serialize() for frame in frames) + between
        if len(frames) == 1:
            wanted += frames[0].serialize() + between
            continue
        one = HeadersFrame(stream, b"".join(parts), depends_on=0)
        one.flags.add("END_HEADERS")
        if priority:
            one.flags.add("PRIORITY")
        wanted += one.serialize() + between
    joiner, out, at = HeaderBlockJoiner(), b"", 0
    while at < len(sent):
        size = data.draw(st.integers(1, len(sent) - at))
        out += joiner.feed(sent[at : at + size])
        at += size
    assert out == wanted


@pytest.mark.parametrize(
    "wrong",
    [
        HeadersFrame(1, b"x").serialize() + PingFrame(0, b"12345678").serialize(),
        HeadersFrame(1, b"x").serialize() + ContinuationFrame(3, b"x").serialize(),
        HeadersFrame(1, b"x").serialize() + HeadersFrame(3, b"x").serialize(),
        ContinuationFrame(1, b"x").serialize(),
        DataFrame(1, b"x").serialize(),
        header_frames([])[:-4] + b"\xff\xff\xff\xff",  # no headers
        b"\xff" * 30,
    ],
)
def test_bytes_that_are_no_http2(wrong: bytes) -> None:
    """Each ends the connection, and the Engine is told."""
    both = Both()
    with pytest.raises(Http2Error, match="broke the rules of HTTP/2"):
        both.session.receive(wrong)
    assert both.session.take_output()[3] == 7, "GOAWAY"


def test_no_preface() -> None:
    with pytest.raises(Http2Error, match="preamble"):
        Http2Connection().receive(b"HTTP/1.1 400 Bad Request\r\n\r\n")


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    """What a broken Engine sends is one kind of error."""
    connection = Http2Connection()
    try:
        connection.receive(PREFACE + data)
    except Http2Error:
        connection.take_output()


def test_a_call() -> None:
    """A request, data both ways, and the status."""
    both = Both()
    stream = both.call([("dir-name", "context")])
    both.engine.send_data(stream, b"abc", end_stream=True)
    request, data, end = both.exchange()
    assert isinstance(request, Request)
    assert (b"dir-name", b"context") in list(request.headers)
    assert data == Data(stream, b"abc", 3)
    assert end == End(stream)
    assert both.session.send(stream, memoryview(b"answer")) == 6
    both.session.finish(stream, Status.NOT_FOUND, "no such")
    names = [type(event).__name__ for event in both.exchange()]
    assert names == ["ResponseReceived", "DataReceived", "TrailersReceived", "StreamEnded"]


def test_a_call_that_ends_at_once() -> None:
    """Then all is in one block of headers, and the Engine is told to send no more."""
    both = Both()
    stream = both.call()
    both.exchange()
    both.session.finish(stream, Status.UNIMPLEMENTED, "unknown")
    names = [type(event).__name__ for event in both.exchange()]
    assert names == ["ResponseReceived", "StreamEnded", "StreamReset"]


def test_frames_of_16_kib_and_windows() -> None:
    """Data goes in frames of 16 KiB, and only as much as both windows hold."""
    both = Both(window=1 << 20)
    stream = both.call()
    both.exchange()
    message = memoryview(bytes(100_000))
    assert both.session.send(stream, message, reserve=1024) == 65_535 - 1024, "the connection's window is the smaller"
    out = both.session.take_output()
    sizes, at = [], 0
    while at < len(out):
        size = int.from_bytes(out[at : at + 3], "big")
        if out[at + 3] == 0:
            sizes.append(size)
        at += 9 + size
    assert sizes == [16_384] * 3 + [65_535 - 1024 - 3 * 16_384]
    assert both.session.send(stream, message, reserve=1024) == 0
    assert both.session.send(stream, message[:10]) == 10, "the reserve is for what is urgent"
    both.engine.receive_data(out + both.session.take_output())
    both.engine.increment_flow_control_window(50)
    assert both.exchange() == [Window()]
    assert both.session.send(stream, message) == 1024 - 10 + 50


def test_windows_are_given_back() -> None:
    """The Engine can send without end what is consumed, and in a stream that is not read, no more than its window."""
    both = Both()
    read, unread = both.call(), both.call()
    both.exchange()
    sent = 0
    for _ in range(600):
        both.engine.send_data(read, bytes(16_000))
        sent += 16_000
        for event in both.exchange():
            if isinstance(event, Data):
                both.session.consumed(read, event.size)
    both.exchange()
    assert both.engine.local_flow_control_window(read) >= 65_535 // 2
    for _ in range(4):
        both.engine.send_data(unread, bytes(16_000))
        both.exchange()
    assert both.engine.local_flow_control_window(unread) == 65_535 - 64_000
    both.session.widen(both.call(), 1 << 20)  # not known to the session yet: no error
    wide = both.call()
    both.exchange()
    both.session.widen(wide, 1 << 20)
    both.exchange()
    assert both.engine.local_flow_control_window(wide) == 1 << 20


def test_ping_is_answered() -> None:
    both = Both()
    both.engine.ping(b"12345678")
    assert any(isinstance(event, PingAckReceived) for event in both.exchange())


def test_a_call_that_is_given_up() -> None:
    """What is sent to it afterwards is an error of its own, and the connection goes on."""
    both = Both()
    stream = both.call()
    both.exchange()
    both.engine.reset_stream(stream)
    assert Reset(stream) in both.exchange()
    with pytest.raises(StreamGone):
        both.session.send(stream, memoryview(b"x"))
    both.session.finish(stream, Status.OK)
    both.session.reset(stream)
    both.session.consumed(stream, 100_000)
    other = both.call()
    both.exchange()
    assert both.session.send(other, memoryview(b"x")) == 1


@pytest.mark.parametrize(
    ("code", "text", "reason"),
    [
        (2, b"out of memory", "the Engine ended the session with GOAWAY, INTERNAL_ERROR: out of memory"),
        (99, b"", "the Engine ended the session with GOAWAY, error 99"),
        (0, b"", "the Engine closed the session"),
        (0, b"client transport shutdown", "the Engine closed the session (client transport shutdown)"),
    ],
)
def test_goaway(code: int, text: bytes, reason: str) -> None:
    both = Both()
    both.engine.close_connection(code, text)
    with pytest.raises(Http2Error) as caught:
        both.exchange()
    assert str(caught.value) == reason


def test_imported_only_when_it_is_needed() -> None:
    """Nobody who does not build pays for h2."""
    code = "import sys, rawdock; rawdock.Docker('/nowhere').build; assert 'h2' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
