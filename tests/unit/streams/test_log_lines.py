"""Logs as whole lines, and as text, wherever the bytes are cut."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any, NamedTuple

import anyio
import pytest
from faultserver import Peer, json_answer, serving
from hypothesis import given, settings
from hypothesis import strategies as st

from rawdock import DecodeError, Docker, InvalidArgument, Limits, NotSupported, StreamError, TruncatedError
from rawdock._models.model import Timestamp
from rawdock._streams.faces.decoded_text import TextStream
from rawdock._streams.split.frames import Frame
from rawdock._streams.split.log_lines import FramedLogSplitter, JsonLogSplitter, LogFormat, TerminalLogSplitter
from rawdock.streams import LogEntry

NUMBERS = {"stdout": 1, "stderr": 2}
MESSAGE_SIZE = 8
"""In place of Docker's 16 KiB."""
STAMP = "2026-01-02T03:04:05.00000000{}Z"
DETAILS = {"a b": "c,d", "e": ""}


class Said(NamedTuple):
    """A line that a process wrote."""

    stream: str
    data: bytes
    ended: bool = True
    """Whether it has a line break."""


class Message(NamedTuple):
    """A message in which an Engine stores it, or a part of it."""

    stream: str
    data: bytes
    time: str
    last: bool
    partial: bool


def messages(lines: list[Said], tty: bool = False) -> list[Message]:
    """The messages in which Docker stores lines, none longer than its buffer."""
    found = []
    for number, line in enumerate(lines):
        data = line.data + (b"\r" if tty and line.ended else b"")
        pieces = [data[at : at + MESSAGE_SIZE] for at in range(0, len(data), MESSAGE_SIZE)] or [b""]
        if len(data) and len(data) % MESSAGE_SIZE == 0 and line.ended:
            pieces.append(b"")
        pieces[-1] += b"\n" if line.ended else b""
        for index, piece in enumerate(pieces):
            last = index == len(pieces) - 1
            found.append(Message(line.stream, piece, STAMP.format(number % 10), last, len(pieces) > 1))
    return found


def written(message: Message, log_format: LogFormat) -> bytes:
    """The text with the requested prefix, as `docker logs` shows it."""
    words = [message.time] if log_format.timestamps else []
    if log_format.details:
        words.append("a+b=c%2Cd,e=")
    return "".join(word + " " for word in words).encode() + message.data


def framed(message: Message, log_format: LogFormat) -> bytes:
    data = written(message, log_format)
    return bytes([NUMBERS[message.stream], 0, 0, 0]) + len(data).to_bytes(4) + data


def as_json(message: Message) -> bytes:
    value: dict[str, Any] = {"Line": message.data.decode(), "Source": message.stream, "Timestamp": message.time}
    value["Attrs"] = [{"Key": key, "Value": text} for key, text in DETAILS.items()]
    if message.partial:
        value["MetaData"] = {"Last": message.last, "ID": "1", "Ordinal": 1}
    return json.dumps({name: text for name, text in value.items() if text}).encode() + b"\n"


def entry(line: Said, number: int, log_format: LogFormat) -> LogEntry:
    time = Timestamp(STAMP.format(number % 10)) if log_format.timestamps else None
    return LogEntry(line.stream, line.data, time, DETAILS if log_format.details else {})  # type: ignore[arg-type]


def entries(lines: list[Said], log_format: LogFormat) -> list[LogEntry]:
    """One entry for each line, except an empty one without a line break."""
    return [entry(line, number, log_format) for number, line in enumerate(lines) if line.data or line.ended]


def read(splitter: Any, data: bytes, cuts: list[int]) -> list[Any]:
    borders = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    out: list[Any] = []
    for begin, end in pairwise(borders):
        if data[begin:end]:
            out += splitter.feed(data[begin:end])
    splitter.feed_eof()
    return [*out, *splitter.unfinished_lines()]


WORDS = st.text("ab é-:Z0", max_size=20).map(str.encode)
LINES = st.lists(st.tuples(st.sampled_from(["stdout", "stderr"]), WORDS).map(lambda pair: Said(*pair)), max_size=6)
LOG_FORMATS = st.builds(lambda *words: LogFormat(*words, message_size=MESSAGE_SIZE), st.booleans(), st.booleans())
CUTS = st.lists(st.integers(0, 10_000), max_size=8)


