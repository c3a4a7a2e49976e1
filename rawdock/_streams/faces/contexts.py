"""What streaming endpoints return: context managers, so that whatever was opened is closed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from types import TracebackType
from typing import Any, Generic, Protocol, TypeVar, cast, get_args, get_origin

__all__ = ["Closable", "HasResult", "Opens", "Prunes", "Runs", "stream_classes"]


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

    Nothing is sent before. Leaving closes the connection; the Engine then stops what it was doing for it.
    """

    def __init__(
        self, connect: Callable[[], Awaitable[S]], prepare: Callable[[S], Awaitable[None]] | None = None
    ) -> None:
        self._connect = connect
        self._prepare = prepare
        self._stream: S | None = None

    async def __aenter__(self) -> S:
        if self._stream is not None:
            raise RuntimeError("this stream was entered already; call the method again for another")
        stream = await self._connect()
        if self._prepare is not None:
            try:
                await self._prepare(stream)
            except BaseException:
                await stream.aclose()
                raise
        self._stream = stream
        return stream

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._stream is not None:
            await self._stream.aclose()


class Runs(Opens[FS], Generic[FS, R]):
    """A stream with a result: enter it to follow it, or await it to get the result."""

    def __await__(self) -> Generator[Any, None, R]:
        return self._run().__await__()

    async def _run(self) -> R:
        async with self as stream:
            result: R = await stream.result()
            return result


class Prunes(Runs[FS, R], Generic[FS, R]):
    """A prune: enter it to follow its lines, or await it for the report alone."""

    def __init__(self, prune: Callable[[bool], Runs[FS, R]]) -> None:
        """`prune` makes the request; its argument is whether to ask for lines."""
        super().__init__(prune(True)._connect)
        self._without_lines = prune(False)

    def __await__(self) -> Generator[Any, None, R]:
        return self._without_lines.__await__()


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
