"""Parsing image references by the official rules (distribution/reference).

The first part of a name is a registry only if it has a dot, a colon or an upper-case letter, or is `localhost`. If
there are both a tag and a digest, the digest counts. Without either, the tag is `latest`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ._shown import shown
from .errors import InvalidArgument

__all__ = ["Reference", "parse_reference"]

_COMPONENT = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*")
_DOMAIN = re.compile(
    r"(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
    r"(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
)
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}")
_SIZES = {"sha256": 64, "sha384": 96, "sha512": 128}
_IMAGE_ID = re.compile(r"[0-9a-f]{64}")
_NAME_LIMIT = 255


@dataclass(frozen=True, slots=True)
class Reference:
    """A parsed reference; `str()` gives its text."""

    name: str
    """As given: registry, if any, and repository."""
    tag: str = ""
    digest: str = ""

    def __str__(self) -> str:
        return self.name + (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")

    @property
    def registry(self) -> str:
        """The registry's host and port; `docker.io` where none is named."""
        return _split_registry(self.name)[0] or "docker.io"

    @property
    def pulled(self) -> str:
        """The reference that a pull sends, which is of exactly one image."""
        if self.digest:
            return f"{self.name}@{self.digest}"
        return f"{self.name}:{self.tag or 'latest'}"


def _split_registry(name: str) -> tuple[str, str]:
    first, slash, rest = name.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost" or first.lower() != first):
        return first, rest
    return "", name


def parse_reference(text: str) -> Reference:
    """Parse `[registry[:port]/]name[:tag][@digest]`."""
    if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgument(f"an image reference is a str, not {type(text).__name__}")
    if not text:
        raise InvalidArgument("an image reference may not be empty")
    name, at, digest = text.partition("@")
    if at:
        algorithm, _, hexadecimal = digest.partition(":")
        if _DIGEST.fullmatch(digest) is None or len(hexadecimal) != _SIZES.get(algorithm, len(hexadecimal)):
            raise InvalidArgument(
                f"{shown(text)}: {shown(digest)} is not a digest such as sha256:<64 hexadecimal digits>"
            )
    tag = ""
    colon = name.rfind(":")
    if colon > name.rfind("/"):
        name, tag = name[:colon], name[colon + 1 :]
        if _TAG.fullmatch(tag) is None:
            raise InvalidArgument(
                f"{shown(text)}: {shown(tag)} is not a tag: at most 128 letters, digits, '_', '.' and '-', not '.' or "
                "'-' first"
            )
    _check_name(text, name)
    return Reference(name, tag, digest)


def _check_name(text: str, name: str) -> None:
    registry, repository = _split_registry(name)
    if registry and _DOMAIN.fullmatch(registry) is None:
        raise InvalidArgument(f"{shown(text)}: {shown(registry)} is not the host[:port] of a registry")
    if repository.lower() != repository:
        raise InvalidArgument(f"{shown(text)}: the repository {shown(repository)} must be lower case")
    if not repository or any(_COMPONENT.fullmatch(part) is None for part in repository.split("/")):
        raise InvalidArgument(f"{shown(text)}: {shown(repository)} is not a repository name")
    if len(name) > _NAME_LIMIT:
        raise InvalidArgument(f"{text[:40]!r}...: a repository name has at most {_NAME_LIMIT} characters")
    if not registry and _IMAGE_ID.fullmatch(repository):
        raise InvalidArgument(
            f"{shown(text)} is an image id, not a name; an id cannot be pulled, pushed or given as a name"
        )
