"""Small tar archives in memory, written by tarfile."""

from __future__ import annotations

import io
import tarfile

__all__ = ["archive", "info"]


def info(name: str, kind: bytes = tarfile.REGTYPE, *, size: int = 0, target: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.size, member.linkname = kind, size, target
    member.mode, member.uid, member.gid, member.mtime = 0o640, 7, 8, 1_700_000_000
    return member


def archive(*members: tarfile.TarInfo, content: bytes = b"", format: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format) as tar:
        for member in members:
            tar.addfile(member, io.BytesIO(content[: member.size]))
        end = tar.offset + 1024
    return out.getvalue()[:end]
