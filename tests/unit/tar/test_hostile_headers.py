"""Extension headers that nobody needs: bounded for each member and for the archive, in little memory and time."""

from __future__ import annotations

import tarfile
import time
import tracemalloc
from collections.abc import Iterator
from itertools import chain, cycle, islice
from pathlib import Path

import pytest
from tar_archives import archive, info

from rawdock import DecodeError
from rawdock._tar.reader import Member, TarReader
from rawdock._tar.unpack import Destination, Unpacker

GIB = 1 << 30
READ = 64 << 10


class Nothing:
    """A sink that keeps nothing."""

    def member(self, member: Member) -> bool:
        return False

    def data(self, data: memoryview) -> None:
        raise AssertionError

    def complete(self) -> None:
        raise AssertionError


def record(key: str, value: str) -> bytes:
    """One pax record: its length counts its own digits."""
    rest = len(f" {key}={value}\n")
    size = next(size for size in range(rest, rest + 10) if size == rest + len(str(size)))
    return f"{size} {key}={value}\n".encode()


def extension(kind: bytes, body: bytes) -> bytes:
    """An extension header of this type."""
    member = info("x", kind, size=len(body))
    return member.tobuf(tarfile.GNU_FORMAT) + body + bytes(-len(body) % 512)


MEMBER = info("file").tobuf(tarfile.USTAR_FORMAT)
MIB_RECORD = record("comment", "c" * ((1 << 20) - 600))
PAX, GLOBAL, LONG = tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME


def different(kind: bytes) -> Iterator[bytes]:
    for number in range(1 << 30):
        yield extension(kind, b"".join(record(f"k{number}.{one}", "v" * 900) for one in range(50)))


HOSTILE: dict[str, tuple[bytes, ...]] = {
    "large pax headers": (extension(PAX, MIB_RECORD),),
    "small pax headers": (extension(PAX, record("path", "name")),),
    "empty pax headers": (extension(PAX, b""),),
    "large global headers": (extension(GLOBAL, MIB_RECORD),),
    "small global headers": (extension(GLOBAL, record("uid", "7")),),
    "long names": (extension(LONG, b"n" * (1 << 19)),),
    "empty long names": (extension(LONG, b""),),
    "many records": (extension(PAX, record("a", "b") * 100_000),),
    "many global records": (extension(GLOBAL, record("a", "b") * 100_000),),
    "large pax headers with members": (extension(PAX, MIB_RECORD), MEMBER),
    "large global headers with members": (extension(GLOBAL, MIB_RECORD), MEMBER),
    "long names with members": (extension(LONG, b"n" * (1 << 19)), MEMBER),
    "different pax headers": (),
    "different global headers": (),
}


def chunks(name: str) -> Iterator[bytes]:
    """An archive of 1 GiB, of which no more is made than is read."""
    parts = cycle(HOSTILE[name]) if HOSTILE[name] else different(GLOBAL if "global" in name else PAX)
    left = GIB
    for part in parts:
        for at in range(0, len(part), READ):
            yield part[at : at + READ]
        left -= len(part)
        if left < 0:
            return


@pytest.mark.parametrize("name", HOSTILE)
def test_an_archive_of_headers(name: str) -> None:
    """1 GiB of headers is an error after a few MiB of it: 16 MiB are never held, and it takes less than 2 s.

    The time is this process's own, which other processes do not change.
    """

    def read_all() -> None:
        reader = TarReader(Nothing())
        for chunk in chunks(name):
            reader.feed(chunk)

    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        begun = time.process_time()
        with pytest.raises(DecodeError, match=r"extension header|pax records"):
            read_all()
        spent = time.process_time() - begun
        held = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    assert held < 16 << 20
    assert spent < 2


def test_global_headers_are_not_merged_anew_for_each_member() -> None:
    """Only what is used of a global header is kept, so a member costs the same with a large one before it."""
    data = extension(GLOBAL, b"".join(record(f"{one}", "v" * 500) for one in range(1000)) + record("uid", "9"))
    reader = TarReader(Nothing())
    reader.feed(data)
    tracemalloc.start()
    try:
        reader.feed(MEMBER * 1000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1 << 20
    assert reader._global_records == {"uid": "9"}


def test_honest_archives_pass() -> None:
    """A global header and a header for each member, some with large attributes, are no reason for an error."""
    member = extension(PAX, record("path", "p" * 4000) + record("SCHILY.xattr.user.a", "x" * 50_000)) + MEMBER
    large = extension(PAX, record("SCHILY.xattr.user.a", "x" * 900_000)) + MEMBER
    start = extension(GLOBAL, record("comment", "0" * 40))
    reader = TarReader(Nothing())
    for chunk in chain([start], islice(cycle([member]), 500), islice(cycle([large]), 10), [bytes(1024)]):
        reader.feed(chunk)
    reader.feed_eof()


def test_names_of_skipped_members_are_cut(tmp_path: Path) -> None:
    """A name that is far too long is not kept whole for the result."""
    unpacker = Unpacker(
        Destination(str(tmp_path), None), skip_unsafe=True, keep_owner=False, max_size=None, max_members=None
    )
    unpacker.feed([archive(info("n" * 100_000))])
    unpacker.finish()
    [skipped] = unpacker.skipped
    assert skipped.name == "n" * 200 + "..."
    assert skipped.why == "its name has 100000 characters, 4096 at most"
