"""`Client`: finds the address of an Engine, negotiates the API version, sends requests, and maps errors."""

from __future__ import annotations

import functools
import json as _json
import logging
import os
import re
import time
from collections.abc import AsyncIterable, Awaitable, Callable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast
from urllib.parse import urlencode

import anyio
import httpx

from ._address import Address, find_address
from ._checks import is_seconds, is_whole_number
from ._command_config import CommandConfig, custom_headers
from ._connect import transport_to, warn_of_plain_tcp
from ._declare.adapted import EngineUnknown
from ._declare.endpoint import BoundRequest, Endpoint
from ._declare.params import header_text, number_text, text, texts, upload_body
from ._engine import UNKNOWN, Engine, engine_of_headers, engine_of_version
from ._error_mapping import status_error, translate
from ._held import HeldByClient
from ._iterators import close_iterator
from ._log import log
from ._shown import cannot_be_sent, shortened, shown
from ._streams.answer import Answer
from ._transport.errors import BodyFailed
from ._transport.messages import OpenResponse, WireRequest, WireResponse
from ._transport.transport import CONNECT_TIMEOUT, EngineTransport
from ._transport.wire import Head, Limits, is_success
from ._version import __version__
from ._versions import NEWEST, OLDEST, Spoken, Version, parse_version, version_text
from .errors import (
    SECRET_HEADERS,
    AddressError,
    BadRequest,
    ClosedError,
    DecodeError,
    InvalidArgument,
    RawdockError,
    Sent,
    StatusError,
    StillRunning,
    VersionError,
)

if TYPE_CHECKING:
    from ssl import SSLContext

    from ._credentials.search import Keychain
    from .calls import OnCall

__all__ = ["Client"]

T = TypeVar("T")

_UNASKED = "the answer switches to another protocol (101), and the request did not ask for that"
_AGENT = f"rawdock/{__version__}"


class _EngineReplaced(BadRequest):
    """The Engine refused the negotiated API version, so another Engine answers at this address now."""


