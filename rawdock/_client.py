"""`Client`: finds the address of an Engine, negotiates the API version, sends requests, and maps errors."""

from __future__ import annotations

import functools
import json as _json
import os
from collections.abc import AsyncIterable, Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import urlencode

import anyio
import httpx

from ._address import Address, find_address
from ._declare.endpoint import BoundRequest, Endpoint
from ._declare.params import header_value, upload_body
from ._error_mapping import status_error, translate
from ._iterators import close_iterator
from ._streams.answer import Answer
from ._transport.errors import BodyFailed
from ._transport.messages import OpenResponse, WireRequest, WireResponse
from ._transport.transport import CONNECT_TIMEOUT, EngineTransport, connect_over_tcp, connect_over_unix
from ._transport.wire import Limits
from ._version import __version__
from ._versions import NEWEST, Version, parse_version, version_text
from .errors import (
    SECRET_HEADERS,
    BadRequest,
    ClosedError,
    DecodeError,
    InvalidArgument,
    RawdockError,
    Sent,
    StatusError,
    VersionError,
)

__all__ = ["Client"]

T = TypeVar("T")

_AGENT = f"rawdock/{__version__}"


class _EngineReplaced(BadRequest):
    """The Engine refused the negotiated API version, so another Engine answers at this address now."""


