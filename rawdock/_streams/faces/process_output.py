"""The output of processes: logs, and the output and input of attached and executed processes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from ...errors import InvalidArgument
from ..split.frames import Frame, FrameSplitter, RawSplitter
from .decoded_text import TextStream
from .items import ItemStream, Sender

__all__ = ["FRAMES_TYPE", "LogStream", "ProcessStream", "is_from_podman"]

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
    """A process's output to iterate over, and its input to send to; `send_eof` ends its input alone, or refuses."""

    eof_problem: Callable[[], Awaitable[str]] | None = None
    """Says why `send_eof` would lose output; an empty text if it would not."""

    async def send_eof(self) -> None:
        """End the input by a half-close of the connection; output goes on.

        Docker drops all further output when the input of a terminal ends, or that of a container without
        `stdin_once`. There this raises InvalidArgument and sends nothing. Under a terminal, send b"\\x04" (ctrl-d),
        which ends a reader in line mode.
        """
        if self.eof_problem is not None and (problem := await self.eof_problem()):
            raise self._answer.add_request(InvalidArgument(f"send_eof: {problem}"))
        await super().send_eof()


def is_from_podman(stream: ProcessStream, known: bool | None) -> bool:
    """Whether the answer to the start of an exec came from Podman.

    `known` is what the client knows of its Engine. If it knows nothing: Podman's upgrade has no header of the Engine.
    """
    if known is not None:
        return known
    answer = stream._answer  # pyright: ignore[reportPrivateUsage]
    if answer.response.status_code == 101:
        return not answer.header("api-version")
    return bool(answer.header("libpod-api-version"))
