"""Bytes of a tar archive in, members and their content out; pure, and wherever the bytes are cut.

It reads ustar, pax and GNU's long names. Blocks are taken apart by `tarfile`; that module's own reading of streams
wants a file that it can block on, and so a thread that waits as long as the archive comes.
"""

from __future__ import annotations

import re
import tarfile
from typing import Literal, Protocol

import attrs

from ..errors import DecodeError, TruncatedError

__all__ = ["Kind", "Member", "Sink", "TarReader"]

Kind = Literal["file", "folder", "link", "hardlink", "device", "fifo", "unknown"]

_BLOCK = 512
_END = bytes(_BLOCK)
# Headers that say more about the next member hold names and numbers: far above what any file system takes.
_MOST_EXTRA = 1 << 20

_KINDS: dict[bytes, Kind] = {
    tarfile.REGTYPE: "file",
    tarfile.AREGTYPE: "file",
    tarfile.CONTTYPE: "file",
    tarfile.DIRTYPE: "folder",
    tarfile.SYMTYPE: "link",
    tarfile.LNKTYPE: "hardlink",
    tarfile.CHRTYPE: "device",
    tarfile.BLKTYPE: "device",
    tarfile.FIFOTYPE: "fifo",
}
_PAX = (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE)
_EXTRA = (*_PAX, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)
_WHOLE = re.compile(r"[0-9]{1,20}")
_TIME = re.compile(r"(-?)([0-9]{1,20})(?:\.([0-9]*))?")


@attrs.frozen
class Member:
    """What an archive says of one of its members."""

    name: str
    """As it stands there, without a slash at its end; bytes that are no UTF-8 are surrogates."""
    kind: Kind
    size: int
    """Of the content that follows, in bytes."""
    mode: int
    mtime: int
    """Nanoseconds since 1970."""
    uid: int
    gid: int
    target: str
    """Where a link leads, or which member a hard link is another name of."""


class Sink(Protocol):
    """Who takes what was read."""

    def member(self, member: Member) -> bool:
        """One begins; False if its content is not wanted."""
        ...

    def data(self, data: memoryview) -> None:
        """A piece of the content of a file."""
        ...

    def complete(self) -> None:
        """All of a file has come."""
        ...


class TarReader:
    """Feed it; it calls the sink."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._held = bytearray()  # of a block, or of a header that says more
        self._want = _BLOCK
        self._extra: tarfile.TarInfo | None = None
        self._about: dict[str, str] = {}  # the next member
        self._about_all: dict[str, str] = {}
        self._left = 0  # bytes of the content
        self._wanted = False
        self._padding = 0
        self._ended = False

    def feed(self, data: bytes) -> None:
        view, at, end = memoryview(data), 0, len(data)
        while at < end and not self._ended:
            if self._left:
                step = min(self._left, end - at)
                self._left -= step
                if self._wanted:
                    self._sink.data(view[at : at + step])
                    if not self._left:
                        self._sink.complete()
            elif self._padding:
                step = min(self._padding, end - at)
                self._padding -= step
            else:
                step = min(self._want - len(self._held), end - at)
                self._held += view[at : at + step]
                if len(self._held) == self._want:
                    block = bytes(self._held)
                    self._held.clear()
                    self._want = _BLOCK
                    if self._extra is not None:
                        self._more_about(self._extra, block[: self._extra.size])
                        self._extra = None
                    else:
                        self._header(block)
            at += step

    def feed_eof(self) -> None:
        """No more bytes: a TruncatedError if the archive has not said that it ends."""
        if not self._ended:
            raise TruncatedError("the archive ended early: its last block is missing")

    def _header(self, block: bytes) -> None:
        if block == _END:
            if self._about:
                raise DecodeError("the archive describes a member that is not there")
            self._ended = True
            return
        try:
            header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        except tarfile.HeaderError as error:
            raise DecodeError(f"this is no tar archive: {error}") from error
        if header.size < 0:
            raise DecodeError(f"the archive claims a member of {header.size} bytes")
        if header.type in _EXTRA:
            if header.size > _MOST_EXTRA:
                raise DecodeError(f"the archive describes a member with {header.size} bytes, {_MOST_EXTRA} at most")
            self._extra = header
            self._want = _padded(header.size)
            if not self._want:
                self._extra, self._want = None, _BLOCK
            return
        about = self._about_all | self._about
        self._about = {}
        if header.type == tarfile.GNUTYPE_SPARSE or any(key.startswith("GNU.sparse.") for key in about):
            raise DecodeError("the archive has a file with holes, which is not supported")
        member = _member(header, about)
        self._left, self._padding = member.size, _padded(member.size) - member.size
        self._wanted = self._sink.member(member)
        if self._wanted and member.kind == "file" and not member.size:
            self._sink.complete()

    def _more_about(self, header: tarfile.TarInfo, body: bytes) -> None:
        if header.type in _PAX:
            self._about |= _records(body)
        elif header.type == tarfile.XGLTYPE:
            self._about_all |= _records(body)
        else:
            key = "path" if header.type == tarfile.GNUTYPE_LONGNAME else "linkpath"
            self._about[key] = body.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _padded(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK


def _member(header: tarfile.TarInfo, about: dict[str, str]) -> Member:
    kind = _KINDS.get(header.type, "unknown")
    # Links, folders and devices have no content, whatever their size says.
    sized = kind in ("file", "unknown")
    return Member(
        name=(about.get("path") or header.name).rstrip("/"),
        kind=kind,
        size=_number(about, "size", header.size) if sized else 0,
        mode=header.mode,
        mtime=_time(about["mtime"]) if about.get("mtime") else int(header.mtime) * 10**9,
        uid=_number(about, "uid", header.uid),
        gid=_number(about, "gid", header.gid),
        target=about.get("linkpath") or header.linkname,
    )


def _number(about: dict[str, str], key: str, otherwise: int) -> int:
    text = about.get(key)
    if not text:
        return otherwise
    if not _WHOLE.fullmatch(text):
        raise DecodeError(f"the archive says {key}={text[:40]!r} of a member")
    return int(text)


def _time(text: str) -> int:
    found = _TIME.fullmatch(text)
    if found is None:
        raise DecodeError(f"the archive says mtime={text[:40]!r} of a member")
    nanoseconds = int(found[2]) * 10**9 + int(f"{found[3] or '':0<9.9}")
    return -nanoseconds if found[1] else nanoseconds


def _records(body: bytes) -> dict[str, str]:
    """Records of pax: `LENGTH KEY=VALUE` and a line break, the length of all of it."""
    found: dict[str, str] = {}
    at = 0
    while at < len(body):
        digits = body[at : at + 8].partition(b" ")[0]
        length = int(digits) if digits.isdigit() else 0
        record = body[at + len(digits) + 1 : at + length]
        key, equals, value = record[:-1].partition(b"=")
        if not equals or at + length > len(body) or record[-1:] != b"\n":
            raise DecodeError("the archive describes a member in a way that cannot be read")
        found[key.decode("utf-8", "surrogateescape")] = value.decode("utf-8", "surrogateescape")
        at += length
    return found
