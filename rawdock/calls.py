"""Seeing what goes on: the begin and the end of each call and stream, as `Docker(on_call=...)` gets them."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from ._log import log
from ._streams.answer import Answer
from .errors import StatusError

if TYPE_CHECKING:
    from ._declare.endpoint import Endpoint

__all__ = ["Call", "CallEnd", "OnCall"]

T = TypeVar("T")


class Call(NamedTuple):
    """A call that begins. It has no names of objects and nothing that was sent, so it may be a label of a metric."""

    operation: str
    """As `containers.inspect`; `request` for `docker.request`."""
    method: str
    """As `GET`."""
    path: str
    """The path without version and values, as `/containers/{id}/json`; `/` for `docker.request`."""


class CallEnd(NamedTuple):
    """The end of a call, or of the stream that it has opened."""

    call: Call
    status: int | None
    """The status of the answer; None if there was none."""
    seconds: float
    """From the begin to the end: of a stream, until it was closed."""
    answered: float | None
    """Seconds until the answer was there; of a stream, until it began. None if there was none."""
    received: int
    """Bytes of the body that were read, after the transfer coding was taken off."""
    is_stream: bool
    new_connection: bool
    """Whether a connection was opened for it."""
    error: BaseException | None
    """What it raised, a cancellation too; of a stream, also what broke it off. None if all went well."""


OnCall = Callable[[Call], Callable[[CallEnd], None] | None]
"""Called when a call begins; what it returns, if anything, is called at the end. An exception of either is logged."""

_connected: ContextVar[list[None]] = ContextVar("rawdock_connected")


def note_connection() -> None:
    """Called by the pool: the call of this task has opened a connection."""
    found = _connected.get(None)
    if found is not None:
        found.append(None)


class Observation:
    """One call from its begin to its end."""

    def __init__(self, on_call: OnCall, endpoint: Endpoint) -> None:
        self._begin = time.perf_counter()
        self._call = Call(endpoint.operation, endpoint.method, endpoint.path)
        self._status: int | None = None
        self._answered: float | None = None
        self._received = 0
        self._connections: list[None] = []
        self._error: BaseException | None = None
        self._is_stream = False
        self._ended = False
        self._at_end: Callable[[CallEnd], None] | None = None
        try:
            self._at_end = on_call(self._call)
        except Exception:
            log.exception("on_call: the begin of %s", endpoint.operation)

    async def watch(self, perform: Callable[[Callable[..., T]], Awaitable[T]], finish: Callable[..., T]) -> T:
        """Perform the call; `finish` makes the result of the answer."""

        def noted(answer: Any, *more: Any) -> T:
            response = getattr(answer, "response", answer)
            self._status = response.status_code
            self._answered = time.perf_counter() - self._begin
            if isinstance(answer, Answer):
                self._is_stream = True
                answer.observe(self)
            else:
                self._received = len(response.content)
            return finish(answer, *more)

        token = _connected.set(self._connections)
        try:
            result = await perform(noted)
        except BaseException as error:
            if isinstance(error, StatusError) and self._status is None:
                self._status = error.status
                self._answered = time.perf_counter() - self._begin
            self.fail(error)
            self.end()
            raise
        finally:
            _connected.reset(token)
        if not self._is_stream:
            self.end()
        return result

    # For the stream.

    def add(self, count: int) -> None:
        self._received += count

    def fail(self, error: BaseException) -> None:
        if self._error is None:
            self._error = error

    def end(self) -> None:
        if self._ended:
            return
        self._ended = True
        if self._at_end is None:
            return
        end = CallEnd(
            self._call, self._status, time.perf_counter() - self._begin, self._answered, self._received,
            self._is_stream, bool(self._connections), self._error,
        )  # fmt: skip
        try:
            self._at_end(end)
        except Exception:
            log.exception("on_call: the end of %s", self._call.operation)
