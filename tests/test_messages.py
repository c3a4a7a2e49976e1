"""WireRequest and WireResponse behave as httpx's own, in all that httpx makes public."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from rawdock._transport.messages import WireRequest, WireResponse
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
    """The bytes that go out are the request line, the headers, a blank line and the body."""
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
