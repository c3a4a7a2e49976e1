"""API versions as pairs of numbers, and the versions that rawdock supports."""

from __future__ import annotations

import re

from ._engine import UNKNOWN, Engine
from ._shown import shown
from .errors import InvalidArgument, VersionError

__all__ = ["NEWEST", "OLDEST", "Spoken", "Version", "check_gate", "parse_version", "passes_gate", "version_text"]

Version = tuple[int, int]

NEWEST: Version = (1, 56)
OLDEST: Version = (1, 40)
"""The lowest version, unless `minimum_version` allows a lower one."""

_FORM = re.compile(r"v?([0-9]{1,3})\.([0-9]{1,4})")


def parse_version(text: str) -> Version:
    """Parse `1.41` as (1, 41), so that 1.9 is lower than 1.10."""
    match = _FORM.fullmatch(text.strip()) if isinstance(text, str) else None  # pyright: ignore[reportUnnecessaryIsInstance]
    if match is None:
        raise InvalidArgument(f"not an API version: {shown(text)}; give one like 1.41")
    return int(match[1]), int(match[2])


def version_text(version: Version) -> str:
    return f"{version[0]}.{version[1]}"


class Spoken(Version):
    """The API version that is spoken with an Engine, and what is known of that Engine."""

    engine: Engine
    told: set[str]
    """What this client has warned of already."""

    def __new__(cls, version: Version, engine: Engine = UNKNOWN, told: set[str] | None = None) -> Spoken:
        made = super().__new__(cls, version)
        made.engine = engine
        made.told = set() if told is None else told
        return made


def check_gate(what: str, actual: Version, since: Version | None) -> None:
    """Raise a VersionError if `what` does not exist yet in the API version `actual`."""
    if since is not None and actual < since:
        raise VersionError(
            f"{what} needs API {version_text(since)}; this Engine has {version_text(actual)}",
            needed=version_text(since),
            actual=version_text(actual),
        )


def passes_gate(
    what: str,
    key: str,
    actual: Version,
    since: Version | None,
    until: Version | None,
    guards: bool,
    from_engine: bool = False,
) -> bool:
    """Whether a parameter or field that is set is sent in the API version `actual`.

    What the Engine would ignore raises a VersionError, which names `what`. What is gone since is only passed over: it
    is left out, and a client warns of each `key` once. But if it `guards` something, as limits and protections do, and
    the caller has set it, then leaving it out would be worse than the error.

    `from_engine`: it has the value that an Engine sent. Podman does not look at the version, and takes such a value
    back at any; Docker ignores what is newer than the version.
    """
    if since is not None and actual < since:
        if from_engine and isinstance(actual, Spoken) and actual.engine.flavour == "podman":
            return True
        check_gate(what, actual, since)
    if until is None or actual < until:
        return True
    if guards and not from_engine:
        raise VersionError(
            f"{what} was removed in API {version_text(until)}; this Engine has {version_text(actual)}",
            needed=f"< {version_text(until)}",
            actual=version_text(actual),
        )
    from ._log import warn_once  # it imports the module logging, which most programs never need here

    told = actual.told if isinstance(actual, Spoken) else None
    removed, spoken = version_text(until), version_text(actual)
    warn_once(told, key, f"{what} was removed in API {removed} and is left out; this Engine has {spoken}")
    return False
