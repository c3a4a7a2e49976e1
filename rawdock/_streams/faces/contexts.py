"""What a streaming endpoint gives back: something to enter, so that what is open is always closed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar

__all__ = ["Closes", "Finishes", "Opens", "Runs"]


class Closes(Protocol):
    """A stream that can be closed, which cancellation does not keep from its end."""

    async def aclose(self) -> None: ...


R_co = TypeVar("R_co", covariant=True)


class Finishes(Closes, Protocol[R_co]):
    """A stream that comes to a result at its end."""

    async def result(self) -> R_co:
        """Run to the end and give the result."""
        ...


S = TypeVar("S", bound=Closes)
FS = TypeVar("FS", bound=Finishes[Any])
R = TypeVar("R")


class Opens(Generic[S]):
    """A stream that opens when it is entered: `async with docker.images.pull("busybox:1.36") as pull: ...`.

    Nothing is sent before. Leaving closes the connection, and with it whatever the Engine was doing for it.
    """

    def __init__(self, connect: Callable[[], Awaitable[S]]) -> None:
        self._connect = connect
        self._stream: S | None = None

    def prepare(self, step: Callable[[S], Awaitable[None]]) -> Self:
        """The same stream, with one more step before the caller has it."""

        async def connect() -> S:
            stream = await self._connect()
            try:
                await step(stream)
            except BaseException:
                await stream.aclose()
                raise
            return stream

        return type(self)(connect)

    async def __aenter__(self) -> S:
        if self._stream is not None:
            raise RuntimeError("this stream was entered already; call the method again for another")
        self._stream = await self._connect()
        return self._stream

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._stream is not None:
            await self._stream.aclose()


class Runs(Opens[FS], Generic[FS, R]):
    """A stream with a result: enter it to follow it, or await it to wait for its end."""

    def __await__(self) -> Generator[Any, None, R]:
        return self._run().__await__()

    async def _run(self) -> R:
        async with self as stream:
            result: R = await stream.result()
            return result
