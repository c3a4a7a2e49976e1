"""Statistics of a container, as samples of the Engine and as computed figures."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, ClassVar

from ..._error_mapping import hidden_error
from ...errors import DecodeError
from ...models.stats import ContainerStats
from .json_lines import Lines

if TYPE_CHECKING:
    from ...usage import Usage

__all__ = ["StatsStream", "UsageStream"]


class StatsStream(Lines[ContainerStats]):
    """The resource usage of a container, about once a second."""

    line_type: ClassVar[type[Any]] = ContainerStats

    def usage(self) -> UsageStream:
        """The figures that `docker stats` shows; iterate over it instead of over the samples."""
        return UsageStream(self)

    def _inspect_batch(self, items: list[Any]) -> None:
        for index, line in enumerate(items):
            if line.extra and (error := hidden_error(line.extra, self._answer.operation)):
                self._failure = error
                del items[index:]
                return


class UsageStream:
    """Iterate to get the resource usage of a container, about once a second."""

    def __init__(self, samples: StatsStream) -> None:
        self._samples = samples

    def __aiter__(self) -> AsyncIterator[Usage]:
        return self

    async def __anext__(self) -> Usage:
        from ...usage import usage_of

        sample = await anext(self._samples)
        try:
            return usage_of(sample)
        except DecodeError as error:
            raise self._samples.add_request(error) from error.__cause__
