"""The output of processes: logs, and what an attached or executed process writes and reads."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from ..split.frames import Frame, Frames, Plain
from .decoded_text import TextStream
from .items import Items, Sends

__all__ = ["FRAMES_TYPE", "LogStream", "ProcessStream", "detect_frames"]

FRAMES_TYPE = "application/vnd.docker.multiplexed-stream"


class LogStream(Items[Frame]):
    """Iterate to get the output as it comes.

    An error that the Engine reports inside the stream raises `StreamError`, after the output before it.
    """

    tty = False
    """Whether the process has a terminal: then all output is `stdout`."""

    def text(self) -> TextStream:
        """The output as text, to iterate over instead of this."""
        return TextStream(self)

    async def detect_frames(self, ask: Callable[[], Awaitable[bool]]) -> None:
        """Before the first read: has the output frames?

        Only a header that says so is believed. Engines before API 1.42, Podman, and any Engine that did not take an
        upgrade call framed output raw, so what says raw is asked about.
        """
        kind = self._answer.header("content-type")
        self.tty = kind.partition(";")[0].strip() != FRAMES_TYPE and await ask()
        self._answer.split_with(Plain() if self.tty else Frames())


class ProcessStream(LogStream, Sends):
    """A process's output to iterate over, and its input to send to; `send_eof` ends its input alone."""


def detect_frames(has_tty: Callable[..., Awaitable[bool]]) -> Callable[..., Callable[[LogStream], Awaitable[None]]]:
    """For an endpoint's `prepare`: finds out whether the output has frames.

    `has_tty` is called with the resource and the arguments of the call, and tells whether the process has a terminal.
    """

    def prepare(resource: object, **arguments: object) -> Callable[[LogStream], Awaitable[None]]:
        async def detect(stream: LogStream) -> None:
            await stream.detect_frames(lambda: has_tty(resource, **arguments))

        return detect

    return prepare