class Client:
    """A client of one Engine, without operations; see `Docker`."""

    def __init__(
        self,
        address: str | os.PathLike[str] | None = None,
        *,
        context: str | None = None,
        tls: str | os.PathLike[str] | SSLContext | None = None,
        ssh_forwarding: bool = False,
        transport: httpx.AsyncBaseTransport | None = None,
        version: str | None = None,
        minimum_version: str = "1.40",
        limits: Limits | None = None,
        connect_timeout: float | None = CONNECT_TIMEOUT,
        credentials: bool | None = None,
        config: bool | None = None,
        on_call: OnCall | None = None,
    ) -> None:
        if on_call is not None and not callable(on_call):
            raise InvalidArgument(f"on_call: expected a function, got {shown(on_call)}")
        if limits is not None and not isinstance(limits, Limits):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidArgument(f"limits: expected rawdock.Limits, got {type(limits).__name__}")
        for name, limit in (limits or Limits())._asdict().items():
            if not is_whole_number(limit, 0):
                raise InvalidArgument(f"limits: {name}: expected a whole number, got {shown(limit)}")
        if connect_timeout is not None and not is_seconds(connect_timeout):
            raise InvalidArgument(f"connect_timeout: expected seconds, or None, got {shown(connect_timeout)}")
        for name, switch in (("credentials", credentials), ("config", config)):
            if switch is not None and not isinstance(switch, bool):  # pyright: ignore[reportUnnecessaryIsInstance]
                raise InvalidArgument(f"{name}: expected True, False or None, got {shown(switch)}")
        self._finds_credentials = transport is None if credentials is None else credentials
        if transport is not None and address is None and context is None and tls is None:
            self._address = Address(path="(transport)", source="argument")
        else:
            self._address = find_address(address, context=context, tls=tls)
        self._limits = limits or Limits()
        self._transport = transport or transport_to(self._address, self._limits, connect_timeout, ssh_forwarding)
        warn_of_plain_tcp(self._address)
        pinned = version or os.environ.get("DOCKER_API_VERSION", "")
        self._version: Spoken | None = None
        self._engine = UNKNOWN
        self._told: set[str] = set()
        self._base_path = self._prefix = self._address.path if self._address.scheme == "tcp" else ""
        self._is_podman: bool | None = None
        self._pinned = bool(pinned)
        self._minimum = parse_version(minimum_version)
        self._negotiation: anyio.Lock | None = None
        self._closed = False
        self._on_call = on_call
        self.held = HeldByClient()
        """What is ended before the connections are closed."""
        self.command_config: CommandConfig | None = None
        """What calls that say nothing else take from the docker command's configuration; None if nothing is taken."""
        self._custom_headers: dict[str, str] = {}
        if transport is None if config is None else config:
            self.command_config = CommandConfig(str(self._address))
            self._custom_headers = custom_headers()
        try:
            self._base = httpx.URL(f"http{'s' if self._address.tls else ''}://{self._address.authority}")
        except httpx.InvalidURL as error:
            raise AddressError(f"{self._address.source}: {shown(str(self._address))} has no usable host") from error
        start = f" HTTP/1.1\r\nHost: {self._address.authority}\r\nUser-Agent: {_AGENT}\r\n"
        start += "".join(f"{name}: {value}\r\n" for name, value in self._custom_headers.items())
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
        if isinstance(self._transport, EngineTransport):
            self._transport.pool.on_first_answer = self._look_at
            if on_call is not None:
                from .calls import note_connection

                self._transport.pool.on_connection = note_connection

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
        left = await self._close()
        if not left:
            return
        if exc is None or isinstance(exc, anyio.get_cancelled_exc_class()):
            raise _still_running(left) from exc
        exc.add_note(str(_still_running(left)))

    async def aclose(self) -> None:
        """End what runs through this client, then close every connection, open streams among them.

        The commands of `run` and `execute` are ended, as if their blocks were left; watches and builds too. Calls that
        this interrupts raise ClosedError. Raises StillRunning for commands that could not be ended in time. Safe to
        call twice, also at the same time.
        """
        left = await self._close()
        if left:
            raise _still_running(left)

    async def _close(self) -> list[str]:
        """Close, and return what may still run."""
        if self.held.needs_time:
            return await self.held.close(self._close_connections)
        self.held.closed = True
        await self._close_connections()
        return []

    async def _close_connections(self) -> None:
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
        """Where the address comes from: `argument`, `DOCKER_HOST`, `context NAME`, or `default`.

        Where none of these says anything and there is no usual socket, it names the Engine whose socket was found.
        """
        return self._address.source

    @property
    def version(self) -> str | None:
        """The API version that is used with this Engine, as `1.51`; None before the first call."""
        return version_text(self._version) if self._version else None

    @property
    def is_podman(self) -> bool | None:
        """Whether the Engine is Podman; None if that is not known yet. Nothing is asked."""
        if self._engine.flavour:
            return self._engine.flavour == "podman"
        return None if self._pinned or self._version is None else False  # Podman names itself in its ping

    @property
    def has_own_transport(self) -> bool:
        """Whether rawdock holds the connections itself, and no other transport was given."""
        return isinstance(self._transport, EngineTransport)

    @functools.cached_property
    def keychain(self) -> Keychain | None:
        """Where credentials are found that a caller does not give; None if this client looks nowhere."""
        if not self._finds_credentials:
            return None
        from ._credentials.search import Keychain

        return Keychain(self._told)

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
            headers={"User-Agent": _AGENT, **self._custom_headers},
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
        if not isinstance(path, str) or _PATH.fullmatch(path) is None:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidArgument(
                f"request: {shown(path)} is not a path like /containers/json; escape what is not ASCII"
            )
        if not isinstance(method, str) or method not in self._tails:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidArgument(f"request: {shown(method)} is not one of {', '.join(self._tails)}")
        if json is not None and content is not None:
            raise InvalidArgument("request: give json or content, not both")
        body = None if content is None else upload_body("request: content", content)
        if json is not None:
            body = _json_body(json)
        target = path
        try:
            pairs = [(text("request: params", name), _query_text(value)) for name, value in _items("params", params)]
            if pairs:
                target += ("&" if "?" in path else "?") + urlencode(pairs, doseq=True)
        except UnicodeEncodeError as error:
            raise InvalidArgument(f"request: params: {cannot_be_sent(error)}") from error
        bound = BoundRequest(
            target,
            tuple(
                (_header_name(name), header_text(f"request: headers[{shown(name)}]", value))
                for name, value in _items("headers", headers)
            ),
            body,
            "" if json is None else "application/json",
        )
        return await self.perform(_any_endpoint(method), (bound,), self.call, _whole_response)

    # Used by compiled endpoints.

    def perform(
        self,
        endpoint: Endpoint,
        arguments: tuple[Any, ...],
        exchange: Callable[[Endpoint, BoundRequest, Any], Awaitable[T]],
        finish: Callable[..., T],
    ) -> Awaitable[T]:
        """Encode the arguments for the negotiated version and send the request, by `call` or `open` as `exchange`.

        `finish` is passed to it. If another Engine answers at the address now, negotiate with it and send once more.
        """
        if self._on_call is not None:
            return self._perform_and_report(self._on_call, endpoint, arguments, exchange, finish)
        if log.isEnabledFor(logging.DEBUG):
            return self._perform_and_tell(endpoint, arguments, exchange, finish)
        return self._perform(endpoint, arguments, exchange, finish)

    async def _perform_and_report(
        self,
        on_call: OnCall,
        endpoint: Endpoint,
        arguments: tuple[Any, ...],
        exchange: Callable[[Endpoint, BoundRequest, Any], Awaitable[T]],
        finish: Callable[..., T],
    ) -> T:
        """As `_perform`, with its begin and end for `on_call`."""
        from .calls import Observation

        tells = log.isEnabledFor(logging.DEBUG)
        perform = self._perform_and_tell if tells else self._perform
        return await Observation(on_call, endpoint).watch(
            lambda noted: perform(endpoint, arguments, exchange, noted), finish
        )

    async def _perform_and_tell(
        self,
        endpoint: Endpoint,
        arguments: tuple[Any, ...],
        exchange: Callable[[Endpoint, BoundRequest, Any], Awaitable[T]],
        finish: Callable[..., T],
    ) -> T:
        """As `_perform`, with one line for the logger: the operation, the status or the error's class, and the time.

        What was sent or answered is not in it, as there may be secrets in it.
        """
        outcome: object = ""

        def noted(answer: Any, *more: Any) -> T:
            nonlocal outcome
            outcome = getattr(answer, "response", answer).status_code
            return finish(answer, *more)

        begin = time.perf_counter()
        try:
            return await self._perform(endpoint, arguments, exchange, noted)
        except BaseException as error:
            outcome = error.status if isinstance(error, StatusError) else type(error).__name__
            raise
        finally:
            log.debug("%s: %s in %.1f ms", endpoint.operation, outcome, 1000 * (time.perf_counter() - begin))

    async def _perform(
        self,
        endpoint: Endpoint,
        arguments: tuple[Any, ...],
        exchange: Callable[[Endpoint, BoundRequest, Any], Awaitable[T]],
        finish: Callable[..., T],
    ) -> T:
        version = (self._version or await self.negotiate()) if endpoint.versioned else None
        try:
            return await exchange(endpoint, endpoint.bind(version, *arguments), finish)
        except _EngineReplaced:
            newer = self._version
            version = newer if newer is not None and newer is not version else await self.negotiate(again=True)
        except EngineUnknown:
            version = Spoken(version or OLDEST, await self._engine_or_docker(), self._told)
        except VersionError:
            if version is None or not await self._is_replaced(version):
                raise
            version = self._version
        return await exchange(endpoint, endpoint.bind(version, *arguments), finish)

    async def _is_replaced(self, version: Spoken) -> bool:
        """Whether another version is to be spoken, although no answer has said so: without a connection, none could."""
        if self._version is version and not self._pinned and isinstance(self._transport, EngineTransport):
            if not self._transport.pool.has_lost_all():
                return False
            try:
                await self.negotiate(again=True)
            except RawdockError:
                return False
        return self._version is not None and self._version != version

    async def known_engine(self) -> Engine:
        """What is known of the Engine; asks only for what its answers have not said yet."""
        if not self._engine.flavour and not self._pinned:
            await self.negotiate()
        if not self._engine.flavour:
            from ._models.codec import loads

            response = await self.call(_VERSION, _VERSION_REQUEST, _whole_response)
            asked = engine_of_version(loads(response.content))
            self._know(asked._replace(api=self._engine.api or asked.api))
        return self._engine

    async def _engine_or_docker(self) -> Engine:
        """What is known of the Engine; one that does not say what it is, as behind a proxy, is taken for Docker."""
        with suppress(StatusError, DecodeError):
            await self.known_engine()
        return self._engine if self._engine.flavour else self._engine._replace(flavour="docker")

    def _know(self, engine: Engine) -> None:
        self._engine = engine
        if self._version is not None:
            self._version = Spoken(self._version, engine, self._told)

    def _look_at(self, head: Head) -> None:
        """Look at a new connection's first answer: its headers say which Engine answers, and what that offers."""
        engine = engine_of_headers(head.headers)
        known = self._engine
        if not engine.api or engine == known or (not engine.flavour and engine.api == known.api):
            return  # it says nothing new
        self._know(engine)
        if self._version is not None and not self._pinned:  # without one, it is being negotiated, or will be
            self._use_offered(engine.api)

    def _use_offered(self, offered: str) -> None:
        """Speak the version that an Engine offers from now on, or negotiate at the next call if that cannot be."""
        try:
            self._use_version(self._choose_version(offered))
        except RawdockError:
            self._version = None

    async def negotiate(self, again: bool = False) -> Spoken:
        """The API version to use. One ping finds it out, also if several tasks need it at the same time."""
        if isinstance(self._transport, EngineTransport):
            self._transport.pool.check_usable()  # a lock of another event loop would be waited for without end
        if self._negotiation is None:
            self._negotiation = anyio.Lock()
        before = self._version
        async with self._negotiation:
            if self._version is not None and (not again or self._version is not before):
                return self._version
            headers = await self.call(_PING, _PING_REQUEST, _headers)
            offered = self._choose_version(headers.get("api-version", ""))
            self._engine = engine_of_headers(headers.raw)
            return self._use_version(offered)

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

    def _use_version(self, version: Version) -> Spoken:
        self._version = spoken = Spoken(version, self._engine, self._told)
        self._prefix = f"{self._base_path}/v{version_text(version)}"
        return spoken

    async def call(self, endpoint: Endpoint, bound: BoundRequest, answer: Callable[[httpx.Response], T]) -> T:
        """Send a request, read the whole answer, and return the result of `answer` for it."""
        request = self._request(endpoint, bound, "whole")
        try:
            response = await self._transport.handle_async_request(request)
            if type(response) is not WireResponse:
                response = await self._whole(request, response, endpoint, bound)
        except httpx.TransportError as error:
            raise self._add_request(translate(error), endpoint, bound) from error
        except httpx.InvalidURL as error:  # of a request for another transport, which limits its length
            problem = InvalidArgument(f"the transport of this client cannot send this request: {error}")
            raise self._add_request(problem, endpoint, bound) from error
        except RawdockError as error:
            raise self._add_request(error, endpoint, bound) from error.__cause__
        except BodyFailed as failed:
            raise self._caller_error(failed, endpoint, bound) from failed.error.__cause__
        finally:
            if request.body.__class__ is not bytes:
                await close_iterator(request.body)  # another transport may not have read all of it
        status = response.status_code
        if not is_success(status):
            raise self._status_error(request, response, response.content[: self._limits.error], endpoint, bound)
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
            if response.status_code == 101:
                raise opened.add_request(DecodeError(_UNASKED))
            if is_success(response.status_code):
                content = await opened.read_all(self._limits.answer)
            else:
                content = await _read_beginning(opened, self._limits.error)
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
        except httpx.InvalidURL as error:  # of a request for another transport, which limits its length
            problem = InvalidArgument(f"the transport of this client cannot send this request: {error}")
            raise self._add_request(problem, endpoint, bound) from error
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
            status = response.status_code
            if status == 101 and not (endpoint.upgrade or headers):
                raise opened.add_request(DecodeError(_UNASKED))
            if 200 <= status < 300 or status == 101:
                opened.check_two_ways()
                return stream(opened, self._limits.value)
            content = await _read_beginning(opened, self._limits.error)
            raise self._status_error(request, response, content, endpoint, bound)
        except BaseException:
            await opened.aclose()
            raise

    def _request(self, endpoint: Endpoint, bound: BoundRequest, mode: Any) -> WireRequest:
        if self._closed:
            raise ClosedError("this client is closed")
        method = endpoint.method
        target = (self._prefix if endpoint.versioned else self._base_path) + bound.target
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
        self, request: WireRequest, response: httpx.Response, content: bytes, endpoint: Endpoint, bound: BoundRequest
    ) -> StatusError:
        error = status_error(response, content, endpoint.operation)
        if self._refuses_version(request, response, error, endpoint):
            error = self._replaced_error(response, error, bound)
        self._add_request(error, endpoint, bound)
        return error

    def _refuses_version(
        self, request: WireRequest, response: httpx.Response, error: StatusError, endpoint: Endpoint
    ) -> bool:
        """Whether the Engine refuses the version of a request because it is another one than was negotiated with.

        Only the message distinguishes this 400 from others, and the answer to HEAD has none; at worst, a request that
        was refused is sent again.
        """
        if self._pinned or not endpoint.versioned or not isinstance(error, BadRequest):
            return False
        silent = request.method == "HEAD"
        if not (silent or "is too new" in error.message or "is too old" in error.message):
            return False
        offered = response.headers.get("api-version", "")
        sent = request.target[len(self._base_path) + 2 :].partition("/")[0]
        try:
            return version_text(min(parse_version(offered), NEWEST)) != sent
        except InvalidArgument:
            return not silent  # another Engine, or a proxy, that does not say what it offers

    def _replaced_error(self, response: httpx.Response, error: StatusError, bound: BoundRequest) -> StatusError:
        """The error that makes `perform` send the request again; the body of an upload is gone, so the caller does."""
        if bound.body is None or isinstance(bound.body, bytes):
            return _EngineReplaced(error.message, status=error.status, cause=error.cause)
        self._engine = engine_of_headers(response.headers.raw)
        self._use_offered(self._engine.api)
        message = f"{error.message.rstrip('.')}. Another Engine answers at this address now: send the upload again"
        return BadRequest(message, status=error.status, cause=error.cause)

    def _caller_error(self, failed: BodyFailed, endpoint: Endpoint, bound: BoundRequest) -> BaseException:
        """The error that the caller's iterator raised; the request is added if it is one of rawdock's."""
        error = failed.error
        return self._add_request(error, endpoint, bound) if isinstance(error, RawdockError) else error

    def _add_request(self, error: RawdockError, endpoint: Endpoint, bound: BoundRequest) -> RawdockError:
        if error.sent is None:
            error.sent = self._sent(endpoint, bound)
        return error

    def _sent(self, endpoint: Endpoint, bound: BoundRequest) -> Sent:
        headers = [(name, "***") for name in self._custom_headers]
        headers += [(name, "***" if name.lower() in SECRET_HEADERS else value) for name, value in bound.headers]
        if bound.content_type:
            headers.append(("Content-Type", bound.content_type))
        return Sent(
            endpoint.method,
            (self._prefix if endpoint.versioned else self._base_path) + bound.target,
            address=self.address.removesuffix(self._base_path) if self._base_path else self.address,
            operation=endpoint.operation,
            headers=headers,
            body=bound.body if isinstance(bound.body, bytes) else (None if bound.body is not None else b""),
            secret_body=endpoint.secret,
            tls=None if self._address.tls is None else self._address.tls.files,
        )


