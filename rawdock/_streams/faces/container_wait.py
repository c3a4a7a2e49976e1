"""Waiting for a container: the Engine answers at once that it waits, and later sends the result."""

from __future__ import annotations

from ..._models.codec import decode
from ...errors import DecodeError
from ...models.containers import WaitResponse
from ..answer import Answer

__all__ = ["Waiting"]


class Waiting:
    """A wait that the Engine has registered: whatever happens to the container from now on is noticed."""

    def __init__(self, answer: Answer, value_limit: int) -> None:
        self._answer = answer
        self._limit = value_limit
        self._result: WaitResponse | None = None

    async def result(self) -> WaitResponse:
        """Wait for the result. It may have an `error` besides the status code."""
        if self._result is None:
            body = await self._answer.read_all(self._limit)
            try:
                self._result = decode(WaitResponse, body)
            except DecodeError as error:
                raise self._answer.add_request(error) from error.__cause__
        return self._result

    async def aclose(self) -> None:
        await self._answer.aclose()
