"""Frames: the same for every cut, no memory for an announced length, and no premature end without an error."""

from __future__ import annotations

import tracemalloc
from itertools import groupby, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rawdock
from rawdock._streams.split.frames import Frame, FrameSplitter, RawSplitter
from rawdock._transport.wire import Reader, WireError

NAMES = ("stdin", "stdout", "stderr")
LIMIT = 64 * 1024  # of the text of an error


def frame(kind: int, data: bytes, size: int | None = None) -> bytes:
    return bytes((kind, 0, 0, 0)) + (len(data) if size is None else size).to_bytes(4) + data


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({min(place, len(data)) for place in cuts} | {0, len(data)})
    return [data[start:end] for start, end in pairwise(places)]


def split(data: bytes, cuts: list[int]) -> tuple[list[tuple[str, bytes]], str]:
    """The output, pieces of one stream joined, and how it ended."""
    frames = FrameSplitter()
    items = [item for part in cut(data, cuts) for item in frames.feed(part)]
    end = "end"
    if items and isinstance(items[-1], rawdock.RawdockError):
        error = items.pop()
        # What else has come of a header is shown too, so only the kind of that error is the same for every cut.
        end = str(error) if isinstance(error, rawdock.StreamError) else type(error).__name__
    try:
        frames.feed_eof()
    except rawdock.StreamError as error:
        end = f"{end}, {error}"
    except rawdock.TruncatedError as error:
        end = f"{end}, {error}"
    assert all(type(item) is Frame and item.data for item in items)
    found = [(name, b"".join(item.data for item in group)) for name, group in groupby(items, lambda item: item.stream)]  # type: ignore[union-attr]
    return found, end


def same_for_every_cut(data: bytes, cuts: list[int]) -> tuple[list[tuple[str, bytes]], str]:
    expected = split(data, [])
    assert split(data, cuts) == expected
    assert split(data, list(range(len(data)))) == expected
    return expected


pieces = st.tuples(st.integers(0, 2), st.binary(max_size=20))
ends = st.sampled_from(
    [
        b"",
        b"\1",
        b"\1\0\0\0\0\0\0",
        b"\1\0\0\0\0\0\0\1",
        b"\2\0\0\0\0\0\0\5abcd",
        b"\3\0\0\0\0\0\0\4oops",
        b"\3\0\0\0\0\0\0\4oops\1\0\0\0\0\0\0\1a",
        b"\3\0\0\0\0\0\0\5oops",
        b"\3\0\0\0\0\0\0\5",
        b"\3\0\0\0\0\0\0\0",
        b"/ # ls\r\n",
        b"\4\0\0\0\0\0\0\1a",
        b"\1\0\1\0\0\0\0\1a",
    ]
)


@settings(deadline=None)
@given(st.lists(pieces, max_size=6), ends, st.lists(st.integers(0, 200), max_size=8))
def test_any_cut(parts: list[tuple[int, bytes]], end: bytes, cuts: list[int]) -> None:
    """The output is complete and in order, with the same end, however the bytes are cut."""
    found, _ = same_for_every_cut(b"".join(frame(kind, data) for kind, data in parts) + end, cuts)
    expected = [(NAMES[kind], data) for kind, data in parts if data]
    if end == b"\2\0\0\0\0\0\0\5abcd":
        expected.append(("stderr", b"abcd"))
    merged = [(name, b"".join(data for _, data in group)) for name, group in groupby(expected, lambda pair: pair[0])]
    assert found == merged


HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunked(chunks: list[bytes], size: str = "%x") -> bytes:
    return b"".join(b"%b\r\n%b\r\n" % ((size % len(data)).encode(), data) for data in chunks if data) + b"0\r\n\r\n"


def through_chunks(
    data: bytes, cuts: list[int], *, by_splitter: bool, splitter: FrameSplitter | None = None
) -> tuple[list[tuple[str, bytes]], str]:
    """The output in a chunked answer, whose whole chunks are read by the splitter or by the reader."""
    reader, frames = Reader(), splitter or FrameSplitter()
    reader.feed(HEAD)
    items: list[Frame | rawdock.RawdockError] = []
    end = "end"
    try:
        for part in cut(data, cuts):
            pieces = reader.feed(part, frames.read_chunks, items) if by_splitter else reader.feed(part)
            items += frames.feed(b"".join(pieces))
    except WireError as error:
        end = f"{error}"
    if items and isinstance(items[-1], rawdock.RawdockError):
        error = items.pop()
        end = f"{end}, {error if isinstance(error, rawdock.StreamError) else type(error).__name__}"
    assert all(type(item) is Frame and item.data for item in items)
    found = [(name, b"".join(item.data for item in group)) for name, group in groupby(items, lambda item: item.stream)]  # type: ignore[union-attr]
    return found, f"{end}, {reader.done}, {frames._remaining}, {frames._pending!r}"