@given(LINES, LOG_FORMATS, CUTS, st.booleans())
def test_lines_out_of_frames(lines: list[Said], log_format: LogFormat, cuts: list[int], unended: bool) -> None:
    """Long lines are joined, without the times of their later messages; the last line needs no line break."""
    if unended and lines and len(lines[-1].data) % MESSAGE_SIZE:
        lines[-1] = lines[-1]._replace(ended=False)
    data = b"".join(framed(message, log_format) for message in messages(lines))
    found = read(FramedLogSplitter(log_format), data, cuts)
    assert found == entries(lines, log_format)


@given(LINES, LOG_FORMATS, CUTS)
def test_lines_of_a_terminal(lines: list[Said], log_format: LogFormat, cuts: list[int]) -> None:
    """There are no frames: inside a long line, the size of the buffer says where a message ends.

    Neither times nor details before it are left in the line."""
    lines = [line._replace(stream="stdout") for line in lines]
    data = b"".join(written(message, log_format) for message in messages(lines, tty=True))
    assert read(TerminalLogSplitter(log_format), data, cuts) == entries(lines, log_format)


@given(LINES, LOG_FORMATS, CUTS)
def test_lines_out_of_json(lines: list[Said], log_format: LogFormat, cuts: list[int]) -> None:
    """The entries are the same as from frames."""
    text = [line._replace(data=line.data.decode().encode("ascii", "replace")) for line in lines]
    data = b"".join(map(as_json, messages(text)))
    assert read(JsonLogSplitter(log_format, tty=False), data, cuts) == entries(text, log_format)


def test_json_without_metadata() -> None:
    """Without metadata, a line continues after a message as long as the buffer, and ends after a shorter one."""
    said = [
        Message("stdout", b"12345678", STAMP.format(1), False, False),
        Message("stderr", b"between\n", STAMP.format(2), False, False),
        Message("stdout", b"9", STAMP.format(3), False, False),
        Message("stdout", b"next", STAMP.format(4), False, False),
    ]
    found = read(JsonLogSplitter(LogFormat(message_size=MESSAGE_SIZE), tty=False), b"\x1e".join(map(as_json, said)), [])
    assert [one.data for one in found] == [b"between", b"123456789", b"next"]


def test_a_terminals_json_loses_its_line_ends() -> None:
    line = as_json(Message("stdout", b"hi\r\n", STAMP.format(1), False, False))
    assert read(JsonLogSplitter(LogFormat(), tty=True), line, []) == [LogEntry("stdout", b"hi")]


@pytest.mark.parametrize(
    "value", [b'{"Source":"stdout","Line":5}', b'{"Line":"a"}', b'{"Source":"x"}', b'{"Source":[]}']
)
def test_json_that_is_no_message(value: bytes) -> None:
    first = as_json(Message("stdout", b"one\n", STAMP.format(1), False, False))
    found = JsonLogSplitter(LogFormat(timestamps=False), tty=False).feed(first + value + b"\n" + first)
    assert found[0] == LogEntry("stdout", b"one")
    assert isinstance(found[1], DecodeError)
    assert len(found) == 2


def test_an_error_in_json() -> None:
    """If the Engine cannot read its log, its message is raised after the entries before it."""
    first = as_json(Message("stdout", b"one\n", STAMP.format(1), False, False))
    found = JsonLogSplitter(LogFormat(), tty=False).feed(
        first + b'{"Timestamp":"0001-01-01T00:00:00Z","Error":"gone"}\n' + first
    )
    assert found[0] == LogEntry("stdout", b"one")
    assert isinstance(found[1], StreamError)
    assert found[1].message == "gone"
    assert len(found) == 2


@pytest.mark.parametrize("cut", range(40))
@pytest.mark.parametrize(
    ("bad", "error"),
    [(b"\x03\0\0\0\0\0\0\x02no", StreamError), (b"\x09\0\0\0\0\0\0\x02no", DecodeError), (b"\x01\0\1\0", DecodeError)],
)
def test_errors_in_frames(bad: bytes, error: type[Exception], cut: int) -> None:
    """Invalid frames and errors of the Engine are raised after the entries before them, and end the log."""
    good = framed(Message("stdout", b"one\n", "", True, False), LogFormat())
    splitter, data = FramedLogSplitter(LogFormat()), good + bad + good
    found = [*splitter.feed(data[:cut]), *splitter.feed(data[cut:])]
    assert found[0] == LogEntry("stdout", b"one")
    assert isinstance(found[1], error)
    assert len(found) == 2


