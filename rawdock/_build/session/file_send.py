"""The file send service: the Engine sends what was built, as one row of bytes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

from .call import Call, Method, Methods
from .grpc import RpcError, Status
from .messages import first_bytes

__all__ = ["FileSend"]

_WINDOW = 4 << 20


class FileSend:
    """One output of a build. `consume` is given its bytes in parts, and returns when it has stored them."""

    def __init__(self, consume: Callable[[AsyncIterator[bytes]], Awaitable[None]]) -> None:
        self.received = False
        """Whether all of it has come and was consumed."""
        self._consume = consume
        self._begun = False

    def methods(self) -> Methods:
        return {"/moby.filesync.v1.FileSend/DiffCopy": Method(self._diff_copy, window=_WINDOW)}

    async def _diff_copy(self, call: Call) -> None:
        if self._begun:
            raise RpcError(Status.FAILED_PRECONDITION, "the output of this build was sent already")
        self._begun = True
        await self._consume(_Parts(call))
        async for _ in call:
            pass  # what a reader of an archive leaves behind its end
        self.received = True


class _Parts:
    """The bytes of an output as they come."""

    def __init__(self, call: Call) -> None:
        self._call = call

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        while True:
            if part := first_bytes(await anext(self._call)):
                return part
