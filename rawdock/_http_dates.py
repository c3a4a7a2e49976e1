"""The dates of HTTP headers."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

__all__ = ["seconds_of"]


def seconds_of(date: str) -> int | None:
    """A date as seconds since 1970; None for what is no date, has no time zone, or is out of range."""
    try:
        moment = parsedate_to_datetime(date)
        return int(moment.timestamp()) if moment.tzinfo is not None else None
    except (TypeError, ValueError, OverflowError):
        return None