class Client:
    """A client of one Engine, without operations; see `Docker`."""

    def __init__(
        self,
        address: str | os.PathLike[str] | None = None,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        version: str | None = None,
        minimum_version: str = "1.40",
        limits: Limits | None = None,
        connect_timeout: float | None = CONNECT_TIMEOUT,
    ) -> None:
        if transport is not None and address is None:
            self._address = Address(path="(transport)", source="argument")
        else:
            self._address = find_address(address)
        self._limits = limits or Limits()
        self._transport = transport or _engine_transport(self._address, self._limits, connect_timeout)
        pinned = version or os.environ.get("DOCKER_API_VERSION", "")
        self._version: Version | None = None
        self._prefix = ""
        self._pinned = bool(pinned)
        self._minimum = parse_version(minimum_version)
        self._negotiation: anyio.Lock | None = None
        self._closed = False
        self._base = httpx.URL(f"http://{self._address.authority}")
        start = f" HTTP/1.1\r\nHost: {self._address.authority}\r\nUser-Agent: {_AGENT}\r\n"
        self._tail_start = start
        self._tails = {
            "GET": f"{start}\r\n".encode(),
            "HEAD": f"{start}\r\n".encode(),
            "DELETE": f"{start}\r\n".encode(),
            "POST": f"{start}Content-Length: 0\r\n\r\n".encode(),
            "PUT": f"{start}Content-Length: 0\r\n\r\n".encode(),
        }
        if pinned:
            self._use_version(parse_version(pinned))

    def __repr__(self) -> str:
        api = f" API {self.version}" if self._version else ""
        return f"<{type(self).__name__} {self.address}{api}{' closed' if self._closed else ''}>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close every connection, open streams among them. Safe to call twice."""
        self._closed = True
        if isinstance(self._transport, EngineTransport):
            # It closes at once and needs no scope, which would load more of anyio.
            await self._transport.aclose()
            return
        with anyio.CancelScope(shield=True):
            await self._transport.aclose()

    @property
    def address(self) -> str:
        """Where the Engine listens, as `unix:///var/run/docker.sock`."""
        return str(self._address)

    @property
    def address_source(self) -> str:
        """Where the address comes from: `argument`, `DOCKER_HOST`, `context NAME`, or `default`."""
        return self._address.source

    @property
    def version(self) -> str | None:
        """The API version that is used with this Engine, as `1.51`; None before the first call."""
        return version_text(self._version) if self._version else None

    @property
    def has_own_transport(self) -> bool:
        """Whether rawdock holds the connections itself, and no other transport was given."""
        return isinstance(self._transport, EngineTransport)

    @functools.cached_property
    def http(self) -> httpx.AsyncClient:
        """An `httpx.AsyncClient` over the same connections, for what rawdock has no method for.

        Paths are sent as they are, without an API version unless you give one. Errors are httpx's.
        """
        return httpx.AsyncClient(
            transport=_SharedTransport(self._transport),
            base_url=self._base,
            trust_env=False,
            verify=False,
            timeout=None,
            follow_redirects=False,
            headers={"User-Agent": _AGENT},
        )

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int | bool | list[str]] | None = None,
        json: object = None,
        content: bytes | AsyncIterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Send any request with the negotiated API version and return the whole response.

        `path` begins with a slash and has no version. Errors are raised as by every other method.
        """
        if not path.startswith("/") or any(char in path for char in " \r\n#"):
            raise InvalidArgument(f"request: {path!r} is not a path like /containers/json")
        if method not in self._tails:
            raise InvalidArgument(f"request: {method!r} is not one of {', '.join(self._tails)}")
        if json is not None and content is not None:
            raise InvalidArgument("request: give json or content, not both")
        body = None if content is None else upload_body("request: content", content)
        if json is not None:
            body = _json.dumps(json).encode()
        pairs = [(name, _query_text(value)) for name, value in (params or {}).items()]
        target = path + (("&" if "?" in path else "?") + urlencode(pairs, doseq=True) if pairs else "")
        bound = BoundRequest(
            target,
            tuple(
                (header_value("request", name), header_value("request", value))
                for name, value in (headers or {}).items()
            ),
            body,
            "" if json is None else "application/json",
        )
        return await self.perform(_any_endpoint(method), (bound,), self.call, _whole_response)

    # Used by compiled endpoints.

    async def perform(
        self,
        endpoint: Endpoint,
        arguments: tuple[Any, ...],
        exchange: Callable[[Endpoint, BoundRequest, Any], Awaitable[T]],
        finish: Callable[..., T],
    ) -> T:
        """Encode the arguments for the negotiated version and send the request, by `call` or `open` as `exchange`.

        `finish` is passed to it. If another Engine answers at the address now, negotiate with it and send once more.
        """
        version = (self._version or await self.negotiate()) if endpoint.versioned else None
        try:
            return await exchange(endpoint, endpoint.bind(version, *arguments), finish)
        except _EngineReplaced:
            version = await self.negotiate(again=True)
            return await exchange(endpoint, endpoint.bind(version, *arguments), finish)

    async def negotiate(self, again: bool = False) -> Version:
        """The API version to use. One ping finds it out, also if several tasks need it at the same time."""
        if self._negotiation is None:
            self._negotiation = anyio.Lock()
        before = self._version
        async with self._negotiation:
            if self._version is not None and (not again or self._version is not before):
                return self._version
            headers = await self.call(_PING, _PING_REQUEST, _headers)
            self._use_version(self._choose_version(headers.get("api-version", "")))
            assert self._version is not None
            return self._version

    def _choose_version(self, offered: str) -> Version:
        try:
            engine = parse_version(offered)
        except InvalidArgument as error:
            problem = DecodeError(
                f"what answers at {self.address} is not a Docker Engine: its ping names no API version"
            )
            problem.sent = self._sent(_PING, _PING_REQUEST)
            raise problem from error
        if engine < self._minimum:
            raise VersionError(
                f"the Engine has API {offered}, and rawdock needs at least {version_text(self._minimum)}; "
                "pass minimum_version to allow older versions",
                needed=version_text(self._minimum),
                actual=offered,
            )
        return min(engine, NEWEST)

    def _use_version(self, version: Version) -> None:
        self._version = version
        self._prefix = f"/v{version_text(version)}"

    async def call(self, endpoint: Endpoint, bound: BoundRequest, answer: Callable[[httpx.Response], T]) -> T:
        """Send a request, read the whole answer, and return the result of `answer` for it."""
        request = self._request(endpoint, bound, "whole")
        try:
            response = await self._transport.handle_async_request(request)
            if type(response) is not WireResponse:
                response = await self._whole(request, response, endpoint, bound)
        except httpx.TransportError as error:
            raise self._add_request(translate(error), endpoint, bound) from error
        except RawdockError as error:
            raise self._add_request(error, endpoint, bound) from error.__cause__
        except BodyFailed as failed:
            raise self._caller_error(failed, endpoint, bound) from failed.error.__cause__
        finally:
            if request.body.__class__ is not bytes:
                await close_iterator(request.body)  # another transport may not have read all of it
        status = response.status_code
        if not (200 <= status < 300 or status == 304):
            raise self._status_error(response, response.content[: self._limits.error], endpoint, bound)
        try:
            return answer(response)
        except RawdockError as error:
            raise self._add_request(error, endpoint, bound) from error.__cause__

    async def _whole(
        self, request: WireRequest, response: httpx.Response, endpoint: Endpoint, bound: BoundRequest
    ) -> httpx.Response:
        """Read the whole body of an open answer, as after a streamed body or from another transport."""
        opened = Answer(response, lambda: self._sent(endpoint, bound), endpoint.operation)
        try:
            content = await opened.read_all(self._limits.answer)
        finally:
            await opened.aclose()
        return httpx.Response(
            response.status_code,
            headers=response.headers,
            content=content,
            request=request,
            extensions=response.extensions,
        )

    async def open(
        self,
        endpoint: Endpoint,
        bound: BoundRequest,
        stream: Callable[[Answer, int], T],
        headers: tuple[tuple[str, str], ...] = (),
    ) -> T:
        """Send a request, with more `headers` if given, and return its open answer as a `stream`."""
        if headers:
            bound = bound._replace(headers=bound.headers + headers)
        request = self._request(endpoint, bound, "stream")
        answered = False
        try:
            response = await self._transport.handle_async_request(request)
            answered = True
        except httpx.TransportError as error:
            raise self._add_request(translate(error), endpoint, bound) from error
        except RawdockError as error:
            raise self._add_request(error, endpoint, bound) from error.__cause__
        except BodyFailed as failed:
            raise self._caller_error(failed, endpoint, bound) from failed.error.__cause__
        finally:
            # rawdock's transport may still be sending, and closes it then.
            if not answered and request.body.__class__ is not bytes:
                await close_iterator(request.body)
        response.request = request  # httpx's client does this for other transports
        opened = Answer(response, lambda: self._sent(endpoint, bound), endpoint.operation)
        if type(response) is not OpenResponse and request.body.__class__ is not bytes:
            opened.upload = request.body  # another transport may not have read all of it, or may still be reading
        try:
            if 200 <= response.status_code < 300 or response.status_code == 101:
                return stream(opened, self._limits.value)
            content = await _read_beginning(opened, self._limits.error)
            raise self._status_error(response, content, endpoint, bound)
        except BaseException:
            await opened.aclose()
            raise

    def _request(self, endpoint: Endpoint, bound: BoundRequest, mode: Any) -> WireRequest:
        if self._closed:
            raise ClosedError("this client is closed")
        method = endpoint.method
        target = self._prefix + bound.target if endpoint.versioned else bound.target
        body = bound.body
        if body is None and not bound.headers:
            return WireRequest(method, target, self._tails[method], base=self._base, mode=mode)
        lines = [self._tail_start, *(f"{name}: {value}\r\n" for name, value in bound.headers)]
        if bound.content_type:
            lines.append(f"Content-Type: {bound.content_type}\r\n")
        if isinstance(body, bytes) or (body is None and method in ("POST", "PUT")):
            lines.append(f"Content-Length: {len(body or b'')}\r\n")
        elif body is not None:
            lines.append("Transfer-Encoding: chunked\r\n")
            mode = "stream"
        lines.append("\r\n")
        tail = "".join(lines).encode("ascii")
        return WireRequest(method, target, tail, base=self._base, body=body or b"", mode=mode)

    def _status_error(
        self, response: httpx.Response, content: bytes, endpoint: Endpoint, bound: BoundRequest
    ) -> StatusError:
        error = status_error(response, content)
        again = not self._pinned and endpoint.versioned and (bound.body is None or isinstance(bound.body, bytes))
        if again and isinstance(error, BadRequest) and _too_new(error.message):
            offered = response.headers.get("api-version", "")
            if not offered or not self._version or _is_lower(offered, self._version):
                error = _EngineReplaced(error.message, status=error.status, cause=error.cause)
        self._add_request(error, endpoint, bound)
        return error

    def _caller_error(self, failed: BodyFailed, endpoint: Endpoint, bound: BoundRequest) -> BaseException:
        """The error that the caller's iterator raised; the request is added if it is one of rawdock's."""
        error = failed.error
        return self._add_request(error, endpoint, bound) if isinstance(error, RawdockError) else error

    def _add_request(self, error: RawdockError, endpoint: Endpoint, bound: BoundRequest) -> RawdockError:
        if error.sent is None:
            error.sent = self._sent(endpoint, bound)
        return error

    def _sent(self, endpoint: Endpoint, bound: BoundRequest) -> Sent:
        headers = [(name, "***" if name.lower() in SECRET_HEADERS else value) for name, value in bound.headers]
        if bound.content_type:
            headers.append(("Content-Type", bound.content_type))
        return Sent(
            endpoint.method,
            (self._prefix if endpoint.versioned else "") + bound.target,
            address=self.address,
            operation=endpoint.operation,
            headers=headers,
            body=bound.body if isinstance(bound.body, bytes) else (None if bound.body is not None else b""),
            secret_body=endpoint.secret,
        )


def _engine_transport(address: Address, limits: Limits, connect_timeout: float | None) -> EngineTransport:
    connect = connect_over_unix(address.path) if address.path else connect_over_tcp(address.host, address.port)
    return EngineTransport(connect, limits=limits, connect_timeout=connect_timeout)


class _SharedTransport(httpx.AsyncBaseTransport):
    """The client's transport for `docker.http`, whose closing does not close the client."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._transport.handle_async_request(request)


