"""A wait: the Engine says at once that it waits, and at the end what came of it."""

from __future__ import annotations

from ..._models.codec import decode
from ...errors import DecodeError
from ...models.containers import WaitResponse
from ..answer import Answer

__all__ = ["Waiting"]


class Waiting:
    """The Engine has registered the wait; whatever happens to the container from here on is not missed."""

    def __init__(self, answer: Answer, value_limit: int) -> None:
        self._answer = answer
        self._limit = value_limit
        self._result: WaitResponse | None = None

    async def result(self) -> WaitResponse:
        """Wait for the end. `error` may be set beside the status code."""
        if self._result is None:
            body = await self._answer.read_all(self._limit)
            try:
                self._result = decode(WaitResponse, body)
            except DecodeError as error:
                raise self._answer.error(error) from error.__cause__
        return self._result

    async def aclose(self) -> None:
        await self._answer.aclose()
