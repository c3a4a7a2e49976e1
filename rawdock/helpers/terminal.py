"""What goes into a terminal besides text: the end of input, and the keys that detach from it."""

from __future__ import annotations

import re
import secrets
import string

from ..errors import InvalidArgument

__all__ = ["EndOfInput", "check_lines", "new_detach_keys"]

_END = b"\x04"
_LINE_ENDS = (b"", b"\n", b"\r")
_MAX_LINE = 4095
"""Bytes of a line that a terminal in line mode keeps, without the line end; it drops the others."""
_LINES = re.compile(rb"[^\n\r\x04]+")
_KEYS = 12


class EndOfInput:
    """Keeps the last byte that was sent, which decides how input ends under a terminal.

    In line mode, byte 4 hands over what was typed so far. Only where that is nothing, it is the end of input; so in the
    middle of a line it takes two.
    """

    def __init__(self) -> None:
        self._last = b""

    def sent(self, data: bytes) -> None:
        """Note what was sent."""
        if data:
            self._last = bytes(data[-1:])

    def take(self) -> bytes:
        """What to send to end the input."""
        end = _END if self._last in _LINE_ENDS else _END * 2
        self._last = b""
        return end


def check_lines(data: object) -> None:
    """Refuse bytes with a line that a terminal would cut."""
    if not isinstance(data, bytes):
        return
    longest = max((len(line) for line in _LINES.findall(data)), default=0)
    if longest > _MAX_LINE:
        raise InvalidArgument(
            f"stdin: a line has {longest} bytes, and a terminal in line mode keeps {_MAX_LINE}; break it, or do "
            "without the terminal (tty=False)"
        )


def new_detach_keys() -> str:
    """Keys to detach that nobody sends by chance, so that no input ends a stream on Docker.

    The Engine holds back the first key until the next one comes, so it is one that hardly anybody uses.
    """
    first = secrets.choice(("ctrl-^", "ctrl-_"))
    return ",".join([first, *(secrets.choice(string.ascii_lowercase) for _ in range(_KEYS - 1))])
