"""BuildKit's trace records: decoding of any protobuf, and the resulting steps."""

from __future__ import annotations

import base64
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawdock import DecodeError, StepDone, StepOutput, StepProgress, StepStarted, StepWarning
from rawdock._build.protobuf import as_int, fields
from rawdock._build.steps import Steps
from rawdock._build.trace import read_trace

# A writer of messages, as small as the reader: [(number, value)], where a value is a number, bytes, text or a message.

Message = list[tuple[int, Any]]


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def written(message: Message) -> bytes:
    out = b""
    for number, value in message:
        if isinstance(value, int):
            out += varint(number << 3) + varint(value)
            continue
        data = value.encode() if isinstance(value, str) else written(value) if isinstance(value, list) else value
        out += varint(number << 3 | 2) + varint(len(data)) + data
    return out


def line(message: Message) -> str:
    return base64.b64encode(written(message)).decode()


def at(second: int, nanosecond: int = 0) -> Message:
    return [(1, second), (2, nanosecond)]


_NUMBERS = st.integers(1, (1 << 29) - 1)
_VALUES = st.one_of(st.integers(-(1 << 63), (1 << 63) - 1), st.binary(max_size=50))
_MESSAGES = st.lists(st.tuples(_NUMBERS, _VALUES), max_size=8)


@given(_MESSAGES)
def test_encoded_fields_are_read(message: Message) -> None:
    read = [(number, as_int(value) if isinstance(value, int) else value) for number, value in fields(written(message))]
    assert read == message


@given(_MESSAGES, st.data())
def test_a_truncated_message(message: Message, data: st.DataObject) -> None:
    """A truncated message gives the fields before the cut, or a DecodeError."""
    whole = written(message)
    cut = data.draw(st.integers(0, len(whole)))
    ends = [len(written(message[:count])) for count in range(len(message) + 1)]
    found: list[object] = []
    try:
        found += fields(whole[:cut])
        assert cut in ends
    except DecodeError:
        assert cut not in ends
    if cut in ends:
        assert len(found) == ends.index(cut) or not message


@given(st.binary(max_size=80))
def test_any_bytes(data: bytes) -> None:
    """Invalid records are a DecodeError and no other exception."""
    with suppress(DecodeError):
        Steps().add_trace(read_trace(base64.b64encode(data).decode()))


@given(st.text(max_size=30))
def test_any_text(text: str) -> None:
    try:
        read_trace(text)
    except DecodeError as error:
        assert "BuildKit" in str(error) or "protobuf" in str(error)  # noqa: PT017


@pytest.mark.parametrize(
    "data",
    [
        b"\x0a\xff\xff\xff\xff\x0f",  # claims four gigabytes
        b"\x0a" + b"\xff" * 9 + b"\x01",  # and all there is
        b"\x08" + b"\xff" * 10,  # a number without end
        b"\x08" + b"\xff" * 9 + b"\x7f",  # a number of more than 64 bits
        b"\x0b",  # a group
        b"\x00\x00",  # field 0
        b"\x0d\x00",  # four bytes, of which there is one
        b"\x09" + bytes(7),
        b"\x80",
    ],
)
def test_invalid_messages(data: bytes) -> None:
    with pytest.raises(DecodeError, match="protobuf"):
        list(fields(data))


def test_unused_wire_types() -> None:
    """Fixed-size numbers and unknown fields are skipped correctly."""
    data = b"\x79" + (5).to_bytes(8, "little") + b"\x7d" + (6).to_bytes(4, "little") + written([(1, "x")])
    assert list(fields(data)) == [(15, 5), (15, 6), (1, b"x")]


