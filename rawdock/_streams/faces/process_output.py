"""The output of processes: logs, and the output and input of attached and executed processes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from ..split.frames import Frame, FrameSplitter, RawSplitter
from .decoded_text import TextStream
from .items import ItemStream, Sender

__all__ = ["FRAMES_TYPE", "LogStream", "ProcessStream", "detect_frames"]

FRAMES_TYPE = "application/vnd.docker.multiplexed-stream"


class LogStream(ItemStream[Frame]):
    """Iterate to get the output as it comes.

    An error that the Engine reports inside the stream raises `StreamError`, after the output before it.
    """

    tty = False
    """Whether the process has a terminal: then all output is `stdout`."""

    def text(self) -> TextStream:
        """The output as text, to iterate over instead of this."""
        return TextStream(self)

    async def detect_frames(self, has_tty: Callable[[], Awaitable[bool]]) -> None:
        """Find out whether the output has frames, before the first read.

        Only a content type that says so is trusted. Engines before API 1.42, Podman, and Engines that refuse to upgrade
        the connection declare framed output as raw; so `has_tty` is called unless the header declares frames.
        """
        kind = self._answer.header("content-type")
        self.tty = kind.partition(";")[0].strip() != FRAMES_TYPE and await has_tty()
        self._answer.set_splitter(RawSplitter() if self.tty else FrameSplitter())


class ProcessStream(LogStream, Sender):
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
