"""Blocks in which something reads in tasks of its own. It ends with the block, or with its client."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from .._held import Held
from .._streams.faces.contexts import Closable, Opens

if TYPE_CHECKING:
    from .._resources import Operations

__all__ = ["OpensReader"]


class Reader(Held, Closable, Protocol):
    """What reads."""


S = TypeVar("S", bound=Closable)
R = TypeVar("R", bound=Reader)


class OpensReader(Opens[S], Generic[S, R]):
    """Opens what a reader gives, for as long as the block."""

    def __init__(self, docker: Operations) -> None:
        super().__init__()
        self._docker = docker
        self._reader: R | None = None

    async def _make_reader(self) -> R:
        """A reader that does not read yet."""
        raise NotImplementedError

    async def _begin(self, reader: R) -> S:
        """Let it read, and give what the block gets."""
        raise NotImplementedError

    async def _open(self) -> S:
        self._reader = reader = await self._make_reader()
        self._docker.held.hold(reader)
        try:
            return await self._begin(reader)
        except BaseException:
            await self._stop()
            raise

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._stream is not None:
            await self._stop()

    async def _stop(self) -> None:
        assert self._reader is not None
        try:
            await self._reader.aclose()
        finally:
            self._docker.held.release(self._reader)
