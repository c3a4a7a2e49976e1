"""The description of a path inside a container, which is JSON in base64 in a header."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from ..errors import DecodeError

if TYPE_CHECKING:
    import httpx

    from ..models import ArchiveStat

__all__ = ["stat_of"]

_HEADER = "X-Docker-Container-Path-Stat"


def stat_of(response: httpx.Response) -> ArchiveStat:
    """The answer to GET or HEAD of an archive."""
    from .._models.codec import decode
    from ..models.archive import ArchiveStat

    value = response.headers.get(_HEADER, "")
    try:
        text = base64.b64decode(value, validate=True)
    except ValueError as error:
        raise DecodeError(f"{_HEADER} is not base64: {value[:80]!r}") from error
    return decode(ArchiveStat, text)
