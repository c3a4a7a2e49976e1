"""What the results of `run` and `execute` have in common."""

from __future__ import annotations

import shlex
from typing import Self

import attrs

from ..errors import ProcessError

__all__ = ["ProcessResult", "title_of"]

_MESSAGE_LENGTH = 500
_TITLE_LENGTH = 120


@attrs.frozen(kw_only=True)
class ProcessResult:
    """The result of a process."""

    exit_code: int
    """128 plus the signal's number if a signal ended it; 126 or 127 if there was no such command."""
    stdout: bytes
    """The output; with a terminal this includes stderr."""
    stderr: bytes
    truncated: bool
    """Whether output beyond `output_limit` was dropped; what came first is kept."""
    error: str = ""
    """The Engine's words about why the command could not be started, or about its end, or that `end_at_limit` ended it;
    usually empty."""
    warnings: tuple[str, ...] = ()
    """What the Engine, or rawdock, warned of; each was also logged."""

    @property
    def text(self) -> str:
        """stdout as text; what is not UTF-8 becomes U+FFFD."""
        return self.stdout.decode(errors="replace")

    _title: str = attrs.field(default="", alias="title", repr=False, eq=False)

    def check(self) -> Self:
        """Return this result if the exit code is 0; otherwise raise ProcessError.

        Its message has the command, its container or image, the exit code, and the Engine's error or the end of the
        output.
        """
        if self.exit_code:
            text = self.error or (self.stderr.strip() or self.stdout.strip()).decode(errors="replace")
            text = text[-_MESSAGE_LENGTH:]
            title = f"{self._title}: " if self._title else ""
            raise ProcessError(
                f"{title}exit code {self.exit_code}{': ' if text else ''}{text}",
                exit_code=self.exit_code,
                stdout=self.stdout,
                stderr=self.stderr,
            )
        return self


def title_of(cmd: list[str] | None, where: str) -> str:
    """A command and where it ran, for messages."""
    text = shlex.join(cmd or [])
    if len(text) > _TITLE_LENGTH:
        text = f"{text[:_TITLE_LENGTH]}..."
    return f"{text} {where}" if text else where
