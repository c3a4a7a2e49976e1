"""WireRequest and WireResponse behave like httpx's own classes in everything that is public."""

from __future__ import annotations

import copy
import datetime
import gzip
import pickle
from collections.abc import AsyncIterator, Callable
from operator import attrgetter
from typing import Any

import httpx
import pytest

from rawdock._transport.messages import OpenResponse, WireRequest, WireResponse
from rawdock._transport.wire import parse_head

pytestmark = pytest.mark.anyio

BASE = httpx.URL("http://docker")
RAW = (
    b"HTTP/1.1 404 Not Found\r\nContent-Length: 17\r\nContent-Type: application/json; charset=utf-8\r\n"
    b"X-A: 1\r\nX-A: 2\r\nSet-Cookie: a=b"
)
BODY = '{"message":"né"}'.encode()


def requests(body: bytes = BODY) -> tuple[httpx.Request, httpx.Request]:
    headers = [("Host", "docker"), ("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    tail = " HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers) + "\r\n"
    ours = WireRequest("POST", "/v1.41/x%20y/z?a=b&c=d%2Fe", tail.encode(), base=BASE, body=body)
    return ours, httpx.Request("POST", "http://docker/v1.41/x%20y/z?a=b&c=d%2Fe", headers=headers, content=body)


def responses() -> tuple[httpx.Response, httpx.Response]:
    ours, theirs = requests()
    head = parse_head(RAW)
    reason = {"http_version": b"HTTP/1.1", "reason_phrase": b"Not Found"}
    real = httpx.Response(404, headers=list(head.headers), content=BODY, request=theirs, extensions=reason)
    return WireResponse(head, BODY, ours), real


@pytest.mark.parametrize("name", ["method", "url", "headers", "content", "extensions"])
def test_request(name: str) -> None:
    """Every public attribute of a request."""
    ours, theirs = requests()
    assert getattr(ours, name) == getattr(theirs, name)


async def test_request_body() -> None:
    """The body, read or streamed, and the representation."""
    ours, theirs = requests()
    assert ours.read() == await ours.aread() == theirs.read()
    assert b"".join([part async for part in ours.stream]) == BODY  # type: ignore[union-attr]
    assert repr(ours).endswith(repr(theirs).removeprefix("<"))
    assert isinstance(ours, httpx.Request)


def test_request_on_the_wire() -> None:
    """The bytes that are sent are the request line, the headers, a blank line and the body."""
    ours, _ = requests()
    assert isinstance(ours, WireRequest)
    assert ours.wire().startswith(b"POST /v1.41/x%20y/z?a=b&c=d%2Fe HTTP/1.1\r\nHost: docker\r\n")
    assert ours.wire().endswith(b"\r\n\r\n" + BODY)


PUBLIC = sorted(
    name
    for name in dir(httpx.Response)
    if not name.startswith("_") and isinstance(getattr(httpx.Response, name), property) and name != "elapsed"
)


@pytest.mark.parametrize("name", [*PUBLIC, "status_code", "headers", "is_closed", "is_stream_consumed", "history"])
def test_response(name: str) -> None:
    """Every public property of a response, as httpx lists them."""
    ours, theirs = responses()

    def seen(response: httpx.Response) -> Any:
        value = getattr(response, name)
        if name == "cookies":
            return dict(value)
        return (value.method, value.url, value.headers) if name == "request" else value

    assert seen(ours) == seen(theirs)


async def test_response_body() -> None:
    """Text, JSON, bytes, lines and raw bytes, whole and in parts."""
    ours, theirs = responses()
    assert ours.json() == theirs.json()
    assert ours.read() == await ours.aread() == theirs.read()
    assert list(ours.iter_bytes(3)) == list(theirs.iter_bytes(3))
    assert [x async for x in ours.aiter_bytes(3)] == list(theirs.iter_bytes(3))
    assert list(ours.iter_text()) == list(theirs.iter_text())
    assert list(ours.iter_lines()) == list(theirs.iter_lines())
    assert b"".join([x async for x in ours.stream]) == BODY  # type: ignore[union-attr]
    await ours.aclose()


def test_response_says_what_httpx_says() -> None:
    """The representation, and the error of raise_for_status."""
    ours, theirs = responses()
    assert repr(ours).endswith(repr(theirs).removeprefix("<"))
    with pytest.raises(httpx.HTTPStatusError) as expected:
        theirs.raise_for_status()
    with pytest.raises(httpx.HTTPStatusError) as caught:
        ours.raise_for_status()
    assert str(caught.value) == str(expected.value)


def seen(look: Callable[[Any], Any], message: Any) -> Any:
    """The value of an attribute, or the error and its message."""
    try:
        return look(message)
    except Exception as error:
        return type(error), str(error)


REQUEST: dict[str, Callable[[Any], Any]] = {
    "pickled": lambda r: _request(pickle.loads(pickle.dumps(r))),
    "pickled after a look": lambda r: (r.url, r.headers, _request(pickle.loads(pickle.dumps(r)))),
    "copied": lambda r: _request(copy.copy(r)),
    "extended": lambda r: (r.extensions.update(a=1), r.extensions),
    "headers set": lambda r: (r.headers.__setitem__("X", "y"), r.headers.raw),
    "stream": lambda r: (type(r.stream), b"".join(r.stream)),
}


def _request(request: httpx.Request) -> Any:
    return request.method, request.url, request.headers.raw, request.content, request.extensions, type(request.stream)


@pytest.mark.parametrize("look", REQUEST.values(), ids=REQUEST)
def test_request_in_other_hands(look: Callable[[Any], Any]) -> None:
    """Pickling, copying and changing a request have the same results as with httpx's own."""
    ours, theirs = requests()
    assert seen(look, ours) == seen(look, theirs)


def test_a_streamed_request() -> None:
    """A body in parts has no `content` before it is read, as with httpx."""

    async def parts() -> Any:
        yield b"x"

    ours = WireRequest("PUT", "/x", b" HTTP/1.1\r\nHost: d\r\n\r\n", base=BASE, body=parts())
    theirs = httpx.Request("PUT", "http://docker/x", content=parts())
    assert seen(lambda r: r.content, ours) == seen(lambda r: r.content, theirs)
    assert isinstance(ours.stream, httpx.AsyncByteStream)
    assert not isinstance(ours.stream, httpx.SyncByteStream)


def _set(name: str, value: Any, *, text_first: bool = False) -> Callable[[Any], Any]:
    def look(response: httpx.Response) -> Any:
        before = response.text if text_first else None
        setattr(response, name, value)
        return before, getattr(response, name), response.text

    return look


def _response(response: httpx.Response) -> Any:
    names = (
        "status_code",
        "headers",
        "content",
        "extensions",
        "history",
        "is_closed",
        "is_stream_consumed",
        "encoding",
    )
    return [getattr(response, name) for name in names], type(response.stream), response.http_version


RESPONSE: dict[str, Callable[[Any], Any]] = {
    "pickled": lambda r: _response(pickle.loads(pickle.dumps(r))),
    "pickled after a look": lambda r: (r.text, r.headers, r.history, _response(pickle.loads(pickle.dumps(r)))),
    "copied": lambda r: _response(copy.copy(r)),
    "elapsed": lambda r: r.elapsed,
    "elapsed set": _set("elapsed", datetime.timedelta(1)),
    "encoding set": _set("encoding", "latin-1"),
    "encoding set too late": _set("encoding", "latin-1", text_first=True),
    "default_encoding": lambda r: r.default_encoding,
    "history set": _set("history", [1]),
    "next_request": lambda r: r.next_request,
    "iter_raw": lambda r: list(r.iter_raw()),
    "closed": lambda r: (r.close(), r.is_closed),
    "stream": lambda r: (type(r.stream), b"".join(r.stream)),
    "headers set": lambda r: (r.headers.__setitem__("X", "y"), r.headers.raw),
    "extended": lambda r: (r.extensions.update(a=1), r.extensions),
    "public names": lambda r: {name for name in dir(r) if not name.startswith("_")} - {"head"},
}


@pytest.mark.parametrize("look", RESPONSE.values(), ids=RESPONSE)
def test_response_in_other_hands(look: Callable[[Any], Any]) -> None:
    """Pickling, copying, changing and streaming a response have the same results as with httpx's own."""
    ours, theirs = responses()
    assert seen(look, ours) == seen(look, theirs)


@pytest.mark.parametrize(
    ("raw", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=latin-1", b"\xe9"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=nonsense", b"\xe9"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: application/json", '{"a":1}'.encode("utf-16")),
        (b'HTTP/1.1 200 OK\r\nLink: <http://a/>; rel="next"', b"not json"),
        (b"HTTP/1.0 200 OK\r\nA: b", b""),
        (b"HTTP/1.1 301 Moved\r\nLocation: /x", b""),
        (b"HTTP/1.1 304 Not Modified\r\nA: b", b""),
        (b"HTTP/1.1 500 \r\nA: b", b"{}"),
        (b"HTTP/1.1 599\r\nA: b", b"{}"),
    ],
)
def test_other_answers(raw: bytes, body: bytes) -> None:
    """Other statuses, versions, reasons, encodings and links."""
    head = parse_head(raw)
    request, real_request = requests()
    ours = WireResponse(head, body, request)
    extensions = {"http_version": raw[:8], "reason_phrase": raw.split(b"\r\n")[0][13:]}
    theirs = httpx.Response(
        head.status, headers=list(head.headers), content=body, request=real_request, extensions=extensions
    )
    for name in PUBLIC:
        if name not in ("cookies", "request"):
            assert seen(attrgetter(name), ours) == seen(attrgetter(name), theirs)
    for look in (lambda r: r.json(), lambda r: r.raise_for_status() is r, lambda r: repr(r).partition("[")[2]):
        assert seen(look, ours) == seen(look, theirs)


def test_a_content_coding_is_not_undone() -> None:
    """The one difference: content codings are not decoded, so that a small answer cannot exceed the limits."""
    packed = gzip.compress(b"hello")
    head = parse_head(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip")
    assert WireResponse(head, packed, requests()[0]).content == packed
    assert httpx.Response(200, headers=list(head.headers), content=packed).content == b"hello"


class Body(httpx.AsyncByteStream):
    """A body in parts that counts how often it was closed."""

    closed = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(BODY), 5):
            yield BODY[start : start + 5]

    async def aclose(self) -> None:
        self.closed += 1


def open_responses() -> list[httpx.Response]:
    ours, theirs = requests()
    head = parse_head(RAW)
    reason: dict[str, Any] = {"http_version": b"HTTP/1.1", "reason_phrase": b"Not Found", "network_stream": "pipe"}
    real = httpx.Response(404, headers=list(head.headers), stream=Body(), request=theirs, extensions=reason)
    return [OpenResponse(head, Body(), ours, lambda _: "pipe"), real]


READS: dict[str, Callable[[httpx.Response], Any]] = {
    "aread": lambda response: response.aread(),
    "bytes": lambda response: _all(response.aiter_bytes()),
    "raw": lambda response: _all(response.aiter_raw(3)),
    "text": lambda response: _all(response.aiter_text()),
    "lines": lambda response: _all(response.aiter_lines()),
    "aclose": lambda response: response.aclose(),
}


async def _all(parts: AsyncIterator[Any]) -> list[Any]:
    return [part async for part in parts]


@pytest.mark.parametrize("name", READS)
async def test_an_open_response(name: str) -> None:
    """An open response can be read in every way of httpx, once, and is closed afterwards."""
    told: list[list[Any]] = []
    for response in open_responses():
        state = [response.is_closed, response.is_stream_consumed, response.status_code, response.headers]
        state += [response.extensions, response.reason_phrase, response.http_version, response.history]
        with pytest.raises(httpx.ResponseNotRead):
            assert response.content
        state.append(await READS[name](response))
        state += [response.is_closed, response.is_stream_consumed, response.num_bytes_downloaded]
        state += [response.stream.closed, repr(response).rpartition("Response")[2]]  # type: ignore[union-attr]
        for again in ("raw", "aread"):
            try:
                state.append(await READS[again](response))
            except (httpx.StreamConsumed, httpx.StreamClosed) as error:
                state.append(type(error))
        told.append(state)
    assert told[0] == told[1]
