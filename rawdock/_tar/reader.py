"""Read a tar archive from bytes in chunks of any size. Pure.

It reads ustar, pax and GNU's long names. `tarfile` parses the header blocks; its own reader of streams needs a file
that it can block on, and so a thread for as long as the archive takes.
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
# Extension headers hold names, numbers and extended attributes of the next member, or of all members. An honest archive
# has one or two of them for a member, so these bounds are far more than is needed.
_MAX_EXTENSION = 1 << 20  # bytes of all extension headers between two members
_MAX_EXTENSIONS = 16  # extension headers between two members
_MAX_RECORDS = 1024  # pax records between two members
# Bytes of extension headers in the whole archive: a small one may have large headers, a large one many.
_MAX_ALL_EXTENSIONS = 16 << 20
_MAX_ALL_EXTENSIONS_PER_MEMBER = 64 << 10

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
# The pax records that are used; others are not kept.
_USED_RECORDS = frozenset({b"path", b"linkpath", b"size", b"mtime", b"uid", b"gid"})
_PAX = (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE)
_EXTENSIONS = (*_PAX, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)
_INTEGER = re.compile(r"[0-9]{1,20}")
_TIME = re.compile(r"(-?)([0-9]{1,20})(?:\.([0-9]*))?")


@attrs.frozen
class Member:
    """A member as described in the archive."""

    name: str
    """Without a trailing slash; bytes that are not UTF-8 are surrogates."""
    kind: Kind
    size: int
    """The size of the content that follows, in bytes."""
    mode: int
    mtime: int
    """Nanoseconds since 1970."""
    uid: int
    gid: int
    target: str
    """The target of a link, or the name of the member that a hard link refers to."""


class Sink(Protocol):
    """Receives the members and their content."""

    def member(self, member: Member) -> bool:
        """A member begins. Return False if its content is not wanted."""
        ...

    def data(self, data: memoryview) -> None:
        """A part of the content of the file."""
        ...

    def complete(self) -> None:
        """The content of the file is complete."""
        ...


class TarReader:
    """Parses the bytes given to `feed` and calls the sink."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._buffer = bytearray()  # a part of a header block, or of the body of an extension header
        self._needed = _BLOCK
        self._extension: tarfile.TarInfo | None = None
        self._next_records: dict[str, str] = {}  # pax records for the next member
        self._global_records: dict[str, str] = {}  # pax records for all members
        self._needs_member = False  # an extension header has come, and its member not yet
        self._next_is_sparse = False
        self._all_are_sparse = False
        # Since the last member: extension headers, their bytes and their pax records.
        self._extensions = self._extension_bytes = self._records = 0
        self._allowed_bytes = _MAX_ALL_EXTENSIONS  # of extension headers, until more members have come
        self._content_left = 0
        self._content_wanted = False
        self._padding = 0
        self._ended = False

    def feed(self, data: bytes) -> None:
        view, at, end = memoryview(data), 0, len(data)
        while at < end and not self._ended:
            if self._content_left:
                step = min(self._content_left, end - at)
                self._content_left -= step
                if self._content_wanted:
                    self._sink.data(view[at : at + step])
                    if not self._content_left:
                        self._sink.complete()
            elif self._padding:
                step = min(self._padding, end - at)
                self._padding -= step
            else:
                step = min(self._needed - len(self._buffer), end - at)
                self._buffer += view[at : at + step]
                if len(self._buffer) == self._needed:
                    block = bytes(self._buffer)
                    self._buffer.clear()
                    self._needed = _BLOCK
                    if self._extension is not None:
                        self._read_extension(self._extension, block[: self._extension.size])
                        self._extension = None
                    else:
                        self._header(block)
            at += step

    def feed_eof(self) -> None:
        """The bytes have ended. Raises TruncatedError if the archive is not complete."""
        if not self._ended:
            raise TruncatedError("the archive ended early: its end block is missing")

    def _header(self, block: bytes) -> None:
        if block == _END:
            if self._needs_member:
                raise DecodeError("the archive has an extension header without a member")
            self._ended = True
            return
        try:
            header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        except tarfile.HeaderError as error:
            raise DecodeError(f"this is not a tar archive: {error}") from error
        if header.size < 0:
            raise DecodeError(f"the archive claims a member of {header.size} bytes")
        if header.type in _EXTENSIONS:
            self._count_extension(header.size)
            self._extension = header
            self._needed = _round_up(header.size)
            if not self._needed:
                self._extension, self._needed = None, _BLOCK
            return
        if header.type == tarfile.GNUTYPE_SPARSE or self._next_is_sparse or self._all_are_sparse:
            raise DecodeError("the archive has a sparse file, which is not supported")
        records = self._global_records
        if self._next_records:
            records = records | self._next_records
            self._next_records = {}
        if self._extensions:
            self._extensions = self._extension_bytes = self._records = 0
            self._needs_member = False
        self._allowed_bytes += _MAX_ALL_EXTENSIONS_PER_MEMBER
        member = _member(header, records)
        self._content_left, self._padding = member.size, _round_up(member.size) - member.size
        self._content_wanted = self._sink.member(member)
        if self._content_wanted and member.kind == "file" and not member.size:
            self._sink.complete()

    def _count_extension(self, size: int) -> None:
        """Count an extension header before it is read; raises DecodeError if it is one too many, or too large."""
        self._extensions += 1
        self._extension_bytes += size
        self._allowed_bytes -= size
        if self._extensions > _MAX_EXTENSIONS:
            raise DecodeError(f"the archive has more than {_MAX_EXTENSIONS} extension headers for one member")
        if self._extension_bytes > _MAX_EXTENSION:
            raise DecodeError(
                f"the archive has extension headers of {self._extension_bytes} bytes for one member; "
                f"the limit is {_MAX_EXTENSION}"
            )
        if self._allowed_bytes < 0:
            raise DecodeError(
                f"the archive has extension headers of more than {_MAX_ALL_EXTENSIONS >> 20} MiB and "
                f"{_MAX_ALL_EXTENSIONS_PER_MEMBER >> 10} KiB a member"
            )

    def _read_extension(self, header: tarfile.TarInfo, body: bytes) -> None:
        self._needs_member |= header.type != tarfile.XGLTYPE
        if header.type in _PAX:
            self._next_is_sparse |= self._parse_pax(body, self._next_records)
        elif header.type == tarfile.XGLTYPE:
            self._all_are_sparse |= self._parse_pax(body, self._global_records)
        else:
            key = "path" if header.type == tarfile.GNUTYPE_LONGNAME else "linkpath"
            self._next_records[key] = body.partition(b"\0")[0].decode("utf-8", "surrogateescape")

    def _parse_pax(self, body: bytes, found: dict[str, str]) -> bool:
        """Parse pax records: `LENGTH KEY=VALUE` and a line break, where the length is that of the whole record.

        Those that are used are put into `found`. Returns whether there are records of a sparse file.
        """
        at = 0
        sparse = False
        while at < len(body):
            self._records += 1
            if self._records > _MAX_RECORDS:
                raise DecodeError(f"the archive has more than {_MAX_RECORDS} pax records for one member")
            digits = body[at : at + 8].partition(b" ")[0]
            length = int(digits) if digits.isdigit() else 0
            record = body[at + len(digits) + 1 : at + length]
            key, equals, value = record[:-1].partition(b"=")
            if not equals or at + length > len(body) or record[-1:] != b"\n":
                raise DecodeError("the archive has an invalid pax record")
            if key in _USED_RECORDS:
                found[key.decode()] = value.decode("utf-8", "surrogateescape")
            sparse = sparse or key.startswith(b"GNU.sparse.")
            at += length
        return sparse


