"""JSON values in a stream are found wherever they begin and end, and only returned complete."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rawdock
from rawdock._models.codec import load_lines, loads, use_json
from rawdock._streams.split.json_values import JsonSplitter


@pytest.fixture(params=["json", "msgspec"], autouse=True)
def parser(request: pytest.FixtureRequest) -> Iterator[str]:
    use_json(request.param)
    yield request.param
    use_json()


def same(value: Any) -> Any:
    return value


def split(data: bytes, cuts: list[int], limit: int = 1 << 20) -> tuple[list[Any], str]:
    """The values, and how the stream ended."""
    values: JsonSplitter[Any] = JsonSplitter(same, loads, load_lines, limit)
    out: list[Any] = []
    places = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    for start, end in zip(places, places[1:], strict=False):  # noqa: RUF007
        out += values.feed(data[start:end])
    if out and isinstance(out[-1], Exception):
        return out[:-1], type(out[-1]).__name__
    try:
        values.feed_eof()
    except rawdock.TruncatedError:
        return out, "TruncatedError"
    return out, "end"


texts = st.text(st.sampled_from('ab{}[]"\\/\n\r\té\U0001f40b\x1e,:'), max_size=6)
objects = st.dictionaries(
    texts,
    st.recursive(texts | st.integers(), lambda x: st.lists(x, max_size=2) | st.dictionaries(texts, x, max_size=2)),
)
separators = st.sampled_from(["", "\n", "\r\n", "\n\n", " ", "\x1e", "\n\x1e", "\t"])
shapes = st.sampled_from([{"separators": (",", ":")}, {"indent": 1}, {"ensure_ascii": False}])


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(objects, separators, shapes), max_size=4), st.lists(st.integers(0, 300), max_size=6))
def test_any_cut_and_any_separator(parts: list[tuple[Any, str, Any]], cuts: list[int]) -> None:
    """The values are the same with or without separators, on one line or several, with any text inside."""
    data = "".join(separator + json.dumps(value, **shape) for value, separator, shape in parts).encode()
    expected = ([value for value, _, _ in parts], "end")
    assert split(data, []) == expected
    assert split(data, cuts) == expected
    assert split(data, list(range(len(data)))) == expected


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_an_end_inside_a_value(end: bytes) -> None:
    """The values before it are returned, and the incomplete one is a TruncatedError."""
    data = b'{"a":1}\n{"b":"x' + end
    assert split(data, []) == ([{"a": 1}], "TruncatedError")
    assert split(data, list(range(len(data)))) == ([{"a": 1}], "TruncatedError")


@pytest.mark.parametrize(
    "garbage",
    [b"<html>", b"oops\n", b'{"a":}\n', b'{"a" 1}\n', b"}\n", b'{"a":"\xff"}\n', b',{"b":2}\n', b"1\n", b"null\n"],
)
def test_garbage(garbage: bytes) -> None:
    """Anything but a JSON object is a DecodeError, after the values before it, however the bytes are cut."""
    data = b'{"a":1}\n' + garbage
    assert split(data, []) == ([{"a": 1}], "DecodeError")
    assert split(data, list(range(len(data)))) == ([{"a": 1}], "DecodeError")


def test_an_endless_value() -> None:
    """A value over the limit is a DecodeError, and is not kept."""
    values: JsonSplitter[Any] = JsonSplitter(same, loads, load_lines, 1000)
    assert values.feed(b'{"a":"') == []
    out: list[Any] = []
    for _ in range(20):
        out += values.feed(b"x" * 100)
        assert len(values._pending) <= 1000
    assert [type(x) for x in out] == [rawdock.DecodeError]
    values.feed_eof()


def test_a_long_value_within_the_limit() -> None:
    """A value of megabytes, in small pieces, is one value."""
    data = json.dumps({"a": "x" * 3_000_000, "b": [1] * 1000}).encode()
    assert split(data, list(range(0, len(data), 4096)), 1 << 22) == ([json.loads(data)], "end")


@pytest.mark.parametrize("step", [1, 7, 1000, 5000])
def test_the_limit_does_not_depend_on_the_cut(step: int) -> None:
    """A value as long as the limit is returned; one byte more is an error after the values before it."""
    for size, expected in (
        (1000, ([{"a": 1}, {"b": "x" * 992}, {"c": 1}], "end")),
        (1001, ([{"a": 1}], "DecodeError")),
    ):
        data = b'{"a":1}\n{"b":"' + b"x" * (size - 8) + b'"}\n{"c":1}\n'
        assert split(data, list(range(0, len(data), step)), 1000) == expected


@pytest.mark.parametrize("step", [4096, 1 << 20])
def test_deep_nesting(step: int) -> None:
    """A value that is nested too deeply for the parser is a DecodeError."""
    data = b'{"a":1}\n{"b":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n"
    assert split(data, list(range(0, len(data), step))) == ([{"a": 1}], "DecodeError")


def test_nothing_after_an_error() -> None:
    """An error ends the stream: no value follows it, and no second error at the end."""
    values: JsonSplitter[Any] = JsonSplitter(same, loads, load_lines)
    assert [type(x) for x in values.feed(b'{"a":}\n{"b":2}\n')] == [rawdock.DecodeError]
    assert values.feed(b'{"c":3}\n{"d"') == []
    values.feed_eof()


def test_a_value_that_does_not_decode() -> None:
    """An error of `decode` comes after the values before it, in one block and byte by byte."""

    def decode(value: Any) -> Any:
        if "bad" in value:
            raise rawdock.DecodeError("bad")
        return value

    data = b'{"a":1}\n{"bad":1}\n{"c":1}\n'
    for step in (len(data), 1):
        values: JsonSplitter[Any] = JsonSplitter(decode, loads, load_lines)
        out: list[Any] = []
        for start in range(0, len(data), step):
            out += values.feed(data[start : start + step])
        assert out[0] == {"a": 1}
        assert [type(x) for x in out[1:]] == [rawdock.DecodeError]


def test_glued_values_take_time_in_proportion() -> None:
    """Sixteen times as many values without separators take about sixteen times as long, and not 256 times."""

    def seconds(count: int) -> float:
        data, times = b'{"a":1}' * count, []
        for _ in range(3):
            splitter = JsonSplitter(lambda value: value, loads, load_lines)
            begun = time.process_time()
            assert len(splitter.feed(data)) == count
            times.append(time.process_time() - begun)
        return min(times)

    assert seconds(160_000) < 60 * seconds(10_000)
