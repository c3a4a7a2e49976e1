"""The parser of answers: the same result for any cut of the bytes, the same as h11's, and within the limits."""

from __future__ import annotations

import re
from itertools import pairwise

import h11
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rawdock._transport.wire import AnswerParser, Limits, Reader, TooLarge, Truncated, WireError

# All in which rawdock is stricter than h11, and why: how such bytes are known, and one of them. It is never looser.
STRICTER = {
    "bare line feeds: an Engine sends CR LF, and two readings are a risk": (
        re.compile(rb"(?<!\r)\n"),
        b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
    ),
    "folded header lines are obsolete (RFC 9112, 5.2)": (
        re.compile(rb"\n[ \t]"),
        b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 0\r\n\r\n",
    ),
    "another protocol version is another protocol": (
        re.compile(rb"HTTP/(?!1\.[01] )[0-9]\.[0-9]"),
        b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    ),
}

Result = tuple[object, ...]


def read(
    data: bytes,
    cuts: list[int],
    no_body: bool = False,
    eof: bool = True,
    limits: Limits | None = None,
    *,
    into: bool = False,
) -> Result:
    """The result of a Reader for the bytes cut at these places; `into`: with `feed_into` once the head has come."""
    reader = Reader(no_body, AnswerParser(limits))
    body: list[bytes] = []
    places = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    try:
        for start, end in pairwise(places):
            if into and reader.head is not None:
                memory = bytearray(data[start:end])
                reader.feed_into(memoryview(memory), lambda view, to=body: to.append(bytes(view)))
                memory[:] = bytes(len(memory))
            else:
                body += reader.feed(data[start:end])
        if eof:
            reader.feed_eof()
    except WireError as error:
        return ("error", type(error).__name__)
    head = reader.head
    return (head and (head.status, head.headers), b"".join(body), reader.done, reader.rest)


def by_h11(data: bytes, method: str = "GET") -> Result:
    """The result of h11 for the bytes."""
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method=method, target="/", headers=[("Host", "d")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(data)
    connection.receive_data(b"")
    status, headers, body = 0, (), b""
    try:
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Response):
                status, headers = event.status_code, tuple(event.headers.raw_items())
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                return (status, headers, body)
            elif isinstance(event, (h11.ConnectionClosed, type(h11.NEED_DATA), type(h11.PAUSED))):
                return ("error",)
    except h11.RemoteProtocolError:
        return ("error",)


names = st.text("abcXYZ-_", min_size=1, max_size=8).map(lambda x: f"X-{x}".encode())
values = st.text("abc 0123;=/é", max_size=10).map(lambda x: x.strip().encode())
header_lists = st.lists(st.tuples(names, values), max_size=4)