async def _read_beginning(answer: Answer, limit: int) -> bytes:
    """Read the body of an error up to `limit` bytes. The rest is not read."""
    parts: list[bytes] = []
    size = 0
    while size < limit and (items := await answer.read()):
        parts += items
        size += sum(map(len, items))
    return b"".join(parts)[:limit]


def _is_lower(offered: str, version: Version) -> bool:
    """Whether the version that an Engine offers is lower than `version`, or is not a version at all."""
    try:
        return parse_version(offered) < version
    except InvalidArgument:
        return True


def _too_new(message: str) -> bool:
    """Whether the Engine refuses the API version. Only the message distinguishes this 400 from others; at worst, a
    request that was refused is sent again."""
    return "is too new" in message


def _query_text(value: str | int | bool | list[str]) -> str | list[str]:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, (str, list)) else str(value)


def _whole_response(response: httpx.Response) -> httpx.Response:
    return response


def _headers(response: httpx.Response) -> httpx.Headers:
    return response.headers


async def _no_parameters(self: Any) -> None: ...


class _PlainEndpoint(Endpoint):
    """An endpoint whose requests are complete already."""

    def __init__(self, operation: str, route: str, *, versioned: bool) -> None:
        super().__init__(_no_parameters, route, since=None, versioned=versioned, answer=None, secret=False)
        self.operation = operation
        self.bind = _bind_request


def _bind_request(version: Version | None, bound: BoundRequest) -> BoundRequest:
    return bound


_PING = _PlainEndpoint("ping", "GET /_ping", versioned=False)
_PING_REQUEST = BoundRequest("/_ping")


@functools.cache
def _any_endpoint(method: str) -> Endpoint:
    return _PlainEndpoint("request", f"{method} /", versioned=True)
