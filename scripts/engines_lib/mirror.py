"""Find a mirror of Debian in the machine's apt sources, so that no host is hard-coded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from .failure import Failure
from .machine import is_debian

_SUITES = {"oldstable", "stable", "testing", "unstable", "bookworm", "trixie", "forky", "sid"}
_OWN_ARCHIVE = re.compile(r"debian(\.list)?/?$")  # a mirror's path, or the mirror list of Debian's cloud images
_ONE_LINE = re.compile(r"deb\s+(?:\[[^]]*]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<components>.+)")


def debian_mirror(apt: Path = Path("/etc/apt")) -> str | None:
    """The address of Debian's archive; None on a derivative of Debian without it in its sources."""
    # Other repositories may also have a suite `stable main`, so addresses with Debian's usual path are preferred.
    found = sorted(_sources(apt), key=lambda uri: not _OWN_ARCHIVE.search(uri))
    if found:
        return found[0]
    if is_debian():
        raise Failure(f"no mirror of Debian's main archive is named in {apt}/sources.list or {apt}/sources.list.d")
    return None


def _sources(apt: Path) -> Iterator[str]:
    for path in sorted(apt.glob("sources.list.d/*.sources")):
        for stanza in re.split(r"\n\s*\n", path.read_text()):
            yield from _deb822(stanza)
    for path in (apt / "sources.list", *sorted(apt.glob("sources.list.d/*.list"))):
        if path.exists():
            yield from _one_line(path.read_text())


def _deb822(stanza: str) -> Iterator[str]:
    lines = "\n".join(line for line in stanza.splitlines() if not line.startswith("#"))
    pairs = re.findall(r"^([\w-]+):((?:.|\n[ \t])*)", lines, re.MULTILINE)
    fields = {name.lower(): value.split() for name, value in pairs}
    if "deb" in fields.get("types", ()) and fields.get("enabled") != ["no"]:
        yield from _if_debian(fields.get("uris", []), fields.get("suites", []), fields.get("components", []))


def _one_line(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if match := _ONE_LINE.match(line.split("#")[0].strip()):
            yield from _if_debian([match["uri"]], [match["suite"]], match["components"].split())


def _if_debian(uris: list[str], suites: list[str], components: list[str]) -> Iterator[str]:
    if _SUITES.intersection(suites) and "main" in components:
        yield from (uri for uri in uris if not uri.startswith("cdrom:"))