def test_a_build_in_records() -> None:
    """Steps start, write, progress, have warnings and end; repeated records change nothing."""
    steps = Steps()
    announced = [(1, [(1, "sha256:b"), (3, "[2/2] RUN x")]), (1, [(1, "sha256:a"), (3, "[1/2] FROM y")])]
    assert steps.add_trace(read_trace(line(announced))) == []
    assert steps.steps == {}, "announced is not begun"
    (began,) = steps.add_trace(
        read_trace(line([(1, [(1, "sha256:a"), (3, "[1/2] FROM y"), (5, at(1_700_000_000, 5_000))])]))
    )
    assert isinstance(began, StepStarted)
    first = began.step
    assert first.instruction == "FROM y"
    assert first.started == datetime(2023, 11, 14, 22, 13, 20, 5, tzinfo=UTC)
    status = [(1, "layer"), (2, "sha256:a"), (3, "extracting"), (4, 5), (5, 10), (7, at(2))]
    (progress,) = steps.add_trace(read_trace(line([(2, status)])))
    assert isinstance(progress, StepProgress)
    assert (progress.part.id, progress.part.name) == ("layer", "extracting")
    assert (progress.part.current, progress.part.total, progress.part.completed) == (5, 10, False)
    both = [(1, [(1, "sha256:a"), (5, at(1)), (6, at(3))]), (2, [*status, (8, at(3))])]
    progress, done = steps.add_trace(read_trace(line(both)))
    assert isinstance(progress, StepProgress)
    assert isinstance(done, StepDone), "the last of a record, whatever else is in it"
    assert first.progress["layer"].completed
    assert steps.add_trace(read_trace(line([(1, [(1, "sha256:a"), (4, 1), (5, at(4)), (6, at(5))])]))) == []
    assert first.cached, "the second time tells"
    second = [(1, [(1, "sha256:b"), (5, at(5))]), (3, [(1, "sha256:b"), (3, 1), (4, b"out")])]
    began, out = steps.add_trace(read_trace(line(second)))
    assert isinstance(out, StepOutput)
    assert (out.stream, out.data) == ("stdout", b"out")
    (err,) = steps.add_trace(read_trace(line([(3, [(1, "sha256:b"), (3, 2), (4, b"\xff\n")])])))
    assert isinstance(err, StepOutput)
    assert (err.stream, err.text) == ("stderr", "\ufffd\n")
    warned = [(1, "sha256:b"), (2, 1), (3, "bad style"), (4, "one"), (4, "two"), (5, "where")]
    (warning,) = steps.add_trace(read_trace(line([(4, warned)])))
    assert isinstance(warning, StepWarning)
    assert warning.step is err.step
    assert (warning.warning.message, warning.warning.detail) == ("bad style", ("one", "two"))
    assert warning.warning.url == "where"
    (done,) = steps.add_trace(read_trace(line([(1, [(1, "sha256:b"), (5, at(5)), (6, at(6)), (7, "exit code: 3")])])))
    assert isinstance(done, StepDone)
    assert [step.name for step in steps.steps.values()] == ["[1/2] FROM y", "[2/2] RUN x"]
    assert steps.failed is done.step
    assert done.step.logs == b"out\xff\n"
    assert len(steps.warnings) == len(done.step.warnings) == 1


def test_the_failed_step_is_not_a_cancelled_one() -> None:
    steps = Steps()
    for digest, error in (("a", "process did not complete: context canceled"), ("b", "exit code: 3"), ("c", "")):
        steps.add_trace(read_trace(line([(1, [(1, digest), (5, at(1)), (6, at(2)), (7, error)])])))
    assert steps.failed is steps.steps["b"]
    alone = Steps()
    alone.add_trace(read_trace(line([(1, [(1, "a"), (5, at(1)), (6, at(2)), (7, "context canceled")])])))
    assert alone.failed is alone.steps["a"]


@pytest.mark.parametrize("second", [-62135596800, 1 << 62, -(1 << 62)])
def test_invalid_times(second: int) -> None:
    """Go's zero time and times out of range are None."""
    trace = read_trace(line([(1, [(1, "a"), (5, at(second))])]))
    assert trace.vertexes[0].started is None


def test_the_end_of_long_output_is_kept() -> None:
    steps = Steps()
    for number in range(100):
        steps.add_trace(read_trace(line([(3, [(1, "a"), (3, 1), (4, b"%09d\n" % number * 2000)])])))
    logs = steps.steps["a"].logs
    assert logs.endswith(b"%09d\n" % 99)
    assert 256 * 1024 <= len(logs) <= 512 * 1024
