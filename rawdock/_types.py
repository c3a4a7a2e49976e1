"""Types of arguments that users may want to name in annotations of their own."""

from __future__ import annotations

from collections.abc import AsyncIterable, Mapping
from datetime import datetime

__all__ = ["Content", "FilterValue", "Filters", "Moment"]

FilterValue = str | bool | int | list[str]
Filters = Mapping[str, FilterValue]
"""What the Engine's `filters` take: a value, or several of which one must match."""

Content = bytes | AsyncIterable[bytes]
"""A body to send: in one piece, or in parts as they come."""
Moment = int | str | datetime
"""A point in time: seconds since 1970, an aware datetime, or a text: of the Engine's own (a `Timestamp`), or seconds
with up to nine decimals."""
