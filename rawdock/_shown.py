"""Values in messages: each can be printed and is short, whatever a caller or an Engine gave."""

from __future__ import annotations

__all__ = ["cannot_be_sent", "half_character", "printable", "shortened", "shown"]

_LONGEST = 400


def shortened(text: str) -> str:
    """A text for a message; the middle of a long one is left out."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]}...{text[-_LONGEST // 4 :]}"


def shown(value: object) -> str:
    """`repr` of any value, for a message: a number may have too many digits for it, a list may be nested too deeply."""
    if isinstance(value, (str, bytes)) and len(value) > _LONGEST:
        return f"{value[:_LONGEST]!r}..."
    try:
        return shortened(repr(value))
    except (ValueError, RecursionError):
        return f"a very large {type(value).__name__}"


def printable(text: str) -> str:
    """A text with half characters escaped: a terminal or a log file that wants UTF-8 refuses them."""
    return text if text.isascii() else text.encode(errors="backslashreplace").decode()


def half_character(error: UnicodeEncodeError) -> str:
    """What is wrong with a text. In Python, names of files that are not UTF-8 have half characters."""
    return f"{error.object[error.start : error.end][:9]!r} is half a character"


def cannot_be_sent(error: UnicodeEncodeError) -> str:
    """Why a text cannot be sent."""
    return f"{half_character(error)} and cannot be sent"
