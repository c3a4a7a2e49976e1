"""`TlsFiles`: which files a client uses for TLS."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["TlsFiles"]


class TlsFiles(NamedTuple):
    """The paths of files in PEM form; empty for what there is none of."""

    ca: str = ""
    """The authorities that a server's certificate must come from; those of the system if empty."""
    cert: str = ""
    key: str = ""
    verify: bool = True
    """Whether the server's certificate is checked at all."""