def _still_running(left: list[str]) -> StillRunning:
    return StillRunning(f"the client was closed, but may have left running on the Engine: {'; '.join(left)}")


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


_PATH = re.compile(r"/[!\"$-~]*")
_HEADER_NAME = re.compile(r"[-!#$%&'*+.^_`|~0-9A-Za-z]+")


def _items(what: str, given: Any) -> list[tuple[Any, Any]]:
    if given is not None and not isinstance(given, Mapping):
        raise InvalidArgument(f"request: {what}: expected a dict, got {type(given).__name__}")
    return list(cast("Mapping[Any, Any]", given or {}).items())


def _header_name(name: Any) -> str:
    if not isinstance(name, str) or _HEADER_NAME.fullmatch(name) is None:
        raise InvalidArgument(f"request: headers: {shown(name)} is not the name of a header")
    return name


def _json_body(value: object) -> bytes:
    try:
        return _json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except UnicodeEncodeError as error:
        raise InvalidArgument(f"request: json: {cannot_be_sent(error)}") from error
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidArgument(f"request: json: this cannot be written as JSON: {shortened(str(error))}") from error


def _query_text(value: Any) -> str | list[str]:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return number_text("request: params", value)
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return texts("request: params", value)
    raise InvalidArgument(f"request: params: expected str, int, bool or a list of str, got {type(value).__name__}")


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
_VERSION = _PlainEndpoint("system.version", "GET /version", versioned=True)
_VERSION_REQUEST = BoundRequest("/version")


@functools.cache
def _any_endpoint(method: str) -> Endpoint:
    return _PlainEndpoint("request", f"{method} /", versioned=True)
