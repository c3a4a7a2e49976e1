"""Output as text, as it comes."""

from __future__ import annotations

import codecs
from collections.abc import AsyncIterator
from typing import Literal, NamedTuple

from ..split.frames import Frame

__all__ = ["OutputText", "TextStream"]

_decoder = codecs.getincrementaldecoder("utf-8")


class OutputText(NamedTuple):
    """A piece of output as text."""

    stream: Literal["stdin", "stdout", "stderr"]
    """`stdout` for everything if the process has a terminal."""
    text: str


class TextStream:
    """Iterate to get the output as text. What is not UTF-8 becomes U+FFFD; a character that was cut is put together.

    Each stream has a decoder of its own, since pieces of one may come between those of another.
    """

    def __init__(self, frames: AsyncIterator[Frame]) -> None:
        self._frames = frames
        self._decoders: dict[Literal["stdin", "stdout", "stderr"], codecs.IncrementalDecoder] = {
            "stdin": _decoder("replace"),
            "stdout": _decoder("replace"),
            "stderr": _decoder("replace"),
        }

    def __aiter__(self) -> AsyncIterator[OutputText]:
        return self

    async def __anext__(self) -> OutputText:
        async for frame in self._frames:
            if text := self._decoders[frame.stream].decode(frame.data):
                return OutputText(frame.stream, text)
        for stream, decoder in self._decoders.items():
            if text := decoder.decode(b"", final=True):  # a character whose end did not come
                return OutputText(stream, text)
        raise StopAsyncIteration