@pytest.mark.parametrize("left", range(1, 12))
def test_frames_cut_off(left: int) -> None:
    splitter = FramedLogSplitter(LogFormat())
    splitter.feed(framed(Message("stdout", b"one\n", "", True, False), LogFormat())[:-left])
    with pytest.raises(TruncatedError):
        splitter.feed_eof()


def test_podman_cuts_anywhere() -> None:
    """Podman's messages may have any length: only a line break ends a line."""
    log_format = LogFormat(timestamps=True, message_size=0)
    said = [Message("stdout", part, "2026-01-02T03:04:05Z", False, False) for part in (b"one ", b"line", b"\n", b"two")]
    found = read(FramedLogSplitter(log_format), b"".join(framed(one, log_format) for one in said), [])
    assert [one.data for one in found] == [b"one line", b"two"]
    assert {one.time for one in found} == {Timestamp("2026-01-02T03:04:05Z")}


def test_a_terminal_whose_text_looks_like_a_time() -> None:
    """Text like a timestamp is only read as one where a message begins."""
    log_format = LogFormat(timestamps=True, message_size=MESSAGE_SIZE)
    stamp = STAMP.format(1).encode()
    inside = stamp + b" x" + stamp + b" y\r\n"
    (found,) = read(TerminalLogSplitter(log_format), inside, [])
    assert found.data == b"x" + stamp + b" y"


@given(st.binary(max_size=60), st.integers(1, 9), CUTS)
@settings(max_examples=50)
def test_a_line_without_end_is_given_in_parts(data: bytes, limit: int, cuts: list[int]) -> None:
    """A long line comes in several entries, none longer than the limit, and nothing is lost."""
    message = framed(Message("stdout", data, "", True, False), LogFormat())
    found = read(FramedLogSplitter(LogFormat(message_size=1, limit=limit)), message, cuts)
    assert all(len(one.data) <= limit for one in found)
    assert b"".join(one.data + (b"" if one.continues else b"\n") for one in found).rstrip(b"\n") == data.rstrip(b"\n")


def test_the_prefix_may_be_missing() -> None:
    """If an Engine adds no details, a line without a space is still a line, however long it is."""
    log_format = LogFormat(details=True)
    said = [Message("stdout", data, "", True, False) for data in (b"one\n", b"x" * 100_000 + b"\n")]
    data = b"".join(framed(one, LogFormat()) for one in said)
    assert [one.data for one in read(FramedLogSplitter(log_format), data, [70_000])] == [b"one", b"x" * 100_000]


def test_text_of_an_entry() -> None:
    assert LogEntry("stdout", "é".encode()[:1] + b"a").text == "�a"


# Text.


async def given_frames(frames: list[Frame]) -> AsyncIterator[Frame]:
    for frame in frames:
        yield frame


@pytest.mark.anyio
async def test_each_stream_has_a_decoder() -> None:
    """A character that is cut in one stream is not mixed with the other; an incomplete one is shown at the end."""
    euro = "€".encode()
    frames = [
        Frame("stdout", b"a" + euro[:2]),
        Frame("stderr", euro[:1]),
        Frame("stdout", euro[2:]),
        Frame("stderr", euro[1:] + b"\xff"),
        Frame("stdout", euro[:1]),
    ]
    found = [(one.stream, one.text) async for one in TextStream(given_frames(frames))]
    assert found == [("stdout", "a"), ("stdout", "€"), ("stderr", "€�"), ("stdout", "�")]


# Whole.

HEAD = b"HTTP/1.1 200 OK\r\n%bTransfer-Encoding: chunked\r\n\r\n"
FRAMES = b"Content-Type: application/vnd.docker.multiplexed-stream\r\n"
JSON = b"Content-Type: application/x-ndjson\r\n"
PODMAN = b"Libpod-Api-Version: 5.4.2\r\n"
END = b"0\r\n\r\n"


