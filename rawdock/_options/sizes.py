"""Sizes, times and processors, in the command's words."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Any

from .._checks import is_whole_number
from .._shown import shown
from ..errors import InvalidArgument
from .given import wrong

__all__ = ["memory", "nano_cpus", "nanoseconds", "size", "size_or_unlimited"]

_SIZE = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+) ?(?:([kmgtp])(?:i?b)?|b)?", re.IGNORECASE)
_UNITS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40, "p": 2**50}
_LEAST_MEMORY = 6 << 20
"""No Docker Engine takes less."""


def size(option: str, value: Any) -> int:
    """A number of bytes, or a text like `64m`, whose units are multiples of 1024."""
    if is_whole_number(value, 0):
        return value
    match = _SIZE.fullmatch(value) if isinstance(value, str) and len(value) < 40 else None
    if match is None:
        raise wrong(option, 'bytes or a size like "64m" or "1.5g"', value)
    found = float(match[1]) * _UNITS[(match[2] or "").lower()]
    if found >= 2**63:
        raise InvalidArgument(f"{option}: {shown(value)} is more than an Engine can count")
    return int(found)


def size_or_unlimited(option: str, value: Any) -> int:
    """The same, or -1 for no limit."""
    if (type(value) is int and value == -1) or value == "-1":
        return -1
    return size(option, value)


def memory(option: str, value: Any) -> int:
    """A limit of memory; 0 is none."""
    found = size(option, value)
    if 0 < found < _LEAST_MEMORY:
        raise InvalidArgument(
            f'{option}: {shown(value)} is less than 6 MiB, the least that the Engine takes; write "6m"'
        )
    return found


def nano_cpus(option: str, value: Any) -> int:
    """A number of processors, which may be a fraction, in billionths."""
    expected = 'a number of processors like 1.5 or "1.5"'
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise wrong(option, expected, value)
    try:
        if isinstance(value, str) and len(value) > 40:
            raise InvalidOperation
        found = Decimal(
            value if isinstance(value, int) else str.__str__(value) if isinstance(value, str) else repr(value)
        )
    except InvalidOperation:
        raise wrong(option, expected, value) from None
    if not found.is_finite() or not 0 <= found < 2**31:
        raise wrong(option, expected, value)
    nano = found * 1_000_000_000
    if nano != int(nano):
        raise InvalidArgument(f"{option}: {shown(value)} has more than nine decimals; round it")
    return int(nano)


_DURATION = re.compile(r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h)")
_NANOSECONDS = {
    "ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9,
}  # fmt: skip


def nanoseconds(option: str, value: Any) -> int:
    """Seconds, a timedelta, or a text like `1m30s`."""
    if isinstance(value, timedelta):
        found = (value.days * 86400 + value.seconds) * 10**9 + value.microseconds * 1000
    elif isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value) and abs(value) < 10**9:
        found = round(value * 10**9)
    elif isinstance(value, str) and len(value) < 100 and re.fullmatch(f"(?:{_DURATION.pattern})+|0", value):
        parts = [re.fullmatch("([0-9.]+)(.+)", part) for part in _DURATION.findall(value)]
        found = sum(int(Decimal(part[1]) * _NANOSECONDS[part[2]]) for part in parts if part)
    else:
        raise wrong(option, 'seconds or a time like "1m30s"', value)
    if found < 0 or found >= 2**63:
        raise wrong(option, "a time that is not negative", value)
    if 0 < found < 10**6:
        raise InvalidArgument(f"{option}: {shown(value)} is less than a millisecond, the least that the Engine takes")
    return found