sizes = st.one_of(st.integers(0, 20), st.sampled_from([7, 8, 247, 248, 249, 4087, 4088, 4089, 65527, 65528, 70000]))
written = st.builds(
    lambda kind, size, first: frame(kind, (first * 4 + b"\r\n1\r\n")[:8].ljust(size, b"x")[:size]),
    st.integers(0, 2), sizes, st.binary(min_size=1, max_size=2),
)  # fmt: skip
odd = st.sampled_from([b"", b"\1", b"\3\0\0\0\0\0\0\4oops", b"\4\0\0\0\0\0\0\1a", b"\2\0\0\0\0\0\0\5abcd", b"prompt$ "])


@settings(deadline=None, max_examples=300)
@given(
    st.lists(st.one_of(written, written, written, odd, st.lists(written, max_size=3).map(b"".join)), max_size=6),
    st.sampled_from(["%x", "%X", "%04x", "%x;name=value", "%x "]),
    st.lists(st.integers(0, 2000), max_size=8),
)
def test_reading_whole_chunks_makes_no_difference(chunks: list[bytes], size: str, cuts: list[int]) -> None:
    """Chunks of one frame are read in one step, with the same output as without that, however the bytes are cut."""
    data = chunked(chunks, size)
    expected = through_chunks(data, cuts, by_splitter=False)
    assert through_chunks(data, cuts, by_splitter=True) == expected
    if len(data) < 400:
        assert through_chunks(data, list(range(len(data))), by_splitter=True)[0] == expected[0]


@pytest.mark.parametrize("broken", [b"\r\nzz\r\n", b"xx", b"\r\n9 9\r\n", b"\n9\r\n"])
def test_broken_chunks_behind_frames(broken: bytes) -> None:
    """An invalid chunk is an error after the frames before it, by the splitter and by the reader."""
    whole = chunked([frame(1, b"a"), frame(2, b"b"), frame(1, b"c")])[:-7]
    found, end = through_chunks(whole + broken, [], by_splitter=True)
    assert found == [("stdout", b"a"), ("stderr", b"b"), ("stdout", b"c")]
    assert "chunk" in end


def test_remembered_frame_starts_are_limited() -> None:
    """Frames of every size up to 5,000 are read, and the number of remembered headers stays bounded."""
    splitter = FrameSplitter()
    for start in range(1, 5000, 100):
        chunks = [frame(kind, bytes(size)) for size in range(start, start + 100) for kind in (0, 1, 2)]
        found, _ = through_chunks(chunked(chunks), [], by_splitter=True, splitter=splitter)
        assert sum(len(data) for _, data in found) == sum(map(len, chunks)) - 8 * len(chunks)
    assert 0 < len(splitter.starts) <= 4096


def test_types() -> None:
    """The three streams have their names, also stdin, and a frame without data is left out."""
    data = frame(0, b"in") + frame(1, b"") + frame(1, b"out") + frame(2, b"err") + frame(2, b"")
    assert same_for_every_cut(data, []) == ([("stdin", b"in"), ("stdout", b"out"), ("stderr", b"err")], "end")


def test_complete_frames_stay_as_they_are() -> None:
    """Complete frames are neither joined nor cut."""
    assert FrameSplitter().feed(frame(1, b"a") + frame(1, b"b")) == [Frame("stdout", b"a"), Frame("stdout", b"b")]


def test_four_gigabytes_announced() -> None:
    """A frame is returned as it comes, and no memory is allocated for its length."""
    frames = FrameSplitter()
    tracemalloc.start()
    try:
        assert frames.feed(frame(1, b"", 0xFFFFFFFF)) == []
        for n in range(1000):
            assert frames.feed(b"%d" % n * 1000) == [Frame("stdout", b"%d" % n * 1000)]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 200_000
    with pytest.raises(rawdock.TruncatedError, match=r"inside a frame: 429\d+ bytes"):
        frames.feed_eof()