def _round_up(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK


def _member(header: tarfile.TarInfo, records: dict[str, str]) -> Member:
    kind = _KINDS.get(header.type, "unknown")
    # Links, folders and devices have no content, whatever size their header has.
    has_content = kind in ("file", "unknown")
    return Member(
        name=(records.get("path") or header.name).rstrip("/"),
        kind=kind,
        size=_number(records, "size", header.size) if has_content else 0,
        mode=header.mode,
        mtime=_time(records["mtime"]) if records.get("mtime") else int(header.mtime) * 10**9,
        uid=_number(records, "uid", header.uid),
        gid=_number(records, "gid", header.gid),
        target=records.get("linkpath") or header.linkname,
    )


def _number(records: dict[str, str], key: str, otherwise: int) -> int:
    text = records.get(key)
    if not text:
        return otherwise
    if not _INTEGER.fullmatch(text):
        raise DecodeError(f"the archive has a member with {key}={text[:40]!r}")
    return int(text)


def _time(text: str) -> int:
    found = _TIME.fullmatch(text)
    if found is None:
        raise DecodeError(f"the archive has a member with mtime={text[:40]!r}")
    nanoseconds = int(found[2]) * 10**9 + int(f"{found[3] or '':0<9.9}")
    return -nanoseconds if found[1] else nanoseconds