def chunked(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


@asynccontextmanager
async def engine(
    head: bytes, *parts: bytes, end: bytes | None = END, tty: bool = False, limits: Limits | None = None
) -> AsyncIterator[tuple[Docker, list[bytes], anyio.Event]]:
    """An Engine with one log. It sends the second part after the event is set."""
    asked: list[bytes] = []
    go = anyio.Event()

    async def answer(request: bytes, peer: Peer) -> bytes | None:
        if b"/logs" not in request:
            return json_answer(b'{"Id":"x","Config":{"Tty":%b}}' % (b"true" if tty else b"false"))
        asked.append(request)
        await peer.send(HEAD % head + chunked(parts[0]))
        for part in parts[1:]:
            await go.wait()
            await peer.send(chunked(part))
        return end

    async with serving(answer) as server, Docker(server.path, limits=limits) as docker:
        yield docker, asked, go


ONE = Message("stdout", b"one\n", STAMP.format(1), True, False)
LINE = framed(ONE, LogFormat(True, True))


@pytest.mark.anyio
async def test_entries_of_a_container() -> None:
    """Time and details are separate from the line."""
    async with engine(FRAMES, LINE) as (docker, asked, _):
        async with docker.containers.logs("x", timestamps=True, details=True).entries() as lines:
            assert [one async for one in lines] == [LogEntry("stdout", b"one", Timestamp(STAMP.format(1)), DETAILS)]
            assert not lines.tty
            with pytest.raises(StopAsyncIteration):
                await anext(lines)
        assert b"Accept" not in asked[0]


@pytest.mark.anyio
async def test_json_if_requested() -> None:
    """`entries(json=True)` sends an Accept header; anything but a bool is refused."""
    async with engine(JSON, as_json(ONE)) as (docker, asked, _):
        async with docker.containers.logs("x", timestamps=True).entries(json=True) as lines:
            assert [one async for one in lines] == [LogEntry("stdout", b"one", Timestamp(STAMP.format(1)))]
        assert b"\r\nAccept: application/jsonl, application/x-ndjson\r\n" in asked[0]
        with pytest.raises(InvalidArgument, match="json"):
            docker.containers.logs("x").entries(json="yes")  # type: ignore[arg-type]


@pytest.mark.anyio
@pytest.mark.parametrize(("tail", "inside"), [(None, False), ("all", False), (3, True), (0, True)])
async def test_a_tail_is_noted(tail: Any, inside: bool) -> None:
    async with (
        engine(FRAMES, framed(ONE, LogFormat())) as (docker, _, _),
        docker.containers.logs("x", tail=tail).entries() as lines,
    ):
        assert [one.may_begin_inside async for one in lines] == [inside]


@pytest.mark.anyio
async def test_podmans_times_in_a_terminal() -> None:
    """They may stand anywhere in a line, so they are refused; without times, or without a terminal, all is well."""
    podman = b"Content-Type: application/vnd.docker.raw-stream\r\n" + PODMAN
    for tty, timestamps in ((True, True), (True, False), (False, True)):
        data = b"one\r\n" if tty else framed(ONE, LogFormat(timestamps=timestamps))
        async with engine(podman, data, tty=tty) as (docker, _, _):
            logs = docker.containers.logs("x", timestamps=timestamps)
            if tty and timestamps:
                with pytest.raises(NotSupported, match="timestamps=False"):
                    async with logs.entries():
                        pass
                continue
            async with logs.entries() as lines:
                assert [one.data async for one in lines] == [b"one"]


@pytest.mark.anyio
async def test_podman_adds_no_details() -> None:
    """Podman adds no details, so no word of a line is read as details."""
    body = framed(Message("stdout", b"two words\n", STAMP.format(1), True, False), LogFormat(timestamps=True))
    async with (
        engine(PODMAN, body) as (docker, _, _),
        docker.containers.logs("x", timestamps=True, details=True).entries() as lines,
    ):
        assert [one.text async for one in lines] == ["two words"]


@pytest.mark.anyio
@pytest.mark.parametrize("tty", [False, True])
async def test_the_engine_ends_in_the_middle_of_a_line(tty: bool) -> None:
    """The part of the line that has come is returned, and then the error is raised."""
    body = b"one\r\ntwo" if tty else LINE + LINE[:-2]
    more: dict[str, Any] = {"timestamps": not tty, "details": not tty}
    async with (
        engine(b"", body, end=None, tty=tty) as (docker, _, _),
        docker.containers.logs("x", follow=True, **more).entries() as lines,
    ):
        assert (await anext(lines)).text == "one"
        assert (await anext(lines)).text == ("two" if tty else "on")
        for _ in range(2):
            with pytest.raises(TruncatedError) as caught:
                await anext(lines)
        assert caught.value.operation == "containers.logs"


@pytest.mark.anyio
async def test_a_limit_of_a_line() -> None:
    async with (
        engine(b"", b"x" * 2500, tty=True, limits=Limits(value=1024)) as (docker, _, _),
        docker.containers.logs("x").entries() as lines,
    ):
        found = [(len(one.data), one.continues) async for one in lines]
    assert found == [(1024, True), (1024, True), (452, False)]


@pytest.mark.held_clock
@pytest.mark.anyio
async def test_a_read_that_is_cancelled_loses_nothing() -> None:
    """After a cancelled read, entries and text continue where they stopped."""
    with anyio.fail_after(60):
        async with (
            engine(b"", b"one\r\nt", b"wo\r\n", tty=True) as (docker, _, go),
            docker.containers.logs("x").entries() as lines,
        ):
            assert (await anext(lines)).text == "one"
            with anyio.move_on_after(0.05) as scope:
                await anext(lines)
            assert scope.cancelled_caught
            go.set()
            assert [one.text async for one in lines] == ["two"]
        async with (
            engine(b"", b"one\r\nt", b"wo\r\n", tty=True) as (docker, _, go),
            docker.containers.logs("x") as output,
        ):
            text = output.text()
            assert (await anext(text)).text == "one\r\nt"
            with anyio.move_on_after(0.05) as scope:
                await anext(text)
            assert scope.cancelled_caught
            go.set()
            assert [one.text async for one in text] == ["wo\r\n"]


@pytest.mark.parametrize("kind", ["frames", "json", "terminal"])
def test_a_tail_may_begin_inside_a_line(kind: str) -> None:
    """The first entry of each stream, and no other; also if it is so long that it comes in parts."""
    log_format = LogFormat(message_size=1000, limit=1000 if kind == "json" else 10, tail=True)
    said = [
        Message("stdout", b"rest of it\n", STAMP.format(1), True, False),
        Message("stderr", b"a line that is longer\n", STAMP.format(2), True, False),
        Message("stdout", b"next\n", STAMP.format(3), True, False),
    ]
    splitter: Any
    if kind == "json":
        splitter, data = JsonLogSplitter(log_format, tty=False), b"".join(map(as_json, said))
    elif kind == "frames":
        splitter, data = FramedLogSplitter(log_format), b"".join(framed(one, log_format) for one in said)
    else:
        splitter, data = TerminalLogSplitter(log_format), b"".join(one.data for one in said if one.stream == "stdout")
    found = [(one.stream, one.data, one.may_begin_inside) for one in read(splitter, data, [])]
    assert [one for one in found if one[0] == "stdout"] == [
        ("stdout", b"rest of it", True),
        ("stdout", b"next", False),
    ]
    if kind != "terminal":
        assert [one[2] for one in found if one[0] == "stderr"] == ([True] if kind == "json" else [True, False, False])


@pytest.mark.parametrize(("ordinal", "inside"), [(1, False), (2, True), (None, True)])
def test_metadata_says_where_a_line_begins(ordinal: int | None, inside: bool) -> None:
    """Only the JSON lines of Docker 29 have it, and only for a line in pieces."""
    value: dict[str, Any] = {"Line": "text\n", "Source": "stdout", "Timestamp": STAMP.format(1)}
    if ordinal is not None:
        value["MetaData"] = {"Last": True, "ID": "1", "Ordinal": ordinal}
    splitter = JsonLogSplitter(LogFormat(tail=True), tty=False)
    (found,) = splitter.feed(json.dumps(value).encode() + b"\n")
    assert found == LogEntry("stdout", b"text", may_begin_inside=inside)


def test_without_a_tail_nothing_begins_inside() -> None:
    data = framed(Message("stdout", b"one\n", "", True, False), LogFormat())
    assert [one.may_begin_inside for one in read(FramedLogSplitter(LogFormat()), data, [])] == [False]
