"""API versions as pairs of numbers, and the versions that rawdock supports."""

from __future__ import annotations

import re

from .errors import InvalidArgument, VersionError

__all__ = ["NEWEST", "OLDEST", "Version", "check_gate", "parse_version", "version_text"]

Version = tuple[int, int]

NEWEST: Version = (1, 56)
OLDEST: Version = (1, 40)
"""The lowest version, unless `minimum_version` allows a lower one."""

_FORM = re.compile(r"v?([0-9]{1,3})\.([0-9]{1,4})")


def parse_version(text: str) -> Version:
    """Parse `1.41` as (1, 41), so that 1.9 is lower than 1.10."""
    match = _FORM.fullmatch(text.strip())
    if match is None:
        raise InvalidArgument(f"not an API version: {text!r}; give one like 1.41")
    return int(match[1]), int(match[2])


def version_text(version: Version) -> str:
    return f"{version[0]}.{version[1]}"


def check_gate(what: str, actual: Version, since: Version | None, until: Version | None = None) -> None:
    """Raise a VersionError if `what` does not exist in the API version `actual`."""
    if since is not None and actual < since:
        raise VersionError(
            f"{what} needs API {version_text(since)}; this Engine has {version_text(actual)}",
            needed=version_text(since),
            actual=version_text(actual),
        )
    if until is not None and actual >= until:
        raise VersionError(
            f"{what} was removed in API {version_text(until)}; this Engine has {version_text(actual)}",
            needed=f"< {version_text(until)}",
            actual=version_text(actual),
        )
