"""What streaming endpoints return: context managers, so that whatever was opened is closed.

Those with a result are coroutines too, for all that takes one: `asyncio.run`, tasks, `gather`, `start_soon`.
"""

from __future__ import annotations

import warnings
from collections.abc import Awaitable, Callable, Coroutine, Generator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, NoReturn, Protocol, TypeVar, cast, get_args, get_origin

from ..._shown import shown

__all__ = ["Closable", "HasResult", "Opens", "Prunes", "Runs", "named", "stream_classes"]


class Closable(Protocol):
    """A stream that can be closed. Cancellation does not interrupt closing."""

    async def aclose(self) -> None: ...


R_co = TypeVar("R_co", covariant=True)


class HasResult(Closable, Protocol[R_co]):
    """A stream that has a result at its end."""

    async def result(self) -> R_co:
        """Read to the end and return the result."""
        ...


S = TypeVar("S", bound=Closable)
FS = TypeVar("FS", bound=HasResult[Any])
R = TypeVar("R")


class Opens(Generic[S]):
    """A stream that opens when it is entered: `async with docker.images.pull("busybox:1.36") as pull: ...`.

    Nothing is sent before, and one that is never entered warns. Leaving closes the connection; the Engine then stops
    what it was doing for it.
    """

    _call: tuple[str, object] = ("", None)
    """The name of the call, and what it is about."""
    _is_used: bool = True
    """Whether anybody has entered or awaited it; True too for one whose constructor has failed."""
    _use = "enter it with `async with`"

    def __init__(
        self, connect: Callable[[], Awaitable[S]] | None = None, prepare: Callable[[S], Awaitable[None]] | None = None
    ) -> None:
        """`connect` is None for a class that opens it in `_open`. A method of its own as `connect` would be a reference
        to itself: nobody would be warned as soon as it is dropped."""
        self._connect = connect
        self._prepare = prepare
        self._stream: S | None = None
        self._is_used = False

    def __repr__(self) -> str:
        state = "entered" if self._stream is not None else "not entered" if not self._is_used else "used"
        return f"<{self._title}, {state}>"

    @property
    def _title(self) -> str:
        call, subject = self._call
        name = call or type(self).__name__
        return f"{name} of {shown(subject)}" if isinstance(subject, str) and subject not in ("", "-") else name

    def __del__(self) -> None:
        if not self._is_used:
            warnings.warn(
                f"{self._title} was never {self._never}: nothing was sent; {self._use}",
                RuntimeWarning,
                stacklevel=2,
                source=self,
            )

    _never = "entered"

    if not TYPE_CHECKING:  # type checkers know that there are none

        def __await__(self) -> NoReturn:
            self._refuse("has no result to await")

        def __aiter__(self) -> NoReturn:
            self._refuse("must be entered before it is iterated over")

    def _refuse(self, why: str) -> NoReturn:
        self._is_used = True
        call = self._call[0] or "..."
        raise TypeError(f"{self._title} {why}: `async with docker.{call}(...) as stream: ...`")

    async def __aenter__(self) -> S:
        self._is_used = True
        if self._stream is not None:
            raise RuntimeError("this stream was entered already; call the method again for another")
        stream = await self._open()
        if self._prepare is not None:
            try:
                await self._prepare(stream)
            except BaseException:
                await stream.aclose()
                raise
        self._stream = stream
        return stream

    async def _open(self) -> S:
        assert self._connect is not None
        return await self._connect()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._stream is not None:
            await self._stream.aclose()


class Runs(Opens[FS], Coroutine[Any, Any, R], Generic[FS, R]):
    """A stream with a result: enter it to follow it, or await it to get the result.

    It is a coroutine to asyncio, anyio and trio: `asyncio.run(docker.run("busybox:1", ["id"]))`, and
    `group.start_soon(docker.images.pull, "busybox:1")`.
    """

    _use = "await it, or enter it with `async with`"
    _never = "awaited"
    _coroutine: Coroutine[Any, Any, R] | None = None

    def __await__(self) -> Generator[Any, None, R]:
        self._is_used = True
        return self._run().__await__()

    async def _run(self) -> R:
        async with self as stream:
            result: R = await stream.result()
            return result

    @property
    def __name__(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride] - never assigned
        """The name of the call; tasks show it."""
        return self._call[0]

    def _running(self) -> Coroutine[Any, Any, R]:
        self._is_used = True
        if self._coroutine is None:
            self._coroutine = self._run()
        return self._coroutine

    def send(self, value: Any) -> Any:
        """Resume it, as event loops do."""
        return self._running().send(value)

    def throw(self, typ: Any, val: Any = None, tb: Any = None, /) -> Any:
        """Raise an error in it, as event loops do."""
        running = self._running()
        return running.throw(typ) if val is None and tb is None else running.throw(typ, val, tb)

    def close(self) -> None:
        """Give it up, as event loops do with a coroutine that they cannot run any more."""
        self._is_used = True
        if self._coroutine is not None:
            self._coroutine.close()


class Prunes(Runs[FS, R], Generic[FS, R]):
    """A prune: enter it to follow its lines, or await it for the report alone."""

    def __init__(self, prune: Callable[[bool], Runs[FS, R]]) -> None:
        """`prune` makes the request; its argument is whether to ask for lines."""
        with_lines = prune(True)
        self._without_lines = prune(False)
        self._without_lines._is_used = with_lines._is_used = True  # of these two one will not be
        super().__init__(with_lines._connect)
        self._call = with_lines._call

    async def _run(self) -> R:
        self._is_used = True
        return await self._without_lines


O_ = TypeVar("O_", bound=Opens[Any])


def named(opens: O_, call: str, subject: object = None) -> O_:
    """Say of which call it is, and what that is about, for messages."""
    opens._call = (call, subject)  # pyright: ignore[reportPrivateUsage]
    return opens


def stream_classes(annotation: Any) -> tuple[type[Opens[Any]], type[Any]] | None:
    """The class that a streaming endpoint returns, and the class of the stream that entering it gives.

    For `Opens[LogStream]` they are `Opens` and `LogStream`; for a subclass of that, the subclass and `LogStream`. None
    if the annotation is not of a streaming endpoint.
    """
    opens: Any = get_origin(annotation) or annotation
    if not (isinstance(opens, type) and issubclass(opens, Opens)):
        return None
    generic = annotation if get_origin(annotation) else vars(cast("type[Any]", opens))["__orig_bases__"][0]
    stream: Any = get_args(generic)[0]
    return cast("Any", opens), get_origin(stream) or stream
