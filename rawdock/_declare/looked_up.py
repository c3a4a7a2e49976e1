"""Arguments that are looked up on this side where the caller gives none, as credentials are."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Mapping
from typing import Any, NamedTuple, Protocol

from .._streams.answer import Answer
from ..errors import RawdockError, Unauthorized

__all__ = ["LookedUp", "Lookup", "looked_up", "perform"]


class LookedUp(Protocol):
    """What was found for one call."""

    value: Any
    """The argument."""

    async def again(self) -> bool:
        """Look once more, as the Engine did not accept `value`; whether it is another one now."""
        ...

    def explain(self, error: RawdockError) -> None:
        """Let an error of the call, or of its stream, say where `value` is from."""
        ...


class looked_up(NamedTuple):
    """A parameter that is looked up if it is None. The function is given the client and all arguments by name."""

    find: Callable[[Any, Mapping[str, Any]], Awaitable[LookedUp]]


class Lookup(NamedTuple):
    """The argument of one operation that is looked up."""

    position: int
    names: tuple[str, ...]
    """Of all arguments."""
    mark: looked_up


async def perform(
    lookup: Lookup,
    client: Any,
    endpoint: Any,
    arguments: tuple[Any, ...],
    exchange: Any,
    finish: Any,
) -> Any:
    """`client.perform`, with the argument that was found. If the Engine refuses it and another is found, once more."""
    position, names, mark = lookup
    if arguments[position] is not None:
        return await client.perform(endpoint, arguments, exchange, finish)
    found = await mark.find(client, dict(zip(names, arguments, strict=True)))

    def watched(answer: Any, *more: Any) -> Any:
        if isinstance(answer, Answer):
            answer.on_error += (found.explain,)
        return finish(answer, *more)

    is_repeatable = not any(isinstance(one, AsyncIterable) for one in arguments)
    while True:
        try:
            complete = (*arguments[:position], found.value, *arguments[position + 1 :])
            return await client.perform(endpoint, complete, exchange, watched)
        except Unauthorized as error:
            if not is_repeatable or not await found.again():
                found.explain(error)
                raise
            is_repeatable = False
