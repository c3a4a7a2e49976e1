"""Types of arguments, for annotations in users' code."""

from __future__ import annotations

from collections.abc import AsyncIterable, Mapping
from datetime import datetime

__all__ = ["Content", "FilterValue", "Filters", "Moment"]

FilterValue = str | bool | int | datetime | list[str]
Filters = Mapping[str, FilterValue]
"""Filters of the Engine: for each name a value, or a list of which one must match. A time, as for `until`, may be an
aware datetime."""

Content = bytes | AsyncIterable[bytes]
"""A body to send: bytes, or an async iterable of its parts."""
Moment = int | float | str | datetime
"""A point in time: seconds since 1970, as `time.time()` gives them (to the microsecond), an aware datetime, or a text,
which is a `Timestamp` of the Engine or a number of seconds with up to nine decimals."""