def test_four_gigabytes_of_error_announced() -> None:
    """The text of an error is kept up to a limit, whatever length is announced."""
    frames = FrameSplitter()
    assert frames.feed(frame(3, b"", 0xFFFFFFFF)) == []
    out: list[object] = []
    for _ in range(1000):
        out += frames.feed(b"x" * 10_000)
    (error,) = out
    assert isinstance(error, rawdock.StreamError)
    assert error.message == "x" * LIMIT


@pytest.mark.parametrize("size", [LIMIT - 1, LIMIT, LIMIT + 1, 5 * LIMIT])
@pytest.mark.parametrize("step", [1000, 40_000, LIMIT, LIMIT + 8, 10 * LIMIT])
def test_a_long_error(size: int, step: int) -> None:
    """The text of an error ends with its frame or at the limit, however it is cut; nothing follows it."""
    data = frame(1, b"before") + frame(3, b"x" * size) + frame(1, b"behind")
    assert split(data, list(range(0, len(data), step))) == ([("stdout", b"before")], "x" * min(size, LIMIT))


def test_an_error_inside() -> None:
    """A frame of the fourth type is a StreamError with its text, after the output before it."""
    data = frame(1, b"out") + frame(3, " das ging schief: \u00e4\n".encode()) + frame(1, b"behind")
    assert same_for_every_cut(data, []) == ([("stdout", b"out")], "das ging schief: \u00e4")
    assert same_for_every_cut(frame(3, b""), []) == ([], "an error without a message")
    assert same_for_every_cut(frame(3, b"\xff"), []) == ([], "\ufffd")


@pytest.mark.parametrize("size", range(4))
def test_an_error_that_is_cut_short(size: int) -> None:
    """The part of an error that has come is raised at the end; without any, the end is a truncation."""
    found, end = same_for_every_cut(frame(2, b"err") + frame(3, b"oops"[:size], 4), [])
    assert found == [("stderr", b"err")]
    assert end == (
        "end, " + "oops"[:size] if size else "end, the answer ended inside a frame: 4 bytes of it are missing"
    )


@pytest.mark.parametrize("size", range(1, 12))
def test_truncated(size: int) -> None:
    """An end inside a header or a payload is a TruncatedError, after the output before it."""
    data = frame(1, b"before") + frame(2, b"behind")[:size]
    found, end = same_for_every_cut(data, [])
    assert found == [("stdout", b"before"), ("stderr", b"behind"[: size - 8])][: 1 if size <= 8 else 2]
    assert end == (
        "end, the answer ended inside a frame" + ("'s header" if size < 8 else f": {14 - size} bytes of it are missing")
    )


@pytest.mark.parametrize(
    "header", [b"\4\0\0\0\0\0\0\1", b"\1\0\0\1\0\0\0\1", b"\1\1\0\0\0\0\0\1", b"/ # ls -l", b"\xff" * 8]
)
def test_nonsense(header: bytes) -> None:
    """An invalid header is a DecodeError that names the likely cause; nothing follows it."""
    data = frame(1, b"before") + header + frame(1, b"behind")
    assert same_for_every_cut(data, []) == ([("stdout", b"before")], "DecodeError")
    (error,) = FrameSplitter().feed(header)
    assert isinstance(error, rawdock.DecodeError)
    assert header[:8].hex(" ") in str(error)
    assert "terminal" in str(error)


@pytest.mark.parametrize("start", [b"/", b"/ # ", b"\4", b"\1\0\0\1", b"\1\1"])
def test_nonsense_at_once(start: bytes) -> None:
    """The prompt of a terminal may be shorter than a header; it is refused without waiting for more."""
    frames = FrameSplitter()
    assert [type(item) for item in frames.feed(frame(1, b"a") + start)] == [Frame, rawdock.DecodeError]
    assert frames.feed(b"more than a header") == []


def test_plain() -> None:
    """The output of a terminal is stdout as it comes, and may end anywhere."""
    plain = RawSplitter()
    assert plain.feed(b"\1\0\0\0") == [Frame("stdout", b"\1\0\0\0")]
    plain.feed_eof()