@st.composite
def answers(draw: st.DrawFn) -> tuple[bytes, bytes, str]:
    """A valid answer, its body, and the method it answers."""
    body = draw(st.binary(max_size=60))
    status = draw(st.sampled_from([200, 201, 404, 500, 204, 304]))
    method = draw(st.sampled_from(["GET", "HEAD"]))
    headers = b"".join(b"%b: %b\r\n" % pair for pair in draw(header_lists))
    before = draw(st.sampled_from([b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n"]))
    head = before + b"HTTP/1.1 %d Some Reason\r\n" % status + headers
    bodiless = status in (204, 304) or method == "HEAD"
    framing = draw(st.sampled_from(["length", "chunked", "close"]))
    if framing == "length":
        return (
            head + b"Content-Length: %d\r\n\r\n" % len(body) + (b"" if bodiless else body),
            b"" if bodiless else body,
            method,
        )
    if framing == "close":
        return head + b"Connection: close\r\n\r\n" + (b"" if bodiless else body), b"" if bodiless else body, method
    head += b"Transfer-Encoding: chunked\r\n\r\n"
    if bodiless:
        return head, b"", method
    position = 0
    extension = draw(st.sampled_from([b"", b";a=b", b';x="y" ']))
    while position < len(body):
        size = draw(st.integers(1, 20))
        part = body[position : position + size]
        head += b"%x" % len(part) + extension + b"\r\n" + part + b"\r\n"
        position += size
    return head + b"0\r\n" + draw(st.sampled_from([b"", b"Trailer: x\r\n"])) + b"\r\n", body, method


cuts = st.lists(st.integers(0, 400), max_size=8)


def mutated(original: bytes, data: st.DataObject) -> bytes:
    """The bytes with a few of them changed, dropped, doubled, or cut off."""
    broken = bytearray(original)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(broken) - 1))
        action = data.draw(st.sampled_from(["change", "insert", "drop", "cut"]))
        if action == "change":
            broken[place] = data.draw(st.sampled_from(b"\r\n\x00 :;aF09-"))
        elif action == "insert":
            broken.insert(place, data.draw(st.sampled_from(b"\r\n\x00 :;aF09-\t\xff")))
        elif action == "drop" and len(broken) > 1:
            del broken[place]
        else:
            del broken[max(place, 1) :]
    return bytes(broken)


relaxed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@relaxed
@given(answers(), cuts)
def test_any_cut_is_the_same(answer: tuple[bytes, bytes, str], cut: list[int]) -> None:
    """A valid answer has the same body however its bytes come, also one at a time."""
    data, body, method = answer
    no_body = method == "HEAD"
    whole = read(data, [], no_body)
    assert whole[1:] == (body, True, b"")
    assert read(data, cut, no_body) == whole
    assert read(data, list(range(len(data))), no_body) == whole


@relaxed
@given(answers(), cuts)
def test_any_cut_of_a_body_that_is_into(answer: tuple[bytes, bytes, str], cut: list[int]) -> None:
    """A body that is passed to a function is the same as one that is returned in pieces."""
    data, body, method = answer
    head = data.rindex(b"\r\n\r\n", 0, len(data) - len(body) if data.endswith(body) else None) + 4
    for places in ([data.index(b"\r\n\r\n") + 4], [head], [head, *cut], list(range(len(data)))):
        assert read(data, places, method == "HEAD", into=True) == read(data, [], method == "HEAD")


@pytest.mark.parametrize("size", [1, 15, 16, 255, 4096, 32768])
def test_large_reads_are_written_in_large_parts(size: int) -> None:
    """A chunk that comes in one read is written in one part, and one that comes in two reads in two parts."""
    chunk = b"%x\r\n%b\r\n" % (size, b"x" * size)
    reader = Reader()
    reader.feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk)
    parts: list[int] = []
    first = memoryview(chunk * 3 + chunk[: -2 - size // 2])
    reader.feed_into(first, lambda view: parts.append(len(view)))
    reader.feed_into(memoryview(chunk[-2 - size // 2 :] + chunk + b"0\r\n\r\n"), lambda view: parts.append(len(view)))
    assert reader.done
    assert sum(parts) == 5 * size
    assert parts[:3] == [size] * 3
    assert parts[-1] == size


@relaxed
@given(answers(), st.binary(min_size=1, max_size=30), cuts)
def test_any_cut_with_bytes_after_the_answer(answer: tuple[bytes, bytes, str], behind: bytes, cut: list[int]) -> None:
    """Bytes after an answer are its rest, complete and in order; after a 101 they are its body."""
    data, body, method = answer
    no_body = method == "HEAD"
    to_close = not read(data, [], no_body, eof=False)[2]  # such a body has nothing behind it
    expected = (body + behind, True, b"") if to_close else (body, True, behind)
    data += behind
    for places in ([], cut, list(range(len(data)))):
        assert read(data, places, no_body)[1:] == expected
    upgrade = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 UPGRADED\r\nUpgrade: tcp\r\n\r\n"
    for places in ([], cut, list(range(len(upgrade + data)))):
        assert read(upgrade + data, places)[1:] == (data, True, b"")


small = Limits(head=120, headers=4)


@relaxed
@given(answers(), st.data())
def test_any_cut_of_broken_bytes(answer: tuple[bytes, bytes, str], data: st.DataObject) -> None:
    """Broken bytes have the same error, or the same answer, for any cut, also with small limits."""
    broken, no_body = mutated(answer[0], data), answer[2] == "HEAD"
    for limits in (Limits(), small):
        whole = read(broken, [], no_body, limits=limits)
        assert read(broken, data.draw(cuts), no_body, limits=limits) == whole
        assert read(broken, data.draw(cuts), no_body, limits=limits, into=True) == whole
        assert read(broken, list(range(len(broken))), no_body, limits=limits) == whole


@relaxed
@given(answers())
def test_h11_agrees_on_valid_answers(answer: tuple[bytes, bytes, str]) -> None:
    """Status, headers and body are the same as h11's."""
    data, _, method = answer
    head, ours, _, _ = read(data, [], method == "HEAD")
    status, headers = head  # type: ignore[misc]
    assert by_h11(data, method) == (status, tuple(headers), ours)


@relaxed
@given(answers(), st.data())
def test_h11_on_broken_bytes(answer: tuple[bytes, bytes, str], data: st.DataObject) -> None:
    """What rawdock accepts, h11 reads the same; what only h11 accepts is in the table of where rawdock is stricter."""
    original, body, method = answer
    broken = mutated(original, data)
    ours, theirs = read(broken, [], method == "HEAD"), by_h11(broken, method)
    if ours[0] != "error":
        status, headers = ours[0]  # type: ignore[misc]
        # h11 shows "1, 1" as the one length that it means
        assert theirs == (status, tuple(headers), ours[1]) or re.search(rb"([0-9]+),\1", broken)
    elif theirs != ("error",):
        # A short body may stand elsewhere too, as a line end does: then it is left in.
        around = broken.replace(body, b"") if broken.count(body) == 1 else broken
        assert [known for known, _ in STRICTER.values() if known.search(around)]


@pytest.mark.parametrize("data", [example for _, example in STRICTER.values()], ids=list(STRICTER))
def test_stricter_than_h11(data: bytes) -> None:
    """What h11 accepts and rawdock refuses is listed with its reason."""
    assert by_h11(data) != ("error",)
    assert read(data, [])[0] == "error"


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"FTP/1.1 200 OK\r\n\r\n",
        b"<html>login</html>",
        b"HTTP/1.1 200 OK\r\nNo colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nSpace : x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
    ],
)
def test_refused_by_both(data: bytes) -> None:
    """What is clearly broken is refused, whole and byte by byte, as by h11."""
    assert read(data, [])[0] == "error"
    assert read(data, list(range(len(data))))[0] == "error"
    assert by_h11(data) == ("error",)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
    ],
)
def test_an_early_end_is_no_end(data: bytes) -> None:
    """A missing last chunk, or half a body, is Truncated and never a success."""
    assert read(data, []) == ("error", Truncated.__name__)


def test_upgrade() -> None:
    """After a 101 all bytes belong to the upgraded connection."""
    reader = Reader()
    assert reader.feed(b"HTTP/1.1 101 UPGRADED\r\nUpgrade: tcp\r\n\r\nfirst") == [b"first"]
    assert reader.feed(b"HTTP/1.1 200 OK\r\n\r\n") == [b"HTTP/1.1 200 OK\r\n\r\n"]
    assert not reader.done
    reader.feed_eof()
    assert reader.done
    assert not reader.reusable


def test_bytes_behind_an_answer() -> None:
    """Bytes after a complete answer belong to no request, and the connection is not used again."""
    reader = Reader()
    reader.feed(b"HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\n\r\n")
    assert reader.done
    assert reader.rest == b"HTTP/1.1 200 OK\r\n\r\n"
    assert not reader.reusable


@relaxed
@given(answers())
def test_whole_answer_agrees_with_the_reader(answer: tuple[bytes, bytes, str]) -> None:
    """`whole_answer` has the same result as a Reader, or None."""
    data, body, method = answer
    short = AnswerParser().whole_answer(data, method == "HEAD")
    if short is not None:
        head, ours = short
        assert ours == body
        assert (head.status, head.headers) == read(data, [], method == "HEAD")[0]


HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("start", "more"),
    [
        (b"HTTP/1.1 200 OK\r\nX: ", b"x" * 1000),
        (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        (HEAD, b"0" * 1000),
        (HEAD + b"1;", b"x" * 1000),
        (HEAD + b"0\r\n", b"X: y\r\n"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
)
def test_endless_parts(start: bytes, more: bytes) -> None:
    """A head, a chunk's size, trailers or informational answers without an end are refused, and not kept."""
    reader = Reader(parser=AnswerParser(Limits(head=8192, headers=100)))
    reader.feed(start)

    def feed_on() -> None:
        for _ in range(10_000):
            reader.feed(more)
            assert len(reader._buffer) < 20_000

    with pytest.raises(WireError):
        feed_on()
    with pytest.raises(TooLarge, match="header lines"):
        Reader(parser=AnswerParser(Limits(headers=3))).feed(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 4 + b"\r\n")


def test_a_claimed_size_allocates_nothing() -> None:
    """No memory is allocated for a length that the peer has only announced."""
    reader = Reader()
    assert reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 9999999999999999\r\n\r\nabc") == [b"abc"]
    reader = Reader()
    assert reader.feed(HEAD + b"ffffffffffffff\r\nabc") == [b"abc"]


@pytest.mark.parametrize(
    ("before", "start", "limit"),
    [
        (b"", b"HTTP/1.1 204 N\r\nX: ", 200),
        (HEAD + b"0\r\n", b"X: ", 200),
        (HEAD, b"0;", 4096),
    ],
)
def test_a_limit_does_not_depend_on_the_cut(before: bytes, start: bytes, limit: int) -> None:
    """A head, trailers or chunk line as long as its limit is accepted, and one byte more refused, for any cut."""
    for size, refused in ((limit, False), (limit + 1, True)):
        data = before + start.ljust(size, b"x") + b"\r\n\r\n"
        for places in ([], list(range(len(data)))):
            result = read(data, places, limits=Limits(head=200))
            assert (result == ("error", "TooLarge")) is refused
            assert refused or result[2] is True


def test_limits_are_of_the_client() -> None:
    """A head that one client accepts is refused by another with a lower limit."""
    data = b"HTTP/1.1 200 OK\r\n" + b"X-Mine: y\r\n" * 9 + b"Content-Length: 0\r\n\r\n"
    assert AnswerParser().whole_answer(data, False) is not None
    assert read(data, [], limits=Limits(headers=9)) == ("error", "TooLarge")
    with pytest.raises(TooLarge):
        AnswerParser(Limits(headers=8)).whole_answer(data, False)
